// What came in and how it went: refused items, labels without a prediction, uploads.
import type { OrphanLabels, OrphanLabel, Upload } from '../../../src/domain/contract/ingestion.js';
import type { Overview } from '../../../src/domain/contract/overview.js';
import type { RejectedItem, Replayed } from '../../../src/domain/contract/tracking.js';
import { apiUrl, send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { to } from '../lib/location.js';
import { bytes, plural, time } from '../prepare/format.js';
import { Card } from '../ui/card.js';
import { CountFirst } from '../ui/count-first.js';
import { ConfirmButton, say } from '../ui/dialog.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Id, Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';

/** Send all of them again, some at a time; what became of them. */
async function replayAll(model: string | null): Promise<string> {
  const total = { stored: 0, refused: 0, unusable: 0 };
  let after: string | null = null;
  do {
    const body = { ...(model === null ? {} : { model }), ...(after === null ? {} : { after }) };
    const answer: Replayed = await send<Replayed>('POST', '/v1/rejected/replay', body);
    for (const key of ['stored', 'refused', 'unusable'] as const) total[key] += answer[key];
    after = answer.next;
  } while (after !== null);
  const { stored, refused, unusable } = total;
  return `${stored} stored, ${refused} refused again, ${unusable} not kept as a whole`;
}

export function RejectedTab() {
  const { zone, place, session } = useView();
  const url = apiUrl('/v1/rejected', { model: place.query.get('model'), limit: 500 });
  const items = useApi<RejectedItem[]>(url);
  const may = !session.authentication || session.principal?.scopes.some((scope) => scope !== 'read') === true;
  const columns: Column<RejectedItem>[] = [
    {
      name: 'Received',
      value: (row) => row.received_at,
      cell: (row) => <span class="nowrap">{time(row.received_at, zone, { seconds: true })}</span>,
    },
    { name: 'Route', value: (row) => row.route, cell: (row) => <code class="nowrap">{row.route}</code> },
    { name: 'Model', value: (row) => row.model },
    {
      name: 'Why',
      text: true,
      value: (row) => `${row.path}: ${row.message}`,
      cell: (row) => (
        <>
          {row.path !== '' && <code>{row.path}</code>} {row.message}
          <br />
          <small>{row.code}</small>
        </>
      ),
    },
    {
      name: 'Item',
      value: (row) => row.item,
      cell: (row) => (
        <details>
          <summary>show</summary>
          <pre class="code wrap" tabIndex={0}>
            {row.item}
          </pre>
        </details>
      ),
    },
    {
      name: 'Actions',
      plain: true,
      value: () => null,
      cell: (row) =>
        may ? (
          <ConfirmButton
            label="Send again"
            danger={false}
            question="Send this item again as it was kept? Where it is refused again it stays in this list."
            confirm="Send it again"
            run={async () => {
              await send('POST', `/v1/rejected/${row.id}/replay`, {});
              say('Stored');
              refreshAll();
            }}
          />
        ) : (
          ''
        ),
    },
  ];
  const model = place.query.get('model');
  const again = (
    <ConfirmButton
      label="Send all again"
      danger={false}
      question={`Send every refused item${model === null ? '' : ` of ${model}`} again as it was kept? Those that are refused again stay in this list.`}
      confirm="Send them again"
      run={async () => {
        say(await replayAll(model));
        refreshAll();
      }}
    />
  );
  return (
    <Card
      title="Refused items of the last seven days"
      urls={[url]}
      tools={may && (items.data?.length ?? 0) > 0 ? again : undefined}
      flush
    >
      <Await of={items} what="refused items">
        {(data) =>
          data.length === 0 ? (
            <Empty title="Nothing was refused">
              Items that are not understood are kept here for a week, with the reason.
            </Empty>
          ) : (
            <Table
              name="refused"
              caption="Refused items, newest first"
              columns={columns}
              rows={data}
              keyOf={(row) => row.id}
              csv="refused items"
            />
          )
        }
      </Await>
    </Card>
  );
}

export function OrphansTab() {
  const { range } = useView();
  const url = apiUrl('/v1/orphan-labels', { limit: 500 });
  const overview = useApi<Overview>(apiUrl('/v1/overview', { from: range.from, to: range.to }));
  return (
    <Card title="Labels without a prediction" urls={[url]} flush>
      <Await of={overview} what="how many predictions there are">
        {(data) => (
          <CountFirst
            n={data.models.reduce((sum, model) => sum + (model.predictions.value ?? 0), 0)}
            name="orphans"
            what="labels without a prediction"
            note="Every label is looked for among all predictions."
          >
            {() => <Orphans url={url} />}
          </CountFirst>
        )}
      </Await>
    </Card>
  );
}

function Orphans({ url }: { url: string }) {
  const { zone } = useView();
  const orphans = useApi<OrphanLabels>(url);
  const columns: Column<OrphanLabel>[] = [
    {
      name: 'Received',
      value: (row) => row.received_at,
      cell: (row) => time(row.received_at, zone, { seconds: true }),
    },
    {
      name: 'Prediction id',
      value: (row) => row.prediction_id,
      cell: (row) => <Id id={row.prediction_id} most={40} />,
    },
    {
      name: 'Values',
      value: (row) => JSON.stringify(row.values),
      cell: (row) => <span class="mono wrap-any">{JSON.stringify(row.values)}</span>,
    },
    { name: 'As of', value: (row) => row.timestamp, cell: (row) => time(row.timestamp, zone, { seconds: true }) },
  ];
  return (
    <Await of={orphans} what="orphan labels">
      {(data) =>
        data.total === 0 ? (
          <Empty title="Every label has its prediction">
            A label may come first: it waits here until its prediction arrives.
          </Empty>
        ) : (
          <Table
            name="orphans"
            caption="Labels that wait for their prediction"
            columns={columns}
            rows={data.orphans}
            keyOf={(row) => row.prediction_id}
            csv="orphan labels"
            foot={
              <span>
                {plural(data.total, 'label')} in all
                {data.expire_after_days === null ? '' : `; removed after ${data.expire_after_days} days`}
              </span>
            }
          />
        )
      }
    </Await>
  );
}

export function UploadsTab() {
  const { zone, place } = useView();
  const url = apiUrl('/v1/uploads', { limit: 200 });
  const uploads = useApi<Upload[]>(url);
  const columns: Column<Upload>[] = [
    {
      name: 'Started',
      value: (row) => row.started_at,
      cell: (row) => <span class="nowrap">{time(row.started_at, zone, { seconds: true })}</span>,
    },
    { name: 'Holds', value: (row) => row.kind.replace('_', ' ') },
    { name: 'Model', value: (row) => row.model },
    {
      name: 'State',
      value: (row) => row.state,
      cell: (row) => <Status status={row.state}>{row.error ?? undefined}</Status>,
    },
    {
      name: 'Progress',
      value: (row) => row.bytes,
      cell: (row) =>
        row.finished_at === null && row.bytes_total !== null ? (
          <progress aria-label="Received" value={row.bytes} max={row.bytes_total} />
        ) : (
          <span class="num">{bytes(row.bytes)}</span>
        ),
    },
    { name: 'Rows', right: true, value: (row) => row.rows, cell: (row) => row.rows.toLocaleString('en-US') },
    { name: 'Refused', right: true, value: (row) => row.rejected, cell: (row) => row.rejected.toLocaleString('en-US') },
  ];
  return (
    <Card title="Uploads" urls={[url]} flush>
      <Await of={uploads} what="uploads">
        {(data) =>
          data.length === 0 ? (
            <Empty title="No file was uploaded">
              Ground truth, predictions and <a href={to('/data', { tab: 'baselines' }, place.query)}>baselines</a> may
              come as CSV or Parquet files.
            </Empty>
          ) : (
            <Table
              name="uploads"
              caption="Uploads, newest first"
              columns={columns}
              rows={data}
              keyOf={(row) => row.id}
              csv="uploads"
            />
          )
        }
      </Await>
    </Card>
  );
}

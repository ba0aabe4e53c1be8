// One prediction: what came in, what went out, what turned out to be true, and how that changed.
import type { LabelValue } from '../../../src/domain/contract/ingestion.js';
import type { StoredPrediction } from '../../../src/domain/contract/tracking.js';
import { send } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { go, modelPath, to } from '../lib/location.js';
import { bytes, milliseconds, time, versionName } from '../prepare/format.js';
import { entries, valueText } from '../prepare/prediction.js';
import { Card } from '../ui/card.js';
import { ConfirmButton } from '../ui/dialog.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Id, Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';

type Prediction = StoredPrediction & { ground_truth_history?: LabelValue[] };

export function PredictionPage({ id }: { id: string }) {
  const { place } = useView();
  const url = `/v1/predictions/${encodeURIComponent(id)}?history=true`;
  const loaded = useApi<Prediction>(url);
  return (
    <>
      <div class="page-head">
        <nav aria-label="Where you are">
          <ol class="crumbs">
            <li>
              <a href={to('/predictions', {}, place.query)}>Predictions</a>
            </li>
            <li>
              <h1 class="mono wrap-any">{id}</h1>
            </li>
          </ol>
        </nav>
      </div>
      <Await of={loaded} what="the prediction">
        {(row) => (
          <div class="grid">
            <Facts row={row} url={url} />
            <Values title="Inputs" of={row.inputs} />
            <Values title="Outputs" of={row.outputs} />
            <Values title="Ground truth" of={row.ground_truth} empty="It is not known yet." />
            {Object.keys(row.metrics).length > 0 && <Values title="Tracked metrics" of={row.metrics} />}
            {Object.keys(row.tags).length > 0 && <Values title="Tags" of={row.tags} />}
            <LabelHistory row={row} url={url} />
          </div>
        )}
      </Await>
    </>
  );
}

function Facts({ row, url }: { row: Prediction; url: string }) {
  const { zone, admin, place } = useView();
  return (
    <Card
      title="Prediction"
      span={12}
      urls={[url]}
      tools={
        admin && (
          <ConfirmButton
            label="Erase"
            question="Erase this prediction with its ground truth and every copy of it? The windows it was in are computed again."
            confirm="Erase it"
            run={async () => {
              await send('DELETE', `/v1/predictions/${encodeURIComponent(row.prediction_id)}`);
              go(to('/predictions', { model: row.model }, place.query));
            }}
          />
        )
      }
    >
      <dl class="facts">
        <dt>Id</dt>
        <dd>
          <Id id={row.prediction_id} most={40} />
        </dd>
        {row.external_id !== null && (
          <>
            <dt>Sent as</dt>
            <dd>
              <Id id={row.external_id} most={60} />
            </dd>
          </>
        )}
        <dt>Model</dt>
        <dd>
          <a href={to(modelPath(row.model), { version: row.version })}>
            {row.model} {versionName(row.version)}
          </a>
          {row.deployment === '' ? '' : `, deployment ${row.deployment}`}
        </dd>
        <dt>Time</dt>
        <dd>{time(row.timestamp, zone, { seconds: true })}</dd>
        <dt>Received</dt>
        <dd>{time(row.received_at, zone, { seconds: true })}</dd>
        <dt>Status</dt>
        <dd>
          <Status status={row.status}>{row.error ?? undefined}</Status>
        </dd>
        <dt>Technical</dt>
        <dd class="num">
          latency {milliseconds(row.latency_ms)}, request {bytes(row.request_bytes)}, response{' '}
          {bytes(row.response_bytes)}, CPU {milliseconds(row.cpu_ms)}, memory {bytes(row.memory_bytes)}
        </dd>
      </dl>
    </Card>
  );
}

function Values({ title, of, empty = 'None.' }: { title: string; of: unknown; empty?: string }) {
  const rows = entries(of);
  const columns: Column<[string, unknown]>[] = [
    { name: 'Field', value: ([key]) => key, cell: ([key]) => <span class="wrap-any">{key}</span> },
    {
      name: 'Value',
      value: ([, value]) => valueText(value),
      cell: ([, value]) => <span class="mono wrap-any">{valueText(value)}</span>,
    },
  ];
  return (
    <Card title={title} span={4} flush>
      {rows.length === 0 ? (
        <Empty title={empty} />
      ) : (
        <Table name={title} caption={title} columns={columns} rows={rows} keyOf={([key]) => key} />
      )}
    </Card>
  );
}

function LabelHistory({ row, url }: { row: Prediction; url: string }) {
  const { zone } = useView();
  const history = row.ground_truth_history ?? [];
  const columns: Column<LabelValue>[] = [
    {
      name: 'Received',
      value: (one) => one.received_at,
      cell: (one) => time(one.received_at, zone, { seconds: true }),
    },
    { name: 'Key', value: (one) => one.key },
    {
      name: 'Value',
      value: (one) => valueText(one.value),
      cell: (one) => <span class="mono">{valueText(one.value)}</span>,
    },
    { name: 'As of', value: (one) => one.timestamp, cell: (one) => time(one.timestamp, zone, { seconds: true }) },
  ];
  return (
    <Card title="History of the ground truth" span={12} urls={[url]} flush>
      {history.length === 0 ? (
        <Empty title="No label has arrived" />
      ) : (
        <Table
          name="labels"
          caption="Values in the order of arrival"
          columns={columns}
          rows={history}
          keyOf={(_, i) => i}
          csv="label history"
        />
      )}
    </Card>
  );
}

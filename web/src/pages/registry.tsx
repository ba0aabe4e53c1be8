// The registry: registered models, and what was changed.
import type { RegisteredModelSummary, RegistryChange } from '../../../src/domain/contract/registry.js';
import { apiUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { to } from '../lib/location.js';
import { day, time, versionName } from '../prepare/format.js';
import { Card } from '../ui/card.js';
import { Await, Empty } from '../ui/states.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';

export function RegistryPage() {
  const { session } = useView();
  const models = useApi<RegisteredModelSummary[]>('/v1/registry/models');
  const all = session.principal?.models === null || session.principal?.models === undefined;
  const url = apiUrl('/v1/registry/history', { limit: 50 });
  const history = useApi<RegistryChange[]>(all ? url : null);
  return (
    <>
      <div class="page-head">
        <h1>Registry</h1>
      </div>
      <div class="stack">
        <Card title="Registered models" urls={['/v1/registry/models']} flush>
          <Await of={models} what="registered models">
            {(data) => (data.length === 0 ? <None /> : <Models rows={data} />)}
          </Await>
        </Card>
        {all && (
          <Card title="Newest changes" urls={[url]} flush>
            <Await of={history} what="changes">
              {(data) => <Changes rows={data} named />}
            </Await>
          </Card>
        )}
      </div>
    </>
  );
}

function None() {
  return (
    <Empty title="No model is registered">
      The MLflow client registers models here: set its registry URI to <code>{location.origin}</code>.
    </Empty>
  );
}

/** Key and value pairs as chips. */
export function Tags({ of }: { of: Record<string, string> }) {
  const entries = Object.entries(of);
  if (entries.length === 0) return <>-</>;
  return (
    <>
      {entries.map(([key, value]) => (
        <span class="chip" key={key} title={`${key}: ${value}`}>
          {value === '' ? key : `${key}: ${value}`}
        </span>
      ))}
    </>
  );
}

function Models({ rows }: { rows: readonly RegisteredModelSummary[] }) {
  const { zone } = useView();
  const text = (record: Record<string, string>): string =>
    Object.entries(record)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', ');
  const columns: Column<RegisteredModelSummary>[] = [
    {
      name: 'Model',
      value: (row) => row.model,
      cell: (row) => (
        <>
          <a href={to(`/registry/${encodeURIComponent(row.model)}`)}>
            <strong class="name">{row.model}</strong>
          </a>
          {row.description !== '' && (
            <>
              <br />
              <small class="name">{row.description}</small>
            </>
          )}
        </>
      ),
    },
    { name: 'Versions', right: true, value: (row) => row.versions },
    {
      name: 'Stages',
      value: (row) => text(row.stages),
      cell: (row) =>
        Object.entries(row.stages).map(([stage, version]) => (
          <span class="chip on" key={stage}>{`${stage} ${versionName(version)}`}</span>
        )),
    },
    {
      name: 'Aliases',
      value: (row) => text(row.aliases),
      cell: (row) =>
        Object.entries(row.aliases).map(([alias, version]) => (
          <span class="chip" key={alias}>{`@${alias} ${versionName(version)}`}</span>
        )),
    },
    { name: 'Tags', value: (row) => text(row.tags), cell: (row) => <Tags of={row.tags} /> },
    { name: 'Changed', right: true, value: (row) => row.updated_at, cell: (row) => day(row.updated_at, zone) },
  ];
  return (
    <Table
      name="models"
      caption="Registered models"
      columns={columns}
      rows={rows}
      keyOf={(row) => row.model}
      csv="registry"
    />
  );
}

/** The log of the registry. */
export function Changes({ rows, named = false }: { rows: readonly RegistryChange[]; named?: boolean }) {
  const { zone } = useView();
  if (rows.length === 0) return <Empty title="Nothing was changed yet" />;
  const columns: Column<RegistryChange>[] = [
    {
      name: 'At',
      value: (row) => row.time,
      cell: (row) => <span class="nowrap">{time(row.time, zone, { seconds: true })}</span>,
    },
    { name: 'By', value: (row) => row.by },
    ...(named ? [{ name: 'Model', value: (row: RegistryChange) => row.model }] : []),
    { name: 'Change', text: true, value: (row) => row.text, cell: (row) => <span class="wrap-any">{row.text}</span> },
    { name: 'Comment', value: (row) => row.comment },
  ];
  return (
    <Table
      name="changes"
      caption="Changes, newest first"
      columns={columns}
      rows={rows}
      keyOf={(_, i) => i}
      csv="registry history"
    />
  );
}

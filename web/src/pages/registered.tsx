// One registered model: its versions with stage, aliases and tags, one of them in detail, and what was changed.
import type {
  RegisteredModelDetail,
  RegisteredVersion,
  RegistryChange,
} from '../../../src/domain/contract/registry.js';
import { apiUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { change, modelPath, to } from '../lib/location.js';
import { count, shorten, time, versionName } from '../prepare/format.js';
import { Card } from '../ui/card.js';
import { Await, Empty } from '../ui/states.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { Version } from './registered-version.js';
import { Changes, Tags } from './registry.js';

export function RegisteredPage({ model }: { model: string }) {
  const { place } = useView();
  const url = `/v1/registry/models/${encodeURIComponent(model)}`;
  const loaded = useApi<RegisteredModelDetail>(url);
  const historyUrl = apiUrl(`${url}/history`, { limit: 200 });
  const history = useApi<RegistryChange[]>(historyUrl);
  return (
    <>
      <div class="page-head">
        <nav aria-label="Where you are">
          <ol class="crumbs">
            <li>
              <a href={to('/registry', {}, place.query)}>Registry</a>
            </li>
            <li>
              <h1>{model}</h1>
            </li>
          </ol>
        </nav>
        <a href={to(modelPath(model), {}, place.query)}>How it does</a>
      </div>
      <Await of={loaded} what={model}>
        {(data) => {
          const chosen = data.versions.find((one) => one.version === place.query.get('version')) ?? data.versions[0];
          return (
            <div class="stack">
              {(data.description !== '' || Object.keys(data.tags).length > 0) && (
                <Card title="About">
                  {data.description !== '' && <p class="wrap-any">{data.description}</p>}
                  <Tags of={data.tags} />
                </Card>
              )}
              <Card title="Versions" urls={[url]} flush>
                {data.versions.length === 0 ? (
                  <Empty title="No version yet" />
                ) : (
                  <Versions rows={data.versions} chosen={chosen?.version ?? null} />
                )}
              </Card>
              {chosen !== undefined && <Version key={chosen.version} model={model} version={chosen} />}
              <Card title="History" urls={[historyUrl]} flush>
                <Await of={history} what="history">
                  {(rows) => <Changes rows={rows} />}
                </Await>
              </Card>
            </div>
          );
        }}
      </Await>
    </>
  );
}

function Versions({ rows, chosen }: { rows: readonly RegisteredVersion[]; chosen: string | null }) {
  const { zone, place } = useView();
  const columns: Column<RegisteredVersion>[] = [
    {
      name: 'Version',
      value: (row) => row.version,
      cell: (row) => (
        <a href={change({ version: row.version }, place)} aria-current={row.version === chosen ? 'true' : undefined}>
          <strong>{versionName(row.version)}</strong>
        </a>
      ),
    },
    {
      name: 'Stage',
      value: (row) => row.stage,
      cell: (row) => <span class={row.stage === 'Production' ? 'chip on' : 'chip'}>{row.stage}</span>,
    },
    {
      name: 'Aliases',
      value: (row) => row.aliases.join(', '),
      cell: (row) =>
        row.aliases.map((alias) => (
          <span class="chip" key={alias}>
            @{alias}
          </span>
        )),
    },
    { name: 'Tags', value: (row) => JSON.stringify(row.tags), cell: (row) => <Tags of={row.tags} /> },
    {
      name: 'Description',
      value: (row) => row.description,
      cell: (row) => <span class="wrap-any">{row.description === '' ? '-' : row.description}</span>,
    },
    {
      name: 'Run',
      value: (row) => row.lineage.run_id,
      cell: (row) =>
        row.lineage.run_id === null ? (
          '-'
        ) : (
          <span class="mono" title={row.lineage.run_id}>
            {shorten(row.lineage.run_id)}
          </span>
        ),
    },
    { name: 'Predictions', right: true, value: (row) => row.predictions, cell: (row) => count(row.predictions) },
    { name: 'Made', right: true, value: (row) => row.created_at, cell: (row) => time(row.created_at, zone) },
    { name: 'By', value: (row) => row.created_by },
  ];
  return (
    <Table
      name="versions"
      caption="Versions, newest first"
      columns={columns}
      rows={rows}
      keyOf={(row) => row.version}
      csv="versions"
    />
  );
}

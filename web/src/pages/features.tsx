// All fields of a model: what they are, whether they are compared, and how far they have drifted.
import type { FieldSummary } from '../../../src/domain/contract/models.js';
import type { Grid } from '../../../src/domain/contract/overview.js';
import { modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { modelPath, to } from '../lib/location.js';
import { day, number, share } from '../prepare/format.js';
import { featureRows, type FeatureRow } from '../prepare/features.js';
import { QueryButton } from '../ui/card.js';
import { Spark } from '../ui/spark.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { ModelFrame, type ModelView } from './model-head.js';

export function FeaturesPage({ model }: { model: string }) {
  return (
    <ModelFrame model={model} part="features">
      {(view) => <Features view={view} />}
    </ModelFrame>
  );
}

function Features({ view }: { view: ModelView }) {
  const { zone, place } = useView();
  const { model, from, to: until, version } = view;
  const gridUrl = modelUrl(model.model, 'grid', { metric: 'psi', version, from, to: until, columns: 30, limit: 2000 });
  const fieldsUrl = modelUrl(model.model, 'fields');
  const grid = useApi<Grid>(gridUrl);
  const fields = useApi<FieldSummary[]>(fieldsUrl);
  return (
    <section class="card" aria-label="Features">
      <Await of={grid} what="drift of fields">
        {(data) => {
          const rows = featureRows(data, fields.data ?? []);
          return rows.length === 0 ? (
            <Empty title="No fields yet">They are discovered from predictions.</Empty>
          ) : (
            <Table
              name="fields"
              caption="Fields, the newest breach first"
              columns={columns(model.model, zone, place.query.get('version'))}
              rows={rows}
              keyOf={(row) => row.path}
              csv={`fields of ${model.model}`}
              foot={<QueryButton urls={[gridUrl, fieldsUrl]} />}
            />
          );
        }}
      </Await>
    </section>
  );
}

function columns(model: string, zone: 'UTC' | 'local', version: string | null): Column<FeatureRow>[] {
  return [
    {
      name: 'Field',
      value: (row) => row.path,
      cell: (row) =>
        row.newest === null && row.worst === null ? (
          <span class="wrap-any">{row.path}</span>
        ) : (
          <a class="wrap-any" href={to(modelPath(model, 'feature'), { version, feature: row.path })}>
            {row.path}
          </a>
        ),
    },
    { name: 'Kind', value: (row) => row.kind },
    {
      name: 'State',
      value: (row) => row.state,
      cell: (row) => <Status status={row.state}>{row.reason ?? undefined}</Status>,
    },
    { name: 'PSI now', right: true, value: (row) => row.newest, cell: (row) => number(row.newest) },
    { name: 'Limit', right: true, value: (row) => row.limit, cell: (row) => number(row.limit) },
    { name: 'Worst', right: true, value: (row) => row.worst, cell: (row) => number(row.worst) },
    { name: 'Trend', plain: true, value: () => null, cell: (row) => <Spark values={row.series} /> },
    { name: 'Windows beyond', right: true, value: (row) => row.breaches },
    {
      name: 'Last breach',
      right: true,
      value: (row) => row.lastBreach,
      cell: (row) => (row.lastBreach === null ? '-' : day(row.lastBreach, zone)),
    },
    { name: 'Missing', right: true, value: (row) => row.missing, cell: (row) => share(row.missing) },
    {
      name: 'Distinct',
      right: true,
      value: (row) => row.distinct,
      cell: (row) => row.distinct?.toLocaleString('en-US') ?? '-',
    },
    { name: 'First seen', right: true, value: (row) => row.firstSeen, cell: (row) => day(row.firstSeen, zone) },
  ];
}

// One version against another over the range: differences with their intervals and p-values.
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import { modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { change, go } from '../lib/location.js';
import { betterIs, isShare, metricName, metricValue, number, versionName } from '../prepare/format.js';
import { QUALITY_BY_TASK } from '../prepare/model.js';
import { Card } from '../ui/card.js';
import { CountFirst } from '../ui/count-first.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import type { ModelView } from './model-head.js';

/** Below this a difference is taken for one: chance alone gives it one time in twenty. */
const SIGNIFICANT = 0.05;

export function CompareCard({ view }: { view: ModelView }) {
  const { place } = useView();
  const { model, version, from, to } = view;
  const others = model.versions.map((one) => one.version).filter((one) => one !== version);
  const other = place.query.get('against') ?? others[0] ?? null;
  const metrics = QUALITY_BY_TASK[model.task] ?? [];
  const url =
    version === null || other === null
      ? null
      : modelUrl(model.model, 'metrics', {
          metric: metrics,
          version,
          compare: other,
          window: 'range',
          segment: '',
          from,
          to,
        });
  // Both versions, on about as many predictions.
  const n = 2 * (model.predictions.value ?? 0);
  return (
    <Card
      title="Version against version"
      span={12}
      urls={[url]}
      flush
      tools={
        others.length > 0 && version !== null ? (
          <label class="row">
            <span class="muted small">{versionName(version)} against</span>
            <select
              value={other ?? ''}
              onChange={(event) => go(change({ against: event.currentTarget.value }, place), { replace: true })}
            >
              {others.map((one) => (
                <option key={one} value={one}>
                  {versionName(one)}
                </option>
              ))}
            </select>
          </label>
        ) : undefined
      }
    >
      {other === null ? (
        <Empty title="There is one version">
          A second one can be compared with it, on the same predictions where both made them.
        </Empty>
      ) : (
        <CountFirst
          key={`${version} ${other}`}
          n={n}
          what="both versions"
          note="Their numbers are beside one another above; tests of the difference compare them row by row."
        >
          {() => <Compared url={url} version={version ?? ''} other={other} metrics={metrics} />}
        </CountFirst>
      )}
    </Card>
  );
}

function Compared({
  url,
  version,
  other,
  metrics,
}: {
  url: string | null;
  version: string;
  other: string;
  metrics: readonly string[];
}) {
  const loaded = useApi<MetricPointJson[]>(url);
  return (
    <Await of={loaded} what="the comparison">
      {(data) => {
        const rows = data.filter((point) => point.value !== null && metrics.includes(point.metric));
        return rows.length === 0 ? (
          <Empty title="Waiting for labels">Neither version has labelled predictions in this range.</Empty>
        ) : (
          <Table
            caption={`${versionName(version)} against ${versionName(other)}`}
            columns={columns(version, other)}
            rows={rows}
            keyOf={(row) => `${row.metric}${row.deployment}`}
            csv={`${version} against ${other}`}
          />
        );
      }}
    </Await>
  );
}

function columns(version: string, other: string): Column<MetricPointJson>[] {
  const difference = (row: MetricPointJson, value: number | null | undefined): string => {
    if (value === null || value === undefined) return '-';
    const shown = number(isShare(row.metric) ? 100 * value : value);
    return value > 0 ? `+${shown}` : shown;
  };
  const verdict = (row: MetricPointJson): string => {
    if (row.difference === null || row.difference === undefined || row.p_value === null || row.p_value === undefined)
      return 'not tested';
    if (row.p_value >= SIGNIFICANT) return 'no clear difference';
    return row.difference > 0 === (betterIs(row.metric) === 'higher')
      ? `${versionName(version)} better`
      : `${versionName(other)} better`;
  };
  return [
    { name: 'Metric', value: (row) => metricName(row.metric) },
    {
      name: versionName(version),
      right: true,
      value: (row) => row.value,
      cell: (row) => metricValue(row.metric, row.value),
    },
    {
      name: versionName(other),
      right: true,
      value: (row) =>
        row.difference === null || row.difference === undefined || row.value === null
          ? null
          : row.value - row.difference,
      cell: (row) =>
        metricValue(
          row.metric,
          row.difference === null || row.difference === undefined || row.value === null
            ? null
            : row.value - row.difference,
        ),
    },
    {
      name: 'Difference',
      right: true,
      value: (row) => row.difference ?? null,
      cell: (row) => difference(row, row.difference),
    },
    {
      name: '95 % interval',
      right: true,
      value: (row) => row.difference_lower ?? null,
      cell: (row) =>
        row.difference_lower === null || row.difference_lower === undefined
          ? '-'
          : `${difference(row, row.difference_lower)} to ${difference(row, row.difference_upper)}`,
    },
    { name: 'p-value', right: true, value: (row) => row.p_value ?? null, cell: (row) => number(row.p_value ?? null) },
    { name: 'Test', value: (row) => row.test ?? null, cell: (row) => (row.test ?? '-').replaceAll('_', ' ') },
    { name: 'n', right: true, value: (row) => row.n, cell: (row) => row.n.toLocaleString('en-US') },
    { name: 'So', value: verdict, cell: (row) => <Status status={verdict(row)} /> },
  ];
}

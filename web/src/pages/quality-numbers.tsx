// Every quality number of the range, version beside version, from stored windows.
import type { MetricPointJson, RangeNumber } from '../../../src/domain/contract/metrics.js';
import { modelUrl } from '../lib/api.js';
import { useApi, type Loaded } from '../lib/data.js';
import { delta, metricName, versionName } from '../prepare/format.js';
import { COUNTED_NOTE, numberRows, SUMMARISED_NOTE, withCounted, type NumberRow } from '../prepare/range-numbers.js';
import { summarised } from '../prepare/model.js';
import { Card } from '../ui/card.js';
import { AT_ONCE } from '../ui/count-first.js';
import { Measured } from '../ui/measured.js';
import { Await, Empty, Loading } from '../ui/states.js';
import { Table, type Column } from '../ui/table.js';
import type { ModelView } from './model-head.js';

/** The numbers of a range, and where they come from. */
export function useRangeNumbers({ model, from, to }: ModelView) {
  const metrics = summarised(model.task);
  const url = metrics.length === 0 ? null : modelUrl(model.model, 'summary', { metric: metrics, from, to });
  return { url, loaded: useApi<RangeNumber[]>(url) };
}

/** The same counted from rows, which is exact for every metric; null where they are too many to be counted unasked. */
function useCounted({ model, from, to }: ModelView): { url: string | null; loaded: Loaded<MetricPointJson[]> } {
  // Every version, on about as many predictions.
  const rows = model.versions.length * (model.predictions.value ?? 0);
  const metric = summarised(model.task);
  const url =
    metric.length === 0 || rows > AT_ONCE
      ? null
      : modelUrl(model.model, 'metrics', { metric, segment: '', window: 'range', from, to });
  return { url, loaded: useApi<MetricPointJson[]>(url) };
}

export function NumbersCard({ view }: { view: ModelView }) {
  const { url, loaded } = useRangeNumbers(view);
  const counted = useCounted(view);
  return (
    <Card title="Numbers of the range" span={12} urls={[url, counted.url]} flush>
      <Await of={loaded} what="the numbers">
        {(data) => {
          const { data: exact, error } = counted.loaded;
          if (counted.url !== null && exact === null && error === null) return <Loading what="the numbers" />;
          const { rows, versions } = numberRows(exact === null ? data : withCounted(data, exact), view.version);
          return rows.length === 0 ? (
            <Empty title="Waiting for labels">No computed window of this range has labels yet.</Empty>
          ) : (
            <Table
              name="numbers"
              caption="Quality of the range by version"
              columns={columns(versions, rows)}
              rows={rows}
              keyOf={(row) => row.metric}
              csv={`quality of ${view.model.model}`}
              foot={<span>{exact === null ? SUMMARISED_NOTE : COUNTED_NOTE}</span>}
            />
          );
        }}
      </Await>
    </Card>
  );
}

function columns(versions: readonly string[], rows: readonly NumberRow[]): Column<NumberRow>[] {
  const [first = ''] = versions;
  const before: Column<NumberRow> = {
    name: `${versionName(first)} against the range before`,
    right: true,
    value: (row) => row.by[first]?.previous ?? null,
    cell: (row) => delta(row.metric, row.by[first]?.value ?? null, row.by[first]?.previous ?? null) || '-',
  };
  return [
    { name: 'Metric', value: (row) => metricName(row.metric) },
    ...versions.map((version): Column<NumberRow> => ({
      name: versionName(version),
      right: true,
      value: (row) => row.by[version]?.value ?? null,
      cell: (row) => {
        const found = row.by[version];
        return found === undefined ? '-' : <Measured {...found} metric={row.metric} />;
      },
    })),
    ...(rows.some((row) => (row.by[first]?.previous ?? null) !== null) ? [before] : []),
    {
      name: 'n',
      right: true,
      value: (row) => row.by[first]?.n ?? null,
      cell: (row) => row.by[first]?.n.toLocaleString('en-US') ?? '-',
    },
  ];
}

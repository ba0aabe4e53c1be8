// Every quality number of the range, version beside version, from stored windows.
import type { RangeNumber } from '../../../src/domain/contract/metrics.js';
import { modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { delta, metricName, metricValue, plusMinus, versionName } from '../prepare/format.js';
import { numberRows, SUMMARISED_NOTE, type NumberRow } from '../prepare/range-numbers.js';
import { summarised } from '../prepare/model.js';
import { Card } from '../ui/card.js';
import { Await, Empty } from '../ui/states.js';
import { Table, type Column } from '../ui/table.js';
import type { ModelView } from './model-head.js';

/** The numbers of a range, and where they come from. */
export function useRangeNumbers({ model, from, to }: ModelView) {
  const metrics = summarised(model.task);
  const url = metrics.length === 0 ? null : modelUrl(model.model, 'summary', { metric: metrics, from, to });
  return { url, loaded: useApi<RangeNumber[]>(url) };
}

export function NumbersCard({ view }: { view: ModelView }) {
  const { url, loaded } = useRangeNumbers(view);
  return (
    <Card title="Numbers of the range" span={12} urls={[url]} flush>
      <Await of={loaded} what="the numbers">
        {(data) => {
          const { rows, versions } = numberRows(data, view.version);
          return rows.length === 0 ? (
            <Empty title="Waiting for labels">No computed window of this range has labels yet.</Empty>
          ) : (
            <Table
              caption="Quality of the range by version"
              columns={columns(versions, rows)}
              rows={rows}
              keyOf={(row) => row.metric}
              csv={`quality of ${view.model.model}`}
              foot={<span>{SUMMARISED_NOTE}</span>}
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
        if (found === undefined) return '-';
        const { value, lower, upper } = found;
        return (
          <>
            {metricValue(row.metric, value)} <small>{plusMinus(row.metric, value, lower, upper)}</small>
          </>
        );
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

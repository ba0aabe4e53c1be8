// Numbers of two versions beside one another: their differences with intervals and p-values, and what follows.
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import { betterIs, difference, metricName, metricValue, number, versionName } from '../prepare/format.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';

/** Below this a difference is taken for one: chance alone gives it one time in twenty. */
const SIGNIFICANT = 0.05;

/** `rows`: numbers of `version`, each with its difference from `other`. */
export function ComparisonTable({
  name,
  version,
  other,
  rows,
}: {
  name: string;
  version: string;
  other: string;
  rows: readonly MetricPointJson[];
}) {
  return (
    <Table
      name={name}
      caption={`${versionName(version)} against ${versionName(other)}`}
      columns={columns(version, other)}
      rows={rows}
      keyOf={(row) => `${row.metric}${row.deployment}`}
      csv={`${version} against ${other}`}
      foot={<span>differences of shares in points of per cent; better or worse where p is below {SIGNIFICANT}</span>}
    />
  );
}

function columns(version: string, other: string): Column<MetricPointJson>[] {
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
      cell: (row) => difference(row.metric, row.difference ?? null),
    },
    {
      name: '95 % interval',
      right: true,
      value: (row) => row.difference_lower ?? null,
      cell: (row) =>
        row.difference_lower === null || row.difference_lower === undefined
          ? '-'
          : `${difference(row.metric, row.difference_lower)} to ${difference(row.metric, row.difference_upper ?? null)}`,
    },
    { name: 'p-value', right: true, value: (row) => row.p_value ?? null, cell: (row) => number(row.p_value ?? null) },
    { name: 'Test', value: (row) => row.test ?? null, cell: (row) => (row.test ?? '-').replaceAll('_', ' ') },
    { name: 'n', right: true, value: (row) => row.n, cell: (row) => number(row.n) },
    { name: 'Result', value: verdict, cell: (row) => <Status status={verdict(row)} /> },
  ];
}

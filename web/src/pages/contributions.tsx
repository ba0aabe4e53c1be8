// Segments behind a change: what came of their share (mix) and what of their own value (rate).
import { metricName, metricValue, number, isShare } from '../prepare/format.js';
import { Table, type Column } from '../ui/table.js';

/** A segment's part in a change. */
export interface Contribution {
  segment: string;
  n_before: number;
  n_after: number;
  value_before: number | null;
  value_after: number | null;
  mix_effect: number | null;
  rate_effect: number | null;
}

export function ContributionTable({ metric, segments }: { metric: string; segments: readonly Contribution[] }) {
  const effect = (value: number | null): string => {
    if (value === null) return '-';
    const shown = number(isShare(metric) ? 100 * value : value);
    return value > 0 ? `+${shown}` : shown;
  };
  const columns: Column<Contribution>[] = [
    { name: 'Segment', value: (row) => row.segment, cell: (row) => <span class="mono wrap-any">{row.segment}</span> },
    { name: 'n before', right: true, value: (row) => row.n_before, cell: (row) => row.n_before.toLocaleString('en-US') },
    { name: 'n after', right: true, value: (row) => row.n_after, cell: (row) => row.n_after.toLocaleString('en-US') },
    { name: `${metricName(metric)} before`, right: true, value: (row) => row.value_before, cell: (row) => metricValue(metric, row.value_before) },
    { name: 'after', right: true, value: (row) => row.value_after, cell: (row) => metricValue(metric, row.value_after) },
    { name: 'Mix', right: true, value: (row) => row.mix_effect, cell: (row) => effect(row.mix_effect) },
    { name: 'Rate', right: true, value: (row) => row.rate_effect, cell: (row) => effect(row.rate_effect) },
  ];
  return <Table caption="Segments, largest effect first" columns={columns} rows={segments} keyOf={(row) => row.segment} csv="contributions" show={8} />;
}

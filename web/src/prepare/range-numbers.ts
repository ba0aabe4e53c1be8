// Numbers of a range as rows: one a metric, with every version beside the one that is looked at.
import type { MetricPointJson, RangeNumber } from '../../../src/domain/contract/metrics.js';

/** What numbers of a range are, under their tables. */
export const SUMMARISED_NOTE =
  'from computed windows, weighted by n: exact for shares such as accuracy, the mean of the windows for the others';

/** And where they were counted. */
export const COUNTED_NOTE = 'over all labelled predictions of the range';

/** Numbers with those that were counted where the windows' mean is another one; that of the range before is then not comparable. */
export function withCounted(numbers: readonly RangeNumber[], counted: readonly MetricPointJson[]): RangeNumber[] {
  return numbers.map((one) => {
    const found = counted.filter((point) => point.metric === one.metric && point.version === one.version);
    const [point] = found;
    // A version with several deployments has a number for each.
    if (found.length !== 1 || point === undefined) return one;
    if (point.value === null || point.n === null || one.value === null) return one;
    if (Math.abs(point.value - one.value) <= 1e-9 * Math.abs(one.value)) return one;
    const { value, lower, upper, n } = point;
    return { ...one, value, lower, upper, n, previous: null };
  });
}

export interface NumberRow {
  metric: string;
  by: Record<string, RangeNumber | undefined>;
}

/** More versions than this do not fit beside one another. */
const MOST = 5;

/** Metrics that have a value, in their order; the version that is looked at first, then the others in theirs. */
export function numberRows(
  numbers: readonly RangeNumber[],
  version: string | null,
): { rows: NumberRow[]; versions: string[] } {
  const known = numbers.filter((one) => one.value !== null);
  const others = [...new Set(known.map((one) => one.version))].filter((one) => one !== version).sort();
  const mine = known.some((one) => one.version === version) && version !== null ? [version] : [];
  const versions = [...mine, ...others.reverse()].slice(0, MOST);
  const metrics = [...new Set(known.map((one) => one.metric))];
  return {
    versions,
    rows: metrics.map((metric) => ({
      metric,
      by: Object.fromEntries(known.filter((one) => one.metric === metric).map((one) => [one.version, one] as const)),
    })),
  };
}

/** A number that training reported beside the same number in production. */
export interface ComparisonRow {
  metric: string;
  training: number | null;
  measured: RangeNumber | null;
}

/** What training reported first, then what only production has. */
export function comparisonRows(
  training: Readonly<Record<string, number>>,
  numbers: readonly RangeNumber[],
): ComparisonRow[] {
  const known = numbers.filter((one) => one.value !== null);
  const reported = Object.keys(training).sort();
  const metrics = [...new Set([...reported, ...known.map((one) => one.metric)])];
  return metrics.map((metric) => ({
    metric,
    training: training[metric] ?? null,
    measured: known.find((one) => one.metric === metric) ?? null,
  }));
}

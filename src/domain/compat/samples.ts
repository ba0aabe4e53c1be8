// Plain statistics over raw values in memory, written from the definitions: for small samples, for comparisons with other libraries, and for tests to compare with.
import {
  binCount,
  binIndexNumeric,
  distinctEdges,
  frequentCategories,
  missingIndex,
  otherIndex,
  unseenIndex,
  type CategoricalBins,
  type NumericBins,
} from '../drift/bins.js';
import { EXACT_KS_LIMIT, ksStatistic } from '../drift/kolmogorov.js';
import { scoreField, type Score } from '../drift/score.js';

/** Quantile by linear interpolation, with numpy's own rounding. @param sorted ascending, not empty. */
export function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const part = position - below;
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

/** Bins that a numeric baseline freezes: the distinct values of its nine deciles. */
export function numericBins(baseline: readonly (number | null)[]): NumericBins {
  const sorted = numbers(baseline).sort((a, b) => a - b);
  if (sorted.length === 0) return { kind: 'numeric', edges: [] };
  return { kind: 'numeric', edges: distinctEdges([1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => quantile(sorted, i / 10))) };
}

/** Rows in each bin. */
export function countNumeric(bins: NumericBins, values: readonly (number | null)[]): number[] {
  const counts = new Array<number>(binCount(bins)).fill(0);
  for (const value of values) counts[binIndexNumeric(bins, value)]! += 1;
  return counts;
}

/** Bins that a categorical baseline freezes, and all the values it has seen. */
export function categoricalBins(baseline: readonly (string | null)[]): { bins: CategoricalBins; seen: Set<string> } {
  const counts = new Map<string, number>();
  for (const value of baseline) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  return { bins: { kind: 'categorical', categories: frequentCategories(counts) }, seen: new Set(counts.keys()) };
}

/** Rows in each bin. @param seen every value of the baseline, so that OTHER and UNSEEN can be told apart. */
export function countCategorical(
  bins: CategoricalBins,
  seen: ReadonlySet<string>,
  values: readonly (string | null)[],
): number[] {
  const index = new Map(bins.categories.map((name, i) => [name, i]));
  const counts = new Array<number>(binCount(bins)).fill(0);
  for (const value of values) {
    const beyond = value === null ? missingIndex(bins) : seen.has(value) ? otherIndex(bins) : unseenIndex(bins);
    counts[(value === null ? undefined : index.get(value)) ?? beyond ?? -1]! += 1;
  }
  return counts;
}

/** What is not missing. */
export function numbers(values: readonly (number | null)[]): number[] {
  return values.filter((value): value is number => value !== null && Number.isFinite(value));
}

/**
 * Exact two-sided p-value of a two-sample statistic: the chance that a uniformly random lattice path from (0, 0) to (n, m)
 * touches |i/n - j/m| >= d. A(i, j), the chance for a path that ends at (i, j), comes from its two predecessors (Hodges 1958),
 * in one pass of n m steps without any subtraction, so that tiny values keep their digits.
 */
export function exactKsPValue(d: number, n: number, m: number): number {
  const scaled = d * n * m;
  // The statistic is a multiple of 1/(n m) up to rounding.
  const bound = Math.round(scaled);
  const column = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      if (Math.abs(i * m - j * n) >= bound) column[j] = 1;
      else if (i > 0 || j > 0) {
        const fromLeft = i === 0 ? 0 : (column[j] as number) * i;
        const fromBelow = j === 0 ? 0 : (column[j - 1] as number) * j;
        column[j] = (fromLeft + fromBelow) / (i + j);
      }
    }
  }
  return column[m] as number;
}

/** W1: the area between the two empirical distribution functions. */
export function wassersteinDistance(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  let [i, j, area] = [0, 0, 0];
  let previous = Math.min(x[0] as number, y[0] as number);
  while (i < x.length || j < y.length) {
    const next = Math.min(x[i] ?? Infinity, y[j] ?? Infinity);
    area += (next - previous) * Math.abs(i / x.length - j / y.length);
    previous = next;
    while (x[i] === next) i++;
    while (y[j] === next) j++;
  }
  return area;
}

/** Population variance. */
export function populationVariance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

/** A column: numbers or texts, null where there is none. */
export type Sample =
  { kind: 'numeric'; values: readonly (number | null)[] } | { kind: 'categorical'; values: readonly (string | null)[] };

/** Our own drift scores of two columns, as the store computes them from rows. A column that is text on one side is text on both. */
export function scoresOf(baseline: Sample, current: Sample): Score[] {
  const common = { threshold: 0.2, comparedFields: 1 };
  if (baseline.kind === 'categorical' || current.kind === 'categorical') {
    const [before, now] = [baseline, current].map((sample) =>
      sample.values.map((value) => (value === null ? null : String(value))),
    ) as [(string | null)[], (string | null)[]];
    const { bins, seen } = categoricalBins(before);
    const counts = (values: (string | null)[]) => countCategorical(bins, seen, values);
    return scoreField({ bins, baseline: counts(before), current: counts(now), ...common });
  }
  const bins = numericBins(baseline.values);
  const [x, y] = [numbers(baseline.values), numbers(current.values)];
  const statistic = ksStatistic(x, y);
  const exact = statistic !== null && x.length * y.length <= EXACT_KS_LIMIT;
  return scoreField({
    bins,
    baseline: countNumeric(bins, baseline.values),
    current: countNumeric(bins, current.values),
    ...common,
    ks: statistic === null ? null : { statistic, pValue: exact ? exactKsPValue(statistic, x.length, y.length) : null },
    wasserstein:
      statistic === null ? null : { value: wassersteinDistance(x, y), baselineStd: Math.sqrt(populationVariance(x)) },
  });
}

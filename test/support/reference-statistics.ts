// Plain, slow statistics over raw values, written from the definitions: what the store computes in SQL, for tests to compare with.
import {
  binCount,
  type CategoricalBins,
  binIndexNumeric,
  frequentCategories,
  type NumericBins,
} from '../../src/domain/drift/bins.js';
import { distinctEdges, otherIndex, unseenIndex, missingIndex } from '../../src/domain/drift/bins.js';
import type { BinaryCounts, CalibrationBin, ScoredRows } from '../../src/domain/quality/binary.js';
import type { RegressionSums } from '../../src/domain/quality/regression.js';

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
  const mean = sum(values) / values.length;
  return sum(values.map((value) => (value - mean) ** 2)) / values.length;
}

/** Plain sum. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** One labelled row of a binary classifier. */
export interface BinaryRow {
  truth: boolean;
  predicted: boolean;
  score: number;
}

/** The sums that the store makes of the rows. */
export function binaryCounts(rows: readonly BinaryRow[]): BinaryCounts {
  const count = (truth: boolean, predicted: boolean) =>
    rows.filter((row) => row.truth === truth && row.predicted === predicted).length;
  return {
    n: rows.length,
    tp: count(true, true),
    fp: count(false, true),
    fn: count(true, false),
    tn: count(false, false),
    scored: scoredRows(rows),
  };
}

function scoredRows(rows: readonly BinaryRow[]): ScoredRows {
  const losses = rows.map(({ truth, score }) => {
    const clipped = Math.min(1 - 1e-15, Math.max(1e-15, score));
    return -Math.log(truth ? clipped : 1 - clipped);
  });
  const squares = rows.map(({ truth, score }) => (score - Number(truth)) ** 2);
  return {
    n: rows.length,
    positives: rows.filter(({ truth }) => truth).length,
    ...rankingScores(rows),
    logLossSum: sum(losses),
    logLossSumSq: sum(losses.map((loss) => loss * loss)),
    brierSum: sum(squares),
    brierSumSq: sum(squares.map((square) => square * square)),
    calibration: calibrationBins(rows),
  };
}

/** AUC and average precision: one step a distinct score, from the highest down, as scikit-learn's curves. */
function rankingScores(rows: readonly BinaryRow[]): { rocAuc: number | null; averagePrecision: number | null } {
  const positives = rows.filter(({ truth }) => truth).length;
  const negatives = rows.length - positives;
  if (positives === 0 || negatives === 0) return { rocAuc: null, averagePrecision: null };
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  let [hits, misses, area, averagePrecision] = [0, 0, 0, 0];
  for (let i = 0; i < sorted.length;) {
    const [hitsBefore, missesBefore] = [hits, misses];
    for (const score = sorted[i]?.score; sorted[i]?.score === score && i < sorted.length; i++) {
      if (sorted[i]?.truth === true) hits++;
      else misses++;
    }
    area += ((misses - missesBefore) * (hits + hitsBefore)) / 2;
    averagePrecision += ((hits - hitsBefore) / positives) * (hits / (hits + misses));
  }
  return { rocAuc: area / (positives * negatives), averagePrecision };
}

/** Ten bins of equal count by score, the first n mod 10 of them one row larger. */
function calibrationBins(rows: readonly BinaryRow[]): CalibrationBin[] {
  const sorted = [...rows].sort((a, b) => a.score - b.score);
  const bins: CalibrationBin[] = [];
  for (let bin = 0, start = 0; bin < 10; bin++) {
    const part = sorted.slice(start, start + Math.floor(rows.length / 10) + (bin < rows.length % 10 ? 1 : 0));
    start += part.length;
    if (part.length === 0) continue;
    const meanScore = sum(part.map(({ score }) => score)) / part.length;
    bins.push({ n: part.length, meanScore, meanTruth: part.filter(({ truth }) => truth).length / part.length });
  }
  return bins;
}

/** The sums that the store makes of a regression's rows. */
export function regressionSums(rows: readonly { truth: number; predicted: number }[]): RegressionSums {
  const errors = rows.map(({ truth, predicted }) => predicted - truth);
  const relative = rows
    .filter(({ truth }) => truth !== 0)
    .map(({ truth, predicted }) => Math.abs((predicted - truth) / truth));
  return {
    n: rows.length,
    sumError: sum(errors),
    sumAbs: sum(errors.map(Math.abs)),
    sumSq: sum(errors.map((e) => e * e)),
    sumQuad: sum(errors.map((e) => e ** 4)),
    mapeN: relative.length,
    mapeSum: sum(relative),
    truthVarPop: rows.length === 0 ? null : populationVariance(rows.map(({ truth }) => truth)),
  };
}

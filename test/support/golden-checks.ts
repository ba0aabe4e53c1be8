// Compares what the domain functions give for raw values with a file of reference values, number by number.
import { expect } from 'vitest';
import { chiSquareTest } from '../../src/domain/drift/chi-square.js';
import { EXACT_KS_LIMIT, ksStatistic } from '../../src/domain/drift/kolmogorov.js';
import { type Score, scoreField } from '../../src/domain/drift/score.js';
import { binaryScores } from '../../src/domain/quality/binary.js';
import { wilsonInterval } from '../../src/domain/quality/intervals.js';
import { regressionScores } from '../../src/domain/quality/regression.js';
import * as reference from './reference-statistics.js';

/** Reference values of one field, of binary quality or of a regression: numbers, vectors of numbers, names, or null. */
export type Expected = Record<string, number | null | (number | string)[]>;

/** Largest relative difference: of counts-based numbers, of exact and of asymptotic p-values. */
const TOLERANCE = 1e-9;
const EXACT_P = 1e-6;
const ASYMPTOTIC_P = 1e-4;
/** Below this a p-value only has to be small. */
const TINY_P = 1e-12;

/** Every number in the file must have been computed, and be within tolerance. */
function expectAll(computed: Expected, expected: Expected, tolerances: Record<string, number>, where: string): void {
  expect(Object.keys(computed).sort(), `${where}: names`).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) {
    const [actual, wanted] = [[computed[name] ?? null].flat(), [value].flat()];
    expect(actual.length, `${where} ${name}: length`).toBe(wanted.length);
    wanted.forEach((item, i) =>
      expectOne(actual[i] ?? null, item, tolerances[name] ?? TOLERANCE, `${where} ${name} [${i}]`),
    );
  }
}

function expectOne(
  actual: number | string | null,
  wanted: number | string | null,
  tolerance: number,
  where: string,
): void {
  if (typeof wanted !== 'number' || typeof actual !== 'number') return expect(actual, where).toBe(wanted);
  if (tolerance !== TOLERANCE && wanted < TINY_P) return expect(actual, where).toBeLessThan(TINY_P * 1.001);
  expect(Math.abs(actual - wanted), `${where}: ${actual} for ${wanted}`).toBeLessThanOrEqual(
    tolerance * Math.abs(wanted),
  );
}

/** A numeric field: bins from the baseline, counts, and every score. */
export function expectNumericField(
  base: readonly (number | null)[],
  window: readonly (number | null)[],
  expected: Expected,
  where: string,
): void {
  const bins = reference.numericBins(base);
  const [baseline, current] = [reference.countNumeric(bins, base), reference.countNumeric(bins, window)];
  const [x, y] = [reference.numbers(base), reference.numbers(window)];
  const statistic = ksStatistic(x, y) ?? NaN;
  const isExact = x.length * y.length <= EXACT_KS_LIMIT;
  const ks = { statistic, pValue: isExact ? reference.exactKsPValue(statistic, x.length, y.length) : null };
  const wasserstein = {
    value: reference.wassersteinDistance(x, y),
    baselineStd: Math.sqrt(reference.populationVariance(x)),
  };
  const scores = byName(scoreField({ bins, baseline, current, threshold: 0.2, comparedFields: 1, ks, wasserstein }));
  const computed = {
    edges: bins.edges,
    baseline_counts: baseline,
    counts: current,
    ...pick(scores, [
      'psi',
      'psi_noise_99',
      'js_distance',
      'ks_statistic',
      'ks_p_value',
      'wasserstein',
      'wasserstein_normed',
    ]),
    n: reference.sum(current),
    n_baseline: reference.sum(baseline),
  };
  expectAll(computed, expected, { ks_p_value: isExact ? EXACT_P : ASYMPTOTIC_P }, where);
}

/** A categorical field: categories from the baseline, counts, and every score. */
export function expectCategoricalField(
  base: readonly (string | null)[],
  window: readonly (string | null)[],
  expected: Expected,
  where: string,
): void {
  const { bins, seen } = reference.categoricalBins(base);
  const [baseline, current] = [
    reference.countCategorical(bins, seen, base),
    reference.countCategorical(bins, seen, window),
  ];
  const scores = byName(scoreField({ bins, baseline, current, threshold: 0.2, comparedFields: 1 }));
  const computed = {
    categories: bins.categories,
    baseline_counts: baseline,
    counts: current,
    ...pick(scores, ['psi', 'psi_noise_99', 'js_distance', 'chi2_p_value', 'l_infinity']),
    chi2: chiSquareTest(baseline, current).statistic,
    n: reference.sum(current),
    n_baseline: reference.sum(baseline),
  };
  expectAll(computed, expected, { chi2_p_value: EXACT_P }, where);
}

/** Binary quality. */
export function expectBinaryQuality(rows: readonly reference.BinaryRow[], expected: Expected, where: string): void {
  const counts = reference.binaryCounts(rows);
  const { n, tp, fp, fn, tn } = counts;
  const interval = wilsonInterval(tp + tn, n);
  const names = [
    'accuracy',
    'precision',
    'recall',
    'specificity',
    'f1',
    'mcc',
    'roc_auc',
    'average_precision',
    'log_loss',
    'brier',
  ];
  const scores = pick(byName(binaryScores(counts)), names);
  const computed = {
    n,
    tp,
    fp,
    fn,
    tn,
    accuracy_interval: [interval?.lower ?? NaN, interval?.upper ?? NaN],
    ...scores,
  };
  expectAll(computed, expected, {}, where);
}

/** A regression. */
export function expectRegression(
  rows: readonly { truth: number; predicted: number }[],
  expected: Expected,
  where: string,
): void {
  const scores = byName(regressionScores(reference.regressionSums(rows)));
  const computed = { n: rows.length, ...pick(scores, ['mae', 'mse', 'rmse', 'mean_error', 'mape', 'r2']) };
  expectAll(computed, expected, {}, where);
}

function byName(scores: readonly Score[]): Map<string, number | null> {
  return new Map(scores.map(({ metric, value }) => [metric, value]));
}

function pick(scores: ReadonlyMap<string, number | null>, names: readonly string[]): Record<string, number | null> {
  return Object.fromEntries(names.map((name) => [name, scores.get(name) ?? null]));
}

// Plain, slow statistics over raw values, written from the definitions: what the store computes in SQL, for tests to compare with.
import type { BinaryCounts, CalibrationBin, ScoredRows } from '../../src/domain/quality/binary.js';
import type { RegressionSums } from '../../src/domain/quality/regression.js';

import { populationVariance } from '../../src/domain/compat/samples.js';

export {
  categoricalBins,
  countCategorical,
  countNumeric,
  exactKsPValue,
  numbers,
  numericBins,
  populationVariance,
  quantile,
  wassersteinDistance,
} from '../../src/domain/compat/samples.js';

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
  const centre = sum(rows.map(({ truth }) => truth)) / Math.max(1, rows.length);
  const centred = rows.map(({ truth }) => truth - centre);
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
    mapeSq: sum(relative.map((part) => part * part)),
    errorByTruth: rows.length === 0 ? null : sum(errors.map((e, i) => (e * (centred[i] ?? 0)) ** 2)) / rows.length,
    truthFourth: rows.length === 0 ? null : sum(centred.map((z) => z ** 4)) / rows.length,
    truthVarPop: rows.length === 0 ? null : populationVariance(rows.map(({ truth }) => truth)),
  };
}

// Quality of a regression, from sums over its errors.
import type { Score } from '../drift/score.js';
import { meanInterval, nonNegativeMeanInterval, rootMeanSquareInterval, Z95, type Interval } from './intervals.js';
import { ratio, withInterval } from './score.js';

/** Sums over the labelled rows that have a prediction; e = prediction - truth. */
export interface RegressionSums {
  n: number;
  /** Sum of e. */
  sumError: number;
  /** Sum of |e|. */
  sumAbs: number;
  /** Sum of e^2. */
  sumSq: number;
  /** Sum of e^4. */
  sumQuad: number;
  /** Rows whose truth is not 0, and the sum of |e / truth| over them. */
  mapeN: number;
  mapeSum: number;
  /** Sum of its square. */
  mapeSq: number;
  /** Mean of e^2 z^2 and of z^4, z = truth - mean truth; null where they are not known. */
  errorByTruth: number | null;
  truthFourth: number | null;
  /** Population variance of the truth; null without rows. */
  truthVarPop: number | null;
}

/**
 * mae, mse, rmse, mape, r2, mean_error: scikit-learn's definitions, null where the denominator is 0 (mape: every truth is 0;
 * r2: the truth does not vary). mape is a fraction, not a percentage. The list is always the same.
 */
export function regressionScores(sums: RegressionSums): Score[] {
  const { n, sumError, sumAbs, sumSq, sumQuad, mapeN, mapeSum, truthVarPop } = sums;
  const mse = ratio(sumSq, n);
  const unexplained = truthVarPop === null || mse === null ? null : ratio(mse, truthVarPop);
  return [
    withInterval('mae', ratio(sumAbs, n), nonNegativeMeanInterval(n, sumAbs, sumSq), 'normal', n),
    withInterval('mse', mse, nonNegativeMeanInterval(n, sumSq, sumQuad), 'normal', n),
    withInterval('rmse', mse === null ? null : Math.sqrt(mse), rootMeanSquareInterval(n, sumSq, sumQuad), 'delta', n),
    withInterval('mape', ratio(mapeSum, mapeN), nonNegativeMeanInterval(mapeN, mapeSum, sums.mapeSq), 'normal', mapeN),
    withInterval('r2', unexplained === null ? null : 1 - unexplained, r2Interval(sums), 'delta', n),
    withInterval('mean_error', ratio(sumError, n), meanInterval(n, sumError, sumSq), 'normal', n),
  ];
}

/**
 * Interval of r2 = 1 - M / V, M the mean square error and V the variance of the truth, by the delta method over both and their covariance; at most 1. Null for fewer
 * than three rows, and where the truth does not vary.
 */
function r2Interval({ n, sumSq, sumQuad, truthVarPop: v, errorByTruth, truthFourth }: RegressionSums): Interval | null {
  if (n < 3 || v === null || v <= 0 || errorByTruth === null || truthFourth === null) return null;
  const m = sumSq / n;
  const spread =
    (sumQuad / n - m * m) / v ** 2 +
    (m * m * (truthFourth - v * v)) / v ** 4 -
    (2 * m * (errorByTruth - m * v)) / v ** 3;
  const error = Math.sqrt(Math.max(0, spread) / n);
  const value = 1 - m / v;
  return { lower: value - Z95 * error, upper: Math.min(1, value + Z95 * error), error };
}

// Quality of a regression, from sums over its errors.
import type { Score } from '../drift/score.js';
import { meanInterval, nonNegativeMeanInterval, rootMeanSquareInterval } from './intervals.js';
import { plain, ratio, withInterval } from './score.js';

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
    plain('mape', ratio(mapeSum, mapeN), mapeN),
    plain('r2', unexplained === null ? null : 1 - unexplained, n),
    withInterval('mean_error', ratio(sumError, n), meanInterval(n, sumError, sumSq), 'normal', n),
  ];
}

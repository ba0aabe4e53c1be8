// Regression quality: scikit-learn's values, edge cases, and what must hold for any rows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { regressionScores } from '../../../src/domain/quality/regression.js';
import { regressionSums } from '../../support/reference-statistics.js';

const scoresOf = (truth: number[], predicted: number[]) => {
  const rows = truth.map((value, i) => ({ truth: value, predicted: predicted[i] ?? NaN }));
  return Object.fromEntries(regressionScores(regressionSums(rows)).map((score) => [score.metric, score]));
};

describe('regression quality', () => {
  it('agrees with scikit-learn', () => {
    const scores = scoresOf([3, -0.5, 2, 7, 0], [2.5, 0, 2, 8, 1]);
    expect(scores.r2?.value).toBeCloseTo(0.9301675977653632, 13);
    expect(scores.mse?.value).toBeCloseTo(0.5, 14);
    expect(scores.mae?.value).toBeCloseTo(0.6, 14);
    expect(scores.rmse?.value).toBeCloseTo(Math.SQRT1_2, 14);
    expect(scores.mean_error?.value).toBeCloseTo(0.4, 14);
  });

  it('mape leaves out rows whose truth is 0 and says how many are left', () => {
    const { mape } = scoresOf([2, 0, -4], [3, 5, -4]);
    expect(mape).toMatchObject({ value: 0.25, n: 2 });
    expect(scoresOf([0, 0], [1, 2]).mape).toMatchObject({ value: null, n: 0 });
  });

  it('r2 is null where the truth does not vary, negative where the mean would do better', () => {
    expect(scoresOf([5, 5, 5], [5, 5, 5]).r2?.value).toBeNull();
    expect(scoresOf([1, 2, 3], [9, 9, 9]).r2?.value).toBeLessThan(0);
  });

  it('is null without rows', () => {
    for (const score of Object.values(scoresOf([], [])))
      expect(score).toMatchObject({ value: null, lower: null, upper: null, n: 0 });
  });

  it('has a value and no interval for one row', () => {
    expect(scoresOf([1], [3])).toMatchObject({
      mae: { value: 2, lower: null },
      rmse: { value: 2, upper: null },
      mean_error: { value: 2, method: 'exact' },
    });
  });

  it('is null, not infinite, where a sum or a quotient overflows', () => {
    const scores = scoresOf([1e-300, 1], [1e200, 1]);
    expect(scores.mape?.value).toBeNull();
    for (const { value, lower, upper } of Object.values(scores)) {
      for (const number of [value, lower, upper]) expect(number === null || Number.isFinite(number)).toBe(true);
    }
  });

  it('keeps every number finite and inside its interval, and 0 <= mae <= rmse, for any rows', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1 }), (pairs) => {
        const scores = scoresOf(
          pairs.map(([t]) => t),
          pairs.map(([, p]) => p),
        );
        for (const { value: number, lower, upper } of Object.values(scores)) {
          if (number === null) continue;
          expect(Number.isFinite(number)).toBe(true);
          if (lower !== null) expect(lower).toBeLessThanOrEqual(number);
          if (upper !== null) expect(upper).toBeGreaterThanOrEqual(number);
        }
        const [mae, rmse] = [scores.mae?.value ?? NaN, scores.rmse?.value ?? NaN];
        expect(mae).toBeGreaterThanOrEqual(0);
        expect(mae).toBeLessThanOrEqual(rmse * (1 + 1e-12) + 1e-150);
      }),
    );
  });
});

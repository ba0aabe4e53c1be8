// Intervals: reference values, and what must hold for any counts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hanleyMcNeilInterval,
  meanInterval,
  nonNegativeMeanInterval,
  rootMeanSquareInterval,
  wilsonInterval,
  Z95,
} from '../../../src/domain/quality/intervals.js';
import { sum } from '../../support/reference-statistics.js';
import { uniforms } from '../../support/arbitraries.js';

describe('Wilson', () => {
  it('agrees with scipy.stats.binomtest(...).proportion_ci(method="wilson")', () => {
    expect(wilsonInterval(7, 10)?.lower).toBeCloseTo(0.39677814746114526, 13);
    expect(wilsonInterval(7, 10)?.upper).toBeCloseTo(0.892208732593699, 13);
    expect(wilsonInterval(0, 20)?.lower).toBe(0);
    expect(wilsonInterval(0, 20)?.upper).toBeCloseTo(0.16112515805281935, 13);
  });

  it('lies inside [0, 1], contains the share, and mirrors for the other outcome', () => {
    const counts = fc.integer({ min: 1, max: 10_000_000 }).chain((n) => fc.tuple(fc.nat(n), fc.constant(n)));
    fc.assert(
      fc.property(counts, ([k, n]) => {
        const { lower, upper } = wilsonInterval(k, n) ?? { lower: NaN, upper: NaN };
        expect(0 <= lower && lower <= k / n && k / n <= upper && upper <= 1).toBe(true);
        expect(upper).toBeGreaterThan(lower);
        expect(wilsonInterval(n - k, n)?.upper).toBeCloseTo(1 - lower, 12);
      }),
    );
  });

  it('needs a row', () => expect(wilsonInterval(0, 0)).toBeNull());
});

describe('Hanley-McNeil', () => {
  it('has the variance of the Mann-Whitney statistic, (p + n + 1) / (12 p n), at an area of one half', () => {
    const { lower, upper } = hanleyMcNeilInterval(0.5, 51, 58) ?? { lower: NaN, upper: NaN };
    expect((upper - lower) / 2 / Z95).toBeCloseTo(Math.sqrt((51 + 58 + 1) / (12 * 51 * 58)), 13);
  });

  it('lies inside [0, 1] and contains the area, for any area and class sizes', () => {
    const size = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), size, size, (auc, positives, negatives) => {
        const { lower, upper } = hanleyMcNeilInterval(auc, positives, negatives) ?? { lower: NaN, upper: NaN };
        expect(0 <= lower && lower <= auc && auc <= upper && upper <= 1).toBe(true);
      }),
    );
  });

  it('needs both classes', () =>
    expect([hanleyMcNeilInterval(0.5, 0, 4), hanleyMcNeilInterval(0.5, 4, 0)]).toEqual([null, null]));
});

describe('mean', () => {
  const sums = (values: number[]) => [values.length, sum(values), sum(values.map((v) => v * v))] as const;

  it('is mean +- 1.96 standard errors of the sample', () => {
    // 2, 4, 6: mean 4, sample variance 4, standard error sqrt(4/3)
    const { lower, upper } = meanInterval(...sums([2, 4, 6])) ?? { lower: NaN, upper: NaN };
    expect(lower).toBeCloseTo(4 - Z95 * Math.sqrt(4 / 3), 12);
    expect(upper).toBeCloseTo(4 + Z95 * Math.sqrt(4 / 3), 12);
  });

  it('contains the mean and is finite for any values', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2 }), (values) => {
        const mean = sum(values) / values.length;
        const { lower, upper } = meanInterval(...sums(values)) ?? { lower: NaN, upper: NaN };
        expect(lower <= mean && mean <= upper && Number.isFinite(upper - lower)).toBe(true);
      }),
    );
  });

  it('needs two rows', () => expect([meanInterval(1, 5, 25), meanInterval(0, 0, 0)]).toEqual([null, null]));

  it('of what cannot be negative stops at 0', () => {
    expect(meanInterval(...sums([0, 0, 9]))?.lower).toBeLessThan(0);
    expect(nonNegativeMeanInterval(...sums([0, 0, 9]))?.lower).toBe(0);
    expect(nonNegativeMeanInterval(1, 5, 25)).toBeNull();
  });

  it('covers the true mean of uniform numbers about 95 times in 100', () => {
    const random = uniforms(7);
    let covered = 0;
    for (let i = 0; i < 2000; i++) {
      const { lower, upper } = meanInterval(...sums(Array.from({ length: 50 }, random))) ?? { lower: NaN, upper: NaN };
      if (lower <= 0.5 && 0.5 <= upper) covered++;
    }
    expect(covered / 2000).toBeGreaterThan(0.93);
    expect(covered / 2000).toBeLessThan(0.97);
  });
});

describe('root of a mean square', () => {
  it('has half the relative width of the mean square', () => {
    const squares = [1, 4, 9, 16];
    const fourths = squares.map((s) => s * s);
    const square = meanInterval(4, sum(squares), sum(fourths)) ?? { lower: NaN, upper: NaN };
    const root = rootMeanSquareInterval(4, sum(squares), sum(fourths)) ?? { lower: NaN, upper: NaN };
    const [meanSquare, rms] = [sum(squares) / 4, Math.sqrt(sum(squares) / 4)];
    expect((root.upper - rms) / rms).toBeCloseTo((square.upper - meanSquare) / meanSquare / 2, 12);
  });

  it('is a point where every error is 0, and needs two rows', () => {
    expect(rootMeanSquareInterval(5, 0, 0)).toEqual({ lower: 0, upper: 0, error: 0 });
    expect(rootMeanSquareInterval(1, 4, 16)).toBeNull();
  });
});

// Distances from fine bins: the exact number lies between the bounds, whatever the bins.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binnedKs, binnedWasserstein, type FineCounts } from '../../../src/domain/drift/binned.js';
import { ksStatistic } from '../../../src/domain/drift/kolmogorov.js';
import { wassersteinDistance } from '../../support/reference-statistics.js';

/** Values in bins [edge, next edge). */
function fine(values: readonly number[], edges: readonly number[]): FineCounts {
  const [counts, sums] = [new Array<number>(edges.length + 1).fill(0), new Array<number>(edges.length + 1).fill(0)];
  for (const value of values) {
    const bin = edges.filter((edge) => edge <= value).length;
    counts[bin]! += 1;
    sums[bin]! += value;
  }
  return {
    counts,
    sums,
    min: values.length === 0 ? null : Math.min(...values),
    max: values.length === 0 ? null : Math.max(...values),
  };
}

const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ min: -1e4, max: 1e4, noNaN: true }));
const sample = fc.array(value, { minLength: 1, maxLength: 40 });
const cuts = fc.uniqueArray(value, { maxLength: 8 }).map((edges) => edges.sort((a, b) => a - b));

describe('fine bins', () => {
  it('bound the Kolmogorov-Smirnov statistic', () => {
    fc.assert(
      fc.property(sample, sample, cuts, (x, y, edges) => {
        const found = binnedKs(fine(x, edges).counts, fine(y, edges).counts);
        const exact = ksStatistic(x, y) ?? NaN;
        expect(found?.lower).toBeLessThanOrEqual(exact + 1e-12);
        expect(found?.upper).toBeGreaterThanOrEqual(exact - 1e-12);
      }),
    );
  });

  it('bound the Wasserstein distance', () => {
    fc.assert(
      fc.property(sample, sample, cuts, (x, y, edges) => {
        const found = binnedWasserstein(edges, fine(x, edges), fine(y, edges));
        const exact = wassersteinDistance(x, y);
        const rounding = 1e-9 * (1 + exact + Math.max(...x.map(Math.abs), ...y.map(Math.abs)));
        expect(found?.lower).toBeLessThanOrEqual(exact + rounding);
        expect(found?.upper).toBeGreaterThanOrEqual(exact - rounding);
      }),
    );
  });

  it('are exact where one sample lies beside the other, and where every value has a bin', () => {
    expect(binnedKs(fine([1, 2], [5]).counts, fine([7, 9], [5]).counts)).toEqual({ value: 1, lower: 1, upper: 1 });
    const apart = binnedWasserstein([5], fine([1, 2], [5]), fine([7, 9], [5]));
    expect(apart).toEqual({ value: 6.5, lower: 6.5, upper: 6.5 });
    const edges = [1, 2, 3, 4];
    const each = binnedWasserstein(edges, fine([1, 2, 2, 4], edges), fine([2, 3, 3, 4], edges));
    expect(each?.value).toBeCloseTo(wassersteinDistance([1, 2, 2, 4], [2, 3, 3, 4]), 12);
  });

  it('know nothing of an empty sample, and refuse sides with other bins', () => {
    expect(binnedKs([0, 0], [1, 0])).toBeNull();
    expect(binnedWasserstein([1], fine([], [1]), fine([1], [1]))).toBeNull();
    expect(() => binnedKs([1], [1, 2])).toThrow(RangeError);
    expect(() => binnedWasserstein([1, 2], fine([1], [1]), fine([1], [1]))).toThrow(RangeError);
  });
});

// Jensen-Shannon distance, largest difference of shares, shares.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsDistance, lInfinity, share } from '../../../src/domain/drift/distances.js';
import { countPairs, filledCountPairs, reordered } from '../../support/arbitraries.js';

describe('Jensen-Shannon distance', () => {
  it('agrees with scipy', () => expect(jsDistance([30, 50, 20], [10, 40, 50])).toBeCloseTo(0.29944607057474076, 14));

  it('lies in 0..1, is null where a side has no rows, and is the same with the sides swapped', () => {
    fc.assert(
      fc.property(countPairs, ([b, c]) => {
        const value = jsDistance(b, c);
        if (b.every((n) => n === 0) || c.every((n) => n === 0)) {
          expect(value).toBeNull();
          return;
        }
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(jsDistance(c, b)).toBeCloseTo(value ?? NaN, 7);
      }),
    );
  });

  it('is 1 where nothing is shared, 0 for equal shares', () => {
    expect(jsDistance([5, 3, 0, 0], [0, 0, 2, 9])).toBeCloseTo(1, 12);
    expect(jsDistance([50, 30, 20], [5, 3, 2])).toBe(0);
  });
});

describe('largest difference of shares', () => {
  it('is the largest over the bins', () => expect(lInfinity([5, 5, 0], [1, 8, 1])).toBeCloseTo(0.4, 14));

  it('lies in 0..1 and does not depend on the order of the bins', () => {
    fc.assert(
      fc.property(filledCountPairs, fc.nat(), ([b, c], seed) => {
        const value = lInfinity(b, c) ?? NaN;
        expect(value >= 0 && value <= 1).toBe(true);
        expect(lInfinity(reordered(b, seed), reordered(c, seed))).toBe(value);
      }),
    );
  });

  it('is null where a side has no rows', () =>
    expect([lInfinity([0], [1]), lInfinity([1], [0])]).toEqual([null, null]));
});

describe('share', () => {
  it('is of all rows, null without rows', () => {
    expect([share([1, 3], 1), share([0, 0], 1), share([1, 3], 9)]).toEqual([0.75, null, 0]);
  });
});

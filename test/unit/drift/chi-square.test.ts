// Chi-square: quantiles, tails, and the test of two count vectors. Reference values are scipy's.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chiSquareQuantile, chiSquareTest, chiSquareUpperTail } from '../../../src/domain/drift/chi-square.js';
import { countPairs, reordered } from '../../support/arbitraries.js';

const relative = (actual: number, wanted: number) => Math.abs(actual / wanted - 1);

describe('chi-square distribution', () => {
  it.each([
    [0.99, 1, 6.6348966010212145],
    [0.99, 9, 21.665994333461924],
    [0.999, 9, 27.877164871256568],
    [0.99995, 52, 101.3797936594917],
    [0.01, 3, 0.11483180189911707],
    [0.5, 100, 99.33412923598846],
    [0.999999, 10, 46.86304684671568],
  ])('stays below a point with probability %d at %i degrees as in scipy', (p, degrees, x) => {
    expect(relative(chiSquareQuantile(p, degrees), x)).toBeLessThan(1e-11);
  });

  it.each([
    [1, 1, 0.31731050786291115],
    [20, 10, 0.029252688076961124],
    [103.3, 50, 1.4094942166164245e-5],
    [300, 5, 1.0015302305957817e-62],
    [1400, 10, 9.92039147980046e-295],
    [0.01, 4, 0.9999875415886458],
  ])('passes %d at %i degrees with the probability of scipy, however tiny', (x, degrees, p) => {
    expect(relative(chiSquareUpperTail(x, degrees), p)).toBeLessThan(1e-11);
  });

  it('the tail at a quantile is what was asked for', () => {
    const probability = fc.double({ min: 1e-4, max: 1 - 1e-6, noNaN: true });
    fc.assert(
      fc.property(probability, fc.integer({ min: 1, max: 300 }), (p, degrees) => {
        expect(chiSquareUpperTail(chiSquareQuantile(p, degrees), degrees)).toBeCloseTo(1 - p, 10);
      }),
    );
  });
});

describe('chi-square test', () => {
  it('agrees with scipy', () => {
    const { statistic, degrees, pValue } = chiSquareTest([10, 20, 30], [12, 15, 40]);
    expect(statistic).toBeCloseTo(1.944756735801512, 12);
    expect(pValue).toBeCloseTo(0.37818251049133206, 12);
    expect(degrees).toBe(2);
  });

  it('leaves out bins that are empty on both sides', () => {
    expect(chiSquareTest([10, 0, 20, 0, 30], [12, 0, 15, 0, 40])).toEqual(chiSquareTest([10, 20, 30], [12, 15, 40]));
  });

  it('finds nothing in one bin, and is null where a side has no rows', () => {
    expect(chiSquareTest([10, 0], [3, 0])).toEqual({ statistic: 0, degrees: 0, pValue: 1 });
    expect(chiSquareTest([0, 0], [3, 0])).toEqual({ statistic: null, degrees: 0, pValue: null });
  });

  it('gives p in 0..1 for any counts, whatever the order of the bins', () => {
    fc.assert(
      fc.property(countPairs, fc.nat(), ([b, c], seed) => {
        const { statistic, pValue } = chiSquareTest(b, c);
        const again = chiSquareTest(reordered(b, seed), reordered(c, seed));
        if (statistic === null || pValue === null) {
          expect([statistic, pValue, again.pValue]).toEqual([null, null, null]);
          return;
        }
        expect(statistic >= 0 && Number.isFinite(statistic)).toBe(true);
        expect(pValue >= 0 && pValue <= 1).toBe(true);
        expect(Math.abs((again.statistic ?? NaN) - statistic)).toBeLessThanOrEqual(1e-9 * (1 + statistic));
      }),
    );
  });
});

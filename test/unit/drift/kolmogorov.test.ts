// The Kolmogorov-Smirnov statistic, and its asymptotic p-value against a table of scipy's.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kolmogorovTail, ksAsymptoticPValue, ksStatistic } from '../../../src/domain/drift/kolmogorov.js';
import { exactKsPValue } from '../../support/reference-statistics.js';

const table = JSON.parse(readFileSync(new URL('../../golden/kstwo_vectors.json', import.meta.url), 'utf8')) as {
  vectors: [d: number, n: number, p: number][];
};

describe('tail of the Kolmogorov distribution', () => {
  it('agrees with scipy to 1e-4 over n from 1 to 10,000,000', () => {
    expect(table.vectors.length).toBeGreaterThanOrEqual(200);
    const failures = table.vectors.filter(([d, n, p]) => {
      const actual = kolmogorovTail(n, d);
      return p > 1e-12 ? !(Math.abs(actual - p) <= 1e-4 * p) : !(actual >= 0 && actual <= 1.0001e-12);
    });
    expect(failures).toEqual([]);
  });

  it('agrees to 2e-6 where scipy does not approximate itself, up to a million', () => {
    const failures = table.vectors.filter(
      ([d, n, p]) => n <= 1_000_000 && p > 1e-12 && !(Math.abs(kolmogorovTail(n, d) - p) <= 2e-6 * p),
    );
    expect(failures).toEqual([]);
  });

  it('is a probability that falls with the distance', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 10_000_000 }));
    const z = fc.double({ min: 0, max: 6, noNaN: true });
    fc.assert(
      fc.property(size, z, z, (n, a, b) => {
        const [near, far] = [Math.min(a, b) / Math.sqrt(n), Math.max(a, b) / Math.sqrt(n)];
        const [p, q] = [kolmogorovTail(n, near), kolmogorovTail(n, far)];
        expect(p >= 0 && p <= 1 && q >= 0).toBe(true);
        // Neighbouring formulas join to 1e-4 of p at worst.
        expect(q).toBeLessThanOrEqual(p * (1 + 1e-4));
      }),
      { numRuns: 500 },
    );
  });
});

describe('asymptotic p-value of two samples', () => {
  it('agrees with scipy.stats.ks_2samp(method="asymp")', () => {
    expect(ksAsymptoticPValue(3 / 7, 6, 7)).toBeCloseTo(0.5160349854227404, 10);
  });

  it('is 1 at no distance, 0 at full distance, null without a sample', () => {
    expect([ksAsymptoticPValue(0, 10, 10), ksAsymptoticPValue(1, 10, 10), ksAsymptoticPValue(0.5, 0, 10)]).toEqual([
      1,
      0,
      null,
    ]);
    expect(ksAsymptoticPValue(NaN, 5, 5)).toBeNull();
  });

  it('takes samples of one row, and rounds a half to the even size as numpy does', () => {
    expect(ksAsymptoticPValue(0.5, 1, 1)).toBe(kolmogorovTail(1, 0.5));
    // 5 x 5 / 10 = 2.5 -> 2, 3 x 3 / 6 = 1.5 -> 2
    expect(ksAsymptoticPValue(0.6, 5, 5)).toBe(kolmogorovTail(2, 0.6));
    expect(ksAsymptoticPValue(0.6, 3, 3)).toBe(kolmogorovTail(2, 0.6));
  });

  it('comes near the exact one for samples of hundreds', () => {
    const exact = exactKsPValue(0.12, 300, 400);
    expect(Math.abs((ksAsymptoticPValue(0.12, 300, 400) ?? NaN) / exact - 1)).toBeLessThan(0.05);
  });
});

describe('two-sample statistic', () => {
  const sample = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 40 });

  it('is the largest difference of the two step functions, ties included', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const below = (values: number[], x: number) => values.filter((value) => value <= x).length / values.length;
        const wanted = Math.max(...[...a, ...b].map((x) => Math.abs(below(a, x) - below(b, x))));
        expect(ksStatistic(a, b)).toBeCloseTo(wanted, 12);
      }),
    );
  });

  it('takes infinities as the numbers at both ends, constants and single rows as they are', () => {
    const odd = fc.array(fc.constantFrom(-Infinity, -1, 0, 0, 3, Infinity), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(odd, odd, (a, b) => {
        const share = (values: number[], at: number) => values.filter((value) => value <= at).length / values.length;
        const brute = Math.max(...[...a, ...b].map((at) => Math.abs(share(a, at) - share(b, at))));
        expect(ksStatistic(a, b)).toBeCloseTo(brute, 12);
      }),
    );
    expect(ksStatistic([7, 7, 7], [7])).toBe(0);
    expect(ksStatistic([Infinity], [-Infinity])).toBe(1);
  });

  it('is 0 against itself, 1 for separate samples, null without values', () => {
    expect([ksStatistic([1, 1, 2], [2, 1, 1]), ksStatistic([1, 2], [3]), ksStatistic([], [3])]).toEqual([0, 1, null]);
  });
});

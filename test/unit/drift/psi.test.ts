// PSI, its noise level and its limit.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  movedBins,
  psi,
  psiChanceLimit,
  psiContributions,
  psiLimit,
  psiNoise99,
} from '../../../src/domain/drift/psi.js';
import { countPairs, filledCountPairs, reordered, uniforms } from '../../support/arbitraries.js';

const close = (actual: number | null, wanted: number | null, tolerance = 1e-9) => {
  expect(actual === null).toBe(wanted === null);
  expect(Math.abs((actual ?? 0) - (wanted ?? 0))).toBeLessThanOrEqual(tolerance * (1 + Math.abs(wanted ?? 0)));
};

describe('psi', () => {
  it('agrees with the formula computed elsewhere', () =>
    close(psi([30, 50, 20, 0], [5, 20, 15, 3]), 0.44019901605409706, 1e-12));

  it('is 0 for equal counts', () => {
    fc.assert(fc.property(filledCountPairs, ([b]) => (b.some((n) => n > 0) ? psi(b, b) === 0 : psi(b, b) === null)));
  });

  it('is the same with the sides swapped', () => {
    fc.assert(fc.property(countPairs, ([b, c]) => close(psi(b, c), psi(c, b))));
  });

  it('does not depend on the order of the bins', () => {
    fc.assert(
      fc.property(countPairs, fc.nat(), ([b, c], seed) =>
        close(psi(b, c), psi(reordered(b, seed), reordered(c, seed))),
      ),
    );
  });

  it('is finite and not negative for any counts, null where a side has no rows', () => {
    fc.assert(
      fc.property(countPairs, ([b, c]) => {
        const value = psi(b, c);
        if (b.every((n) => n === 0) || c.every((n) => n === 0)) return value === null;
        return value !== null && Number.isFinite(value) && value >= 0;
      }),
    );
  });

  it('is 0 for a constant field against the same constant, however few rows', () => {
    expect(psi([1000, 0, 0], [3, 0, 0])).toBe(0);
  });

  it('is large for a field that went missing', () => {
    expect(psi([500, 500, 0], [0, 0, 200])).toBeGreaterThan(10);
  });

  it('refuses sides with different bins', () => {
    expect(() => psi([1, 2], [1, 2, 3])).toThrow(RangeError);
    expect(() => psiNoise99([1, 2], [1, 2, 3])).toThrow(RangeError);
  });
});

describe('noise level and limit', () => {
  it('take the degrees from the bins in use, at least one', () => {
    close(psiNoise99([50, 50, 0, 0], [10, 0, 0, 0]), (1 / 100 + 1 / 10) * 6.6348966010212145, 1e-12);
    close(psiNoise99([100, 0], [10, 0]), (1 / 100 + 1 / 10) * 6.6348966010212145, 1e-12);
  });

  it('the limit is the threshold where rows abound, and the chance level where they are few', () => {
    const baseline = new Array<number>(10).fill(1000);
    expect(psiLimit(baseline, new Array<number>(10).fill(1000), 0.2, 20)).toBe(0.2);
    expect(psiLimit(baseline, new Array<number>(10).fill(5), 0.2, 20)).toBeGreaterThan(0.2);
    close(psiChanceLimit(baseline, new Array<number>(10).fill(5), 1), (1 / 10000 + 1 / 50) * 27.877164871256568, 1e-12);
  });

  it('the limit is never below the threshold nor below the noise, and grows with the fields compared', () => {
    fc.assert(
      fc.property(
        filledCountPairs,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 500 }),
        ([b, c], threshold, fields) => {
          const limit = psiLimit(b, c, threshold, fields) ?? NaN;
          expect(limit).toBeGreaterThanOrEqual(threshold);
          expect(limit).toBeGreaterThan(psiNoise99(b, c) ?? NaN);
          expect(psiLimit(b, c, threshold, fields + 1)).toBeGreaterThanOrEqual(limit);
          expect(Number.isFinite(limit)).toBe(true);
        },
      ),
    );
  });

  it('are null where a side has no rows', () => {
    expect([psiNoise99([0, 0], [1, 0]), psiLimit([1, 2], [0, 0], 0.2, 3), psiChanceLimit([0], [0], 1)]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('draws from the baseline itself pass 0.1 about every second time, the noise level rarely, the limit hardly ever', () => {
    const random = uniforms(20260101);
    const baseline = new Array<number>(10).fill(1000).concat(0);
    const passed = { fixed: 0, noise: 0, limit: 0 };
    const windows = 4000;
    for (let i = 0; i < windows; i++) {
      const current = new Array<number>(11).fill(0);
      for (let row = 0; row < 100; row++) current[Math.floor(random() * 10)]! += 1;
      const value = psi(baseline, current) ?? NaN;
      if (value > 0.1) passed.fixed++;
      if (value > (psiNoise99(baseline, current) ?? NaN)) passed.noise++;
      if (value > (psiChanceLimit(baseline, current, 1) ?? NaN)) passed.limit++;
    }
    expect(passed.fixed / windows).toBeGreaterThan(0.4);
    expect(passed.fixed / windows).toBeLessThan(0.56);
    expect(passed.noise / windows).toBeLessThan(0.03);
    expect(passed.limit / windows).toBeLessThan(0.006);
  });
});

describe('moved bins', () => {
  const bins = { kind: 'categorical', categories: ['a', 'b'] } as const;

  it('name the largest contributions first, with plain shares', () => {
    expect(movedBins({ ...bins, categories: ['a', 'b'] }, [50, 50, 0, 0, 0], [50, 10, 0, 40, 0], 2)).toEqual([
      { label: 'unseen', baselineShare: 0, currentShare: 0.4 },
      { label: 'b', baselineShare: 0.5, currentShare: 0.1 },
    ]);
  });

  it('leave out what did not move, and are none in an empty window', () => {
    expect(movedBins({ ...bins, categories: ['a', 'b'] }, [5, 5, 0, 0, 0], [5, 5, 0, 0, 0])).toEqual([]);
    expect(movedBins({ ...bins, categories: ['a', 'b'] }, [5, 5, 0, 0, 0], [0, 0, 0, 0, 0])).toEqual([]);
    expect(movedBins({ ...bins, categories: ['a', 'b'] }, [5, 0, 0, 0, 0], [1, 0, 0, 0, 0])).toEqual([]);
  });

  it('come from contributions that add up to the PSI and are none negative', () => {
    fc.assert(
      fc.property(filledCountPairs, ([b, c]) => {
        const parts = psiContributions(b, c) ?? [];
        expect(parts.length).toBe(b.length);
        expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
        close(
          parts.reduce((sum, part) => sum + part, 0),
          psi(b, c),
        );
      }),
    );
  });
});

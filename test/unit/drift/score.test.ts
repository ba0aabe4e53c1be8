// All drift numbers of a field: which there are, and what the edge cases give.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldBins } from '../../../src/domain/drift/bins.js';
import { ksAsymptoticPValue } from '../../../src/domain/drift/kolmogorov.js';
import { driftedShare, type FieldInput, isDrifted, scoreField } from '../../../src/domain/drift/score.js';
import { countPairs } from '../../support/arbitraries.js';

const numericOf = (bins: number): FieldBins => ({
  kind: 'numeric',
  edges: Array.from({ length: bins - 2 }, (_, i) => i),
});
const field = (baseline: number[], current: number[], more: Partial<FieldInput> = {}): FieldInput => ({
  bins: numericOf(baseline.length),
  baseline,
  current,
  threshold: 0.2,
  comparedFields: 3,
  ...more,
});
const byName = (input: FieldInput) => new Map(scoreField(input).map((score) => [score.metric, score]));
const values = (input: FieldInput) => Object.fromEntries(scoreField(input).map(({ metric, value }) => [metric, value]));

describe('scores of a field', () => {
  it('numeric: these numbers, whatever the window', () => {
    const names = [
      'psi',
      'psi_noise_99',
      'psi_limit',
      'js_distance',
      'missing_share',
      'ks_statistic',
      'ks_p_value',
      'wasserstein',
      'wasserstein_normed',
    ];
    expect([...byName(field([5, 5, 0], [0, 0, 0])).keys()]).toEqual(names);
    expect([...byName(field([5, 5, 0], [3, 2, 0], { ks: { statistic: 0.2, pValue: 1 } })).keys()]).toEqual(names);
  });

  it('categorical: these numbers', () => {
    const bins: FieldBins = { kind: 'categorical', categories: ['a'] };
    const scores = values(field([8, 0, 0, 2], [2, 0, 1, 1], { bins }));
    expect(Object.keys(scores)).toEqual([
      'psi',
      'psi_noise_99',
      'psi_limit',
      'js_distance',
      'missing_share',
      'chi2_p_value',
      'l_infinity',
      'unseen_share',
    ]);
    expect([scores.missing_share, scores.unseen_share]).toEqual([0.25, 0.25]);
  });

  it('the upper value of psi is its limit', () => {
    const scores = byName(field([500, 500, 0], [10, 20, 0]));
    expect(scores.get('psi')?.upper).toBe(scores.get('psi_limit')?.value);
    expect(scores.get('psi')?.lower).toBeNull();
  });

  it('an empty window gives null everywhere', () => {
    const input = field([5, 5, 0], [0, 0, 0], {
      ks: { statistic: 0, pValue: 1 },
      wasserstein: { value: 0, baselineStd: 1 },
    });
    for (const score of scoreField(input)) expect(score).toMatchObject({ value: null, lower: null, upper: null, n: 0 });
  });

  it('a field all missing gives its share of 1 and a psi, no distance of numbers', () => {
    const scores = values(field([50, 50, 0], [0, 0, 40], { ks: { statistic: NaN, pValue: NaN }, wasserstein: null }));
    expect(scores).toMatchObject({
      missing_share: 1,
      ks_statistic: null,
      ks_p_value: null,
      wasserstein: null,
      wasserstein_normed: null,
    });
    expect(scores.psi).toBeGreaterThan(1);
  });

  it('a constant against the same constant gives 0', () => {
    const same = { ks: { statistic: 0, pValue: 1 }, wasserstein: { value: 0, baselineStd: 0 } };
    expect(values(field([1000, 0, 0], [7, 0, 0], same))).toMatchObject({
      psi: 0,
      js_distance: 0,
      wasserstein: 0,
      wasserstein_normed: 0,
      ks_statistic: 0,
    });
  });

  it('a constant that moved has a distance and no normed one', () => {
    const moved = { ks: { statistic: 1, pValue: 0 }, wasserstein: { value: 2, baselineStd: 0 } };
    expect(values(field([1000, 0, 0], [0, 7, 0], moved))).toMatchObject({
      wasserstein: 2,
      wasserstein_normed: null,
      ks_statistic: 1,
    });
  });

  it('the p-value is the exact one where it is given, else the asymptotic one over what is not missing', () => {
    const exact = byName(field([60, 40, 10], [30, 20, 5], { ks: { statistic: 0.3, pValue: 0.0123 } })).get(
      'ks_p_value',
    );
    expect(exact).toMatchObject({ value: 0.0123, method: 'exact', n: 50 });
    const asymptotic = byName(field([60, 40, 10], [30, 20, 5], { ks: { statistic: 0.3, pValue: null } })).get(
      'ks_p_value',
    );
    expect(asymptotic).toMatchObject({ value: ksAsymptoticPValue(0.3, 100, 50), method: 'asymptotic' });
  });

  it('a share of missing rows has its interval', () => {
    const missing = byName(field([60, 40, 0], [5, 3, 2])).get('missing_share');
    expect(missing).toMatchObject({ value: 0.2, method: 'wilson', n: 10 });
    expect((missing?.lower ?? 1) < 0.2 && (missing?.upper ?? 0) > 0.2).toBe(true);
  });

  it('nothing is ever NaN or infinite', () => {
    const odd = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 0, Number.MIN_VALUE, Number.MAX_VALUE));
    const ks = fc.record({ statistic: odd, pValue: fc.option(odd) });
    const wasserstein = fc.option(fc.record({ value: odd, baselineStd: odd }));
    fc.assert(
      fc.property(countPairs, ks, wasserstein, fc.boolean(), ([b, c], ksValue, distance, numeric) => {
        const pad = (counts: number[]) => [...counts, 0, 0, 0];
        const bins: FieldBins = numeric
          ? numericOf(b.length + 3)
          : { kind: 'categorical', categories: b.map((_, i) => `c${i}`) };
        const input = {
          bins,
          baseline: pad(b),
          current: pad(c),
          threshold: 0.2,
          comparedFields: 5,
          ks: ksValue,
          wasserstein: distance,
        };
        for (const { value, lower, upper, n } of scoreField(input)) {
          for (const number of [value, lower, upper]) expect(number === null || Number.isFinite(number)).toBe(true);
          expect(n).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe('drifted share', () => {
  const still = scoreField(field([500, 500, 0], [500, 500, 0]));
  const drifted = scoreField(field([500, 500, 0], [900, 100, 0]));
  const empty = scoreField(field([0, 0, 0], [500, 500, 0]));

  it('a field drifts above its limit only', () => {
    expect([isDrifted(still), isDrifted(drifted), isDrifted(empty), isDrifted([])]).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });

  it('is of the fields that could be compared', () => {
    expect(driftedShare([still, drifted, empty], 1000)).toMatchObject({ metric: 'drifted_share', value: 0.5, n: 1000 });
    expect(driftedShare([empty], 1000).value).toBeNull();
  });
});

// Benjamini-Hochberg against values of R's p.adjust, and rules that ask for it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjustTogether, benjaminiHochberg } from '../../../src/domain/alerts/correction.js';
import { alertRuleSchema } from '../../../src/domain/alerts/rule.js';
import { foldSeries } from '../../../src/domain/alerts/state.js';
import { options, rule, window } from '../../support/series.js';

describe('Benjamini-Hochberg', () => {
  it('gives what p.adjust(p, "BH") of R gives', () => {
    // p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.8), "BH")
    const adjusted = benjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.8]);
    [0.025, 0.05, 0.05, 0.025, 0.8].forEach((expected, index) => expect(adjusted[index]).toBeCloseTo(expected, 12));
    expect(benjaminiHochberg([])).toEqual([]);
    expect(benjaminiHochberg([0.3])).toEqual([0.3]);
  });

  it('never makes a p-value smaller, keeps their order, and stays within 1', () => {
    const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(pValues, (given) => {
        const adjusted = benjaminiHochberg(given);
        given.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          given.forEach((q, j) => {
            if (p <= q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] ?? 0);
          });
        });
      }),
    );
  });

  it('holds back the one small p-value in fifty that chance gives', () => {
    const fields = Array.from({ length: 50 }, (_, i) => [window(0, { value: i === 0 ? 0.02 : 0.1 + i / 60 })]);
    expect(adjustTogether(fields)[0]?.[0]?.value).toBeGreaterThan(0.9);
    const real = fields.map((one, i) => (i === 7 ? [window(0, { value: 1e-6 })] : one));
    expect(adjustTogether(real)[7]?.[0]?.value).toBeCloseTo(5e-5, 12);
  });
});

describe('rules', () => {
  it('are corrected only where they watch p-values', () => {
    const asked = { model: 'm', critical: 0.05, op: '<', correction: 'bh' };
    expect(alertRuleSchema.safeParse({ ...asked, metric: 'ks_p_value' }).success).toBe(true);
    expect(alertRuleSchema.safeParse({ ...asked, metric: 'psi' }).success).toBe(false);
  });

  it.each([
    ['keep', 'error'],
    ['ok', 'ok'],
    ['alert', 'no_data'],
  ])('with on_error %s, what cannot be compared leaves the series in %s', (on_error, state) => {
    const relative = rule({ relative_to: '7d', on_error });
    expect(foldSeries(relative, [window(0, { value: 3, reference: null })], options).state).toBe(state);
  });
});

// Laws of the alert fold that hold for every rule and every history.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldSeries, isAlerting, type Observation } from '../../../src/domain/alerts/state.js';
import { history, options, rule } from '../../support/series.js';

const anyRule = fc
  .record({
    for: fc.integer({ min: 1, max: 3 }),
    more: fc.integer({ min: 0, max: 3 }),
    recover_after: fc.integer({ min: 1, max: 3 }),
    recover_threshold: fc.constantFrom(null, 0.5),
    levels: fc.constantFrom(
      { warning: 1, critical: 2 },
      { warning: null, critical: 1 },
      { warning: 1, critical: null },
    ),
    no_data: fc.constantFrom('ok', 'keep', 'alert'),
    min_coverage: fc.constantFrom(null, 0.5),
    relative_to: fc.constantFrom(null, '7d'),
  })
  .map(({ more, levels, ...fields }) => rule({ ...fields, ...levels, of: fields.for + more }));
const letters = (which: string): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...which), maxLength: 25 });
const anyHistory = letters('....wwwCCr-l0isupxz').map(history);

describe('laws of the fold', () => {
  it('the order in which windows were computed does not matter', () => {
    const shuffled = anyHistory.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(anyRule, shuffled, (anyOne, [all, mixed]) => {
        expect(foldSeries(anyOne, mixed, options)).toEqual(foldSeries(anyOne, all, options));
      }),
    );
  });

  it('windows with too little data never change anything', () => {
    fc.assert(
      fc.property(anyRule, anyHistory, (anyOne, all) => {
        const thin = (one: Observation): boolean =>
          one.status === 'insufficient_data' || (one.n < 30 && one.status === 'ok');
        const rest = all.filter((one) => !thin(one));
        expect(foldSeries(anyOne, rest, options)).toEqual(foldSeries(anyOne, all, options));
      }),
    );
  });

  it('each transition starts where the last one ended, and changes the state or the severity', () => {
    fc.assert(
      fc.property(anyRule, anyHistory, (anyOne, all) => {
        const state = foldSeries(anyOne, all, options);
        let before: { state: string; severity: string | null } = { state: 'ok', severity: null };
        for (const one of state.transitions) {
          expect(one.from).toBe(before.state);
          expect([one.to, one.severity]).not.toEqual([before.state, before.severity]);
          expect(one.severity !== null).toBe(isAlerting(one.to));
          before = { state: one.to, severity: one.severity };
        }
        expect(before).toEqual({ state: state.state, severity: state.severity });
      }),
    );
  });

  it('each episode starts once and ends at most once, after it started; no two have the same name', () => {
    fc.assert(
      fc.property(anyRule, anyHistory, (anyOne, all) => {
        const state = foldSeries(anyOne, all, options);
        const seen = new Set<number | null>();
        let open: number | null = null;
        for (const one of state.transitions) {
          if (one.reason === 'fired' || one.reason === 'no_data') {
            expect(open).toBeNull();
            expect(seen.has(one.episode)).toBe(false);
            seen.add(one.episode);
            open = one.episode;
            expect(open).not.toBeNull();
          } else if (one.reason === 'recovered' || one.reason === 'data_returned') {
            expect(one.episode).toBe(open);
            expect(open).not.toBeNull();
            open = null;
          } else {
            expect(one.episode).toBe(open);
          }
        }
        expect(state.episode).toBe(open);
        expect(isAlerting(state.state)).toBe(open !== null);
        expect(state.firedAt === null).toBe(open === null);
      }),
    );
  });

  it('firing means that enough of the last windows breached, and since is the first of them', () => {
    const plain = letters('.wC').map(history);
    fc.assert(
      fc.property(anyRule, plain, (anyOne, all) => {
        for (const one of foldSeries(anyOne, all, options).transitions.filter((each) => each.reason === 'fired')) {
          const at = all.findIndex((each) => each.windowStart === one.windowStart);
          const breach = all.slice(Math.max(0, at + 1 - anyOne.of), at + 1).filter((each) => (each.value ?? 0) > 1);
          expect(breach.at(-1)?.windowStart).toBe(one.windowStart);
          expect(breach.length).toBeGreaterThanOrEqual(anyOne.for);
          expect(breach.map((each) => each.windowStart)).toContain(one.episode);
        }
      }),
    );
  });

  it('more windows only add transitions: what was reported stays reported', () => {
    fc.assert(
      fc.property(anyRule, anyHistory, fc.nat({ max: 25 }), (anyOne, all, count) => {
        const before = foldSeries(anyOne, all.slice(0, count), options).transitions;
        expect(foldSeries(anyOne, all, options).transitions.slice(0, before.length)).toEqual(before);
      }),
    );
  });
});

// A series is left unread only where folding it would have found nothing.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foldSeries, type Observation } from '../../../src/domain/alerts/state.js';
import { mayMatter } from '../../../src/services/alert-series.js';
import { history, options, rule } from '../../support/series.js';

/** What the store says of the windows of a series. */
function summaryOf(observations: readonly Observation[]) {
  const values = observations
    .filter(({ status }) => status !== 'insufficient_data')
    .flatMap(({ value }) => (value === null ? [] : [value]));
  const missing = observations.filter(({ value, status }) => value === null || status === 'no_data');
  return {
    key: { model: 'm', version: '1', deployment: '', segment: '', feature: '', metric: 'psi' },
    points: observations.length,
    newestEnd: observations.at(-1)?.windowEnd ?? 0,
    nextEnd: null,
    missing: missing.length,
    low: values.length === 0 ? null : Math.min(...values),
    high: values.length === 0 ? null : Math.max(...values),
  };
}

const anyRule = fc
  .record({
    op: fc.constantFrom('>' as const, '<' as const, '>=' as const, 'outside' as const),
    for: fc.integer({ min: 1, max: 2 }),
    no_data: fc.constantFrom('ok', 'keep', 'alert'),
    relative_to: fc.constantFrom(null, '7d'),
    single: fc.boolean(),
  })
  .map(({ op, single, ...fields }) => {
    const [warning, critical] =
      op === 'outside'
        ? [
            [0.5, 1],
            [0.2, 2],
          ]
        : op === '<'
          ? [0.7, 0.1]
          : [1, 2];
    return rule({ op, ...fields, warning: single ? null : warning, critical });
  });
const anyHistory = fc.string({ unit: fc.constantFrom(...'.....rwC-l0isup'), maxLength: 12 }).map(history);

it('a series that cannot matter ends in ok without ever leaving it', () => {
  let left = 0;
  fc.assert(
    fc.property(anyRule, anyHistory, (anyOne, observations) => {
      if (mayMatter(anyOne, summaryOf(observations))) return;
      left += 1;
      const { state, transitions } = foldSeries(anyOne, observations, options);
      expect({ state, transitions }).toEqual({ state: 'ok', transitions: [] });
    }),
    { numRuns: 1000 },
  );
  // Otherwise the law would hold because everything is read.
  expect(left).toBeGreaterThan(50);
});

// The state machine of one series, as transition tables.
import { describe, expect, it } from 'vitest';
import { foldSeries, type SeriesState } from '../../../src/domain/alerts/state.js';
import { HOUR_MS } from '../../../src/domain/duration.js';
import { history, options, rule, T0, window } from '../../support/series.js';

const hours = (ms: number | null): number | null => (ms === null ? null : (ms - T0) / HOUR_MS);
const show = (state: SeriesState): string =>
  [state.state, state.severity, hours(state.since)].filter((part) => part !== null).join(' ');
const showTransitions = (state: SeriesState): string[] =>
  state.transitions.map(
    (one) =>
      `${hours(one.windowStart)}: ${one.from} -> ${one.to}${one.severity ? ` ${one.severity}` : ''}, ${one.reason}`,
  );

interface Row {
  name: string;
  rule?: object;
  windows: string;
  /** State, severity and `since` as an hour, after the last window. */
  is: string;
  transitions: string[];
}

// One row a line, to be read as a table.
// prettier-ignore
const onePlain: Row[] = [
  { name: 'nothing seen', windows: '', is: 'ok', transitions: [] },
  { name: 'calm windows change nothing', windows: '....', is: 'ok', transitions: [] },
  { name: 'one breach fires at once where one is asked for', windows: '.w', is: 'firing warning 1', transitions: ['1: ok -> firing warning, fired'] },
  { name: 'past critical it fires critical', windows: 'C', is: 'firing critical 0', transitions: ['0: ok -> firing critical, fired'] },
  { name: 'severity rises and falls within the episode', windows: 'wCw', is: 'firing warning 0', transitions: ['0: ok -> firing warning, fired', '1: firing -> firing critical, severity_raised', '2: firing -> firing warning, severity_lowered'] },
  { name: 'one calm window resolves where one is asked for, and the next breach is a new episode', windows: 'w.w', is: 'firing warning 2', transitions: ['0: ok -> firing warning, fired', '1: firing -> ok, recovered', '2: ok -> firing warning, fired'] },
  { name: 'without a warning level it fires critical only', rule: { warning: null }, windows: 'wwC', is: 'firing critical 2', transitions: ['2: ok -> firing critical, fired'] },
  { name: 'without a critical level it stays a warning', rule: { critical: null }, windows: 'C', is: 'firing warning 0', transitions: ['0: ok -> firing warning, fired'] },
];

// One row a line, to be read as a table.
// prettier-ignore
const mOfN: Row[] = [
  { name: 'a first breach is pending', rule: { for: 2 }, windows: '.w', is: 'pending 1', transitions: ['1: ok -> pending, pending'] },
  { name: 'two of two fire', rule: { for: 2 }, windows: 'ww', is: 'firing warning 0', transitions: ['0: ok -> pending, pending', '1: pending -> firing warning, fired'] },
  { name: 'a pending breach that slides out of sight is over', rule: { for: 2 }, windows: 'w..', is: 'ok', transitions: ['0: ok -> pending, pending', '2: pending -> ok, calmed'] },
  { name: 'two of three fire over a calm one between', rule: { for: 2, of: 3 }, windows: 'w.w', is: 'firing warning 0', transitions: ['0: ok -> pending, pending', '2: pending -> firing warning, fired'] },
  { name: 'but not over two', rule: { for: 2, of: 3 }, windows: 'w..w', is: 'pending 3', transitions: ['0: ok -> pending, pending'] },
  { name: 'a pending breach is over once three windows have passed it', rule: { for: 2, of: 3 }, windows: 'w...', is: 'ok', transitions: ['0: ok -> pending, pending', '3: pending -> ok, calmed'] },
  { name: 'one critical window among two breaches is a warning', rule: { for: 2 }, windows: 'Cw', is: 'firing warning 0', transitions: ['0: ok -> pending, pending', '1: pending -> firing warning, fired'] },
  { name: 'and two are critical', rule: { for: 2 }, windows: 'wwCC', is: 'firing critical 0', transitions: ['0: ok -> pending, pending', '1: pending -> firing warning, fired', '3: firing -> firing critical, severity_raised'] },
  { name: 'breaches of an ended episode do not help to start the next', rule: { for: 2, of: 4 }, windows: 'ww.w', is: 'pending 3', transitions: ['0: ok -> pending, pending', '1: pending -> firing warning, fired', '2: firing -> ok, recovered', '3: ok -> pending, pending'] },
  { name: 'nor to make the next one critical', rule: { for: 2, of: 4 }, windows: 'wC.wC', is: 'firing warning 3', transitions: ['0: ok -> pending, pending', '1: pending -> firing warning, fired', '2: firing -> ok, recovered', '3: ok -> pending, pending', '4: pending -> firing warning, fired'] },
];

// One row a line, to be read as a table.
// prettier-ignore
const recovery: Row[] = [
  { name: 'it goes on firing until enough calm windows', rule: { recover_after: 2 }, windows: 'w.', is: 'firing warning 0', transitions: ['0: ok -> firing warning, fired'] },
  { name: 'in a row', rule: { recover_after: 2 }, windows: 'w.w.', is: 'firing warning 0', transitions: ['0: ok -> firing warning, fired'] },
  { name: 'then it resolves', rule: { recover_after: 2 }, windows: 'w.w..', is: 'ok', transitions: ['0: ok -> firing warning, fired', '4: firing -> ok, recovered'] },
  { name: 'a lower severity needs as many windows too', rule: { recover_after: 2 }, windows: 'CwCww', is: 'firing warning 0', transitions: ['0: ok -> firing critical, fired', '4: firing -> firing warning, severity_lowered'] },
  { name: 'between recovery and warning it goes on firing', rule: { recover_threshold: 0.5 }, windows: 'wrr', is: 'firing warning 0', transitions: ['0: ok -> firing warning, fired'] },
  { name: 'past the recovery threshold it resolves', rule: { recover_threshold: 0.5 }, windows: 'wr.', is: 'ok', transitions: ['0: ok -> firing warning, fired', '2: firing -> ok, recovered'] },
  { name: 'the recovery threshold does not fire', rule: { recover_threshold: 0.5 }, windows: 'rrr', is: 'ok', transitions: [] },
  { name: 'critical falls to warning between recovery and warning', rule: { recover_threshold: 0.5 }, windows: 'Cr', is: 'firing warning 0', transitions: ['0: ok -> firing critical, fired', '1: firing -> firing warning, severity_lowered'] },
];

// One row a line, to be read as a table.
// prettier-ignore
const unevaluable: Row[] = [
  { name: 'insufficient data never fires', windows: 'iiss', is: 'ok', transitions: [] },
  { name: 'nor resolves', windows: 'wiiss', is: 'firing warning 0', transitions: ['0: ok -> firing warning, fired'] },
  { name: 'nor breaks a streak', rule: { for: 2 }, windows: 'wisw', is: 'firing warning 0', transitions: ['0: ok -> pending, pending', '3: pending -> firing warning, fired'] },
  { name: "the rule's own minimum goes first", rule: { min_samples: 29 }, windows: 's', is: 'firing critical 0', transitions: ['0: ok -> firing critical, fired'] },
  { name: 'too few labels do not count, if the rule asks for coverage', rule: { min_coverage: 0.5 }, windows: 'up', is: 'ok', transitions: [] },
  { name: 'and count, if it does not', windows: 'u', is: 'firing critical 0', transitions: ['0: ok -> firing critical, fired'] },
  { name: 'provisional numbers count, if it does not', windows: 'p', is: 'firing critical 0', transitions: ['0: ok -> firing critical, fired'] },
  { name: 'a metric without labels is not asked for coverage', rule: { min_coverage: 0.5 }, windows: 'w', is: 'firing warning 0', transitions: ['0: ok -> firing warning, fired'] },
];

// One row a line, to be read as a table.
// prettier-ignore
const noData: Row[] = [
  { name: 'keep: nothing changes while all is well', windows: '.-l0', is: 'ok', transitions: [] },
  { name: 'keep: nothing changes while firing', windows: 'w-l0', is: 'firing warning 0', transitions: ['0: ok -> firing warning, fired'] },
  { name: 'keep: no streak is broken', rule: { for: 2 }, windows: 'w-w', is: 'firing warning 0', transitions: ['0: ok -> pending, pending', '2: pending -> firing warning, fired'] },
  { name: 'ok: silence resolves', rule: { no_data: 'ok' }, windows: 'w-', is: 'ok', transitions: ['0: ok -> firing warning, fired', '1: firing -> ok, recovered'] },
  { name: 'ok: silence breaks a streak', rule: { no_data: 'ok', for: 2 }, windows: 'wlw', is: 'pending 2', transitions: ['0: ok -> pending, pending'] },
  { name: 'alert: silence alerts', rule: { no_data: 'alert' }, windows: '.-l0', is: 'no_data warning 1', transitions: ['1: ok -> no_data warning, no_data'] },
  { name: 'alert: pending goes to no data', rule: { no_data: 'alert', for: 2 }, windows: 'w-', is: 'no_data warning 1', transitions: ['0: ok -> pending, pending', '1: pending -> no_data warning, no_data'] },
  { name: 'alert: a firing alert goes on firing', rule: { no_data: 'alert' }, windows: 'C--', is: 'firing critical 0', transitions: ['0: ok -> firing critical, fired'] },
  { name: 'alert: data that return end it', rule: { no_data: 'alert' }, windows: '-.', is: 'ok', transitions: ['0: ok -> no_data warning, no_data', '1: no_data -> ok, data_returned'] },
  { name: 'alert: too few data do not', rule: { no_data: 'alert' }, windows: '-is', is: 'no_data warning 0', transitions: ['0: ok -> no_data warning, no_data'] },
  { name: 'alert: data that return broken end it and fire', rule: { no_data: 'alert' }, windows: '-C', is: 'firing critical 1', transitions: ['0: ok -> no_data warning, no_data', '1: no_data -> ok, data_returned', '1: ok -> firing critical, fired'] },
  { name: 'alert: a breach before the silence still counts after it', rule: { no_data: 'alert', for: 2 }, windows: 'w-w', is: 'firing warning 0', transitions: ['0: ok -> pending, pending', '1: pending -> no_data warning, no_data', '2: no_data -> ok, data_returned', '2: ok -> firing warning, fired'] },
];

// One row a line, to be read as a table.
// prettier-ignore
const relative: Row[] = [
  { name: 'a value without a reference is an error, not fine', rule: { relative_to: '7d' }, windows: '.xx', is: 'error 1', transitions: ['1: ok -> error, reference_missing'] },
  { name: 'nor is a ratio to 0 known', rule: { relative_to: '7d' }, windows: 'z', is: 'error 0', transitions: ['0: ok -> error, reference_not_positive'] },
  { name: 'an error ends with a window that can be compared', rule: { relative_to: '7d' }, windows: 'x.', is: 'ok', transitions: ['0: ok -> error, reference_missing', '1: error -> ok, comparable_again'] },
  { name: 'and may fire at once', rule: { relative_to: '7d' }, windows: 'xw', is: 'firing warning 1', transitions: ['0: ok -> error, reference_missing', '1: error -> firing warning, fired'] },
  { name: 'a firing alert is not ended by it', rule: { relative_to: 'baseline' }, windows: 'wxz', is: 'firing warning 0', transitions: ['0: ok -> firing warning, fired'] },
  { name: 'nor is one without data', rule: { relative_to: 'baseline', no_data: 'alert' }, windows: '-x', is: 'no_data warning 0', transitions: ['0: ok -> no_data warning, no_data'] },
  { name: 'an absolute rule needs no reference', windows: 'x', is: 'firing critical 0', transitions: ['0: ok -> firing critical, fired'] },
];

describe.each([
  ['levels', onePlain],
  ['m of n', mOfN],
  ['recovery', recovery],
  ['windows that cannot be judged', unevaluable],
  ['windows without data', noData],
  ['relative rules', relative],
])('%s', (_name, rows) => {
  it.each(rows)('$name: $windows', (row) => {
    const state = foldSeries(rule(row.rule), history(row.windows), options);
    expect({ is: show(state), transitions: showTransitions(state) }).toEqual({
      is: row.is,
      transitions: row.transitions,
    });
  });
});

describe('a series state', () => {
  it('says what fired, when, on which number, and names the episode by its first breach', () => {
    const state = foldSeries(rule({ for: 2, of: 3 }), history('.w.C'), options);
    expect(state).toMatchObject({
      state: 'firing',
      severity: 'warning',
      since: T0 + HOUR_MS,
      episode: T0 + HOUR_MS,
      firedAt: { start: T0 + 3 * HOUR_MS, end: T0 + 4 * HOUR_MS },
      resolvedAt: null,
      value: 3,
      threshold: 1,
      windowStart: T0 + 3 * HOUR_MS,
      windowEnd: T0 + 4 * HOUR_MS,
    });
    expect(state.transitions.at(-1)).toEqual({
      from: 'pending',
      to: 'firing',
      severity: 'warning',
      episode: T0 + HOUR_MS,
      windowStart: T0 + 3 * HOUR_MS,
      windowEnd: T0 + 4 * HOUR_MS,
      value: 3,
      threshold: 1,
      reason: 'fired',
    });
  });

  it('after the end keeps when it ended, and the transition names the episode that ended', () => {
    const state = foldSeries(rule({ recover_threshold: 0.5 }), history('wC.'), options);
    const end = { start: T0 + 2 * HOUR_MS, end: T0 + 3 * HOUR_MS };
    expect(state).toMatchObject({
      state: 'ok',
      severity: null,
      since: null,
      episode: null,
      firedAt: null,
      resolvedAt: end,
      threshold: 1,
    });
    expect(state.transitions.at(-1)).toMatchObject({
      reason: 'recovered',
      episode: T0,
      severity: null,
      value: 0,
      threshold: 0.5,
    });
  });

  it('shows the threshold of its severity', () => {
    expect(foldSeries(rule(), history('C'), options).threshold).toBe(2);
    expect(foldSeries(rule(), history('w'), options).threshold).toBe(1);
    expect(foldSeries(rule(), history('.'), options).threshold).toBe(1);
  });

  it('is of the last window that counted', () => {
    const state = foldSeries(rule(), history('w.i-'), options);
    expect(state).toMatchObject({ value: 0, windowStart: T0 + HOUR_MS });
  });

  it('of a relative rule shows the ratio', () => {
    const state = foldSeries(rule({ relative_to: 'baseline' }), [window(0, { value: 0.9, reference: 0.3 })], options);
    expect(state).toMatchObject({ state: 'firing', severity: 'critical', threshold: 2 });
    expect(state.value).toBeCloseTo(3, 12);
  });

  it('of a rule with two bounds shows the one that was passed', () => {
    const outside = rule({ metric: 'mean_error', op: 'outside', warning: [-1, 1], critical: null });
    expect(foldSeries(outside, [window(0, { value: -4 })], options)).toMatchObject({ state: 'firing', threshold: -1 });
    expect(foldSeries(outside, [window(0, { value: 4 })], options)).toMatchObject({ state: 'firing', threshold: 1 });
  });

  it('does not fire on a drift score that chance explains', () => {
    const noisy = window(0, { value: 3, noiseLimit: 3 });
    expect(foldSeries(rule(), [noisy], options).state).toBe('ok');
    expect(foldSeries(rule(), [{ ...noisy, noiseLimit: 2.9 }], options)).toMatchObject({
      state: 'firing',
      threshold: 2.9,
    });
    expect(foldSeries(rule({ metric: 'js_distance' }), [noisy], options).state).toBe('firing');
  });

  it('takes a value that is not a number as missing', () => {
    expect(foldSeries(rule({ no_data: 'alert' }), [window(0, { value: NaN })], options)).toMatchObject({
      state: 'no_data',
      value: null,
    });
  });

  it('refuses two observations of one window', () => {
    expect(() => foldSeries(rule(), [window(0), window(0, { value: 1 })], options)).toThrow('2026-03-02T00:00:00.000Z');
  });
});

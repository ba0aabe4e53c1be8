// Windows of time, and the plan as a table: what is due, missed, dirty or requested.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/duration.js';
import {
  isValidWindowLength,
  planWindows,
  SLOT_MS,
  windowOf,
  windowsBetween,
  type PlannedWindow,
  type PlanInput,
} from '../../src/domain/window.js';

const T0 = Date.parse('2026-03-02T00:00:00Z');
const at = (text: string): number => Date.parse(text);
const lengths = fc.oneof(
  fc.integer({ min: 1, max: 30 * 96 }).map((slots) => slots * SLOT_MS),
  fc.constantFrom(SLOT_MS, HOUR_MS, DAY_MS, 7 * DAY_MS, 14 * DAY_MS, 28 * DAY_MS, 30 * DAY_MS),
);
const times = fc.integer({ min: at('1960-01-01T00:00:00Z'), max: at('2100-01-01T00:00:00Z') });

describe('windows', () => {
  it.each([
    [SLOT_MS, true],
    [45 * MINUTE_MS, true],
    [30 * DAY_MS, true],
    [0, false],
    [-SLOT_MS, false],
    [SLOT_MS - 1, false],
    [20 * MINUTE_MS, false],
    [30 * DAY_MS + SLOT_MS, false],
    [NaN, false],
    [Infinity, false],
  ])('of %d ms are allowed: %s', (length, valid) => {
    expect(isValidWindowLength(length)).toBe(valid);
  });

  it.each([
    ['an hour', HOUR_MS, '2026-03-04T10:00:00Z', '2026-03-04T11:00:00Z'],
    ['a day', DAY_MS, '2026-03-04T00:00:00Z', '2026-03-05T00:00:00Z'],
    ['a week, from Monday', 7 * DAY_MS, '2026-03-02T00:00:00Z', '2026-03-09T00:00:00Z'],
    ['two days, from the epoch (day 20,516 is even)', 2 * DAY_MS, '2026-03-04T00:00:00Z', '2026-03-06T00:00:00Z'],
  ])('of %s lie on their own grid', (_name, length, start, end) => {
    expect(windowOf(at('2026-03-04T10:30:00Z'), length)).toEqual({ start: at(start), end: at(end) });
  });

  it('partition time: each moment is in one window, and the next window starts where it ends', () => {
    fc.assert(
      fc.property(times, lengths, (ts, length) => {
        const window = windowOf(ts, length);
        expect(window.end - window.start).toBe(length);
        expect(window.start <= ts && ts < window.end).toBe(true);
        expect(windowOf(window.start, length)).toEqual(window);
        expect(windowOf(window.end - 1, length)).toEqual(window);
        expect(windowOf(window.end, length).start).toBe(window.end);
      }),
    );
  });

  it('never cut a 15-minute slot', () => {
    fc.assert(
      fc.property(times, lengths, (ts, length) => {
        const slot = windowOf(ts, SLOT_MS);
        expect(windowOf(slot.end - 1, length)).toEqual(windowOf(slot.start, length));
      }),
    );
  });

  it('between two times are all that share time with the range, without gap or overlap', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 400 * SLOT_MS }), lengths, (from, span, length) => {
        const windows = windowsBetween(from, from + span, length);
        expect(windows[0]).toEqual(windowOf(from, length));
        expect(windows.at(-1)).toEqual(windowOf(from + span - 1, length));
        windows.slice(1).forEach((window, i) => expect(window.start).toBe(windows[i]?.end));
      }),
    );
  });

  it('between a time and itself or an earlier one are none', () => {
    expect(windowsBetween(T0, T0, HOUR_MS)).toEqual([]);
    expect(windowsBetween(T0, T0 - 1, HOUR_MS)).toEqual([]);
  });

  it('of a length that is not allowed are refused everywhere', () => {
    const length = 20 * MINUTE_MS;
    expect(() => windowOf(T0, length)).toThrow(RangeError);
    expect(() => windowsBetween(T0, T0 + 1, length)).toThrow(RangeError);
    expect(() => planWindows({ length, now: T0, marks: [], computed: [] })).toThrow(RangeError);
  });
});

/** The hour `n` of the test's day. */
const hour = (n: number): number => T0 + n * HOUR_MS;
const base: PlanInput = { length: HOUR_MS, now: hour(5) + 1, marks: [], computed: [] };
const summary = (plan: PlannedWindow[]): string[] =>
  plan.map((window) => `${(window.start - T0) / HOUR_MS} ${window.reason} ${window.inputVersion}`);

describe('planWindows', () => {
  const cases: { name: string; input: Partial<PlanInput>; plan: string[] }[] = [
    { name: 'nothing known, nothing planned', input: {}, plan: [] },
    {
      name: 'new data in the newest complete window is due',
      input: { marks: [{ slot: hour(4), version: 7 }] },
      plan: ['4 due 7'],
    },
    {
      name: 'new data in an older window is missed',
      input: { marks: [{ slot: hour(2), version: 7 }] },
      plan: ['2 missed 7'],
    },
    { name: 'the running window waits', input: { marks: [{ slot: hour(5), version: 7 }] }, plan: [] },
    {
      name: 'a window is complete at its end',
      input: { now: hour(6), marks: [{ slot: hour(5), version: 7 }] },
      plan: ['5 due 7'],
    },
    {
      name: 'several marks of a window count as the newest',
      input: { marks: [7, 9, 8].map((version, i) => ({ slot: hour(4) + i * SLOT_MS, version })) },
      plan: ['4 due 9'],
    },
    {
      name: 'a label after the computation makes it dirty',
      input: { marks: [{ slot: hour(1), version: 9 }], computed: [{ start: hour(1), inputVersion: 8 }] },
      plan: ['1 dirty 9'],
    },
    {
      name: 'a computation that saw the newest mark stands',
      input: { marks: [{ slot: hour(1), version: 9 }], computed: [{ start: hour(1), inputVersion: 9 }] },
      plan: [],
    },
    {
      name: 'empty windows between first and last data are missed',
      input: { firstData: hour(1), lastData: hour(3) + 5, computed: [{ start: hour(2), inputVersion: 0 }] },
      plan: ['1 missed 0', '3 missed 0'],
    },
    {
      name: 'windows without data after the last are left alone',
      input: { firstData: hour(0), lastData: hour(0) },
      plan: ['0 missed 0'],
    },
    {
      name: 'unless trailing ones are wanted',
      input: { firstData: hour(2), lastData: hour(2), trailing: true, computed: [{ start: hour(2), inputVersion: 3 }] },
      plan: ['3 missed 0', '4 due 0'],
    },
    {
      name: 'and then only the newest few',
      input: {
        firstData: hour(-200),
        lastData: hour(-200),
        trailing: true,
        emptyLookback: 2,
        computed: [{ start: hour(-200), inputVersion: 3 }],
      },
      plan: ['3 missed 0', '4 due 0'],
    },
    {
      name: 'none of them from before the time that the caller knows about',
      input: { firstData: hour(4), lastData: hour(-3), trailing: true },
      plan: ['4 due 0'],
    },
    {
      name: 'and with a lookback of 0 none at all',
      input: { firstData: hour(4), lastData: hour(-3), trailing: true, emptyLookback: 0 },
      plan: [],
    },
    {
      name: 'an empty newest window before newer data is due',
      input: { firstData: hour(4), lastData: hour(5), marks: [{ slot: hour(5), version: 2 }] },
      plan: ['4 due 0'],
    },
    {
      name: 'without data no window is expected',
      input: { firstData: null, lastData: null, trailing: true },
      plan: [],
    },
    {
      name: 'a requested range is planned whole, computed or running, and nothing else is',
      input: {
        from: hour(3) + 1,
        to: hour(5) + 1,
        marks: [{ slot: hour(1), version: 9 }],
        computed: [{ start: hour(4), inputVersion: 6 }],
      },
      plan: ['3 requested 0', '4 requested 6', '5 requested 0'],
    },
    {
      name: 'a range without an end reaches to now',
      input: { from: hour(4) },
      plan: ['4 requested 0', '5 requested 0'],
    },
    {
      name: 'a range without a start begins with the data',
      input: { to: hour(3), firstData: hour(2) + 5 },
      plan: ['2 requested 0'],
    },
    {
      name: 'or with the oldest mark',
      input: {
        to: hour(3),
        marks: [
          { slot: hour(2), version: 4 },
          { slot: hour(1), version: 3 },
        ],
      },
      plan: ['1 requested 3', '2 requested 4'],
    },
    { name: 'a range without a start over nothing is empty', input: { to: hour(3) }, plan: [] },
  ];
  it.each(cases)('$name', ({ input, plan }) => {
    expect(summary(planWindows({ ...base, ...input }))).toEqual(plan);
  });
});

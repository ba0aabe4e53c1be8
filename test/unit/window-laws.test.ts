// Laws of the plan: what is computed follows from the data, not from the order it came in or from when jobs ran.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../src/domain/duration.js';
import {
  planWindows,
  SLOT_MS,
  windowOf,
  type Computed,
  type Mark,
  type PlannedWindow,
  type PlanInput,
} from '../../src/domain/window.js';

const T0 = Date.parse('2026-03-02T00:00:00Z');
/** The hour `n` of the test's day. */
const hour = (n: number): number => T0 + n * HOUR_MS;

/** A history: marks and computations around a day before `now`, windows of 15 minutes to 6 hours, data known from some time on. */
const slots = fc.integer({ min: 0, max: 120 }).map((n) => T0 + n * SLOT_MS);
const mark: fc.Arbitrary<Mark> = fc.record({ slot: slots, version: fc.integer({ min: 1, max: 50 }) });
const shortLengths = fc.integer({ min: 1, max: 24 }).map((n) => n * SLOT_MS);
const history: fc.Arbitrary<PlanInput> = fc
  .record({
    length: shortLengths,
    now: fc.integer({ min: T0, max: T0 + 130 * SLOT_MS }),
    marks: fc.array(mark, { maxLength: 30 }),
    seen: fc.array(mark, { maxLength: 20 }),
    emptyLookback: fc.integer({ min: 0, max: 20 }),
    firstData: fc.option(slots),
    lastData: fc.option(slots),
    trailing: fc.boolean(),
  })
  .map(({ seen, ...rest }) => ({
    ...rest,
    computed: seen.map((one) => ({ start: windowOf(one.slot, rest.length).start, inputVersion: one.version })),
  }));

const recorded = (plan: PlannedWindow[]): Computed[] =>
  plan.map(({ start, inputVersion }) => ({ start, inputVersion }));
const starts = (plan: PlannedWindow[]): number[] => plan.map((window) => window.start);

describe('laws of the plan', () => {
  it('the order of marks and computations does not matter', () => {
    const shuffled = history.chain((input) =>
      fc.record({
        input: fc.constant(input),
        marks: fc.shuffledSubarray([...input.marks], { minLength: input.marks.length }),
        computed: fc.shuffledSubarray([...input.computed], { minLength: input.computed.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ input, marks, computed }) => {
        expect(planWindows({ ...input, marks, computed })).toEqual(planWindows(input));
      }),
    );
  });

  it('ascending, each window once, on the grid, complete', () => {
    fc.assert(
      fc.property(history, (input) => {
        const plan = planWindows(input);
        plan.forEach((window, i) => {
          expect(window.start).toBeGreaterThan(plan[i - 1]?.start ?? -Infinity);
          expect(windowOf(window.start, input.length)).toEqual({ start: window.start, end: window.end });
          expect(window.end).toBeLessThanOrEqual(input.now);
        });
      }),
    );
  });

  it('once recorded, there is nothing left to do', () => {
    fc.assert(
      fc.property(history, (input) => {
        const computed = [...input.computed, ...recorded(planWindows(input))];
        expect(planWindows({ ...input, computed })).toEqual([]);
      }),
    );
  });

  it('each mark is in the running window, or its window is planned, or was computed since', () => {
    fc.assert(
      fc.property(history, (input) => {
        const planned = new Map(planWindows(input).map((window) => [window.start, window.inputVersion]));
        for (const { slot, version } of input.marks) {
          const window = windowOf(slot, input.length);
          const seen = input.computed.filter((one) => one.start === window.start).map((one) => one.inputVersion);
          const known = planned.get(window.start) ?? Math.max(-1, ...seen);
          expect(window.end > input.now || known >= version).toBe(true);
        }
      }),
    );
  });

  it('a mark never plans a window other than its own', () => {
    fc.assert(
      fc.property(history, mark, (input, extra) => {
        const own = windowOf(extra.slot, input.length).start;
        const others = (plan: PlannedWindow[]): PlannedWindow[] => plan.filter((window) => window.start !== own);
        expect(others(planWindows({ ...input, marks: [...input.marks, extra] }))).toEqual(others(planWindows(input)));
      }),
    );
  });

  it('a recomputation on request never forgets what was seen before', () => {
    fc.assert(
      fc.property(history, (input) => {
        const plan = planWindows({ ...input, from: T0, to: T0 + 130 * SLOT_MS });
        for (const { start, inputVersion } of input.computed) {
          const window = plan.find((one) => one.start === start);
          if (start < T0 + 130 * SLOT_MS) expect(window?.inputVersion).toBeGreaterThanOrEqual(inputVersion);
        }
      }),
    );
  });
});

/** A row that comes `delay` slots after the time it is about; its version is its place in the order of arrival. */
interface Arrival {
  slot: number;
  arrives: number;
}
const arrivals: fc.Arbitrary<Arrival[]> = fc.array(
  fc
    .record({ slot: slots, delay: fc.integer({ min: 0, max: 60 }) })
    .map(({ slot, delay }) => ({ slot, arrives: slot + delay * SLOT_MS })),
  { maxLength: 25 },
);

/** What a run at `now` knows, with everything that has been computed so far. */
function knownAt(now: number, rows: Arrival[], length: number, trailing: boolean, computed: Computed[]): PlanInput {
  const ordered = [...rows].sort((a, b) => a.arrives - b.arrives);
  const marks = ordered.flatMap(({ slot, arrives }, i) => (arrives <= now ? [{ slot, version: i + 1 }] : []));
  const data = marks.map((one) => one.slot);
  const [firstData, lastData] = data.length === 0 ? [null, null] : [Math.min(...data), Math.max(...data)];
  // More than the windows of the whole history: how far back empty windows are looked for must not matter here.
  return { length, now, marks, computed, firstData, lastData, trailing, emptyLookback: 500 };
}

describe('catching up', () => {
  it('after any downtime plans exactly the windows that regular runs planned together, with the same versions', () => {
    fc.assert(
      fc.property(
        arrivals,
        shortLengths,
        fc.boolean(),
        fc.array(fc.nat({ max: 190 }), { maxLength: 12 }),
        (rows, length, trailing, ticks) => {
          const end = T0 + 200 * SLOT_MS;
          const runs = [...ticks.map((tick) => T0 + tick * SLOT_MS).sort((a, b) => a - b), end];
          const computed: Computed[] = [];
          for (const now of runs)
            computed.push(...recorded(planWindows(knownAt(now, rows, length, trailing, computed))));

          const atOnce = planWindows(knownAt(end, rows, length, trailing, []));
          expect(starts(atOnce)).toEqual([...new Set(computed.map((one) => one.start))].sort((a, b) => a - b));
          for (const { start, inputVersion } of atOnce) {
            const last = computed.filter((one) => one.start === start).at(-1);
            expect(last?.inputVersion).toBe(inputVersion);
          }
        },
      ),
    );
  });

  it('after a long silence looks back over the newest empty windows only, and fills the rest when data return', () => {
    const silent: PlanInput = {
      length: HOUR_MS,
      marks: [],
      computed: [],
      now: hour(100),
      firstData: hour(0),
      lastData: hour(0),
      trailing: true,
      emptyLookback: 3,
    };
    const computed: Computed[] = [{ start: hour(0), inputVersion: 1 }];
    const during = planWindows({ ...silent, computed });
    expect(starts(during)).toEqual([hour(97), hour(98), hour(99)]);
    computed.push(...recorded(during));
    const after = planWindows({
      ...silent,
      now: hour(102),
      lastData: hour(101),
      marks: [{ slot: hour(101), version: 5 }],
      computed,
    });
    expect(starts(after)).toEqual([...Array.from({ length: 96 }, (_, i) => hour(i + 1)), hour(100), hour(101)]);
    expect(after.at(-1)?.reason).toBe('due');
  });
});

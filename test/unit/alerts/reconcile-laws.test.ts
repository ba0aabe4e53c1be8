// Laws of the alert log: windows come in any order, are computed again with other numbers, and are looked at in between at any time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertRule } from '../../../src/domain/alerts/rule.js';
import type { Observation } from '../../../src/domain/alerts/state.js';
import { reconcile, standingOf } from '../../../src/services/alert-reconcile.js';
import type { AlertEvent } from '../../../src/services/ports.js';
import { history, options, rule, T0 } from '../../support/series.js';

const KEY = { model: 'flights', version: '1', deployment: '', segment: '', feature: 'inputs.x', metric: 'psi' };
const LETTERS = '...wwCr-s';

/** A window that is computed at some point, and whether the rules are looked at afterwards. */
interface Step {
  window: number;
  letter: string;
  look: boolean;
}

/** Every window is computed once or more, in any order; the last time with its final number. */
const story = fc
  .array(
    fc.record({
      drafts: fc.array(fc.constantFrom(...LETTERS), { maxLength: 2 }),
      final: fc.constantFrom(...LETTERS),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .chain((windows) => {
    const all = windows.flatMap(({ drafts, final }, window) =>
      [...drafts, final].map((letter) => ({ window, letter })),
    );
    return fc
      .tuple(
        fc.constant(windows.map(({ final }) => final).join('')),
        fc.shuffledSubarray(
          all.map(({ window }) => window),
          { minLength: all.length },
        ),
        fc.array(fc.boolean(), { minLength: all.length, maxLength: all.length }),
      )
      .map(([final, order, looks]) => {
        const left = windows.map(({ drafts, final: last }) => [...drafts, last]);
        const steps = order.map((window, i): Step => ({
          window,
          letter: left[window]?.shift() ?? '.',
          look: looks[i] ?? false,
        }));
        return { final, steps };
      });
  });

const anyRule = fc
  .record({
    for: fc.integer({ min: 1, max: 2 }),
    more: fc.integer({ min: 0, max: 1 }),
    recover_after: fc.integer({ min: 1, max: 2 }),
    no_data: fc.constantFrom('ok', 'keep', 'alert'),
  })
  .map(({ more, ...fields }) => rule({ ...fields, of: fields.for + more }));

/** The log of a series: the newest line of each alert, newest first, and all lines as they came. */
class Log {
  readonly lines: AlertEvent[] = [];
  private now = T0;

  look(anyOne: AlertRule, observations: readonly Observation[]): void {
    this.now += 60_000;
    const series = { key: KEY, observations: [...observations], baseline: null, problem: null };
    const standing = standingOf('r', anyOne, series, options.minSamples);
    this.lines.push(...reconcile(standing, this.newest(), { now: this.now, from: T0, ruleSince: 0 }));
  }

  newest(): AlertEvent[] {
    const byId = new Map<string, AlertEvent>();
    for (const line of this.lines) {
      byId.delete(line.alert.id);
      byId.set(line.alert.id, line);
    }
    return [...byId.values()].reverse();
  }

  open(): AlertEvent[] {
    return this.newest().filter(({ alert }) => alert.state !== 'resolved');
  }
}

function tell(anyOne: AlertRule, steps: readonly Step[], each: (log: Log) => void = () => undefined): Log {
  const known = new Map<number, Observation>();
  const log = new Log();
  for (const { window, letter, look } of steps) {
    const [made] = history(`${'.'.repeat(window)}${letter}`).slice(window);
    if (made !== undefined) known.set(window, made);
    if (!look) continue;
    log.look(
      anyOne,
      [...known.entries()].sort(([a], [b]) => a - b).map(([, one]) => one),
    );
    each(log);
  }
  return log;
}

/** What is open, apart from which alert it is called. */
function standingOpen(log: Log) {
  return log.open().map(({ alert }) => {
    const { state, severity, value, threshold, since, window_start, window_end } = alert;
    return { state, severity, value, threshold, since, window_start, window_end };
  });
}

describe('laws of the log', () => {
  it('whatever order windows were computed in, and however often, what is open in the end is the same', () => {
    fc.assert(
      fc.property(anyRule, story, (anyOne, { final, steps }) => {
        const log = tell(anyOne, steps);
        log.look(anyOne, history(final));
        const fresh = new Log();
        fresh.look(anyOne, history(final));
        expect(standingOpen(log)).toEqual(standingOpen(fresh));
      }),
      { numRuns: 500 },
    );
  });

  it('a series never has two open alerts', () => {
    fc.assert(
      fc.property(anyRule, story, (anyOne, { steps }) => {
        tell(anyOne, steps, (log) => expect(log.open().length).toBeLessThanOrEqual(1));
      }),
    );
  });

  it('nothing is over that was not open', () => {
    fc.assert(
      fc.property(anyRule, story, (anyOne, { steps }) => {
        const { lines } = tell(anyOne, steps);
        const last = new Map<string, string>();
        for (const { alert } of lines) {
          if (alert.state === 'resolved') expect(last.get(alert.id)).toBe('open');
          last.set(alert.id, alert.state === 'resolved' ? 'over' : 'open');
        }
      }),
    );
  });

  it('looking again without new numbers writes nothing', () => {
    fc.assert(
      fc.property(anyRule, story, (anyOne, { final, steps }) => {
        const log = tell(anyOne, steps);
        log.look(anyOne, history(final));
        const before = log.lines.length;
        log.look(anyOne, history(final));
        expect(log.lines.slice(before)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('windows that late labels repaired close the alert, which says so', () => {
    const broken = fc.string({ unit: fc.constantFrom('.', 'w', 'C'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyRule, broken, (anyOne, letters) => {
        const log = new Log();
        log.look(anyOne, history(letters));
        const told = log.open().filter(({ alert }) => alert.state === 'firing');
        log.look(anyOne, history('.'.repeat(letters.length)));
        expect(log.open()).toEqual([]);
        for (const { alert } of told) {
          const over = log.newest().find((line) => line.alert.id === alert.id);
          expect(over?.detail['reason']).toBe('recomputed');
          expect(over?.alert.why).toMatch(/^late labels or corrected data repaired it: /);
        }
      }),
    );
  });
});

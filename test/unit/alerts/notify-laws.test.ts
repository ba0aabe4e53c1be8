// Laws of notifying, over random histories of a group with silences, acknowledgements and failing channels.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideNotification,
  loggedAlerts,
  previousFrom,
  type FiringAlert,
  type LoggedNotification,
  type NotifyDecision,
  type NotifyInput,
} from '../../../src/domain/alerts/notify.js';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-02T12:00:00Z');

/** What a series does before a run: stays as it is, fires (again) with a severity, or ends. */
interface Step {
  series: readonly ('stay' | 'warning' | 'critical' | 'end')[];
  silenced: boolean;
  silencedIds: string[];
  acknowledge: string[];
  /** The channel takes what is sent. */
  delivers: boolean;
  hours: number;
}
const IDS = ['a', 'b', 'c'];
const some = fc.subarray(IDS);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    series: fc.tuple(...IDS.map(() => fc.constantFrom('stay', 'stay', 'warning', 'critical', 'end'))),
    silenced: fc.boolean().chain((one) => (one ? fc.boolean() : fc.constant(false))),
    silencedIds: fc.oneof(fc.constant([]), some),
    acknowledge: fc.oneof(fc.constant([]), some),
    delivers: fc.constantFrom(true, true, true, false),
    hours: fc.integer({ min: 1, max: 9 }),
  }) as fc.Arbitrary<Step>,
  { maxLength: 30 },
);
/** Everything ends, nothing is silenced, the channel works. */
const LAST: Step = {
  series: ['end', 'end', 'end'],
  silenced: false,
  silencedIds: [],
  acknowledge: [],
  delivers: true,
  hours: 1,
};

interface Run {
  decision: NotifyDecision;
  input: NotifyInput;
  logged: boolean;
}

/** Runs the decisions as a service would: each series changes, the log is read, the decision made, and logged if delivered. */
function simulate(history: Step[], repeatEveryMs: number | null): Run[] {
  const state = new Map<string, FiringAlert>();
  const acknowledged = new Set<string>();
  const log: LoggedNotification[] = [];
  let now = NOW;
  return history.map((step) => {
    const before = now;
    now += step.hours * HOUR;
    const endedIds: string[] = [];
    IDS.forEach((alertId, i) => {
      const change = step.series[i] ?? 'stay';
      const was = state.get(alertId);
      if (change === 'end') {
        if (state.delete(alertId)) endedIds.push(alertId);
        acknowledged.delete(alertId);
      } else if (change !== 'stay') {
        state.set(alertId, { alertId, severity: change, episode: was?.episode ?? before });
      }
    });
    for (const id of step.acknowledge) if (state.has(id)) acknowledged.add(id);
    const input: NotifyInput = {
      firing: [...state.values()],
      endedIds,
      previous: previousFrom(log),
      silenced: step.silenced,
      silencedIds: new Set(step.silencedIds),
      acknowledgedIds: new Set(acknowledged),
      now,
      repeatEveryMs,
    };
    const decision = decideNotification(input);
    const logged = decision.send && step.delivers;
    if (decision.send) {
      const outcome = step.delivers ? 'sent' : 'failed';
      log.unshift({ kind: decision.kind, outcome, at: now, ...loggedAlerts(decision) });
    }
    return { decision, input, logged };
  });
}
const heard = (runs: Run[]): Run[] => runs.filter((run) => run.logged);
const repeats = fc.constantFrom(null, 3 * HOUR, 24 * HOUR);

describe('laws over any history of a group', () => {
  it('once everything is over, as many incidents were closed as opened, by turns', () => {
    fc.assert(
      fc.property(steps, repeats, (history, repeat) => {
        const kinds = heard(simulate([...history, LAST], repeat)).map((run) => run.decision.kind);
        const turns = kinds.filter((kind) => kind !== 'update');
        expect(turns).toEqual(turns.map((_, i) => (i % 2 === 0 ? 'firing' : 'resolved')));
        expect(turns.length % 2).toBe(0);
        kinds.forEach((kind, i) => {
          if (kind === 'update') expect(['firing', 'update']).toContain(kinds[i - 1]);
        });
      }),
    );
  });

  it('only what was heard to fire is heard to end', () => {
    fc.assert(
      fc.property(steps, repeats, (history, repeat) => {
        let believed = new Set<string>();
        for (const { decision, input } of heard(simulate(history, repeat))) {
          for (const id of decision.resolvedIds) {
            expect(believed.has(id)).toBe(true);
            expect(input.firing.some((alert) => alert.alertId === id)).toBe(false);
          }
          believed = new Set(decision.firing.map((alert) => alert.alertId));
        }
      }),
    );
  });

  it('the same news is never heard twice: without repetition each notification names something new or the end', () => {
    fc.assert(
      fc.property(steps, (history) => {
        let last: Map<string, FiringAlert> = new Map();
        let lastAt = 0;
        for (const { decision, input } of heard(simulate(history, null))) {
          const news = decision.firing.filter((alert) => {
            const before = last.get(alert.alertId);
            return (
              before === undefined ||
              alert.episode >= lastAt ||
              (alert.severity === 'critical' && before.severity === 'warning')
            );
          });
          expect(decision.kind === 'resolved' ? decision.resolvedIds.length : news.length).toBeGreaterThan(0);
          last = new Map(decision.firing.map((alert) => [alert.alertId, alert]));
          lastAt = input.now;
        }
      }),
    );
  });

  it('two runs in which nothing changed never both notify', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const still: Step = {
          series: ['stay', 'stay', 'stay'],
          silenced: false,
          silencedIds: [],
          acknowledge: [],
          delivers: true,
          hours: 1,
        };
        const [, second] = simulate([...history, still, still], null).slice(-2);
        expect(second?.decision.send).toBe(false);
      }),
    );
  });

  it('a failed notification is decided again, with the same key if nothing else happened', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const still: Step = {
          series: ['stay', 'stay', 'stay'],
          silenced: false,
          silencedIds: [],
          acknowledge: [],
          delivers: false,
          hours: 1,
        };
        const [first, second] = simulate([...history, still, still], null).slice(-2);
        expect(second?.decision.send).toBe(first?.decision.send);
        expect(second?.decision.messageKey).toBe(first?.decision.messageKey);
      }),
    );
  });

  it('after a run that could speak, the receiver knows of each alert that nobody acknowledged, as severe as it is', () => {
    fc.assert(
      fc.property(steps, repeats, (history, repeat) => {
        const still: Step = {
          series: ['stay', 'stay', 'stay'],
          silenced: false,
          silencedIds: [],
          acknowledge: [],
          delivers: true,
          hours: 1,
        };
        const { decision, input } = simulate([...history, still], repeat).at(-1) ?? {};
        const known = new Map(
          (decision?.send ? decision.firing : (input?.previous?.firing ?? [])).map((one) => [
            one.alertId,
            one.severity,
          ]),
        );
        for (const alert of input?.firing ?? []) {
          if (input?.acknowledgedIds.has(alert.alertId)) continue;
          expect(known.has(alert.alertId)).toBe(true);
          if (alert.severity === 'critical') expect(known.get(alert.alertId)).toBe('critical');
        }
      }),
    );
  });
});

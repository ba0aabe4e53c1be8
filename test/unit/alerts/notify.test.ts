// Notify or not: a table of decisions, the log they are rebuilt from, and the keys of messages.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideNotification,
  groupKey,
  loggedAlerts,
  previousFrom,
  type FiringAlert,
  type LoggedNotification,
  type NotifyDecision,
  type NotifyInput,
  type PreviousNotification,
} from '../../../src/domain/alerts/notify.js';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-02T12:00:00Z');

/** `a` a warning, `A` a critical alert of the same series; begun an hour before the last notification of the table. */
const alerts = (text: string): FiringAlert[] =>
  [...text].map((letter) => ({
    alertId: letter.toLowerCase(),
    severity: letter === letter.toUpperCase() ? 'critical' : 'warning',
    episode: NOW - 3 * HOUR,
  }));
/** The receiver was told of these two hours ago. */
const told = (text: string): PreviousNotification => ({ at: NOW - 2 * HOUR, firing: alerts(text) });

const quiet: NotifyInput = {
  firing: [],
  previous: null,
  silenced: false,
  acknowledgedIds: new Set(),
  now: NOW,
  repeatEveryMs: 24 * HOUR,
};

interface Row {
  name: string;
  input: Partial<NotifyInput>;
  /** `send kind reason firing/resolved` or the same with `hold`. */
  decision: string;
}

// One row a line, to be read as a table.
// prettier-ignore
const rows: Row[] = [
  { name: 'nothing fires, nothing was told', input: {}, decision: 'hold resolved nothing_new /' },
  { name: 'the first alert opens an incident', input: { firing: alerts('a') }, decision: 'send firing first a/' },
  { name: 'the first alerts are one notification, critical ones first', input: { firing: alerts('bcA') }, decision: 'send firing first Abc/' },
  { name: 'what was told is not news', input: { firing: alerts('ab'), previous: told('ab') }, decision: 'hold update nothing_new ab/' },
  { name: 'one more series is', input: { firing: alerts('ab'), previous: told('a') }, decision: 'send update new_series ab/' },
  { name: 'a new series beside one that ended says both', input: { firing: alerts('b'), previous: told('a') }, decision: 'send update new_series b/a' },
  { name: 'a raised severity is', input: { firing: alerts('A'), previous: told('a') }, decision: 'send update severity_raised A/' },
  { name: 'a lowered severity is not', input: { firing: alerts('a'), previous: told('A') }, decision: 'hold update nothing_new a/' },
  { name: 'the end of a part is not', input: { firing: alerts('a'), previous: told('ab') }, decision: 'hold update partly_resolved a/b' },
  { name: 'the end of everything is', input: { previous: told('ab') }, decision: 'send resolved resolved /ab' },
  { name: 'once', input: { previous: told('') }, decision: 'hold resolved nothing_new /' },
  { name: 'after the end a new alert opens a new incident', input: { firing: alerts('a'), previous: told('') }, decision: 'send firing first a/' },
  { name: 'the end of what was never told is not told', input: { endedIds: ['a'] }, decision: 'hold resolved never_announced /' },
  { name: 'nor after an earlier incident', input: { endedIds: ['a'], previous: told('') }, decision: 'hold resolved never_announced /' },

  { name: 'it repeats when it is time', input: { firing: alerts('a'), previous: told('a'), repeatEveryMs: 2 * HOUR }, decision: 'send update repeat a/' },
  { name: 'not before', input: { firing: alerts('a'), previous: told('a'), repeatEveryMs: 2 * HOUR + 1 }, decision: 'hold update nothing_new a/' },
  { name: 'never, if the rule says so', input: { firing: alerts('a'), previous: told('a'), repeatEveryMs: null, now: NOW + 9_999 * HOUR }, decision: 'hold update nothing_new a/' },
  { name: 'a repetition says what has ended since', input: { firing: alerts('a'), previous: told('ab'), repeatEveryMs: HOUR }, decision: 'send update repeat a/b' },

  { name: 'a silence holds the first', input: { firing: alerts('a'), silenced: true }, decision: 'hold firing silenced a/' },
  { name: 'and the end', input: { previous: told('a'), silenced: true }, decision: 'hold resolved silenced /a' },
  { name: 'but is not the reason where there is no news', input: { firing: alerts('a'), previous: told('a'), silenced: true }, decision: 'hold update nothing_new a/' },
  { name: 'a silence of one series lets the others speak', input: { firing: alerts('ab'), silencedIds: new Set(['a']) }, decision: 'send firing first b/' },
  { name: 'a silence of every series holds', input: { firing: alerts('a'), silencedIds: new Set(['a']) }, decision: 'hold firing silenced /' },
  { name: 'silenced is not resolved', input: { firing: alerts('a'), previous: told('a'), silencedIds: new Set(['a']) }, decision: 'hold update silenced /' },
  { name: 'silenced is not raised', input: { firing: alerts('A'), previous: told('a'), silencedIds: new Set(['a']) }, decision: 'hold update silenced /' },
  { name: 'the end of the only series told waits for its silence', input: { previous: told('a'), silencedIds: new Set(['a']) }, decision: 'hold resolved silenced /a' },
  { name: 'an incident ends although a silenced series, never told, goes on', input: { firing: alerts('a'), previous: told('b'), silencedIds: new Set(['a']) }, decision: 'send resolved resolved /b' },

  { name: 'an acknowledged alert is not announced', input: { firing: alerts('a'), acknowledgedIds: new Set(['a']) }, decision: 'hold firing acknowledged a/' },
  { name: 'nor repeated', input: { firing: alerts('a'), previous: told('a'), acknowledgedIds: new Set(['a']), repeatEveryMs: HOUR }, decision: 'hold update acknowledged a/' },
  { name: 'an incident ends although an acknowledged series, never told, goes on', input: { firing: alerts('a'), previous: told('b'), acknowledgedIds: new Set(['a']) }, decision: 'send resolved resolved /b' },
  { name: 'a group repeats while one of it is not acknowledged', input: { firing: alerts('ab'), previous: told('ab'), acknowledgedIds: new Set(['a']), repeatEveryMs: HOUR }, decision: 'send update repeat ab/' },
  { name: 'a new series speaks beside an acknowledged one', input: { firing: alerts('ab'), previous: told('a'), acknowledgedIds: new Set(['a']) }, decision: 'send update new_series ab/' },
  { name: 'a raised severity speaks although acknowledged', input: { firing: alerts('A'), previous: told('a'), acknowledgedIds: new Set(['a']) }, decision: 'send update severity_raised A/' },
  { name: 'the end of an acknowledged alert is told', input: { previous: told('a'), acknowledgedIds: new Set(['a']) }, decision: 'send resolved resolved /a' },

  { name: 'a series that recovered unnoticed and fired again since is new', input: { firing: [{ alertId: 'a', severity: 'warning', episode: NOW - HOUR }], previous: told('a') }, decision: 'send update new_series a/' },
  { name: 'an episode whose start a late label moved is not', input: { firing: [{ alertId: 'a', severity: 'warning', episode: NOW - 90 * HOUR }], previous: told('a') }, decision: 'hold update nothing_new a/' },
];

const show = ({ send, kind, reason, firing, resolvedIds }: NotifyDecision): string => {
  const listed = firing.map((one) => (one.severity === 'critical' ? one.alertId.toUpperCase() : one.alertId)).join('');
  return `${send ? 'send' : 'hold'} ${kind} ${reason} ${listed}/${resolvedIds.join('')}`;
};

describe('decideNotification', () => {
  it.each(rows)('$name', ({ input, decision }) => {
    expect(show(decideNotification({ ...quiet, ...input }))).toBe(decision);
  });
});

const row = (fields: Partial<LoggedNotification>): LoggedNotification => ({
  kind: 'firing',
  outcome: 'sent',
  alert_ids: ['a'],
  severities: ['warning'],
  at: NOW,
  ...fields,
});

describe('the log', () => {
  it('without rows says that the receiver was never told anything', () => {
    expect(previousFrom([])).toBeNull();
  });

  it('says what the newest notification said, whatever the order of the rows', () => {
    const newest = row({ kind: 'update', at: NOW + 1, alert_ids: ['a', 'b'], severities: ['critical', 'warning'] });
    const firing = [
      { alertId: 'a', severity: 'critical' },
      { alertId: 'b', severity: 'warning' },
    ];
    expect(previousFrom([newest, row({})])).toEqual({ at: NOW + 1, firing });
    expect(previousFrom([row({}), newest])).toEqual({ at: NOW + 1, firing });
  });

  it('after a resolution says that nothing is believed to fire', () => {
    expect(previousFrom([row({ kind: 'resolved', severities: [], at: NOW + 1 }), row({})])).toEqual({
      at: NOW + 1,
      firing: [],
    });
  });

  it('passes over tests and failures', () => {
    const rest = [row({ kind: 'test', at: NOW + 1 }), row({ outcome: 'failed', kind: 'resolved', at: NOW + 2 })];
    expect(previousFrom(rest)).toBeNull();
    expect(previousFrom([...rest, row({})])?.at).toBe(NOW);
  });

  it('names the alerts that fire, and for a resolution those that ended', () => {
    const opened = decideNotification({ ...quiet, firing: alerts('bA') });
    expect(loggedAlerts(opened)).toEqual({ alert_ids: ['a', 'b'], severities: ['critical', 'warning'] });
    const closed = decideNotification({ ...quiet, previous: told('ab') });
    expect(loggedAlerts(closed)).toEqual({ alert_ids: ['a', 'b'], severities: [] });
  });
});

describe('messageKey', () => {
  const input: NotifyInput = { ...quiet, firing: alerts('ab'), previous: told('a') };

  it('is the same when the same news is tried again', () => {
    const again = decideNotification({ ...input, now: NOW + HOUR, firing: [...input.firing].reverse() });
    expect(again.messageKey).toBe(decideNotification(input).messageKey);
  });

  it.each<[string, Partial<NotifyInput>]>([
    ['another series', { firing: alerts('abc') }],
    ['another severity', { firing: alerts('aB') }],
    ['another end', { previous: told('ac') }],
    ['a later notification', { previous: { ...told('a'), at: NOW - HOUR } }],
  ])('differs for %s', (_name, change) => {
    expect(decideNotification({ ...input, ...change }).messageKey).not.toBe(decideNotification(input).messageKey);
  });
});

describe('groupKey', () => {
  it('is the same for equal groups only, whatever the names hold', () => {
    const part = fc.string({ unit: fc.constantFrom('a', '"', ',', '/'), maxLength: 3 });
    const group = fc.record({ rule: part, model: part, deployment: part });
    fc.assert(
      fc.property(group, group, (one, other) => {
        const equal = one.rule === other.rule && one.model === other.model && one.deployment === other.deployment;
        expect(groupKey(one) === groupKey(other)).toBe(equal);
      }),
    );
  });
});

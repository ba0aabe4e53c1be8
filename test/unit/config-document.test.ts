// The configuration file: what is read, and what is wrong with its line and column.
import { describe, expect, it } from 'vitest';
import { cronProblem } from '../../jobs/cron.js';
import { readConfigDocument } from '../../src/services/config-document.js';

const read = (text: string, environment: Record<string, string> = {}) =>
  readConfigDocument(text, { variable: (name) => environment[name], cronProblem });

/** `line:column path: message` of every problem. */
const problems = (text: string): string[] =>
  read(text).problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);

const WHOLE = `models:
  flights:
    task: binary
    window: 1d
channels:
  ops: {type: email, to: [ops@example.org]}
  hook: {type: webhook, url: "https://hooks.example.org/x", secret: "\${HOOK_SECRET}"}
alert_rules:
  drift:
    model: flights
    metric: psi
    critical: 0.2
    channels: [ops]
silences:
  release:
    matchers: {model: flights}
    starts: "2001-03-01T00:00:00Z"
    ends: "2001-03-02T00:00:00Z"
schedules:
  drift: "0 */10 * * * *"
  retention: off
`;

describe('a configuration file', () => {
  it('is read whole, with defaults filled in and secrets from the environment', () => {
    const { document, problems: found } = read(WHOLE, { HOOK_SECRET: 'a-real-secret' });
    expect(found).toEqual([]);
    expect(document.alert_rules.get('drift')).toMatchObject({ feature: '*', for: 1, of: 1, critical: 0.2 });
    expect(document.channels.get('hook')).toMatchObject({ secret: 'a-real-secret' });
    expect(document.models.get('flights')).toEqual({ task: 'binary', window: '1d' });
    expect(document.silences.get('release')?.starts).toBe(Date.parse('2001-03-01T00:00:00Z'));
    expect([...document.schedules]).toEqual([
      ['drift', '0 */10 * * * *'],
      ['retention', 'off'],
    ]);
  });

  it('says which built-in alerts are off, later or elsewhere', () => {
    const text = 'builtin_alerts:\n  feeds: {after: 6h, channels: [ops]}\n  jobs: off\n  channels:\n';
    expect(problems(text)).toEqual([]);
    expect([...read(text).document.builtin_alerts]).toEqual([
      ['feeds', { enabled: true, after: '6h', channels: ['ops'] }],
      ['jobs', { enabled: false, after: null, channels: null }],
      ['channels', { enabled: true, after: null, channels: null }],
    ]);
  });

  it('may be empty, and may use anchors', () => {
    expect(read('').problems).toEqual([]);
    expect(read('# nothing\n').problems).toEqual([]);
    const text = 'alert_rules:\n  a: &base {model: m, metric: psi, critical: 1}\n  b: {<<: *base, critical: 2}\n';
    expect(read(text).document.alert_rules.get('b')).toMatchObject({ metric: 'psi', critical: 2 });
    expect(problems('alert_rules:\n  a: &a {model: m, metric: psi, critical: 1}\n  b: *a\n')).toEqual([]);
  });

  it('names an environment variable that is not set, where it stands', () => {
    expect(problems(WHOLE)).toEqual(['7:69 channels: the environment has no HOOK_SECRET']);
  });

  it.each([
    [
      'a misspelt field',
      'alert_rules:\n  drift:\n    model: m\n    metric: psi\n    critcal: 1\n',
      '5:5 alert_rules.drift.critcal: unknown field: did you mean "critical"?',
    ],
    [
      'a misspelt field deep inside',
      'silences:\n  a: {matchers: {modle: m, rule: r}, starts: 2020-01-01T00:00:00Z, ends: 2021-01-01T00:00:00Z}\n',
      '2:18 silences.a.matchers.modle: unknown field: did you mean "model"?',
    ],
    [
      'a misspelt field of a named thing deep inside',
      'models:\n  m:\n    features: {inputs.x: {knid: numeric}}\n',
      '3:5 models.m.features.inputs.x.knid: unknown field: did you mean "kind"?',
    ],
    ['an alias without an anchor', 'alert_rules:\n  a: *none\n', '2:6 : there is no anchor &none before it'],
    [
      'two documents',
      'channels: {}\n---\nalert_rules: {}\n',
      '2:1 : the file holds several documents: leave out `---`',
    ],
    [
      'a misspelt section',
      'alert_rule:\n  a: {}\n',
      '1:1 alert_rule: there is no section "alert_rule": did you mean "alert_rules"?',
    ],
    [
      'thresholds in the wrong order',
      'alert_rules:\n  a:\n    model: m\n    metric: psi\n    warning: 0.2\n    critical: 0.1\n',
      '6:5 alert_rules.a.critical: `critical` (0.1) must be at least `warning` (0.2)',
    ],
    [
      'a wrong type deep inside',
      'alert_rules:\n  a:\n    model: m\n    metric: psi\n    critical: 1\n    channels:\n      - ok\n      - 7\n',
      '8:9 alert_rules.a.channels.1: Invalid input: expected string, received number',
    ],
    [
      'a schedule that never matches',
      'schedules:\n  drift: "0 0 0 31 2 *"\n',
      '2:3 schedules.drift: "0 0 0 31 2 *" is no cron expression, or never matches: 31 2 is an impossible day of month for the given month',
    ],
    [
      'a job that is none',
      'schedules:\n  drfit: "0 0 * * * *"\n',
      '2:3 schedules.drfit: there is no job "drfit": did you mean "drift"?',
    ],
    [
      'a silence that ends before it starts',
      'silences:\n  a:\n    matchers: {model: m}\n    starts: "2001-03-02T00:00:00Z"\n    ends: "2001-03-01T00:00:00Z"\n',
      '5:5 silences.a.ends: must be after starts',
    ],
    [
      'a built-in alert that is none',
      'builtin_alerts:\n  feed: off\n',
      '2:3 builtin_alerts.feed: there is no built-in alert "feed": did you mean "feeds"?',
    ],
    [
      'a field of a built-in alert that is none',
      'builtin_alerts:\n  jobs: off\n  feeds: {aftre: 2h}\n',
      '3:11 builtin_alerts.feeds.aftre: unknown field: did you mean "after"?',
    ],
    [
      'a length of time that is none',
      'builtin_alerts:\n  feeds:\n    channels: [ops]\n    after: 2 hours\n',
      '4:5 builtin_alerts.feeds.after: "2 hours" is not a duration: write a whole number and a unit (s, m, h, d or w), such as "15m", "24h" or "7d"',
    ],
    [
      'a rule with the name of a built-in alert',
      'alert_rules:\n  driftline.jobs: {model: m, metric: psi, critical: 1}\n',
      '2:3 alert_rules.driftline.jobs: "driftline.jobs": names that begin with "driftline." are those of the built-in alerts',
    ],
    ['a section that is a list', 'channels:\n  - ops\n', '1:1 channels: expected names with what they stand for'],
    [
      'a text instead of a file',
      'hello\n',
      '1:1 : expected the sections models, channels, alert_rules, silences, builtin_alerts, schedules',
    ],
    ['a name twice', 'models:\n  a: {}\n  a: {}\n', '3:3 : Map keys must be unique'],
  ])('refuses %s and says where', (_what, text, expected) => {
    expect(problems(text)).toEqual([expected]);
  });

  it('says where YAML itself is broken', () => {
    const [first] = read('alert_rules:\n  a: {model: m\n  b: 1\n').problems;
    expect(first?.line).toBeGreaterThanOrEqual(2);
    expect(read('a: [1, 2\n').problems.length).toBeGreaterThan(0);
    expect(read('\tmodels: 1\n').problems.length).toBeGreaterThan(0);
  });

  it('does not blow up on a file that refers to itself many times', () => {
    const lines = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(12).fill(`*l${i}`).join(', ')}]`,
    );
    const [first] = read(['models: {}', 'l0: &l0 x', ...lines].join('\n')).problems;
    expect(first?.message).toMatch(/alias/i);
  });
});

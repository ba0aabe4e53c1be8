// Configuration as code in a running service: it is applied, belongs to the file, follows it, and a broken file changes nothing.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, expectProblem } from '../support/http.js';
import { cli } from '../support/cli.js';
import { startTestService, type TestService } from '../support/service.js';

const folder = mkdtempSync(path.join(tmpdir(), 'driftline-config-'));
const file = path.join(folder, 'driftline.yml');
let service: TestService;
let url: string;

const text = (critical: number, more = ''): string => `models:
  flights: {window: 1d}
channels:
  ops: {type: email, to: [ops@example.org]}
alert_rules:
  drift:
    model: flights
    metric: psi
    critical: ${critical}
    channels: [ops]
${more}`;

beforeAll(async () => {
  writeFileSync(file, text(0.2));
  service = await startTestService({ configFile: file, allowPrivateWebhooks: false });
  url = await service.listen();
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = async (address: string) =>
  (await call(service.app, 'GET', address)).json() as unknown as Record<string, unknown>[];
const reload = () => (service.services.configFile as unknown as { reload(): Promise<void> }).reload();

it('applies what the file says, marked as from the file', async () => {
  expect(await get('/v1/alert-rules')).toMatchObject([
    { name: 'drift', source: 'file', critical: 0.2, channels: ['ops'] },
  ]);
  expect(await get('/v1/channels')).toMatchObject([{ name: 'ops', source: 'file' }]);
  expect((await call(service.app, 'GET', '/v1/models/flights')).json()).toMatchObject({ config: { window: '1d' } });
  const status = (await call(service.app, 'GET', '/v1/config')).json();
  expect(status).toMatchObject({ file, state: 'ok', errors: [] });
  expect(status['items']).toContainEqual({ kind: 'alert_rules', name: 'drift', line: 6 });
});

it('refuses to change by the API what comes from the file, and says where it comes from', async () => {
  const rule = { model: 'flights', metric: 'psi', critical: 0.5 };
  for (const [method, address, body] of [
    ['PUT', '/v1/alert-rules/drift', rule],
    ['DELETE', '/v1/alert-rules/drift', undefined],
    ['PUT', '/v1/channels/ops', { type: 'email', to: ['a@b.c'] }],
    ['DELETE', '/v1/channels/ops', undefined],
    ['PUT', '/v1/models/flights', { window: '1h' }],
    ['DELETE', '/v1/models/flights', undefined],
  ] as const) {
    const problem = expectProblem(await call(service.app, method, address, { body }), 409, 'conflict');
    expect(problem['detail']).toContain(`comes from the file ${file}, line `);
  }
  expect((await call(service.app, 'PUT', '/v1/alert-rules/own', { body: { ...rule, channels: ['ops'] } })).status).toBe(
    200,
  );
});

it('follows the file: changes, additions, removals', async () => {
  const before = await service.container.tables
    .documents('alert_rules', (await import('../../src/domain/alerts/rule.js')).alertRuleSchema)
    .list();
  writeFileSync(
    file,
    text(0.3, '  labels: {model: flights, metric: label_coverage, op: "<", warning: 0.5}\nschedules:\n  drift: off\n'),
  );
  await reload();
  const rules = await get('/v1/alert-rules');
  expect(rules.map(({ name, source, critical }) => [name, source, critical])).toEqual([
    ['drift', 'file', 0.3],
    ['labels', 'file', null],
    ['own', undefined, 0.5],
  ]);
  expect(before.length).toBe(2);
  writeFileSync(file, text(0.3));
  await reload();
  expect((await get('/v1/alert-rules')).map(({ name }) => name)).toEqual(['drift', 'own']);
});

it('keeps what runs where the file is broken, and says what is wrong', async () => {
  writeFileSync(file, text(0.4, '  bad: {model: flights, metric: psy, critical: 1, channels: [opps]}\n'));
  await reload();
  expect(await get('/v1/alert-rules')).toMatchObject([{ name: 'drift', critical: 0.3 }, { name: 'own' }]);
  const status = (await call(service.app, 'GET', '/v1/config')).json() as unknown as {
    state: string;
    errors: { line: number; message: string }[];
  };
  expect(status.state).toBe('broken');
  expect(status.errors.map(({ line }) => line)).toEqual([11, 11]);
  expect(status.errors.map(({ message }) => message).join(' ')).toMatch(/did you mean "psi".*did you mean "ops"/);
  expect(JSON.stringify(service.logs)).toContain('the configuration file is refused');
  writeFileSync(file, text(0.4));
  await reload();
  expect(await get('/v1/alert-rules')).toMatchObject([{ name: 'drift', critical: 0.4 }, { name: 'own' }]);
});

it('refuses a channel that goes while rules of the API use it, and webhooks into the private network', async () => {
  writeFileSync(file, 'models:\n  flights: {window: 1d}\n');
  await reload();
  const broken = JSON.stringify((await call(service.app, 'GET', '/v1/config')).json());
  expect(broken).toContain('rules outside it use it: own');
  writeFileSync(
    file,
    text(0.4, '').replace('alert_rules:', '  hook: {type: webhook, url: "http://169.254.169.254/x"}\nalert_rules:'),
  );
  await reload();
  expect(JSON.stringify((await call(service.app, 'GET', '/v1/config')).json())).toContain(
    '169.254.169.254 is a private',
  );
  writeFileSync(file, text(0.4));
  await reload();
});

it('is seen when it changes, without being told', async () => {
  writeFileSync(file, text(0.45));
  await expect
    .poll(async () => (await get('/v1/alert-rules')).find(({ name }) => name === 'drift')?.['critical'], {
      timeout: 10_000,
      interval: 100,
    })
    .toBe(0.45);
});

it('is compared with what runs, by the command line', async () => {
  const other = path.join(folder, 'other.yml');
  writeFileSync(
    other,
    text(0.9, '  fresh: {model: flights, metric: psi, critical: 0.5}\n').replace(
      '  ops:',
      '  second: {type: email, to: [x@y.z]}\n  ops:',
    ),
  );
  expect(await cli(['--url', url, 'rules', 'diff', other])).toMatchObject({
    code: 1,
    out: '+ channels.second\n~ alert_rules.drift: critical\n+ alert_rules.fresh\n',
  });
  expect(await cli(['--url', url, 'rules', 'diff', file])).toMatchObject({ code: 0, out: 'no difference\n' });
});

it('sets the built-in alerts, which belong to it kind by kind', async () => {
  const builtin = async () => (await call(service.app, 'GET', '/v1/builtin-alerts')).json();
  const usual = { enabled: true, after: null, channels: null };
  const set = 'builtin_alerts:\n  feeds: {after: 6h, channels: [ops]}\n  jobs: off\n';
  const other = path.join(folder, 'builtin.yml');
  writeFileSync(other, text(0.45, set));
  expect((await cli(['--url', url, 'rules', 'diff', other])).out).toBe(
    '~ builtin_alerts.feeds: after, channels\n~ builtin_alerts.jobs: enabled\n',
  );

  writeFileSync(file, text(0.45, set));
  await reload();
  const now = await builtin();
  expect(now).toEqual({
    feeds: { enabled: true, after: '6h', channels: ['ops'] },
    jobs: { ...usual, enabled: false },
    channels: usual,
  });
  expect((await cli(['--url', url, 'rules', 'diff', file])).out).toBe('no difference\n');
  const put = (body: object) => call(service.app, 'PUT', '/v1/builtin-alerts', { body });
  const refused = expectProblem(await put({ ...now, feeds: usual }), 409, 'conflict');
  expect(refused['detail']).toMatch(/The built-in alert feeds comes from the file .*, line 12\./);
  expect((await put({ ...now, channels: { ...usual, after: '1h' } })).status).toBe(200);

  // What the file no longer says is as if nobody had said anything; what the API said stays.
  writeFileSync(other, text(0.45));
  expect((await cli(['--url', url, 'rules', 'diff', other])).out).toBe(
    '- builtin_alerts.feeds\n- builtin_alerts.jobs\n',
  );
  writeFileSync(file, text(0.45));
  await reload();
  expect(await builtin()).toEqual({ feeds: usual, jobs: usual, channels: { ...usual, after: '1h' } });

  writeFileSync(file, text(0.45, 'builtin_alerts:\n  feeds: {channels: [opps]}\n'));
  await reload();
  expect((await call(service.app, 'GET', '/v1/config')).json()['errors']).toMatchObject([
    {
      line: 12,
      column: 22,
      path: 'builtin_alerts.feeds.channels.0',
      message: 'there is no channel "opps": did you mean "ops"?',
    },
  ]);
  expect((await cli(['rules', 'check', file])).out).toContain(
    ':12:22: builtin_alerts.feeds.channels.0: there is no channel "opps": did you mean "ops"?',
  );
  writeFileSync(file, text(0.45));
  await reload();
});

it('is checked by the command line without a service', async () => {
  const bad = path.join(folder, 'bad.yml');
  writeFileSync(
    bad,
    text(0.2, '  typo: {model: flights, metric: acuracy, op: "<", critical: 0.5, channels: [ops]}\n').replace(
      'critical: 0.2',
      'critcal: 0.2',
    ),
  );
  const { code, out } = await cli(['rules', 'check', bad]);
  expect(code).toBe(1);
  expect(out.split('\n')[0]).toBe(`${bad}:9:5: alert_rules.drift.critcal: unknown field: did you mean "critical"?`);
  expect(out).toContain(
    `${bad}:11:26: alert_rules.typo.metric: there is no metric "acuracy": did you mean "accuracy"?`,
  );
  expect(await cli(['rules', 'check', file])).toMatchObject({
    code: 0,
    out: `${file}: 1 models, 1 channels, 1 alert rules, 0 silences, 0 built-in alerts, 0 schedules\n`,
  });
  expect(await cli(['rules', 'check', path.join(folder, 'nowhere.yml')])).toMatchObject({ code: 1 });
});

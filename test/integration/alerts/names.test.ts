// What rules, silences and a configuration file name, held against a service that has rows: refused, warned of, or taken.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const folder = mkdtempSync(path.join(tmpdir(), 'driftline-names-'));
const file = path.join(folder, 'driftline.yml');
const HOUR = 3_600_000;
let service: TestService;

const START = 'channels:\n  ops: {type: email, to: [ops@example.org]}\n';
const OWN = '  own: {model: flights, metric: custom.margin, critical: 0.5, channels: [ops]}\n';

beforeAll(async () => {
  writeFileSync(file, START);
  service = await startTestService({ configFile: file });
  const predictions = Array.from({ length: 40 }, (_, i) => ({
    model: 'flights',
    version: '1',
    deployment: 'eu',
    timestamp: TEST_NOW - 3 * HOUR - i * 1000,
    inputs: { distance: i },
    outputs: { prediction: i % 2 },
    metrics: { margin: i / 40 },
    tags: { region: i % 2 === 0 ? 'EU' : 'US' },
  }));
  await call(service.app, 'PUT', '/v1/models/flights', { body: { window: '1h', segments: ['tags.region'] } });
  expect((await call(service.app, 'POST', '/v1/predictions', { body: { predictions } })).status).toBe(201);
  const aggregate = { model: 'flights', start: TEST_NOW - 2 * HOUR, end: TEST_NOW - HOUR, metrics: { revenue: 1 } };
  expect((await call(service.app, 'POST', '/v1/aggregate-metrics', { body: aggregate })).status).toBeLessThan(300);
  const done = await call(service.app, 'POST', '/v1/jobs/operations/run', { body: {} });
  expect(done.json()).toMatchObject({ errors: [] });
});

afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

const reload = () => (service.services.configFile as unknown as { reload(): Promise<void> }).reload();
const status = async () =>
  (await call(service.app, 'GET', '/v1/config')).json() as unknown as Record<'errors' | 'warnings', { line: number; path: string; message: string }[]> & { state: string }; // prettier-ignore
const put = (name: string, body: unknown) => call(service.app, 'PUT', name, { body });
const rule = (changes: object) =>
  put('/v1/alert-rules/tried', { model: 'flights', metric: 'prediction_count', critical: 5, ...changes });

describe('a rule', () => {
  it.each([
    ['custom.margn', 'flights has no metric "custom.margn": did you mean "custom.margin"?'],
    ['aggregate.revenu', 'flights has no metric "aggregate.revenu": did you mean "aggregate.revenue"?'],
  ])('that watches %s is refused, where the model has others of the kind', async (metric, message) => {
    const problem = expectProblem(await rule({ metric }), 400, 'invalid_input');
    expect(problem).toMatchObject({ errors: [{ code: 'unknown_metric', path: 'metric', message }] });
    expect(problem['detail']).toBe(`The rule is refused. metric: ${message} Correct it and send the rule again.`);
    expect((await rule({ model: 'nobody', metric })).status).toBe(200);
  });

  it.each([
    ['a model', { model: 'flight' }, 'there is no model "flight" yet: the rule watches nothing until it is there; did you mean "flights"?'],
    ['a version', { version: '2' }, 'flights has no version "2" yet: the rule watches nothing until it is there; did you mean "1"?'],
    ['a stage', { version: '@Prodution' }, '"@Prodution" means no version of flights now: the rule watches nothing until it does; did you mean "@Production"?'],
    ['a deployment', { deployment: 'eur' }, 'flights has no deployment "eur" yet: the rule watches nothing until it is there; did you mean "eu"?'],
    ['a segment', { segment: 'tags.region=EUR' }, 'flights has no segment "tags.region=EUR" yet: the rule watches nothing until it is there; did you mean "tags.region=EU"?'],
  ])('on %s without numbers is saved with a warning', async (_what, changes, message) => {
    const answer = await rule(changes);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ warnings: [{ code: 'not_seen_yet', message }] });
  }); // prettier-ignore

  it('on what is there is saved without one', async () => {
    for (const changes of [
      {},
      { version: '1', deployment: 'e*', segment: 'tags.region=*' },
      { model: '*' },
      { metric: 'custom.margin' },
    ])
      expect((await rule(changes)).json()).not.toHaveProperty('warnings');
  });

  it.each([
    [{ metric: 'accuracy', op: '<', critical: 90 }, 'fires in every window: accuracy is at most 1'],
    [{ op: '>=', critical: 0 }, 'fires in every window: prediction_count is at least 0'],
    [{ metric: 'accuracy', op: 'outside', critical: [2, 3] }, 'fires in every window: accuracy is at most 1'],
    [{ op: '<', critical: 0 }, 'never fires: prediction_count is at least 0'],
  ])('that tells nothing apart is refused: %j', async (changes, message) => {
    expect(expectProblem(await rule(changes), 400, 'invalid_input')).toMatchObject({
      errors: [{ path: 'critical', message }],
    });
  });

  it('is told what `relative_to` takes', async () => {
    expect(expectProblem(await rule({ relative_to: '7x' }), 400, 'invalid_input')).toMatchObject({
      errors: [{ path: 'relative_to', message: 'must be "baseline" or an age such as "7d"' }],
    });
  });
});

it('refuses a silence that is over, but lets one that is there be ended', async () => {
  const silence = { matchers: { model: 'flights' }, starts: TEST_NOW - 2 * HOUR, ends: TEST_NOW - HOUR };
  const problem = expectProblem(await put('/v1/silences/night', silence), 400, 'invalid_input');
  expect(problem).toMatchObject({ errors: [{ code: 'already_over', path: 'ends' }] });
  expect(problem['detail']).toMatch(/^The silence is refused\. ends: \S+ is past, it is \S+: the silence would/);
  expect((await call(service.app, 'GET', '/v1/silences')).json()).toEqual([]);
  expect((await put('/v1/silences/night', { ...silence, ends: TEST_NOW + HOUR })).status).toBe(200);
  expect((await put('/v1/silences/night', { ...silence, ends: TEST_NOW })).status).toBe(200);
});

describe('a file', () => {
  it('has all its problems told at once, of rules that cannot be read whole as well', async () => {
    writeFileSync(
      file,
      `${START}alert_rules:
  misspelt: {model: flights, metric: psii, critical: 1, chanels: [ops]}
  order: {model: flights, metric: psi, warning: 0.2, critical: 0.1, channels: [opss]}
  kind: {model: flights, metric: custom.margn, critical: x}
  kind: {model: flights, metric: accuracy, op: '<', critical: 0}
builtin_alerts:
  feeds: {channels: [oops]}
schedules:
  drfit: off
`,
    );
    await reload();
    const { state, errors } = await status();
    expect(state).toBe('broken');
    expect(errors.map(({ line, path: where, message }) => `${line} ${where}: ${message}`)).toEqual([
      '4 alert_rules.misspelt.metric: there is no metric "psii": did you mean "psi"? A value that the model tracks is custom.<key>, one that it sends is aggregate.<key>',
      '4 alert_rules.misspelt.chanels: unknown field: did you mean "channels"?',
      '5 alert_rules.order.critical: `critical` (0.1) must be at least `warning` (0.2)',
      '5 alert_rules.order.channels.0: there is no channel "opss": did you mean "ops"?',
      '6 alert_rules.kind.critical: never fires: accuracy is at least 0',
      '7 : Map keys must be unique',
      '9 builtin_alerts.feeds.channels.0: there is no channel "oops": did you mean "ops"?',
      '11 schedules.drfit: there is no job "drfit": did you mean "drift"?',
    ]);
  });

  it('has what it names that has no numbers told as a warning, and is in force', async () => {
    writeFileSync(file, `${START}alert_rules:\n${OWN}  typo: {model: flight, metric: psi, critical: 1}\n`);
    await reload();
    const { state, errors, warnings } = await status();
    expect({ state, errors }).toEqual({ state: 'ok', errors: [] });
    expect(warnings).toMatchObject([{ line: 5, path: 'alert_rules.typo.model' }]);
  });

  it('that is empty, gone or no file for a moment changes nothing, and says so', async () => {
    const names = async () =>
      ((await call(service.app, 'GET', '/v1/alert-rules')).json() as unknown as { name: string }[]).map(
        ({ name }) => name,
      );
    const before = await names();
    expect(before).toEqual(expect.arrayContaining(['own', 'typo']));
    for (const [break_, message] of [
      [() => writeFileSync(file, ''), 'the file is empty: write `alert_rules: {}` where all that came from it shall go'],
      [() => writeFileSync(file, '# later\n'), 'the file is empty: write `alert_rules: {}` where all that came from it shall go'],
      [() => rmSync(file), `cannot be read: ENOENT: no such file or directory, open '${file}'`],
    ] as const) {
      break_();
      await reload();
      expect(await status()).toMatchObject({ state: 'broken', errors: [{ message }] });
      expect(await names()).toEqual(before);
    } // prettier-ignore
    writeFileSync(file, 'alert_rules: {}\n');
    await reload();
    expect((await status()).state).toBe('ok');
    expect(await names()).toEqual(['tried']);
  });
});

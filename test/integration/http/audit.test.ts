// The audit log: each kind of administrative change leaves one row with the document before and after, whoever makes it, and no secret.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, type Method } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
const folder = mkdtempSync(path.join(tmpdir(), 'driftline-audit-'));
const file = path.join(folder, 'driftline.yml');
const ADMIN = 'a-key-of-the-administrator';
const SECRETS = [
  ADMIN,
  's3cret-of-a-hook',
  'pa55word',
  'T0000/B0000/slackslack',
  'tok-of-a-job',
  'dsn-with-a-password',
];
let service: TestService;

interface Row {
  actor: string;
  actor_name: string;
  action: string;
  target: string;
  before: unknown;
  after: unknown;
}

const rules = (critical: number): string => `models:
  filed: {window: 1d}
channels:
  filed: {type: slack, url: https://hooks.slack.com/services/T0000/B0000/slackslack}
alert_rules:
  filed: {model: filed, metric: psi, critical: ${critical}, channels: [filed]}
`;

beforeAll(async () => {
  writeFileSync(file, rules(0.2));
  service = await startTestService({ adminKey: ADMIN, configFile: file, allowPrivateWebhooks: true });
  await send('POST', '/v1/predictions', [
    { model: 'm', version: '1', prediction_id: 'p-1', timestamp: TEST_NOW - 5 * HOUR, inputs: { a: 1 }, tags: { user: 'zelda' } },
    { model: 'm', version: '1', prediction_id: 'p-2', timestamp: TEST_NOW - 5 * HOUR, inputs: { a: 2 }, tags: { user: 'zelda' } },
    { model: 'm', version: '1', prediction_id: 'p-3', timestamp: TEST_NOW - 5 * HOUR, inputs: { a: 3 }, tags: { user: 'bob' } },
  ]); // prettier-ignore
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

async function send(method: Method, url: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await call(service.app, method, url, { key: ADMIN, ...(body === undefined ? {} : { body }) });
  expect({ url, body: answer.status < 300 ? '' : answer.text }).toEqual({ url, body: '' });
  return answer.text === '' ? {} : answer.json();
}
const log = async (limit = 1000): Promise<Row[]> =>
  JSON.parse((await call(service.app, 'GET', `/v1/audit?limit=${limit}`, { key: ADMIN })).text) as Row[];
/** The rows that some calls leave, oldest first. */
async function left(work: () => Promise<unknown>): Promise<Row[]> {
  const before = (await log()).length;
  await work();
  const rows = await log();
  return rows.slice(0, rows.length - before).reverse();
}
/** The row of one call, without what every row has. */
async function row(method: Method, url: string, body?: unknown) {
  const rows = await left(() => send(method, url, body));
  expect({ url, rows: rows.length }).toEqual({ url, rows: 1 });
  const [{ action, target, before, after, actor } = {} as Row] = rows;
  expect(actor).toBe('admin');
  return { action, target, before, after };
}

test('no call that changes something is without a description of what it changes', () => {
  expect(service.app.auditGaps).toEqual([]);
});

describe('a row with before and after is left by', () => {
  test('rules, silences, channels and built-in alerts', async () => {
    const rule = { model: 'm', metric: 'psi', critical: 0.2 };
    expect(await row('PUT', '/v1/alert-rules/r', rule)).toMatchObject({
      action: 'PUT /v1/alert-rules/:name', target: '/v1/alert-rules/r', before: null, after: { critical: 0.2 },
    }); // prettier-ignore
    expect(await row('PUT', '/v1/alert-rules/r', { ...rule, critical: 0.3 })).toMatchObject({
      before: { critical: 0.2 },
      after: { critical: 0.3 },
    });
    expect(await row('DELETE', '/v1/alert-rules/r')).toMatchObject({ before: { critical: 0.3 }, after: null });

    const silence = (comment: string) => ({
      matchers: { model: 'm' },
      starts: TEST_NOW,
      ends: TEST_NOW + HOUR,
      comment,
    });
    expect(await row('PUT', '/v1/silences/s', silence('one'))).toMatchObject({
      before: null,
      after: { comment: 'one' },
    });
    expect(await row('PUT', '/v1/silences/s', silence('two'))).toMatchObject({ before: { comment: 'one' }, after: { comment: 'two' } }); // prettier-ignore
    expect(await row('DELETE', '/v1/silences/s')).toMatchObject({ before: { comment: 'two' }, after: null });

    const hook = { type: 'webhook', url: 'https://user:pa55word@example.org/a', secret: 's3cret-of-a-hook' };
    expect(await row('PUT', '/v1/channels/c', hook)).toMatchObject({ before: null, after: { type: 'webhook', secret: '********' } }); // prettier-ignore
    expect(await row('PUT', '/v1/channels/c', { type: 'email', to: ['a@b.org'] })).toMatchObject({
      before: { type: 'webhook' },
      after: { type: 'email', to: ['a@b.org'] },
    });
    expect(await row('DELETE', '/v1/channels/c')).toMatchObject({ before: { type: 'email' }, after: null });

    const builtin = (await send('GET', '/v1/builtin-alerts')) as { feeds: { enabled: boolean } };
    const changed = { ...builtin, feeds: { ...builtin.feeds, enabled: !builtin.feeds.enabled } };
    expect(await row('PUT', '/v1/builtin-alerts', changed)).toMatchObject({ before: builtin, after: changed });
  });

  test('keys', async () => {
    let made: Record<string, unknown> = {};
    const [created] = await left(async () => {
      made = await send('POST', '/v1/api-keys', { name: 'n', scopes: ['read'] });
    });
    SECRETS.push(String(made['key']), String(made['key']).slice(15));
    expect(created).toMatchObject({ before: null, after: { id: made['id'], name: 'n', scopes: ['read'] } });
    expect(await row('DELETE', `/v1/api-keys/${String(made['id'])}`)).toMatchObject({
      before: { name: 'n' },
      after: null,
    });
  });

  test('the configuration of a model, its retention included, and the run that removes rows', async () => {
    expect(await row('PUT', '/v1/models/m', { retention_days: 90 })).toMatchObject({
      before: {},
      after: { retention_days: 90 },
    });
    expect(await row('PUT', '/v1/models/m', { retention_days: 30 })).toMatchObject({
      before: { retention_days: 90 },
      after: { retention_days: 30 },
    });
    expect(await row('POST', '/v1/jobs/retention/run', {})).toMatchObject({ after: { status: 'ok', points: 0 } });
    expect(await left(() => send('POST', '/v1/jobs/operations/run', {}))).toEqual([]);
  });

  test('baselines, frozen, uploaded and activated', async () => {
    const frozen = { name: 'one', from: TEST_NOW - 6 * HOUR, to: TEST_NOW };
    expect(await row('POST', '/v1/models/m/baselines', frozen)).toMatchObject({
      before: [],
      after: [{ name: 'one', rows: 3 }],
    });
    const uploaded = await row('POST', '/v1/models/m/baselines?name=two', [{ a: 1 }]);
    expect(uploaded).toMatchObject({ before: [{ name: 'one' }] });
    expect(uploaded.after).toHaveLength(2);
    // The rows of a baseline are people's; the audit has none.
    expect(JSON.stringify(uploaded)).not.toContain('inputs.a');
    const activated = await row('POST', '/v1/models/m/baselines/one/activate');
    const active = (rows: unknown) =>
      (rows as { name: string; active: boolean }[]).filter((one) => one.active).map((one) => one.name);
    expect([active(activated.before), active(activated.after)]).toEqual([['two'], ['one']]);
  });

  test('erasures, with their counts and without the value of the tag; and the deletion of a model', async () => {
    expect(await row('DELETE', '/v1/predictions/p-3')).toMatchObject({
      target: '/v1/predictions/p-3',
      after: { predictions: 1 },
    });
    const erased = await row('DELETE', '/v1/predictions?model=m&tag=user=zelda');
    expect(erased).toMatchObject({ target: '/v1/predictions?model=m&tag=user', after: { predictions: 2 } });
    expect(JSON.stringify(erased)).not.toContain('zelda');
    await send('POST', '/v1/predictions', { model: 'going', version: '7' });
    expect(await row('DELETE', '/v1/models/going')).toMatchObject({ before: { config: {}, predictions: 1, versions: ['7'] }, after: null }); // prettier-ignore
  });

  test('the registry: stages, aliases, names, deletions, and its webhooks of each kind', async () => {
    const api = (method: Method, url: string, body?: unknown) => row(method, `/api/2.0/mlflow/${url}`, body);
    await send('POST', '/api/2.0/mlflow/registered-models/create', { name: 'reg' });
    await send('POST', '/api/2.0/mlflow/model-versions/create', { name: 'reg', source: 's3://m/1' });
    const moved = { name: 'reg', version: '1', stage: 'Production', archive_existing_versions: false };
    expect(await api('POST', 'model-versions/transition-stage', moved)).toMatchObject({
      target: '/api/2.0/mlflow/model-versions/transition-stage?name=reg&version=1',
      before: { version: { version: 1, stage: 'None' } },
      after: { version: { version: 1, stage: 'Production' } },
    });
    expect(
      await api('POST', 'registered-models/alias', { name: 'reg', alias: 'champion', version: '1' }),
    ).toMatchObject({
      before: { aliases: {} },
      after: { aliases: { champion: 1 } },
    });
    expect(await api('POST', 'registered-models/rename', { name: 'reg', new_name: 'new' })).toMatchObject({
      before: { name: 'reg' },
      after: { name: 'new' },
    });
    expect(await api('DELETE', 'model-versions/delete', { name: 'new', version: '1' })).toMatchObject({
      before: { versions: [{ version: 1, stage: 'Production' }] },
      after: { versions: [] },
    });
    expect(await api('DELETE', 'registered-models/delete', { name: 'new' })).toMatchObject({ before: { name: 'new' }, after: null }); // prettier-ignore

    const job = { job_id: '1', workspace_url: 'https://example.org', access_token: 'tok-of-a-job' };
    const [made] = await left(() => send('POST', '/api/2.0/mlflow/registry-webhooks/create', { events: ['MODEL_VERSION_CREATED'], job_spec: job })); // prettier-ignore
    expect(made).toMatchObject({ before: null, after: { kind: 'databricks', events: ['MODEL_VERSION_CREATED'] } });
    const { id } = made?.after as { id: string };
    expect(await api('PATCH', 'registry-webhooks/update', { id, description: 'd' })).toMatchObject({
      before: { description: '' },
      after: { description: 'd' },
    });
    expect(await api('DELETE', 'registry-webhooks/delete', { id })).toMatchObject({ before: { id }, after: null });
    const own = await row('POST', '/v1/registry/webhooks', {
      url: 'https://example.org/x',
      secret: 's3cret-of-a-hook',
    });
    expect(own).toMatchObject({ before: null, after: { kind: 'driftline' } });
    expect(await row('DELETE', `/v1/registry/webhooks/${(own.after as { id: string }).id}`)).toMatchObject({
      after: null,
    });
    const mlflow = await api('POST', 'webhooks', {
      name: 'w', url: 'https://example.org/x', secret: 's3cret-of-a-hook', events: [{ entity: 'MODEL_VERSION', action: 'CREATED' }],
    }); // prettier-ignore
    expect(mlflow).toMatchObject({ before: null, after: { kind: 'mlflow', name: 'w' } });
  });

  test("Cloudera's models, builds and deployments, whose variables are never written down", async () => {
    const models = '/api/v2/projects/p/models';
    const made = await row('POST', models, { name: 'served', description: 'one' });
    expect(made).toMatchObject({ before: null, after: { name: 'served' } });
    const at = `${models}/${(made.after as { id: string }).id}`;
    expect(await row('PATCH', at, { description: 'two' })).toMatchObject({
      before: { description: 'one' },
      after: { description: 'two' },
    });
    const build = await row('POST', `${at}/builds`, { comment: 'first', file_path: 'a.py', function_name: 'f' });
    const builds = `${at}/builds/${(build.after as { id: string }).id}`;
    const environment = { DSN: 'dsn-with-a-password' };
    const deployed = await row('POST', `${builds}/deployments`, { replicas: 1, environment });
    expect(deployed).toMatchObject({ before: null, after: { replicas: 1, environment: { DSN: '********' } } });
    const deployment = `${builds}/deployments/${(deployed.after as { id: string }).id}`;
    const [stopped] = await left(() => send('POST', `${deployment}:stop`, {}));
    expect(stopped).toMatchObject({ before: { status: 'pending' }, after: { status: 'stopped' } });
  });

  test('a configuration file: what it brings, changes and takes away, by its name', async () => {
    const reload = async () => {
      writeFileSync(file, rules(0.4));
      await (service.services.configFile as unknown as { reload(): Promise<void> }).reload();
    };
    expect((await log()).filter((one) => one.actor === 'config-file').map((one) => [one.target, one.before])).toEqual(
      expect.arrayContaining([
        ['/v1/models/filed', null],
        ['/v1/channels/filed', null],
        ['/v1/alert-rules/filed', null],
      ]),
    );
    expect(await left(reload)).toMatchObject([
      {
        actor: 'config-file', actor_name: file, action: 'PUT /v1/alert-rules/:name', target: '/v1/alert-rules/filed',
        before: { critical: 0.2 }, after: { critical: 0.4 },
      },
    ]); // prettier-ignore
  });
});

test('a refused change leaves no row, and no row holds a secret', async () => {
  expect(await left(() => call(service.app, 'PUT', '/v1/models/m', { key: ADMIN, body: { window: 'x' } }))).toEqual([]);
  const text = JSON.stringify(await log());
  for (const secret of SECRETS) expect(text).not.toContain(secret);
});

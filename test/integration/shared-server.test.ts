// Several API processes on one server: what they change of the catalogue, they change one after another, and each sees what the others did.
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { openContainer, type Container } from '../../src/container.js';
import { buildApp, type App } from '../../src/http/app.js';
import { UNHEARD } from '../../src/services/registry/outbox-watch.js';
import { LeaseTable } from '../../src/store/catalogue-lease.js';
import { call } from '../support/http.js';
import { startLoopbackClickHouse, type LoopbackClickHouse } from '../support/loopback-clickhouse.js';
import { mlflowOf, type Mlflow } from '../support/mlflow.js';
import { startReceiver } from '../support/receiver.js';

interface Process {
  container: Container;
  app: App;
  mlflow: Mlflow;
  clock: { now: number };
}

let server: LoopbackClickHouse;
let processes: Process[];

/** As `main` starts one, without its port. */
async function startProcess(): Promise<Process> {
  const config = {
    ...loadConfig({ CLICKHOUSE_URL: server.url, DRIFTLINE_SCHEDULER: 'off' }),
    allowPrivateWebhooks: true,
    adminKey: 'the-admin-key-of-all-processes',
  };
  const clock = { now: Date.now() };
  const logger = pino({ level: 'fatal' });
  const container = await openContainer(config, { clock: () => clock.now, logger });
  await container.migrate();
  await container.start();
  const app = await buildApp({
    services: container.services,
    config,
    logger,
    clock: () => clock.now,
    version: '0.0.0-test',
  });
  const mlflow: Mlflow = (method, path, document, options) =>
    mlflowOf(app)(method, path, document, { key: config.adminKey, ...options });
  return { container, app, mlflow, clock };
}

const key = 'the-admin-key-of-all-processes';
const at = (index: number): Process => {
  const process = processes[index % processes.length];
  if (process === undefined) throw new Error('no process');
  return process;
};

beforeAll(async () => {
  server = await startLoopbackClickHouse();
  // Both at once, on an empty server.
  processes = await Promise.all([startProcess(), startProcess()]);
});

afterAll(async () => {
  for (const { app, container } of processes) {
    await app.close();
    await container.close();
  }
  await server.close();
});

describe('the lease', () => {
  test('of twenty inserts of one generation at once, one is there', async () => {
    const log = new LeaseTable(at(0).container.tables.store);
    const generation = ((await log.newest())?.generation ?? 0) + 1000;
    const owners = Array.from({ length: 20 }, (_, index) => `owner ${index}`);
    await Promise.all(owners.map((owner) => log.append({ generation, owner, held: false, written: {} })));
    const rows = await at(0).container.tables.engine.rows(
      'read',
      `SELECT owner FROM catalogue_lease WHERE generation = ${generation}`,
      {},
    );
    expect(rows).toHaveLength(1);
    expect((await log.newest())?.generation).toBe(generation);
  });
});

describe('the registry', () => {
  test('fifty versions made at once through two processes: no number twice, none left out, each as it was sent', async () => {
    await at(0).mlflow('POST', 'registered-models/create', { name: 'churn' });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        at(index).mlflow('POST', 'model-versions/create', { name: 'churn', source: `s3://churn/${index}` }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const made = answers.map(({ json }) => json.model_version as { version: string; source: string });
    expect(made.map(({ version }) => Number(version)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    expect(made.map(({ source }) => source)).toEqual(made.map((_, index) => `s3://churn/${index}`));
    for (const process of processes) {
      // What is read may be a quarter of a second old.
      process.clock.now += 250;
      for (const { version, source } of made) {
        const { json } = await process.mlflow('GET', 'model-versions/get', { name: 'churn', version });
        expect((json.model_version as { source: string }).source).toBe(source);
      }
    }
  });

  test('two models renamed to one name at once: one of them is', async () => {
    for (const name of ['left', 'right']) await at(0).mlflow('POST', 'registered-models/create', { name });
    const answers = await Promise.all(
      ['left', 'right'].map((name, index) =>
        at(index).mlflow('POST', 'registered-models/rename', { name, new_name: 'middle' }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(answers.find(({ status }) => status === 400)?.json.error_code).toBe('RESOURCE_ALREADY_EXISTS');
  });

  test('a webhook that one process made is told what another one changes, once, with a secret that both can open', async () => {
    const receiver = await startReceiver();
    const events = [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }];
    const hook = await at(0).mlflow('POST', 'webhooks', { name: 'told', url: receiver.url, events, secret: 's3cr3t' });
    await at(1).mlflow('POST', 'registered-models/create', { name: 'told-about' });
    const [request] = await receiver.next(1);
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ data: { name: 'told-about' } });
    expect(request?.headers['x-mlflow-signature']).toMatch(/^v1,/);
    const { webhook_id: id } = hook.json.webhook as { webhook_id: string };
    expect((await at(1).mlflow('DELETE', `webhooks/${id}`)).status).toBe(200);
    await at(0).mlflow('POST', 'registered-models/create', { name: 'not-told-about' });
    for (const { container } of processes) await container.registry.dispatcher.idle();
    expect(receiver.received).toHaveLength(1);
    await receiver.close();
  });
});

describe('the outbox', () => {
  test('a delivery is sent by the process that stored it alone; another one takes it over where that one is gone, and one of two does', async () => {
    const receiver = await startReceiver();
    // Refused for longer than one round of attempts.
    receiver.answers.push(...Array.from({ length: 40 }, () => 503));
    const owner = await startProcess();
    const events = [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }];
    const hook = await owner.mlflow('POST', 'webhooks', { name: 'left', url: receiver.url, events });
    await owner.mlflow('POST', 'registered-models/create', { name: 'left-behind' });
    const [first] = await receiver.next(1);
    const id = first?.headers['x-mlflow-delivery-id'];
    const others = processes.map(({ container, clock }) => ({ outbox: container.registry.outbox, container, clock }));
    const wait = async (ms: number) => {
      owner.clock.now += ms;
      for (const { clock } of others) clock.now += ms;
      await Promise.all(others.map(({ outbox }) => outbox.look()));
    };
    const mine = () => others.filter(({ container }) => container.registry.dispatcher.has(items[0]?.item ?? '')).length;
    const items = await owner.container.tables.registry.pending('delivery');
    expect(items).toHaveLength(1);
    // As long as its owner says that it is at it, it is left alone, however long that takes.
    for (let look = 0; look < 4; look += 1) {
      await owner.container.registry.outbox.look();
      await wait(UNHEARD / 2);
    }
    expect(mine()).toBe(0);
    await owner.app.close();
    await owner.container.close();
    receiver.answers.length = 0;
    const sent = receiver.received.length;
    await wait(UNHEARD / 2);
    await wait(UNHEARD / 2);
    await wait(UNHEARD / 2);
    for (const { container } of others) await container.registry.dispatcher.idle();
    expect(await at(0).container.tables.registry.pending('delivery')).toEqual([]);
    const after = receiver.received.slice(sent);
    expect(after).toHaveLength(1);
    expect(after[0]?.headers['x-mlflow-delivery-id']).toBe(id);
    const { webhook_id: gone } = hook.json.webhook as { webhook_id: string };
    await at(0).mlflow('DELETE', `webhooks/${gone}`);
    await receiver.close();
  });
});

describe('rules, channels, keys and models', () => {
  test('a channel is not removed from under a rule that is saved at the same moment', async () => {
    const rule = {
      model: 'churn',
      metric: 'prediction_count',
      op: '<',
      warning: 1,
      critical: 0,
      channels: ['ops'],
    };
    for (let round = 0; round < 6; round += 1) {
      await call(at(0).app, 'PUT', '/v1/channels/ops', { key, body: { type: 'email', to: ['a@b.c'] } });
      const [saved, removed] = await Promise.all([
        call(at(round).app, 'PUT', '/v1/alert-rules/few', { key, body: rule }),
        call(at(round + 1).app, 'DELETE', '/v1/channels/ops', { key }),
      ]);
      // Whoever was first: a rule without its channel, or a channel that was removed although a rule uses it, there is not.
      expect([
        [200, 409],
        [400, 200],
        [400, 204],
        [201, 409],
      ]).toContainEqual([saved.status, removed.status]);
      if (saved.status < 300) await call(at(0).app, 'DELETE', '/v1/alert-rules/few', { key });
    }
  });

  test('of writes of one document, the last one counts, also where the clock of its process is behind', async () => {
    at(0).clock.now += 3_600_000;
    await call(at(0).app, 'PUT', '/v1/models/skewed', { key, body: { task: 'binary' } });
    await call(at(1).app, 'PUT', '/v1/models/skewed', { key, body: { task: 'regression' } });
    for (const { app, container } of processes) {
      await container.refresh();
      const { config } = (await call(app, 'GET', '/v1/models/skewed', { key })).json() as { config: object };
      expect(config).toEqual({ task: 'regression' });
    }
  });

  test('a key of one process opens the other at once, and no longer than ten seconds after its removal', async () => {
    const made = await call(at(0).app, 'POST', '/v1/api-keys', { key, body: { name: 'reader', scopes: ['read'] } });
    const { id, key: secret } = made.json() as { id: string; key: string };
    const asked = () => call(at(1).app, 'GET', '/v1/models', { key: secret });
    expect((await asked()).status).toBe(200);
    expect((await call(at(0).app, 'DELETE', `/v1/api-keys/${id}`, { key })).status).toBeLessThan(300);
    at(1).clock.now += 10_000;
    expect((await asked()).status).toBe(401);
  });
});

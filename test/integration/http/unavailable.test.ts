// A store that does not answer: the process is alive, and every call says so and when to come again.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config.js';
import { openContainer, type Container } from '../../../src/container.js';
import { buildApp, type App } from '../../../src/http/app.js';
import { call, expectProblem } from '../../support/http.js';
import { TEST_NOW } from '../../support/service.js';

let app: App;
let container: Container;

/** A port that was free a moment ago: nobody listens there. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

beforeAll(async () => {
  const config = loadConfig({ CLICKHOUSE_URL: `http://127.0.0.1:${await closedPort()}/default` });
  const clock = () => TEST_NOW;
  const logger = pino({ level: 'silent' });
  container = await openContainer(config, { clock, logger });
  app = await buildApp({ services: container.services, config, logger, clock, version: '0.0.0-test' });
});
afterAll(async () => {
  await app.close();
  await container.close();
});

test('is alive but not ready', async () => {
  expect((await call(app, 'GET', '/healthz')).status).toBe(200);
  const ready = await call(app, 'GET', '/readyz');
  expectProblem(ready, 503, 'store_unavailable');
  expect(Number(ready.headers['retry-after'])).toBeGreaterThan(0);
});

test.each([
  ['GET', '/v1/models', undefined],
  ['GET', '/v1/predictions?model=m', undefined],
  ['GET', '/v1/alert-rules', undefined],
  ['POST', '/v1/predictions', { model: 'm', inputs: { a: 1 } }],
  ['POST', '/v1/ground-truth', { prediction_id: 'a', values: 1 }],
  ['PUT', '/v1/channels/c', { type: 'email', to: ['a@b.example'] }],
] as const)('answers %s %s with 503 and Retry-After', async (method, url, body) => {
  const answer = await call(app, method, url, { body });
  expectProblem(answer, 503, 'store_unavailable');
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
});

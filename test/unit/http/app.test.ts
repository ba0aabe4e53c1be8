// The app without a store: what a fault of ours looks like from outside, and that the kept description is the current one.
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildApp, type App } from '../../../src/http/app.js';
import type { Services } from '../../../src/services/api.js';
import { call, expectProblem } from '../../support/http.js';

let app: App;
const logs: Record<string, unknown>[] = [];

beforeAll(async () => {
  const packageJson = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  app = await buildApp({
    // Nothing is wired: a route that uses a service meets an exception that nobody expected.
    services: Object.freeze({}) as Services,
    config: { adminKey: null, bodyLimit: 1024, uploadLimit: 1024 },
    logger: pino({}, { write: (line: string) => void logs.push(JSON.parse(line) as Record<string, unknown>) }),
    clock: () => 0,
    version: packageJson.version,
  });
});
afterAll(async () => {
  await app.close();
});

test('an unexpected exception is 500: hidden from the caller, in the log under the request id', async () => {
  const answer = await call(app, 'GET', '/v1/models', { headers: { 'x-request-id': 'the-one' } });
  const problem = expectProblem(answer, 500, 'internal');
  expect(problem.detail).toContain('the-one');
  expect(answer.text).not.toMatch(/undefined|TypeError/);
  const line = logs.find((entry) => entry.msg === 'request failed');
  expect(line).toMatchObject({ request_id: 'the-one', level: 50, err: { type: 'TypeError' } });
});

test('docs/openapi.json is what the routes say (`npm run openapi` writes it)', async () => {
  const kept = JSON.parse(await readFile(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')) as unknown;
  expect(JSON.parse(JSON.stringify(app.swagger()))).toEqual(kept);
});

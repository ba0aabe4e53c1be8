// Limits of keys and origins: requests a minute, a limit of a key's own, and CORS only where it was asked for.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

const ADMIN = 'an-admin-key-for-tests';
const ORIGIN = 'https://dashboards.example.org';
let service: TestService;
beforeAll(async () => {
  service = await startTestService({ adminKey: ADMIN, rateLimit: 20, corsOrigins: [ORIGIN] });
});
afterAll(() => service.close());

async function keyOf(body: Record<string, unknown>): Promise<string> {
  const answer = await call(service.app, 'POST', '/v1/api-keys', { key: ADMIN, body: { scopes: ['read'], ...body } });
  expect(answer.status).toBe(201);
  return String(answer.json().key);
}
const get = (key: string) => call(service.app, 'GET', '/v1/models', { key });

describe('requests a minute', () => {
  test("beyond a key's limit are a 429 with Retry-After, and no other key notices", async () => {
    const [one, other] = [await keyOf({ name: 'one', rate_limit: 3 }), await keyOf({ name: 'other' })];
    for (let n = 0; n < 3; n++) expect((await get(one)).status).toBe(200);
    const refused = await get(one);
    expectProblem(refused, 429, 'rate_limited');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    for (let n = 0; n < 20; n++) expect((await get(other)).status).toBe(200);
    expectProblem(await get(other), 429, 'rate_limited');
  });

  test('do not count where no key is needed', async () => {
    for (let n = 0; n < 30; n++) expect((await call(service.app, 'GET', '/healthz')).status).toBe(200);
  });
});

describe('CORS', () => {
  const ask = (origin: string) =>
    call(service.app, 'OPTIONS' as 'GET', '/v1/models', {
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    });

  test('answers the origins that are set, without a key, and no other', async () => {
    const allowed = await ask(ORIGIN);
    expect(allowed.status).toBe(204);
    expect(allowed.headers['access-control-allow-origin']).toBe(ORIGIN);
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    expect((await ask('https://evil.example.org')).headers['access-control-allow-origin']).toBeUndefined();
  });
});

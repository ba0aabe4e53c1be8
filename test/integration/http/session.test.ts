// Sign-in of people: the cookie, what it opens, and what it does not.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

const ADMIN_KEY = 'an-admin-key-of-tests-only';
const HOST = 'monitor.test';
const OWN = { host: HOST, origin: `https://${HOST}` };

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ adminKey: ADMIN_KEY });
});
afterAll(() => service.close());

/** Sign in; the cookie as a browser sends it back, and as it was set. */
async function signIn(key: string): Promise<{ cookie: string; header: string }> {
  const answer = await call(service.app, 'POST', '/v1/session', { body: { key }, headers: OWN });
  expect(answer.status, answer.text).toBe(200);
  const header = String(answer.headers['set-cookie']);
  return { cookie: header.split(';')[0] ?? '', header };
}

test('a key is exchanged for a cookie that scripts cannot read, other sites cannot send, and that does not hold the key', async () => {
  const { header } = await signIn(ADMIN_KEY);
  expect(header).toMatch(/HttpOnly/);
  expect(header).toMatch(/SameSite=Strict/);
  expect(header).not.toContain(ADMIN_KEY);
});

test('the cookie opens what the key opens, and says who is signed in', async () => {
  const { cookie } = await signIn(ADMIN_KEY);
  expect((await call(service.app, 'GET', '/v1/models')).status).toBe(401);
  expect((await call(service.app, 'GET', '/v1/models', { headers: { cookie } })).status).toBe(200);
  const session = await call(service.app, 'GET', '/v1/session', { headers: { cookie } });
  expect(session.json()).toMatchObject({ authentication: true, principal: { name: 'admin', models: null } });
  expect((await call(service.app, 'GET', '/v1/session')).json()).toEqual({ authentication: true, principal: null });
});

test('a wrong key, a changed cookie and a session that is over are 401', async () => {
  const answer = await call(service.app, 'POST', '/v1/session', { body: { key: 'wrong' }, headers: OWN });
  expectProblem(answer, 401, 'unauthorized');
  const { cookie } = await signIn(ADMIN_KEY);
  const changed = cookie.replace(/\.\d{13}\./, '.9999999999999.');
  expectProblem(await call(service.app, 'GET', '/v1/models', { headers: { cookie: changed } }), 401, 'unauthorized');
  const now = service.clock.now();
  service.clock.set(now + 13 * 3_600_000);
  expectProblem(await call(service.app, 'GET', '/v1/models', { headers: { cookie } }), 401, 'unauthorized');
  service.clock.set(now);
});

test('a call that changes something is refused where it comes from another site', async () => {
  const { cookie } = await signIn(ADMIN_KEY);
  const put = (headers: Record<string, string>) =>
    call(service.app, 'PUT', '/v1/models/m', { body: { window: '1d' }, headers: { cookie, ...headers } });
  expectProblem(await put({ host: HOST }), 403, 'forbidden');
  expectProblem(await put({ host: HOST, origin: 'https://evil.test' }), 403, 'forbidden');
  expectProblem(await put({ host: HOST, origin: 'null' }), 403, 'forbidden');
  expect((await put(OWN)).status).toBe(200);
  expect((await put({ host: 'behind-a-proxy', 'sec-fetch-site': 'same-origin' })).status).toBe(200);
});

test('a session has the scopes and models of its key, and ends when the key is removed', async () => {
  const body = { name: 'reader', scopes: ['read'], models: ['m'] };
  const made = await call(service.app, 'POST', '/v1/api-keys', { body, key: ADMIN_KEY });
  const { id, key } = made.json() as { id: string; key: string };
  const { cookie } = await signIn(key);
  const headers = { cookie, ...OWN };
  expect((await call(service.app, 'GET', '/v1/models/m/versions', { headers })).status).toBe(200);
  expectProblem(await call(service.app, 'GET', '/v1/models/other/versions', { headers }), 403, 'forbidden');
  expectProblem(await call(service.app, 'PUT', '/v1/models/m', { body: {}, headers }), 403, 'forbidden');
  await call(service.app, 'DELETE', `/v1/api-keys/${id}`, { key: ADMIN_KEY });
  expectProblem(await call(service.app, 'GET', '/v1/models/m/versions', { headers }), 401, 'unauthorized');
});

test('signing out takes the cookie away', async () => {
  const { cookie } = await signIn(ADMIN_KEY);
  const answer = await call(service.app, 'DELETE', '/v1/session', { headers: { cookie, ...OWN } });
  expect(answer.status).toBe(204);
  expect(String(answer.headers['set-cookie'])).toMatch(/driftline_session=;.*(Max-Age=0|Expires=Thu, 01 Jan 1970)/);
});

test('sign-in is limited to twenty attempts a minute', async () => {
  const attempt = () =>
    call(service.app, 'POST', '/v1/session', { body: { key: 'guess' }, headers: { ...OWN, 'x-forwarded-for': 'any' } });
  const statuses: number[] = [];
  let last = await attempt();
  for (let i = 0; i < 25 && last.status !== 429; i++) {
    statuses.push(last.status);
    last = await attempt();
  }
  expect(new Set(statuses)).toEqual(new Set([401]));
  expectProblem(last, 429, 'too_many_attempts');
  expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
});

// Authentication: the admin key, scopes, keys that are limited to models, and what needs no key.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectProblem, type Method } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

const ADMIN_KEY = 'an-admin-key-for-tests';
let service: TestService;
const keys: Record<string, string> = {};

async function makeKey(name: string, scopes: string[], models?: string[]): Promise<void> {
  const body = { name, scopes, ...(models === undefined ? {} : { models }) };
  const answer = await call(service.app, 'POST', '/v1/api-keys', { body, key: ADMIN_KEY });
  expect(answer.status).toBe(201);
  expect(answer.headers['cache-control']).toBe('no-store');
  keys[name] = String(answer.json().key);
}

beforeAll(async () => {
  service = await startTestService({ adminKey: ADMIN_KEY });
  await makeKey('ingest', ['ingest']);
  await makeKey('read', ['read']);
  await makeKey('admin', ['admin']);
  await makeKey('ingest-a', ['ingest'], ['a']);
  await makeKey('read-a', ['read'], ['a']);
  await makeKey('admin-a', ['admin'], ['a']);
  keys['the admin key'] = ADMIN_KEY;
  for (const model of ['a', 'b']) {
    const body = { model, prediction_id: `id of ${model}`, inputs: { x: 1 }, outputs: 1 };
    await call(service.app, 'POST', '/v1/predictions', { body, key: ADMIN_KEY });
    await call(service.app, 'POST', '/v1/predictions', { body: [{ model, inputs: 5 }], key: ADMIN_KEY });
    await call(service.app, 'PUT', `/v1/alert-rules/rule-${model}`, {
      body: { model, metric: 'psi', warning: 0.1 },
      key: ADMIN_KEY,
    });
  }
});
afterAll(async () => {
  await service.close();
});

/** One cheap call of each kind, on model b where one is named. What passes the check may still be answered 404. */
const CALLS: [string, Method, string, unknown][] = [
  ['ingest', 'POST', '/v1/predictions', { model: 'b', inputs: { x: 2 } }],
  ['ingest', 'POST', '/v1/ground-truth', { prediction_id: 'id of b', values: 1 }],
  ['ingest', 'POST', '/v1/models/b/baselines?name=x', [{ inputs: { x: 1 } }]],
  ['read', 'GET', '/v1/predictions?model=b', undefined],
  ['read', 'GET', '/v1/predictions/id%20of%20b', undefined],
  ['read', 'GET', '/v1/models/b', undefined],
  ['read', 'GET', '/v1/models/b/metrics', undefined],
  ['read', 'GET', '/v1/models/b/fields', undefined],
  ['read', 'GET', '/v1/rejected?model=b', undefined],
  ['read', 'GET', '/v1/alerts?model=b', undefined],
  ['read', 'GET', '/v1/alerts/history?model=b', undefined],
  ['read', 'GET', '/v1/notifications?model=b', undefined],
  ['read', 'POST', '/v1/query', { sql: 'SELECT 1' }],
  ['admin', 'PUT', '/v1/models/b', {}],
  ['admin', 'PUT', '/v1/alert-rules/rule-b', { model: 'b', metric: 'psi', warning: 0.1 }],
  ['admin', 'DELETE', '/v1/alert-rules/none', undefined],
  ['admin', 'PUT', '/v1/channels/c', { type: 'email', to: ['a@b.example'] }],
  ['admin', 'PUT', '/v1/silences/s', { matchers: { model: 'b' }, starts: 1, ends: 2 }],
  ['admin', 'DELETE', '/v1/silences/s', undefined],
  ['admin', 'GET', '/v1/api-keys', undefined],
  ['admin', 'DELETE', '/v1/api-keys/none', undefined],
  ['admin', 'POST', '/v1/jobs/drift/run', { model: 'b' }],
];

describe('without a known key', () => {
  test.each([
    ['no header', {}],
    ['another scheme', { authorization: `Basic ${ADMIN_KEY}` }],
    ['a key that nobody made', { authorization: 'Bearer dl_0000000000000000000000000000000000000000000' }],
    ['the admin key and more', { authorization: `Bearer ${ADMIN_KEY}x` }],
    ['an empty key', { authorization: 'Bearer ' }],
  ])('(%s) every call is 401 and asks for one', async (_name, headers) => {
    for (const [, method, url, body] of CALLS) {
      const answer = await call(service.app, method, url, { body, headers });
      expectProblem(answer, 401, 'unauthorized');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    expectProblem(await call(service.app, 'GET', '/metrics', { headers }), 401, 'unauthorized');
  });

  test('probes, the description and the first page are open', async () => {
    for (const url of ['/healthz', '/readyz', '/openapi.json', '/docs', '/docs/static/swagger-ui.css', '/']) {
      expect({ url, status: (await call(service.app, 'GET', url)).status }).toEqual({ url, status: 200 });
    }
  });

  test('a body is not read: a large upload is refused at once', async () => {
    const answer = await call(service.app, 'POST', '/v1/ground-truth', {
      body: 'prediction_id,late\n1,0\n',
      headers: { 'content-type': 'text/csv' },
    });
    expectProblem(answer, 401, 'unauthorized');
  });
});

describe('a key', () => {
  test.each(['ingest', 'read', 'admin'])(
    'with the scope %s may do that and no more; admin may do all',
    async (scope) => {
      for (const [needed, method, url, body] of CALLS) {
        const answer = await call(service.app, method, url, { body, key: keys[scope] });
        const allowed = scope === 'admin' || scope === needed;
        expect({ method, url, refused: answer.status === 403 || answer.status === 401 }).toEqual({
          method,
          url,
          refused: !allowed,
        });
        if (!allowed) expect(expectProblem(answer, 403, 'forbidden').detail).toContain(needed);
      }
    },
  );

  test('the admin key may do all', async () => {
    for (const [, method, url, body] of CALLS) {
      const answer = await call(service.app, method, url, { body, key: ADMIN_KEY });
      expect([401, 403]).not.toContain(answer.status);
    }
  });

  test.each(['ingest-a', 'read-a', 'admin-a'])(
    'limited to a model (%s) reaches no other and nothing that spans all',
    async (name) => {
      for (const [, method, url, body] of CALLS) {
        // One batch is not one model: its items are judged on their own. A stored id of another model is not there.
        if (
          ['/v1/predictions', '/v1/ground-truth', '/v1/predictions/id%20of%20b', '/v1/alert-rules/none'].includes(url)
        )
          continue;
        const answer = await call(service.app, method, url, { body, key: keys[name] });
        expect({ method, url, status: answer.status }).toEqual({ method, url, status: 403 });
      }
    },
  );

  test('limited to a model has its items of other models refused, one by one', async () => {
    const body = [
      { model: 'a', inputs: { x: 3 } },
      { model: 'b', inputs: { x: 3 } },
    ];
    const answer = await call(service.app, 'POST', '/v1/predictions', { body, key: keys['ingest-a'] });
    expect(answer.status).toBe(207);
    expect(answer.json().errors).toEqual([expect.objectContaining({ index: 1, code: 'forbidden', path: 'model' })]);
    const labels = [{ prediction_id: 'id of b', values: 1 }];
    const truth = await call(service.app, 'POST', '/v1/ground-truth', { body: labels, key: keys['ingest-a'] });
    expectProblem(truth, 403, 'forbidden');
  });

  test('limited to a model sees only that model in lists', async () => {
    const list = async (url: string) => {
      const answer = await call(service.app, 'GET', url, { key: keys['read-a'] });
      expect({ url, status: answer.status }).toEqual({ url, status: 200 });
      return answer.json() as unknown as Record<string, unknown>[];
    };
    expect((await list('/v1/models')).map((entry) => entry.model)).toEqual(['a']);
    expect((await list('/v1/alert-rules')).map((entry) => entry.name)).toEqual(['rule-a']);
    const rejected = await list('/v1/rejected');
    expect(rejected.length).toBeGreaterThan(0);
    expect(new Set(rejected.map((entry) => entry.model))).toEqual(new Set(['a']));
    for (const url of ['/v1/alerts', '/v1/alerts/history', '/v1/notifications', '/v1/silences', '/v1/job-runs']) {
      expect(await list(url)).toEqual([]);
    }
    expectProblem(
      await call(service.app, 'GET', '/v1/predictions/id%20of%20b', { key: keys['read-a'] }),
      404,
      'not_found',
    );
    expect((await call(service.app, 'GET', '/v1/predictions/id%20of%20a', { key: keys['read-a'] })).status).toBe(200);
  });

  test('limited to a model cannot label by file, make keys, or point a rule elsewhere', async () => {
    const file = { body: 'prediction_id,late\nid of b,1\n', headers: { 'content-type': 'text/csv' } };
    expectProblem(
      await call(service.app, 'POST', '/v1/ground-truth', { ...file, key: keys['ingest-a'] }),
      403,
      'forbidden',
    );
    const wider = { name: 'wider', scopes: ['admin'] };
    expectProblem(
      await call(service.app, 'POST', '/v1/api-keys', { body: wider, key: keys['admin-a'] }),
      403,
      'forbidden',
    );
    const rule = (model: string) => ({ model, metric: 'psi', warning: 0.2 });
    const put = (name: string, model: string) =>
      call(service.app, 'PUT', `/v1/alert-rules/${name}`, { body: rule(model), key: keys['admin-a'] });
    expect((await put('mine', 'a')).status).toBe(200);
    expectProblem(await put('mine', 'b'), 403, 'forbidden');
    expectProblem(await put('rule-b', 'a'), 403, 'forbidden');
    expectProblem(
      await call(service.app, 'DELETE', '/v1/alert-rules/rule-b', { key: keys['admin-a'] }),
      403,
      'forbidden',
    );
  });

  test('that was removed is not known any more, and its secret is never listed', async () => {
    await makeKey('short-lived', ['read']);
    expect((await call(service.app, 'GET', '/v1/models', { key: keys['short-lived'] })).status).toBe(200);
    const listed = await call(service.app, 'GET', '/v1/api-keys', { key: ADMIN_KEY });
    for (const key of Object.values(keys)) expect(listed.text).not.toContain(key);
    const entry = (listed.json() as unknown as { id: string; name: string }[]).find(
      ({ name }) => name === 'short-lived',
    );
    const removed = await call(service.app, 'DELETE', `/v1/api-keys/${entry?.id}`, { key: ADMIN_KEY });
    expect({ status: removed.status, text: removed.text }).toEqual({ status: 204, text: '' });
    expectProblem(await call(service.app, 'GET', '/v1/models', { key: keys['short-lived'] }), 401, 'unauthorized');
  });

  test('is in no log line', () => {
    expect(service.logs.length).toBeGreaterThan(10);
    const log = JSON.stringify(service.logs);
    for (const key of Object.values(keys)) expect(log).not.toContain(key);
  });
});

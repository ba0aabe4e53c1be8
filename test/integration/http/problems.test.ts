// Bad input on every route: each is answered with a problem document that says what to do, and changes nothing.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectProblem, type Method } from '../../support/http.js';
import { startTestService, type TestService } from '../../support/service.js';

let service: TestService;

interface Route {
  method: Method;
  url: string;
  path: string;
  body: Record<string, unknown> | null;
}

const FILLERS: Record<string, string> = {
  model: 'ghost',
  name: 'ghost',
  id: '0197a2b0-0000-7000-8000-000000000000',
  prediction_id: '0197a2b0-0000-7000-8000-000000000000',
  job: 'drift',
};

/** Every documented route below /v1, with its parameters filled in: a new route is tested without a line here. */
function routes(): Route[] {
  const { paths } = service.app.swagger() as unknown as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, unknown> } }>>;
  };
  return Object.entries(paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase() as Method,
        path,
        url: path.replace(/\{(\w+)\}/g, (_, name: string) =>
          path.includes('/webhooks/') ? '0'.repeat(32) : (FILLERS[name] ?? 'ghost'),
        ),
        body: operation.requestBody?.content ?? null,
      })),
    );
}
/** Documents that their routes take. */
const SOUND: Record<string, unknown> = {
  '/v1/models/{model}': {},
  '/v1/channels/{name}': { type: 'email', to: ['a@b.example'] },
  '/v1/alert-rules/{name}': { model: 'm', metric: 'psi', warning: 0.1 },
  '/v1/alert-rules/{name}/backtest': { from: 0, to: 1 },
  '/v1/silences/{name}': { matchers: { model: 'm' }, starts: 0, ends: 1 },
  '/v1/api-keys': { name: 'k', scopes: ['read'] },
  '/v1/query': { sql: 'SELECT 1' },
  '/v1/session': { key: 'k' },
  '/v1/builtin-alerts': {},
  '/v1/registry/webhooks': { url: 'https://a.example/hook' },
  '/v1/alert-rules/backtest': { rule: { model: 'm', metric: 'psi', warning: 0.1 }, from: 0, to: 1 },
};
/** A CloudEvent's headers may name any content type, so its bodies are judged by tests of their own. */
const ANY_BODY = new Set(['/v1/integrations/cloudevents']);
const withBody = () => routes().filter((route) => route.body !== null && !ANY_BODY.has(route.path));
const JSON_HEADER = { 'content-type': 'application/json' };

beforeAll(async () => {
  service = await startTestService({ bodyLimit: 1024 * 1024 });
});
afterAll(async () => {
  await service.close();
});

describe('every route', () => {
  test('there are the routes of the contract', () => {
    expect(routes().length).toBeGreaterThanOrEqual(38);
    expect(withBody().length).toBeGreaterThanOrEqual(12);
  });

  test('refuses an unknown query parameter by name', async () => {
    for (const { method, url, path } of routes()) {
      const answer = await call(service.app, method, `${url}?surprise=1`, {
        body: SOUND[path] ?? (method === 'POST' ? {} : undefined),
      });
      const problem = expectProblem(answer, 400, 'invalid_input');
      expect(problem.errors, `${method} ${url}`).toContainEqual(
        expect.objectContaining({ code: 'unknown_field', path: 'surprise' }),
      );
    }
  });

  test('with a body refuses broken JSON and says where it breaks', async () => {
    for (const { method, url } of withBody()) {
      const answer = await call(service.app, method, url, { body: '{"model": "m",\n "x" 1}', headers: JSON_HEADER });
      expect(expectProblem(answer, 400, 'malformed_json').detail, `${method} ${url}`).toMatch(/line 2, column 6/);
    }
  });

  test('with a body refuses an empty one', async () => {
    for (const { method, url, path } of withBody()) {
      // A job runs with defaults when nothing is said, and an item is replayed as it was kept.
      if (path === '/v1/jobs/{job}/run' || path === '/v1/rejected/{id}/replay') continue;
      // What the query must say is looked at before the body.
      const target = path === '/v1/integrations/sagemaker' ? `${url}?model=ghost` : url;
      for (const sent of [{ body: '', headers: JSON_HEADER }, {}]) {
        const { code } = (await call(service.app, method, target, sent)).json();
        expect({ url, code }).toEqual({ url, code: 'empty_body' });
      }
    }
  });

  test.each(['null', '5', '"text"', 'true'])('with a body refuses the JSON value %s', async (text) => {
    for (const { method, url } of withBody()) {
      const answer = await call(service.app, method, url, { body: text, headers: JSON_HEADER });
      expectProblem(answer, 400, 'invalid_input');
    }
  });

  test('with a document for a body refuses unknown fields by name', async () => {
    for (const { method, url, body } of withBody()) {
      // Batches and rows are judged item by item; see the tracking and baseline tests.
      if (body !== null && 'application/x-ndjson' in body) continue;
      const answer = await call(service.app, method, url, { body: { surprise: 1, type: 'email' } });
      const problem = expectProblem(answer, 400, 'invalid_input');
      expect(problem.errors, `${method} ${url}`).toContainEqual(
        expect.objectContaining({ code: 'unknown_field', path: 'surprise' }),
      );
    }
  });

  test('with a body refuses other content types and names its own', async () => {
    for (const { method, url, body } of withBody()) {
      const answer = await call(service.app, method, url, { body: '<a/>', headers: { 'content-type': 'text/xml' } });
      const detail = String(expectProblem(answer, 415, 'unsupported_media_type').detail);
      for (const type of Object.keys(body ?? {})) expect(detail, `${method} ${url}`).toContain(type);
    }
  });

  test('with a body refuses an unknown content coding, and gzip that is not gzip', async () => {
    for (const { method, url } of withBody()) {
      const brotli = await call(service.app, method, url, {
        body: '{}',
        headers: { ...JSON_HEADER, 'content-encoding': 'br' },
      });
      expectProblem(brotli, 415, 'unsupported_media_type');
      const broken = await call(service.app, method, url, {
        body: '{}',
        headers: { ...JSON_HEADER, 'content-encoding': 'gzip' },
      });
      expectProblem(broken, 400, 'malformed_gzip');
    }
  });

  test('with a body refuses one over the limit', async () => {
    const large = JSON.stringify({ x: 'y'.repeat(1024 * 1024) });
    for (const { method, url } of withBody()) {
      const answer = await call(service.app, method, url, { body: large, headers: JSON_HEADER });
      expect(expectProblem(answer, 413, 'too_large').detail).toContain('1048576');
    }
  });

  test('leaves nothing behind after all of this', async () => {
    for (const path of ['models', 'alert-rules', 'channels', 'silences', 'api-keys', 'alerts', 'notifications']) {
      const answer = await call(service.app, 'GET', `/v1/${path}`);
      expect({ path, status: answer.status, body: answer.json() }).toEqual({ path, status: 200, body: [] });
    }
  });
});

describe('an unknown', () => {
  test('path is 404, a wrong method 405 with Allow', async () => {
    expectProblem(await call(service.app, 'GET', '/v1/nothing'), 404, 'not_found');
    const wrong = await call(service.app, 'PATCH', '/v1/models/m');
    expectProblem(wrong, 405, 'method_not_allowed');
    expect(String(wrong.headers.allow).split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PUT']);
  });

  test('model is 404 on every route that reads one', async () => {
    const range = 'from=2026-01-01&to=2026-01-02';
    for (const tail of [
      '',
      '/versions',
      '/fields',
      '/baselines',
      '/baselines/b',
      '/metrics',
      `/distribution?feature=inputs.a&${range}`,
      `/confusion?${range}`,
    ]) {
      const answer = await call(service.app, 'GET', `/v1/models/ghost${tail}`);
      expectProblem(answer, 404, 'not_found');
    }
    expectProblem(await call(service.app, 'DELETE', '/v1/models/ghost'), 404, 'not_found');
  });

  test('rule, channel, silence, key, alert and prediction are 404', async () => {
    for (const [method, url] of [
      ['DELETE', '/v1/alert-rules/ghost'],
      ['DELETE', '/v1/channels/ghost'],
      ['POST', '/v1/channels/ghost/test'],
      ['DELETE', '/v1/silences/ghost'],
      ['DELETE', '/v1/api-keys/ghost'],
      ['GET', `/v1/alerts/${FILLERS.id}`],
      ['POST', `/v1/alerts/${FILLERS.id}/acknowledge`],
      ['GET', `/v1/predictions/${FILLERS.id}`],
      ['GET', '/v1/predictions/not-a-uuid'],
      ['POST', '/v1/models/ghost/baselines/b/activate'],
    ] as const) {
      const answer = await call(service.app, method, url);
      expect({ method, url, status: answer.status }).toEqual({ method, url, status: 404 });
      expectProblem(answer, 404, 'not_found');
    }
    const body = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
    expectProblem(await call(service.app, 'POST', '/v1/alert-rules/ghost/backtest', { body }), 404, 'not_found');
  });

  test('job is refused with the names of the known ones', async () => {
    const problem = expectProblem(await call(service.app, 'POST', '/v1/jobs/dance/run'), 400, 'invalid_input');
    expect(problem.detail).toMatch(/drift/);
  });
});

describe('a bad value', () => {
  test.each([
    ['/v1/predictions', 'model'],
    ['/v1/predictions?model=m&limit=0', 'limit'],
    ['/v1/predictions?model=m&limit=1001', 'limit'],
    ['/v1/predictions?model=m&limit=ten', 'limit'],
    ['/v1/predictions?model=m&limit=1&limit=2', 'limit'],
    ['/v1/predictions?model=m&from=yesterday', 'from'],
    ['/v1/predictions?model=m&from=2026-02-30', 'from'],
    ['/v1/predictions?model=m&from=2026-01-02&to=2026-01-01', 'to'],
    ['/v1/predictions?model=m&labelled=maybe', 'labelled'],
    ['/v1/models/m/metrics?window=soon', 'window'],
    ['/v1/models/m/metrics?window=range', 'window'],
    ['/v1/models/m/distribution?from=2026-01-01&to=2026-01-02', 'feature'],
    ['/v1/models/m/confusion', 'from'],
    ['/v1/alerts?state=angry', 'state'],
    ['/v1/alerts/not-a-uuid', 'id'],
    [`/v1/models/${'m'.repeat(201)}`, 'model'],
    ['/v1/job-runs?job=dance', 'job'],
  ])('in GET %s names %s', async (url, path) => {
    const problem = expectProblem(await call(service.app, 'GET', url), 400, 'invalid_input');
    expect(problem.errors).toContainEqual(expect.objectContaining({ path }));
  });

  test.each<[Method, string, unknown, string]>([
    ['PUT', '/v1/models/m', { min_samples: '100' }, 'min_samples'],
    ['PUT', '/v1/models/m', { window: '7 days' }, 'window'],
    ['PUT', '/v1/models/m', { features: { 'inputs.a': { kind: 'round' } } }, 'features.inputs.a.kind'],
    ['PUT', '/v1/channels/c', { type: 'pigeon' }, 'type'],
    ['PUT', '/v1/channels/c', { type: 'email', to: ['nobody'] }, 'to.0'],
    ['PUT', '/v1/alert-rules/r', { model: 'm', metric: 'psi', warning: '0.1' }, 'warning'],
    ['PUT', '/v1/alert-rules/r', { model: 'm', metric: 'psi', critical: 1, for: 3, of: 2 }, 'of'],
    ['PUT', '/v1/silences/s', { matchers: {}, starts: 1, ends: 2 }, 'matchers'],
    ['PUT', '/v1/silences/s', { matchers: { model: 'm' }, starts: 'now', ends: 2 }, 'starts'],
    ['POST', '/v1/api-keys', { name: 'k', scopes: ['root'] }, 'scopes.0'],
    ['POST', '/v1/jobs/drift/run', { from: '2026-01-01T00:00:00Z' }, 'to'],
    ['POST', '/v1/query', { sql: '' }, 'sql'],
    ['PUT', '/v1/channels/a%2Fb', { type: 'email', to: ['a@b.example'] }, 'name'],
  ])('in %s %s %o names %s', async (method, url, body, path) => {
    const problem = expectProblem(await call(service.app, method, url, { body }), 400, 'invalid_input');
    expect(problem.errors).toContainEqual(expect.objectContaining({ path }));
  });

  test('in the path: a broken percent-encoding and a name without end', async () => {
    expectProblem(await call(service.app, 'GET', '/v1/models/%zz'), 400, 'bad_url');
    expectProblem(await call(service.app, 'GET', `/v1/models/${'m'.repeat(5000)}`), 414, 'uri_too_long');
  });
});

describe('on a socket', () => {
  test('what is not HTTP is answered with a problem document', async () => {
    const { port } = new URL(await service.listen());
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
      const chunks: Buffer[] = [];
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
      socket.on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('application/problem+json');
  });

  test('a request id of the caller is kept, a harmful one replaced', async () => {
    const kept = await call(service.app, 'GET', '/healthz', { headers: { 'x-request-id': 'abc-1' } });
    expect(kept.headers['x-request-id']).toBe('abc-1');
    const replaced = await call(service.app, 'GET', '/healthz', { headers: { 'x-request-id': 'a b {"x"}' } });
    expect(replaced.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

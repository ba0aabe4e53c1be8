// Calls that are nearly right, of every route of the registry, one after another on one registry: each is answered or refused in its protocol's form, none with a 5xx.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BUILD_CALLS } from '../../../src/http/cloudera/build-calls.js';
import { DEPLOYMENT_CALLS } from '../../../src/http/cloudera/deployment-calls.js';
import { MODEL_CALLS as CLOUDERA_MODEL_CALLS } from '../../../src/http/cloudera/model-calls.js';
import { REGISTRY_CALLS } from '../../../src/http/cloudera/registry-calls.js';
import { DATABRICKS_CALLS } from '../../../src/http/mlflow/databricks-calls.js';
import { MODEL_CALLS } from '../../../src/http/mlflow/model-calls.js';
import { REVIEW_CALLS } from '../../../src/http/mlflow/review-calls.js';
import { VERSION_CALLS } from '../../../src/http/mlflow/version-calls.js';
import { WEBHOOK_CALLS } from '../../../src/http/mlflow/webhook-calls.js';
import { call, type Method } from '../../support/http.js';
import { queryOf } from '../../support/mlflow.js';
import { startTestService, type TestService } from '../../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const MLFLOW = [...MODEL_CALLS, ...VERSION_CALLS, ...DATABRICKS_CALLS, ...REVIEW_CALLS, ...WEBHOOK_CALLS];
const CLOUDERA = [...REGISTRY_CALLS, ...CLOUDERA_MODEL_CALLS, ...BUILD_CALLS, ...DEPLOYMENT_CALLS];
const OWN = [
  '/v1/registry/models',
  '/v1/registry/models/:name',
  '/v1/registry/models/:name/versions/:version',
  '/v1/registry/models/:name/history',
  '/v1/registry/models/:name/comparisons',
  '/v1/registry/models/:name/challengers',
  '/v1/registry/history',
  '/v1/registry/deliveries',
  '/v1/models/:name/events',
].map((path) => ({ method: 'GET' as const, path }));
const ROUTES: { method: Method; url: string }[] = [
  ...['/api/2.0/mlflow', '/ajax-api/2.0/mlflow'].flatMap((prefix) =>
    MLFLOW.map(({ method, path }) => ({ method, url: prefix + path })),
  ),
  ...CLOUDERA.map(({ method, path }) => ({ method, url: `/api/v2${path}` })),
  ...OWN.map(({ method, path }) => ({ method, url: path })),
];

const names = fc.constantFrom(
  'churn',
  'fraud',
  'a/b',
  'a:b',
  '',
  ' ',
  'x'.repeat(201),
  'é',
  '😀',
  '..',
  '%2e',
  "o'clock",
  'null',
);
const versions = fc.constantFrom<unknown>(
  '1',
  '2',
  '3',
  1,
  '0',
  '-1',
  '1.5',
  '01',
  'one',
  '',
  '2147483648',
  1e21,
  true,
);
const words = fc.oneof(
  names,
  fc.constantFrom('Production', 'staging', 'Prod', 'None', 'champion', 'latest', 'v7', 'true', '\u0000', '\ud800'),
  fc.string({ maxLength: 12 }),
);
const tags = fc.oneof(
  fc.array(fc.record({ key: words, value: words }, { requiredKeys: [] }), { maxLength: 3 }),
  fc.constantFrom<unknown>('k=v', { key: 'a' }, [null], [[]], 7),
);
const filters = fc.oneof(
  fc.constantFrom(
    "name = 'churn'",
    "name LIKE '%' AND tags.a = 'b'",
    'version_number > 1',
    'version_number > 99999999999999999999',
    "run_id IN ('a')",
    "name = 'a' OR name = 'b'",
    'name =',
    "tags.`a b` ILIKE '%'",
    "'",
    '(((',
    '{"name":"x"}',
    '{"name":',
  ),
  fc.string({ maxLength: 30 }),
);
const other = fc.oneof(
  fc.constantFrom<unknown>(null, [], {}, 0, -1, 1.5, 1e308, true, 'x', ['x'], '9'.repeat(400)),
  fc.jsonValue({ maxDepth: 2 }),
);
const FIELDS: Record<string, fc.Arbitrary<unknown>> = {
  name: names,
  new_name: names,
  model_name: names,
  version: versions,
  alias: words,
  key: words,
  value: words,
  tags,
  stage: words,
  stages: fc.array(words, { maxLength: 3 }),
  archive_existing_versions: fc.constantFrom<unknown>(true, false, 'true', 'maybe', 1),
  source: fc.constantFrom(
    's3://m/1',
    'models:/churn/1',
    'models:/churn@champion',
    'models:/',
    '/etc',
    'runs:/x',
    's3://a/../b',
    '',
  ),
  model_path: fc.constantFrom('s3://m/1', '', '..'),
  run_id: words,
  description: words,
  filter: filters,
  search_filter: filters,
  order_by: fc.oneof(words, fc.array(fc.constantFrom('name', 'name DESC', 'version_number ASC', 'size', '')), other),
  sort: words,
  max_results: fc.constantFrom<unknown>(1, 0, -1, '2', 'many', 200001, 1e30, 1.5),
  page_size: fc.constantFrom<unknown>(1, 0, -1, '2', 'many', 1e30),
  page_token: fc.constantFrom<unknown>('eyJvZmZzZXQiOiAzfQ==', '!!', '', 'eyJvZmZzZXQiOiAtM30=', 'e30=', 'bnVsbA=='),
  comment: words,
  id: words,
  events: fc.constantFrom<unknown>(
    ['MODEL_VERSION_CREATED'],
    ['NOPE'],
    [],
    'x',
    [{ entity: 'MODEL_VERSION', action: 'CREATED' }],
    [{}],
  ),
  url: fc.constantFrom(
    'https://hooks.example',
    'http://127.0.0.1:1',
    'ftp://x',
    '',
    'https://',
    'https://[::1]/',
    'https://x'.repeat(900),
  ),
  http_url_spec: fc.oneof(fc.constant({ url: 'http://127.0.0.1:1' }), other),
  status: fc.constantFrom<unknown>('ACTIVE', 'TEST_MODE', 'deployed', 'nope', 5),
  registered_model_version_id: words,
  cpu: other,
  memory: other,
  replicas: other,
  environment: other,
  from: fc.constantFrom<unknown>('2026-01-01T00:00:00Z', 'yesterday', 0, 'NaN', -1),
  limit: fc.constantFrom<unknown>(1, 0, 'x', 1e12),
};
const documents = fc
  .uniqueArray(fc.constantFrom(...Object.keys(FIELDS)), { maxLength: 9 })
  .chain((keys) =>
    fc.record(
      Object.fromEntries(keys.map((key) => [key, fc.oneof({ weight: 5, arbitrary: FIELDS[key] ?? other }, other)])),
    ),
  );
const requests = fc.record({
  route: fc.constantFrom(...ROUTES),
  parameter: fc.oneof(names, words),
  // The fields that most calls need are there more often than not, so that what is behind them is reached.
  usual: fc.option(fc.record({ name: fc.constantFrom('churn', 'fraud'), version: fc.constantFrom('1', '2') })),
  document: documents,
  inQuery: fc.boolean(),
});

it('are answered or refused', async () => {
  for (const name of ['churn', 'fraud']) {
    await call(service.app, 'POST', '/api/2.0/mlflow/registered-models/create', { body: { name } });
    for (const version of ['1', '2']) {
      const body = { name, source: `s3://${name}/${version}` };
      await call(service.app, 'POST', '/api/2.0/mlflow/model-versions/create', { body });
    }
  }
  await fc.assert(
    fc.asyncProperty(requests, async ({ route, parameter, usual, document, inQuery }) => {
      const path = route.url.replace(/:\w+/g, () => encodeURIComponent(parameter.toWellFormed()) || '-');
      const given = JSON.parse(JSON.stringify({ ...usual, ...document })) as Record<string, unknown>;
      const asQuery = route.method === 'GET' || (inQuery && route.method === 'DELETE');
      const answer = await call(
        service.app,
        route.method,
        asQuery ? path + queryOf(given) : path,
        asQuery ? {} : { body: given },
      );
      expect(answer.status, answer.text).toBeLessThan(500);
      if (answer.status < 400) return;
      const refusal = answer.json();
      if (route.url.includes('/2.0/mlflow')) {
        expect(refusal).toEqual({ error_code: expect.stringMatching(/^[A-Z_]+$/), message: expect.any(String) });
      } else if (route.url.startsWith('/api/v2')) {
        expect(refusal).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
      } else {
        expect(refusal).toMatchObject({ status: answer.status, detail: expect.any(String) });
      }
    }),
    { numRuns: 1500 },
  );
});

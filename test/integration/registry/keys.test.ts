// Keys and the registry: scopes, keys limited to models, and MLflow's words for both refusals.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call } from '../../support/http.js';
import { mlflowOf, type Mlflow } from '../../support/mlflow.js';
import { startTestService, type TestService } from '../../support/service.js';

const ADMIN = 'an-admin-key-for-tests';
let service: TestService;
let mlflow: Mlflow;
const keys: Record<string, string> = {};
beforeAll(async () => {
  service = await startTestService({ adminKey: ADMIN });
  mlflow = mlflowOf(service.app);
  for (const [name, body] of Object.entries({
    read: { scopes: ['read'] },
    ingest: { scopes: ['ingest'] },
    'only-a': { scopes: ['admin'], models: ['a', 'c'] },
  })) {
    const answer = await call(service.app, 'POST', '/v1/api-keys', { body: { name, ...body }, key: ADMIN });
    keys[name] = String(answer.json().key);
  }
  for (const name of ['a', 'b']) {
    await mlflow('POST', 'registered-models/create', { name }, { key: ADMIN });
    await mlflow('POST', 'model-versions/create', { name, source: `s3://${name}` }, { key: ADMIN });
  }
});
afterAll(() => service.close());

const as = (name: string) => ({ key: keys[name] ?? '' });

it('without a key is 401 UNAUTHENTICATED', async () => {
  expect(await mlflow('GET', 'registered-models/get', { name: 'a' })).toMatchObject({
    status: 401,
    json: { error_code: 'UNAUTHENTICATED' },
  });
});

it('reading needs read, registering ingest, promoting admin: else 403 PERMISSION_DENIED', async () => {
  const denied = { status: 403, json: { error_code: 'PERMISSION_DENIED' } };
  const version = { name: 'a', source: 's3://a' };
  const promotion = { name: 'a', version: '1', stage: 'Production', archive_existing_versions: false };
  expect(await mlflow('POST', 'model-versions/create', version, as('read'))).toMatchObject(denied);
  expect(await mlflow('POST', 'model-versions/create', version, as('ingest'))).toMatchObject({ status: 200 });
  expect(await mlflow('POST', 'model-versions/transition-stage', promotion, as('ingest'))).toMatchObject(denied);
  expect(await mlflow('GET', 'registered-models/get', { name: 'a' }, as('ingest'))).toMatchObject(denied);
  expect(await mlflow('GET', 'registered-models/get', { name: 'a' }, as('read'))).toMatchObject({ status: 200 });
});

it('a key that is limited to models reaches those, finds those, and copies no others', async () => {
  const denied = { status: 403, json: { error_code: 'PERMISSION_DENIED' } };
  const only = as('only-a');
  expect(await mlflow('GET', 'registered-models/get', { name: 'b' }, only)).toMatchObject(denied);
  expect(await mlflow('DELETE', 'registered-models/delete', { name: 'b' }, only)).toMatchObject(denied);
  expect(await mlflow('POST', 'registered-models/rename', { name: 'a', new_name: 'z' }, only)).toMatchObject(denied);
  const copy = { name: 'a', source: 'models:/b/1' };
  expect(await mlflow('POST', 'model-versions/create', copy, only)).toMatchObject(denied);
  const models = await mlflow('GET', 'registered-models/search', {}, only);
  expect(models.json).toMatchObject({ registered_models: [{ name: 'a' }] });
  const versions = await mlflow('GET', 'model-versions/search', {}, only);
  expect(new Set((versions.json.model_versions as { name: string }[]).map(({ name }) => name))).toEqual(new Set(['a']));
  expect(await mlflow('POST', 'registered-models/create', { name: 'c' }, only)).toMatchObject({ status: 200 });
});

// MLflow's registry over HTTP, call by call: a registry's whole life, and each documented refusal with its code, status and message.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../../support/http.js';
import { mlflowOf, type Mlflow } from '../../support/mlflow.js';
import { startTestService, type TestService } from '../../support/service.js';

let service: TestService;
let mlflow: Mlflow;
beforeAll(async () => {
  service = await startTestService();
  mlflow = mlflowOf(service.app);
});
afterAll(() => service.close());

describe('a registry from empty to empty', () => {
  it('registers, versions, stages, aliases, tags, searches, deletes', async () => {
    const create = { name: 'churn', tags: [{ key: 'team', value: 'crm' }], description: 'd' };
    const created = await mlflow('POST', 'registered-models/create', create);
    expect(created).toMatchObject({ status: 200, json: { registered_model: create } });
    const first = created.json.registered_model as { creation_timestamp: number; last_updated_timestamp: number };
    expect(first.last_updated_timestamp).toBe(first.creation_timestamp);

    expect(await mlflow('POST', 'registered-models/create', { name: 'churn' })).toMatchObject({
      status: 400,
      json: { error_code: 'RESOURCE_ALREADY_EXISTS', message: 'Registered Model (name=churn) already exists.' },
    });
    expect(await mlflow('POST', 'registered-models/create', { name: '' })).toMatchObject({
      status: 400,
      json: { error_code: 'INVALID_PARAMETER_VALUE' },
    });
    expect(await mlflow('POST', 'registered-models/create', { name: 'a/b' })).toMatchObject({
      status: 400,
      json: {
        error_code: 'INVALID_PARAMETER_VALUE',
        message: "Invalid model name 'a/b'. Names cannot contain '/' or ':'.",
      },
    });
    expect(await mlflow('GET', 'registered-models/get', { name: 'nope' })).toMatchObject({
      status: 404,
      json: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'Registered Model with name=nope not found' },
    });

    const version = {
      name: 'churn',
      version: '1',
      current_stage: 'None',
      status: 'READY',
      description: '',
      run_id: '',
      run_link: '',
    };
    expect(await mlflow('POST', 'model-versions/create', { name: 'churn', source: 's3://m/1' })).toMatchObject({
      status: 200,
      json: { model_version: version },
    });
    expect(await mlflow('POST', 'model-versions/create', { name: 'churn', source: 's3://m/2' })).toMatchObject({
      json: { model_version: { version: '2' } },
    });
    expect(await mlflow('POST', 'model-versions/create', { name: 'nope', source: 's3://m/1' })).toMatchObject({
      status: 404,
    });

    const move = (number: string, stage: string, archive: boolean) =>
      mlflow('POST', 'model-versions/transition-stage', {
        name: 'churn',
        version: number,
        stage,
        archive_existing_versions: archive,
      });
    expect(await move('1', 'production', false)).toMatchObject({
      json: { model_version: { current_stage: 'Production' } },
    });
    expect(await move('2', 'Production', true)).toMatchObject({
      json: { model_version: { current_stage: 'Production' } },
    });
    expect(await mlflow('GET', 'model-versions/get', { name: 'churn', version: '1' })).toMatchObject({
      json: { model_version: { current_stage: 'Archived' } },
    });
    expect(await move('2', 'Prod', true)).toMatchObject({
      status: 400,
      json: { message: 'Invalid Model Version stage: Prod. Value must be one of None, Staging, Production, Archived.' },
    });
    const latest = await mlflow('POST', 'registered-models/get-latest-versions', {
      name: 'churn',
      stages: ['Production'],
    });
    expect((latest.json.model_versions as { version: string }[]).map((item) => item.version)).toEqual(['2']);

    const alias = { name: 'churn', alias: 'champion', version: '2' };
    expect(await mlflow('POST', 'registered-models/alias', alias)).toEqual({ status: 200, json: {} });
    // It can be asked for all the same: the highest version.
    expect(await mlflow('GET', 'registered-models/alias', { name: 'churn', alias: 'latest' })).toMatchObject({
      status: 200,
      json: { model_version: { version: '2' } },
    });
    for (const reserved of ['latest', 'v7']) {
      expect(await mlflow('POST', 'registered-models/alias', { ...alias, alias: reserved })).toMatchObject({
        status: 400,
      });
    }
    expect(await mlflow('GET', 'registered-models/alias', { name: 'churn', alias: 'champion' })).toMatchObject({
      json: { model_version: { version: '2', aliases: ['champion'] } },
    });
    expect(await mlflow('GET', 'registered-models/alias', { name: 'churn', alias: 'x' })).toMatchObject({
      status: 400,
      json: { error_code: 'INVALID_PARAMETER_VALUE', message: 'Registered model alias x not found.' },
    });
    expect(
      await mlflow('POST', 'model-versions/set-tag', { name: 'churn', version: '2', key: 'ok', value: 'y' }),
    ).toEqual({
      status: 200,
      json: {},
    });

    const versions = await mlflow('GET', 'model-versions/search', { filter: "name='churn' and version_number > 1" });
    expect(versions.json.model_versions).toMatchObject([{ version: '2', tags: [{ key: 'ok', value: 'y' }] }]);
    const models = await mlflow('GET', 'registered-models/search', {
      filter: "name LIKE 'chu%' AND tags.team = 'crm'",
      max_results: 1,
    });
    expect(models.json).toMatchObject({ registered_models: [{ name: 'churn' }] });
    expect(models.json).not.toHaveProperty('next_page_token');
    expect(await mlflow('GET', 'registered-models/search', { filter: "name = 'a' OR name = 'b'" })).toMatchObject({
      status: 400,
    });
    expect(await mlflow('GET', 'registered-models/search', { max_results: 1001 })).toMatchObject({
      status: 400,
      json: {
        message: 'Invalid value for request parameter max_results. It must be at most 1000, but got value 1001',
      },
    });
    expect(await mlflow('GET', 'model-versions/get-download-uri', { name: 'churn', version: '2' })).toEqual({
      status: 200,
      json: { artifact_uri: 's3://m/2' },
    });

    expect(await mlflow('DELETE', 'model-versions/delete', { name: 'churn', version: '2' })).toEqual({
      status: 200,
      json: {},
    });
    expect(await mlflow('GET', 'registered-models/alias', { name: 'churn', alias: 'champion' })).toMatchObject({
      status: 400,
    });
    expect(await mlflow('POST', 'model-versions/create', { name: 'churn', source: 's3://m/3' })).toMatchObject({
      json: { model_version: { version: '3' } },
    });
    const updated = await mlflow('PATCH', 'registered-models/update', { name: 'churn', description: 'new' });
    expect(updated.json).toMatchObject({ registered_model: { description: 'new' } });
    const model = updated.json.registered_model as { last_updated_timestamp: number };
    expect(model.last_updated_timestamp).toBeGreaterThan(first.last_updated_timestamp);

    expect(await mlflow('DELETE', 'registered-models/delete', { name: 'churn' })).toEqual({ status: 200, json: {} });
    for (const gone of ['1', '3']) {
      expect(await mlflow('GET', 'model-versions/get', { name: 'churn', version: gone })).toMatchObject({
        status: 404,
        json: { message: `Model Version (name=churn, version=${gone}) not found` },
      });
    }
  });
});

/** method, path, document, status, error code, a piece of the message. */
const REFUSALS: [Parameters<Mlflow>[0], string, Record<string, unknown>, number, string, string][] = [
  [
    'POST',
    'registered-models/create',
    {},
    400,
    'INVALID_PARAMETER_VALUE',
    "Missing value for required parameter 'name'. See the API docs for more information about request parameters.",
  ],
  [
    'POST',
    'registered-models/create',
    { name: 5 },
    400,
    'INVALID_PARAMETER_VALUE',
    "Invalid value 5 for parameter 'name' supplied",
  ],
  [
    'POST',
    'registered-models/create',
    { name: 'a:b' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Invalid model name 'a:b'. Names cannot contain '/' or ':'.",
  ],
  [
    'POST',
    'registered-models/create',
    { name: 'x'.repeat(201) },
    400,
    'INVALID_PARAMETER_VALUE',
    "'name' exceeds the maximum length of 200 characters",
  ],
  [
    'POST',
    'registered-models/create',
    { name: 't', tags: [{ value: 'v' }] },
    400,
    'INVALID_PARAMETER_VALUE',
    "Missing value for required parameter 'tags[0].key'",
  ],
  [
    'POST',
    'registered-models/create',
    { name: 't', tags: 'k=v' },
    400,
    'INVALID_PARAMETER_VALUE',
    "for parameter 'tags'",
  ],
  [
    'POST',
    'registered-models/create',
    { name: 't', tags: [{ key: 'a'.repeat(251), value: 'v' }] },
    400,
    'INVALID_PARAMETER_VALUE',
    "'key' exceeds the maximum length of 250 characters",
  ],
  [
    'POST',
    'registered-models/set-tag',
    { name: 'kept', key: 'a?b', value: '1' },
    400,
    'INVALID_PARAMETER_VALUE',
    'Names may only contain alphanumerics',
  ],
  [
    'POST',
    'registered-models/set-tag',
    { name: 'kept', key: '../a', value: '1' },
    400,
    'INVALID_PARAMETER_VALUE',
    'must not resolve to other names',
  ],
  [
    'POST',
    'registered-models/set-tag',
    { name: 'kept', key: 'a', value: 'v'.repeat(100_001) },
    400,
    'INVALID_PARAMETER_VALUE',
    "'value' exceeds the maximum length of 100000 characters",
  ],
  [
    'POST',
    'registered-models/set-tag',
    { name: 'nope', key: 'a', value: 'v' },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'Registered Model with name=nope not found',
  ],
  [
    'DELETE',
    'registered-models/delete-tag',
    { name: 'kept' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Missing value for required parameter 'key'",
  ],
  [
    'POST',
    'registered-models/rename',
    { name: 'kept', new_name: '' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Missing value for required parameter 'new_name'",
  ],
  [
    'POST',
    'registered-models/rename',
    { name: 'kept', new_name: 'other' },
    400,
    'RESOURCE_ALREADY_EXISTS',
    'Registered Model (name=other) already exists.',
  ],
  [
    'POST',
    'registered-models/rename',
    { name: 'nope', new_name: 'n2' },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'name=nope not found',
  ],
  [
    'PATCH',
    'registered-models/update',
    { name: 'nope', description: 'd' },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'name=nope not found',
  ],
  ['DELETE', 'registered-models/delete', { name: 'nope' }, 404, 'RESOURCE_DOES_NOT_EXIST', 'name=nope not found'],
  [
    'POST',
    'registered-models/alias',
    { name: 'kept', alias: '', version: '1' },
    400,
    'INVALID_PARAMETER_VALUE',
    'Registered model alias name cannot be empty.',
  ],
  [
    'POST',
    'registered-models/alias',
    { name: 'kept', alias: 'a b', version: '1' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-).",
  ],
  [
    'POST',
    'registered-models/alias',
    { name: 'kept', alias: 'LATEST', version: '1' },
    400,
    'INVALID_PARAMETER_VALUE',
    "'latest' alias name (case insensitive) is reserved.",
  ],
  [
    'POST',
    'registered-models/alias',
    { name: 'kept', alias: 'V12', version: '1' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Version alias name 'V12' is reserved.",
  ],
  [
    'POST',
    'registered-models/alias',
    { name: 'kept', alias: 'a'.repeat(256), version: '1' },
    400,
    'INVALID_PARAMETER_VALUE',
    "'Registered model alias name' exceeds the maximum length of 255 characters",
  ],
  [
    'POST',
    'registered-models/alias',
    { name: 'kept', alias: 'c', version: '99' },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'Model Version (name=kept, version=99) not found',
  ],
  [
    'POST',
    'registered-models/alias',
    { name: 'nope', alias: 'c', version: '1' },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'name=nope',
  ],
  [
    'POST',
    'registered-models/get-latest-versions',
    { name: 'kept', stages: ['Prod'] },
    400,
    'INVALID_PARAMETER_VALUE',
    'Invalid Model Version stage: Prod.',
  ],
  [
    'GET',
    'model-versions/get',
    { name: 'kept', version: 'one' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Parameter 'version' must be an integer, got 'one'.",
  ],
  [
    'GET',
    'model-versions/get',
    { name: 'kept' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Missing value for required parameter 'version'",
  ],
  [
    'GET',
    'model-versions/get',
    { name: 'kept', version: '99999999999' },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'Model Version (name=kept, version=99999999999) not found',
  ],
  [
    'POST',
    'model-versions/create',
    { name: 'kept' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Missing value for required parameter 'source'",
  ],
  [
    'POST',
    'model-versions/create',
    { name: 'kept', source: '/etc/passwd' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Invalid model version source: '/etc/passwd'. To use a local path",
  ],
  [
    'POST',
    'model-versions/create',
    { name: 'kept', source: 'file:///etc' },
    400,
    'INVALID_PARAMETER_VALUE',
    'Invalid model version source',
  ],
  [
    'POST',
    'model-versions/create',
    { name: 'kept', source: 's3://b/%2e%2e/x' },
    400,
    'INVALID_PARAMETER_VALUE',
    'without relative path references',
  ],
  [
    'POST',
    'model-versions/create',
    { name: 'kept', source: 'models:/nope/1' },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'Model Version (name=nope, version=1) not found',
  ],
  [
    'POST',
    'model-versions/create',
    { name: 'kept', source: 's3://x', run_id: 'r'.repeat(501) },
    400,
    'INVALID_PARAMETER_VALUE',
    "'run_id' exceeds the maximum length of 500 characters",
  ],
  ...['models:/', 'models:/kept', 'models://kept/1', 'models:/kept/1/2', 'models:/m-1/2/3'].map(
    (source): (typeof REFUSALS)[number] => [
      'POST',
      'model-versions/create',
      { name: 'kept', source },
      400,
      'INVALID_PARAMETER_VALUE',
      `Invalid model version source: '${source}'.`,
    ],
  ),
  ...[' ', '\t', '.', '..'].map((name): (typeof REFUSALS)[number] => [
    'POST',
    'registered-models/create',
    { name },
    400,
    'INVALID_PARAMETER_VALUE',
    name.startsWith('.') ? `This name would resolve to '${name}'` : "Missing value for required parameter 'name'",
  ]),
  [
    'POST',
    'registered-models/alias',
    { name: 'kept', version: '1' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Missing value for required parameter 'alias'",
  ],
  [
    'POST',
    'registered-models/alias',
    { name: 'nope', alias: 'a', version: '1' },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'Model Version (name=nope, version=1) not found',
  ],
  ...['==', '<>'].map((comparator): (typeof REFUSALS)[number] => [
    'GET',
    'registered-models/search',
    { filter: `name ${comparator} 'kept'` },
    400,
    'INVALID_PARAMETER_VALUE',
    `Invalid comparator for attribute: ${comparator}`,
  ]),
  [
    'GET',
    'registered-models/search',
    { page_token: 'abc' },
    400,
    'INVALID_PARAMETER_VALUE',
    'Invalid page token, could not base64-decode',
  ],
  [
    'POST',
    'model-versions/transition-stage',
    { name: 'kept', version: '1', stage: 'None', archive_existing_versions: true },
    400,
    'INVALID_PARAMETER_VALUE',
    "Model version transition cannot archive existing model versions because 'None' is not an Active stage. Valid stages are ['Staging', 'Production']",
  ],
  [
    'POST',
    'model-versions/transition-stage',
    { name: 'kept', version: '9', stage: 'Staging', archive_existing_versions: true },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'version=9',
  ],
  ['DELETE', 'model-versions/delete', { name: 'kept', version: '9' }, 404, 'RESOURCE_DOES_NOT_EXIST', 'version=9'],
  [
    'GET',
    'model-versions/get-download-uri',
    { name: 'kept', version: '9' },
    404,
    'RESOURCE_DOES_NOT_EXIST',
    'version=9',
  ],
  [
    'GET',
    'registered-models/search',
    { max_results: 0 },
    400,
    'INVALID_PARAMETER_VALUE',
    'It must be a positive integer, but got value 0',
  ],
  [
    'GET',
    'registered-models/search',
    { max_results: 'many' },
    400,
    'INVALID_PARAMETER_VALUE',
    "for parameter 'max_results'",
  ],
  [
    'GET',
    'registered-models/search',
    { filter: "owner = 'a'" },
    400,
    'INVALID_PARAMETER_VALUE',
    "Invalid attribute key 'owner' specified. Valid keys are",
  ],
  [
    'GET',
    'registered-models/search',
    { filter: "name > 'a'" },
    400,
    'INVALID_PARAMETER_VALUE',
    'Invalid comparator for attribute: >',
  ],
  [
    'GET',
    'registered-models/search',
    { filter: "name = 'a' OR name = 'b'" },
    400,
    'INVALID_PARAMETER_VALUE',
    'Invalid clause(s) in filter string: OR',
  ],
  [
    'GET',
    'registered-models/search',
    { filter: 'name = churn' },
    400,
    'INVALID_PARAMETER_VALUE',
    'Parameter value is either not quoted or unidentified quote types used for string value churn.',
  ],
  [
    'GET',
    'registered-models/search',
    { order_by: 'size DESC' },
    400,
    'INVALID_PARAMETER_VALUE',
    "Invalid order by key 'size' specified.",
  ],
  [
    'GET',
    'registered-models/search',
    { order_by: ['name', 'name DESC'] },
    400,
    'INVALID_PARAMETER_VALUE',
    'duplicate fields',
  ],
  [
    'GET',
    'registered-models/search',
    { order_by: 'name SIDEWAYS' },
    400,
    'INVALID_PARAMETER_VALUE',
    'Invalid ordering key in order_by clause',
  ],
  ['GET', 'registered-models/search', { page_token: '!!' }, 400, 'INVALID_PARAMETER_VALUE', 'Invalid page token'],
  [
    'GET',
    'model-versions/search',
    { filter: "tag.a > 'b'" },
    400,
    'INVALID_PARAMETER_VALUE',
    'Invalid comparator for tag: >',
  ],
  [
    'GET',
    'model-versions/search',
    { filter: "version_number > '1'" },
    400,
    'INVALID_PARAMETER_VALUE',
    'Expected numeric value type for numeric attribute: version_number',
  ],
  [
    'GET',
    'model-versions/search',
    { max_results: 200_001 },
    400,
    'INVALID_PARAMETER_VALUE',
    'It must be at most 200000, but got value 200001',
  ],
  ['GET', 'experiments/search', {}, 404, 'ENDPOINT_NOT_FOUND', 'model registry'],
  ['PATCH', 'registered-models/create', {}, 404, 'ENDPOINT_NOT_FOUND', 'model registry'],
];

describe("MLflow's refusals", () => {
  beforeAll(async () => {
    for (const name of ['kept', 'other']) await mlflow('POST', 'registered-models/create', { name });
    await mlflow('POST', 'model-versions/create', { name: 'kept', source: 's3://kept/1' });
  });

  it.each(REFUSALS)('%s %s %j is %i %s', async (method, path, document, status, code, message) => {
    const answer = await mlflow(method, path, document);
    expect(answer).toMatchObject({ status, json: { error_code: code } });
    expect(String(answer.json.message)).toContain(message);
  });

  it('are JSON for bodies that are no document at all, and never a 500', async () => {
    const url = '/api/2.0/mlflow/registered-models/create';
    const json = { 'content-type': 'application/json' };
    for (const body of ['{"name":', '[1]', '"x"', '5', 'null', '', '\u0000', Buffer.from([0xff, 0xfe])]) {
      const answer = await call(service.app, 'POST', url, { body, headers: json });
      expect({ body, status: answer.status }).toEqual({ body, status: 400 });
      expect(answer.json()).toMatchObject({ error_code: expect.any(String), message: expect.any(String) });
    }
  });

  it('take JSON without its content type from a program, and refuse it from a page in a browser', async () => {
    const url = '/api/2.0/mlflow/registered-models/create';
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await call(service.app, 'POST', url, { body: '{"name":"curl"}', headers: form })).status).toBe(200);
    const fromPage = { ...form, origin: 'https://elsewhere.example' };
    const refused = await call(service.app, 'POST', url, { body: '{"name":"page"}', headers: fromPage });
    expect(refused.status).toBe(400);
    expect(refused.json()).toMatchObject({ error_code: 'BAD_REQUEST' });
  });
});

describe('the probes and the second prefix', () => {
  it('answer /health with OK, /version with a release, and everything under /ajax-api too', async () => {
    expect((await call(service.app, 'GET', '/health')).text).toBe('OK');
    expect((await call(service.app, 'GET', '/version')).text).toMatch(/^3\.\d+\.\d+$/);
    const options = { prefix: '/ajax-api/2.0/mlflow/' };
    expect(await mlflow('POST', 'registered-models/create', { name: 'ajax' }, options)).toMatchObject({ status: 200 });
    expect(await mlflow('GET', 'registered-models/get', { name: 'ajax' })).toMatchObject({ status: 200 });
    expect(await mlflow('GET', 'registered-models/get', { name: 'zzz' }, options)).toMatchObject({ status: 404 });
  });
});

// Webhooks of the registry against a real receiver: Databricks' and MLflow's bodies and signatures byte for byte, jobs, statuses, tests, secrets, crashes.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../support/http.js';
import { mlflowOf, type Mlflow } from '../../support/mlflow.js';
import { startReceiver, type Received, type Receiver } from '../../support/receiver.js';
import { startTestService, type TestService } from '../../support/service.js';

const SECRET = 's3cr3t-webhook';
let service: TestService;
let mlflow: Mlflow;
let receiver: Receiver;
beforeAll(async () => {
  service = await startTestService({ allowPrivateWebhooks: true });
  mlflow = mlflowOf(service.app);
  receiver = await startReceiver();
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

const addModel = async (name: string, versions: number) => {
  await mlflow('POST', 'registered-models/create', { name });
  for (let made = 0; made < versions; made += 1) {
    await mlflow('POST', 'model-versions/create', { name, source: `s3://models/${name}/${made + 1}` });
  }
};
const move = (name: string, version: string, stage: string) =>
  mlflow('POST', 'model-versions/transition-stage', { name, version, stage, archive_existing_versions: false });
const bodies = (requests: Received[]) => requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

describe("Databricks' webhooks", () => {
  const create = async (document: Record<string, unknown>) => {
    const answer = await mlflow('POST', 'registry-webhooks/create', document);
    expect(answer).toMatchObject({ status: 200 });
    return answer.json.webhook as { id: string; [key: string]: unknown };
  };

  it('send the documented body, signed over its raw bytes', async () => {
    await addModel('churn', 3);
    await move('churn', '3', 'Staging');
    const webhook = await create({
      model_name: 'churn',
      events: ['MODEL_VERSION_TRANSITIONED_STAGE'],
      http_url_spec: { url: `${receiver.url}/stage`, secret: SECRET, authorization: 'Bearer abc' },
    });
    service.clock.set(1767323045678 + 365 * 86_400_000);
    const at = service.clock.now();
    await move('churn', '3', 'Production');
    const [request] = await receiver.next(1);
    const body = `{"event":"MODEL_VERSION_TRANSITIONED_STAGE","webhook_id":"${webhook.id}","event_timestamp":${at},"model_name":"churn","version":"3","to_stage":"Production","from_stage":"Staging","text":"Registered model 'churn' version 3 transitioned from Staging to Production."}`;
    expect(request?.body).toBe(body);
    expect(request?.path).toBe('/stage');
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer abc',
      'x-databricks-signature': createHmac('sha256', SECRET).update(body).digest('hex'),
    });
    expect(webhook.id).toMatch(/^[0-9a-f]{32}$/);
    await mlflow('DELETE', 'registry-webhooks/delete', { id: webhook.id });
  });

  it('are told every kind of event, each once, and nothing of other models', async () => {
    const one = await create({
      model_name: 'churn',
      events: [
        'MODEL_VERSION_CREATED',
        'MODEL_VERSION_TAG_SET',
        'MODEL_VERSION_TRANSITIONED_TO_ARCHIVED',
        'MODEL_VERSION_TRANSITIONED_TO_STAGING',
        'MODEL_VERSION_TRANSITIONED_TO_PRODUCTION',
      ],
      http_url_spec: { url: `${receiver.url}/one` },
    });
    const all = await create({
      events: ['REGISTERED_MODEL_CREATED', 'MODEL_VERSION_CREATED'],
      http_url_spec: { url: `${receiver.url}/all` },
    });
    await addModel('other', 1);
    const version = { name: 'churn', version: '1' };
    await mlflow('POST', 'model-versions/create', { name: 'churn', source: 's3://models/churn/4' });
    await mlflow('POST', 'model-versions/set-tag', { ...version, key: 'ok', value: 'y' });
    for (const stage of ['Staging', 'Production', 'Archived', 'None']) await move('churn', '1', stage);
    const requests = await receiver.next(8);
    const of = (end: string) => bodies(requests.filter((request) => request.path === end));
    expect(of('/all')).toMatchObject([
      { event: 'REGISTERED_MODEL_CREATED', model_name: 'other', text: "Registered model 'other' created." },
      { event: 'MODEL_VERSION_CREATED', model_name: 'other', version: '1' },
      { event: 'MODEL_VERSION_CREATED', model_name: 'churn', version: '4' },
    ]);
    expect(of('/one')).toMatchObject([
      { event: 'MODEL_VERSION_CREATED', version: '4', text: "Registered model 'churn' version 4 created." },
      { event: 'MODEL_VERSION_TAG_SET', version: '1', tags: [{ key: 'ok', value: 'y' }] },
      { event: 'MODEL_VERSION_TRANSITIONED_TO_STAGING', from_stage: 'None', to_stage: 'Staging' },
      { event: 'MODEL_VERSION_TRANSITIONED_TO_PRODUCTION', from_stage: 'Staging', to_stage: 'Production' },
      { event: 'MODEL_VERSION_TRANSITIONED_TO_ARCHIVED', from_stage: 'Production', to_stage: 'Archived' },
    ]);
    for (const { id } of [one, all]) await mlflow('DELETE', 'registry-webhooks/delete', { id });
  });

  it('are told of comments and requests for transitions', async () => {
    const webhook = await create({
      model_name: 'churn',
      events: ['COMMENT_CREATED', 'TRANSITION_REQUEST_CREATED', 'TRANSITION_REQUEST_TO_PRODUCTION_CREATED'],
      http_url_spec: { url: `${receiver.url}/reviews` },
    });
    const version = { name: 'churn', version: '3' };
    await mlflow('POST', 'comments/create', { ...version, comment: 'looks good' });
    await mlflow('POST', 'transition-requests/create', { ...version, stage: 'Production' });
    await mlflow('POST', 'transition-requests/reject', { ...version, stage: 'Production' });
    await mlflow('POST', 'transition-requests/create', { ...version, stage: 'Archived', comment: 'old' });
    expect(bodies(await receiver.next(4))).toMatchObject([
      { event: 'COMMENT_CREATED', version: '3', comment: 'looks good' },
      { event: 'TRANSITION_REQUEST_CREATED', to_stage: 'Production' },
      { event: 'TRANSITION_REQUEST_TO_PRODUCTION_CREATED', to_stage: 'Production' },
      {
        event: 'TRANSITION_REQUEST_CREATED',
        to_stage: 'Archived',
        comment: 'old',
        text: "admin requested that registered model 'churn' version 3 transition from Production to Archived.",
      },
    ]);
    await mlflow('DELETE', 'registry-webhooks/delete', { id: webhook.id });
  });

  it('start a job with the event as a parameter of its notebook', async () => {
    const webhook = await create({
      model_name: 'churn',
      events: ['MODEL_VERSION_TRANSITIONED_TO_STAGING'],
      job_spec: { job_id: '1234', workspace_url: receiver.url, access_token: 'dapi-token' },
    });
    expect(webhook).toMatchObject({ job_spec: { job_id: '1234', workspace_url: receiver.url } });
    expect(JSON.stringify(webhook)).not.toContain('dapi-token');
    await move('churn', '2', 'Staging');
    const [request] = await receiver.next(1);
    expect(request).toMatchObject({
      method: 'POST',
      path: '/api/2.1/jobs/run-now',
      headers: { authorization: 'Bearer dapi-token' },
    });
    const body = JSON.parse(request?.body ?? '') as { job_id: number; notebook_params: { event_message: string } };
    expect(body.job_id).toBe(1234);
    expect(JSON.parse(body.notebook_params.event_message)).toMatchObject({
      event: 'MODEL_VERSION_TRANSITIONED_TO_STAGING',
      webhook_id: webhook.id,
      version: '2',
    });
    await mlflow('DELETE', 'registry-webhooks/delete', { id: webhook.id });
  });

  it('of TEST_MODE and DISABLED fire by a test only; ACTIVE again, they fire', async () => {
    const webhook = await create({
      model_name: 'churn',
      events: ['MODEL_VERSION_CREATED'],
      status: 'TEST_MODE',
      http_url_spec: { url: `${receiver.url}/mode`, secret: SECRET },
    });
    const tested = await mlflow('POST', 'registry-webhooks/test', { id: webhook.id });
    expect(tested).toEqual({
      status: 200,
      json: { status: 200, body: 'OK', status_code: 200, webhook: { status_code: 200, body: 'OK' } },
    });
    const [example] = await receiver.next(1);
    expect(JSON.parse(example?.body ?? '')).toMatchObject({ event: 'MODEL_VERSION_CREATED', webhook_id: webhook.id });
    expect(example?.headers['x-databricks-signature']).toBe(
      createHmac('sha256', SECRET)
        .update(example?.body ?? '')
        .digest('hex'),
    );
    receiver.answers.push(404);
    expect(await mlflow('POST', 'registry-webhooks/test', { id: webhook.id })).toMatchObject({
      json: { status_code: 404, body: 'no' },
    });
    await receiver.next(1);
    const add = () => mlflow('POST', 'model-versions/create', { name: 'churn', source: 's3://models/churn/n' });
    await add();
    for (const status of ['DISABLED', 'ACTIVE']) {
      await mlflow('PATCH', 'registry-webhooks/update', { id: webhook.id, status });
      await add();
    }
    const { latest_versions: latest } = (await mlflow('GET', 'registered-models/get', { name: 'churn' })).json
      .registered_model as { latest_versions: { version: string; current_stage: string }[] };
    const newest = latest.find((version) => version.current_stage === 'None')?.version;
    expect(bodies(await receiver.next(1))).toMatchObject([{ version: newest }]);
    await mlflow('DELETE', 'registry-webhooks/delete', { id: webhook.id });
  });

  it('list and update without their secrets, follow a rename, and go with their model', async () => {
    await addModel('named', 0);
    const spec = { url: `${receiver.url}/x`, secret: SECRET, authorization: 'Basic c2VjcmV0' };
    const webhook = await create({
      model_name: 'named',
      events: ['COMMENT_CREATED'],
      http_url_spec: spec,
      description: 'd',
    });
    await mlflow('POST', 'registered-models/rename', { name: 'named', new_name: 'renamed' });
    const listed = await mlflow('GET', 'registry-webhooks/list', {
      model_name: 'renamed',
      events: ['COMMENT_CREATED', 'MODEL_VERSION_TAG_SET'],
    });
    expect(listed.json.webhooks).toEqual([
      {
        id: webhook.id,
        model_name: 'renamed',
        description: 'd',
        events: ['COMMENT_CREATED'],
        status: 'ACTIVE',
        creation_timestamp: webhook.creation_timestamp,
        last_updated_timestamp: webhook.last_updated_timestamp,
        http_url_spec: { url: spec.url, enable_ssl_verification: true },
      },
    ]);
    const updated = await mlflow('PATCH', 'registry-webhooks/update', {
      id: webhook.id,
      events: ['MODEL_VERSION_CREATED'],
    });
    expect(updated.json.webhook).toMatchObject({ events: ['MODEL_VERSION_CREATED'], description: 'd' });
    expect(JSON.stringify([listed, updated])).not.toMatch(/s3cr3t|c2VjcmV0/);
    expect(
      (await mlflow('GET', 'registry-webhooks/list', { events: 'TRANSITION_REQUEST_CREATED' })).json.webhooks,
    ).toBeUndefined();
    await mlflow('DELETE', 'registered-models/delete', { name: 'renamed' });
    expect((await mlflow('GET', 'registry-webhooks/list')).json).toEqual({});
  });

  it.each([
    [{ events: ['NOPE'], http_url_spec: { url: 'https://a.example' } }, "for parameter 'events[0]'"],
    [{ events: [], http_url_spec: { url: 'https://a.example' } }, "for parameter 'events'"],
    [{ events: ['MODEL_VERSION_CREATED'] }, "Missing value for required parameter 'http_url_spec'"],
    [
      { events: ['MODEL_VERSION_CREATED'], http_url_spec: {} },
      "Missing value for required parameter 'http_url_spec.url'",
    ],
    [{ events: ['MODEL_VERSION_CREATED'], http_url_spec: { url: 'ftp://a' } }, "Invalid webhook URL scheme: 'ftp'."],
    [
      { events: ['MODEL_VERSION_CREATED'], status: 'ON', http_url_spec: { url: 'https://a.example' } },
      "for parameter 'status'",
    ],
    [
      { events: ['REGISTERED_MODEL_CREATED'], model_name: 'churn', http_url_spec: { url: 'https://a.example' } },
      'event of the whole registry',
    ],
    [{ events: ['MODEL_VERSION_CREATED'], job_spec: { job_id: '1', access_token: 't' } }, "'job_spec.workspace_url'"],
    [
      { events: ['MODEL_VERSION_CREATED'], model_name: 'nope', http_url_spec: { url: 'https://a.example' } },
      'name=nope not found',
    ],
  ])('refuse %j', async (document, message) => {
    const answer = await mlflow('POST', 'registry-webhooks/create', document);
    expect([400, 404]).toContain(answer.status);
    expect(String(answer.json.message)).toContain(message);
  });
});

describe("MLflow's webhooks", () => {
  const create = async (document: Record<string, unknown>) => {
    const answer = await mlflow('POST', 'webhooks', document);
    expect(answer).toMatchObject({ status: 200 });
    return answer.json.webhook as { webhook_id: string; [key: string]: unknown };
  };
  const event = (name: string) => {
    const [entity, action] = name.toUpperCase().split('.');
    return { entity, action };
  };

  it('send every event with its own data, signed over id, time and body', async () => {
    const names = [
      'registered_model.created',
      'model_version.created',
      'model_version_tag.set',
      'model_version_tag.deleted',
      'model_version_alias.created',
      'model_version_alias.deleted',
    ];
    const webhook = await create({
      name: 'all-events',
      url: `${receiver.url}/mlflow`,
      events: names.map(event),
      secret: SECRET,
      description: 'd',
    });
    expect(webhook).toMatchObject({ name: 'all-events', description: 'd', status: 'ACTIVE', events: names.map(event) });
    expect(webhook).not.toHaveProperty('secret');
    service.clock.set(service.clock.now() + 5);
    const at = service.clock.now();
    const model = { name: 'mlf', tags: [{ key: 'team', value: 'crm' }], description: 'what' };
    await mlflow('POST', 'registered-models/create', model);
    await mlflow('POST', 'model-versions/create', {
      name: 'mlf',
      source: 's3://models/mlf/1',
      run_id: 'r1',
      tags: [{ key: 'a', value: 'b' }],
    });
    const version = { name: 'mlf', version: '1' };
    await mlflow('POST', 'model-versions/set-tag', { ...version, key: 'ok', value: 'y' });
    await mlflow('DELETE', 'model-versions/delete-tag', { ...version, key: 'ok' });
    await mlflow('POST', 'registered-models/alias', { ...version, alias: 'champion' });
    await mlflow('DELETE', 'registered-models/alias', { name: 'mlf', alias: 'champion' });
    await move('mlf', '1', 'Staging');
    const requests = await receiver.next(6);
    expect(bodies(requests).map(({ entity, action, data }) => [`${String(entity)}.${String(action)}`, data])).toEqual([
      ['registered_model.created', { name: 'mlf', tags: { team: 'crm' }, description: 'what' }],
      [
        'model_version.created',
        { name: 'mlf', version: '1', source: 's3://models/mlf/1', run_id: 'r1', tags: { a: 'b' }, description: '' },
      ],
      ['model_version_tag.set', { name: 'mlf', version: '1', key: 'ok', value: 'y' }],
      ['model_version_tag.deleted', { name: 'mlf', version: '1', key: 'ok' }],
      ['model_version_alias.created', { name: 'mlf', alias: 'champion', version: '1' }],
      ['model_version_alias.deleted', { name: 'mlf', alias: 'champion' }],
    ]);
    const iso = new Date(at).toISOString().replace('Z', '000+00:00');
    expect(requests[0]?.body).toBe(
      `{"entity":"registered_model","action":"created","timestamp":"${iso}","data":{"name":"mlf","tags":{"team":"crm"},"description":"what"}}`,
    );
    for (const { headers, body } of requests) {
      const id = String(headers['x-mlflow-delivery-id']);
      const time = String(headers['x-mlflow-timestamp']);
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(time).toBe(String(Math.floor(at / 1000)));
      const mac = createHmac('sha256', SECRET).update(`${id}.${time}.${body}`).digest('base64');
      expect(headers['x-mlflow-signature']).toBe(`v1,${mac}`);
    }
    expect(new Set(requests.map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(6);
    await mlflow('DELETE', `webhooks/${webhook.webhook_id}`);
  });

  it('are read, listed in pages, changed, tested and deleted', async () => {
    const made = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        create({ name, url: `${receiver.url}/${name}`, events: [event('model_version.created')], secret: SECRET }),
      ),
    );
    const id = made[0]?.webhook_id ?? '';
    expect((await mlflow('GET', `webhooks/${id}`)).json.webhook).toEqual(made[0]);
    const first = await mlflow('GET', 'webhooks', { max_results: 2 });
    expect(first.json.webhooks).toHaveLength(2);
    const rest = await mlflow('GET', 'webhooks', { max_results: 2, page_token: first.json.next_page_token });
    expect(rest.json.webhooks).toHaveLength(1);
    expect(rest.json).not.toHaveProperty('next_page_token');
    const changed = await mlflow('PATCH', `webhooks/${id}`, { description: 'now', status: 'DISABLED', secret: '' });
    expect(changed.json.webhook).toMatchObject({ name: 'a', description: 'now', status: 'DISABLED' });
    const tested = await mlflow('POST', `webhooks/${id}/test`, { event: event('model_version_tag.set') });
    expect(tested.json).toEqual({ result: { success: true, response_status: 200, response_body: 'OK' } });
    const [request] = await receiver.next(1);
    expect(request?.headers).not.toHaveProperty('x-mlflow-signature');
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      entity: 'model_version_tag',
      action: 'set',
      data: { key: 'example_key' },
    });
    for (const { webhook_id: one } of made) await mlflow('DELETE', `webhooks/${one}`);
    expect(await mlflow('GET', `webhooks/${id}`)).toMatchObject({
      status: 404,
      json: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    });
  });

  it.each([
    [{ name: 'a b', events: [event('model_version.created')] }, "Webhook name 'a b' is invalid."],
    [{ name: 'x', events: [] }, "for parameter 'events'"],
    [
      { name: 'x', events: [{ entity: 'REGISTERED_MODEL', action: 'DELETED' }] },
      "Invalid action 'deleted' for entity 'registered_model'. Valid actions are: ['created']",
    ],
    [{ name: 'x', events: [{ entity: 'NOPE', action: 'CREATED' }] }, "Invalid entity 'nope'."],
    [
      { name: 'x', url: 'ftp://a.example', events: [event('model_version.created')] },
      "Invalid webhook URL scheme: 'ftp'. Allowed schemes are:",
    ],
    [
      { name: 'x', url: 'https://', events: [event('model_version.created')] },
      "Webhook URL must include a hostname: 'https://'",
    ],
    [
      { name: 'x', url: ' ', events: [event('model_version.created')] },
      'Webhook URL cannot be empty or just whitespace',
    ],
    [{ events: [event('model_version.created')] }, "Missing value for required parameter 'name'"],
  ])('refuse %j', async (document, message) => {
    const answer = await mlflow('POST', 'webhooks', { url: 'https://hooks.example', ...document });
    expect(answer).toMatchObject({ status: 400, json: { error_code: 'INVALID_PARAMETER_VALUE' } });
    expect(String(answer.json.message)).toContain(message);
  });
});

describe('secrets', () => {
  it('are sealed where they are stored, and in no log line, audit or answer', async () => {
    const secret = 'never-to-be-seen-again';
    const made = await mlflow('POST', 'registry-webhooks/create', {
      events: ['MODEL_VERSION_CREATED'],
      http_url_spec: { url: `${receiver.url}/s`, secret, authorization: `Bearer ${secret}` },
    });
    const rows = await service.container.tables.store.engine.rows(
      'read',
      "SELECT doc FROM registry WHERE kind = 'webhook'",
      {},
    );
    expect(JSON.stringify(rows)).toContain('v1.');
    const audit = await call(service.app, 'GET', '/v1/audit?limit=1000');
    expect(audit.text).toContain('registry-webhooks');
    expect(JSON.stringify([rows, made, service.logs, audit.text])).not.toContain(secret);
    const { id } = made.json.webhook as { id: string };
    await mlflow('DELETE', 'registry-webhooks/delete', { id });
  });
});

describe('a receiver that fails', () => {
  beforeEach(() => void (receiver.answers.length = 0));

  it('is tried again with the same delivery id, and refused bodies are written down as failed', async () => {
    const made = await mlflow('POST', 'webhooks', {
      name: 'flaky',
      url: `${receiver.url}/flaky`,
      events: [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }],
    });
    const { webhook_id: id } = made.json.webhook as { webhook_id: string };
    receiver.answers.push(503, 500, 200, 410);
    await mlflow('POST', 'registered-models/create', { name: 'flaky-1' });
    const tries = await receiver.next(3);
    expect(new Set(tries.map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(1);
    expect(new Set(tries.map(({ body }) => body)).size).toBe(1);
    await mlflow('POST', 'registered-models/create', { name: 'flaky-2' });
    await receiver.next(1);
    await service.container.registry.dispatcher.idle();
    const outcomes = await service.services.webhooks.deliveries({ state: null, webhook: id, limit: 10 });
    expect(outcomes).toMatchObject([
      { model: 'flaky-2', state: 'failed', attempts: 1, error: 'the receiver answered 410' },
      { model: 'flaky-1', state: 'sent', attempts: 3, error: null },
    ]);
    await mlflow('DELETE', `webhooks/${id}`);
  });
});

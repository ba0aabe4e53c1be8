// Every event of both protocols as it reaches a real receiver: the body byte for byte, and the signature over those bytes.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABRICKS_EVENTS, MLFLOW_EVENTS } from '../../../src/domain/registry/webhook.js';
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

async function ok(...request: Parameters<Mlflow>): Promise<void> {
  expect(await mlflow(...request)).toMatchObject({ status: 200 });
}

describe("MLflow's events", () => {
  const stamp = (): string => new Date(service.clock.now()).toISOString().replace('Z', '000+00:00');
  const body = (event: string, data: string): string => {
    const [entity, action] = event.split('.');
    return `{"entity":"${entity}","action":"${action}","timestamp":"${stamp()}","data":${data}}`;
  };
  const signed = ({ headers, body: bytes }: Received): void => {
    expect(headers['content-type']).toBe('application/json');
    expect(headers['x-mlflow-timestamp']).toBe(String(Math.floor(service.clock.now() / 1000)));
    const text = `${String(headers['x-mlflow-delivery-id'])}.${String(headers['x-mlflow-timestamp'])}.${bytes}`;
    expect(headers['x-mlflow-signature']).toBe(`v1,${createHmac('sha256', SECRET).update(text).digest('base64')}`);
  };
  const subscribe = async (path: string): Promise<string> => {
    const events = MLFLOW_EVENTS.map((event) => {
      const [entity, action] = event.toUpperCase().split('.');
      return { entity, action };
    });
    const webhook = { name: 'vectors', url: `${receiver.url}${path}`, events, secret: SECRET };
    const { json } = await mlflow('POST', 'webhooks', webhook);
    return (json.webhook as { webhook_id: string }).webhook_id;
  };

  it('of models and of prompts, each with its own data and no other', async () => {
    const id = await subscribe('/mlflow');
    const is = [
      { key: 'mlflow.prompt.is_prompt', value: 'true' },
      { key: '_mlflow_prompt_type', value: 'text' },
    ];
    const version = { name: 'churn', version: '1' };
    const prompt = { name: 'greet', version: '1' };
    await ok('POST', 'registered-models/create', {
      name: 'churn',
      description: 'who "leaves"',
      tags: [{ key: 'team', value: 'crm' }],
    });
    await ok('POST', 'model-versions/create', {
      name: 'churn',
      source: 's3://models/churn/1',
      run_id: 'r1',
      tags: [{ key: 'a', value: 'é' }],
    });
    await ok('POST', 'model-versions/set-tag', { ...version, key: 'ok', value: 'y' });
    await ok('DELETE', 'model-versions/delete-tag', { ...version, key: 'ok' });
    await ok('POST', 'registered-models/alias', { ...version, alias: 'champion' });
    await ok('DELETE', 'registered-models/alias', { name: 'churn', alias: 'champion' });
    // No event of MLflow: tags of a model, stages, descriptions.
    await ok('POST', 'registered-models/set-tag', { name: 'churn', key: 'team', value: 'risk' });
    await ok('POST', 'model-versions/transition-stage', {
      ...version,
      stage: 'Staging',
      archive_existing_versions: false,
    });
    await ok('PATCH', 'model-versions/update', { ...version, description: 'd' });
    await ok('POST', 'registered-models/create', {
      name: 'greet',
      description: 'says hello',
      tags: [...is, { key: 'team', value: 'crm' }],
    });
    await ok('POST', 'model-versions/create', {
      name: 'greet',
      source: 'dummy-source',
      description: 'first',
      tags: [...is, { key: 'mlflow.prompt.text', value: 'Hello {{name}}!' }, { key: 'tone', value: 'warm' }],
    });
    await ok('POST', 'registered-models/set-tag', { name: 'greet', key: 'team', value: 'risk' });
    await ok('DELETE', 'registered-models/delete-tag', { name: 'greet', key: 'team' });
    await ok('POST', 'model-versions/set-tag', { ...prompt, key: 'ok', value: 'y' });
    await ok('DELETE', 'model-versions/delete-tag', { ...prompt, key: 'ok' });
    await ok('POST', 'registered-models/alias', { ...prompt, alias: 'live' });
    await ok('DELETE', 'registered-models/alias', { name: 'greet', alias: 'live' });

    const received = await receiver.next(14);
    expect(received.map((request) => request.body)).toEqual([
      body('registered_model.created', '{"name":"churn","tags":{"team":"crm"},"description":"who \\"leaves\\""}'),
      body(
        'model_version.created',
        '{"name":"churn","version":"1","source":"s3://models/churn/1","run_id":"r1","tags":{"a":"é"},"description":""}',
      ),
      body('model_version_tag.set', '{"name":"churn","version":"1","key":"ok","value":"y"}'),
      body('model_version_tag.deleted', '{"name":"churn","version":"1","key":"ok"}'),
      body('model_version_alias.created', '{"name":"churn","alias":"champion","version":"1"}'),
      body('model_version_alias.deleted', '{"name":"churn","alias":"champion"}'),
      body('prompt.created', '{"name":"greet","tags":{"team":"crm"},"description":"says hello"}'),
      body(
        'prompt_version.created',
        '{"name":"greet","version":"1","template":"Hello {{name}}!","tags":{"tone":"warm"},"description":"first"}',
      ),
      body('prompt_tag.set', '{"name":"greet","key":"team","value":"risk"}'),
      body('prompt_tag.deleted', '{"name":"greet","key":"team"}'),
      body('prompt_version_tag.set', '{"name":"greet","version":"1","key":"ok","value":"y"}'),
      body('prompt_version_tag.deleted', '{"name":"greet","version":"1","key":"ok"}'),
      body('prompt_alias.created', '{"name":"greet","alias":"live","version":"1"}'),
      body('prompt_alias.deleted', '{"name":"greet","alias":"live"}'),
    ]);
    for (const request of received) signed(request);
    await ok('DELETE', `webhooks/${id}`);
  });

  it("are tested one by one with MLflow's own examples", async () => {
    const id = await subscribe('/example');
    for (const name of MLFLOW_EVENTS) {
      const [entity, action] = name.toUpperCase().split('.');
      const tested = await mlflow('POST', `webhooks/${id}/test`, { event: { entity, action } });
      expect(tested.json).toEqual({ result: { success: true, response_status: 200, response_body: 'OK' } });
      const [request] = await receiver.next(1);
      const sent = JSON.parse(request?.body ?? '') as { entity: string; action: string; data: Record<string, unknown> };
      expect(`${sent.entity}.${sent.action}`).toBe(name);
      if (!name.startsWith('budget')) {
        expect(sent.data.name).toBe(name.startsWith('prompt') ? 'example_prompt' : 'example_model');
      }
      if (request !== undefined) signed(request);
    }
    // Without one, the first of its events.
    await mlflow('POST', `webhooks/${id}/test`);
    const [request] = await receiver.next(1);
    expect(request?.body).toBe(
      body(
        'registered_model.created',
        '{"name":"example_model","tags":{"example_key":"example_value"},"description":"An example registered model"}',
      ),
    );
    await ok('DELETE', `webhooks/${id}`);
  });
});

describe("Databricks' events", () => {
  it('all twelve, in the order in which they happen', async () => {
    const spec = { url: `${receiver.url}/databricks`, secret: SECRET };
    const { json } = await mlflow('POST', 'registry-webhooks/create', {
      events: DATABRICKS_EVENTS,
      http_url_spec: spec,
    });
    const { id } = json.webhook as { id: string };
    const version = { name: 'fraud', version: '1' };
    const move = (stage: string) =>
      ok('POST', 'model-versions/transition-stage', { ...version, stage, archive_existing_versions: false });
    await ok('POST', 'registered-models/create', { name: 'fraud' });
    await ok('POST', 'model-versions/create', { name: 'fraud', source: 's3://models/fraud/1' });
    await ok('POST', 'model-versions/set-tag', { ...version, key: 'ok', value: 'y' });
    await ok('POST', 'comments/create', { ...version, comment: 'looks "good"' });
    for (const stage of ['Staging', 'Production', 'Archived']) {
      await ok('POST', 'transition-requests/create', { ...version, stage });
      await ok('DELETE', 'transition-requests/delete', { ...version, stage, creator: 'admin' });
    }
    for (const stage of ['Staging', 'Production', 'Archived', 'None']) await move(stage);

    const named = `"model_name":"fraud","version":"1"`;
    const body = (event: string, rest: string): string =>
      `{"event":"${event}","webhook_id":"${id}","event_timestamp":${service.clock.now()},${rest}}`;
    const requested = (stage: string): string[] =>
      ['TRANSITION_REQUEST_CREATED', `TRANSITION_REQUEST_TO_${stage.toUpperCase()}_CREATED`].map((event) =>
        body(
          event,
          `${named},"to_stage":"${stage}","from_stage":"None","text":"admin requested that registered model 'fraud' version 1 transition from None to ${stage}."`,
        ),
      );
    const moved = (from: string, to: string): string[] =>
      [
        'MODEL_VERSION_TRANSITIONED_STAGE',
        ...(to === 'None' ? [] : [`MODEL_VERSION_TRANSITIONED_TO_${to.toUpperCase()}`]),
      ].map((event) =>
        body(
          event,
          `${named},"to_stage":"${to}","from_stage":"${from}","text":"Registered model 'fraud' version 1 transitioned from ${from} to ${to}."`,
        ),
      );
    const expected = [
      body('REGISTERED_MODEL_CREATED', `"model_name":"fraud","text":"Registered model 'fraud' created."`),
      body('MODEL_VERSION_CREATED', `${named},"text":"Registered model 'fraud' version 1 created."`),
      body(
        'MODEL_VERSION_TAG_SET',
        `${named},"tags":[{"key":"ok","value":"y"}],"text":"admin set version tag(s) 'ok' => 'y' for registered model 'fraud' version 1."`,
      ),
      body(
        'COMMENT_CREATED',
        `${named},"comment":"looks \\"good\\"","text":"admin commented on registered model 'fraud' version 1: \\"looks \\"good\\"\\""`,
      ),
      ...['Staging', 'Production', 'Archived'].flatMap(requested),
      ...moved('None', 'Staging'),
      ...moved('Staging', 'Production'),
      ...moved('Production', 'Archived'),
      ...moved('Archived', 'None'),
    ];
    const received = await receiver.next(expected.length);
    expect(received.map((request) => request.body)).toEqual(expected);
    for (const { headers, body: bytes } of received) {
      expect(headers['x-databricks-signature']).toBe(createHmac('sha256', SECRET).update(bytes).digest('hex'));
    }
    await ok('DELETE', 'registry-webhooks/delete', { id });
  });
});

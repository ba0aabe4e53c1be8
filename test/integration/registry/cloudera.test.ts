// Cloudera APIv2: registered models, versions, models, builds and deployments as records; tracked metrics of a deployment are those of a registered version.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  BUILD_FIELDS,
  DEPLOYMENT_FIELDS,
  MODEL_FIELDS,
  REGISTERED_FIELDS,
  typesOf,
  VERSION_FIELDS,
} from '../../support/cloudera-fields.js';
import { call, type Method } from '../../support/http.js';
import { mlflowOf, queryOf } from '../../support/mlflow.js';
import { startReceiver, type Receiver } from '../../support/receiver.js';
import { startTestService, type TestService } from '../../support/service.js';

type Json = Record<string, unknown>;
let service: TestService;
let receiver: Receiver;
beforeAll(async () => {
  service = await startTestService({ allowPrivateWebhooks: true });
  receiver = await startReceiver();
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});
beforeEach(() => service.clock.set(service.clock.now() + 1000));

async function api<T = Json>(method: Method, path: string, document: Json = {}): Promise<{ status: number; json: T }> {
  const url = `/api/v2${path}${method === 'GET' ? queryOf(document) : ''}`;
  const answer = await call(service.app, method, url, method === 'GET' ? {} : { body: document });
  return { status: answer.status, json: answer.json() as T };
}

interface Registered {
  model_id: string;
  name: string;
  count: number;
  model_versions: {
    model_version_id: string;
    number: number;
    tags: unknown[];
    model_version_metadata: { mlflow_metadata: Json };
  }[];
}
interface Item {
  id: string;
  crn: string;
  status: string;
  created_at: string;
  [key: string]: unknown;
}

const MODELS = '/projects/proj-1/models';

let registered: Registered;
let model: Item;
let build: Item;
let deployment: Item;

describe('registered models', () => {
  it('are made with their first version, and get another under the same name', async () => {
    const request = {
      project_id: 'proj-1',
      experiment_id: 'exp-1',
      run_id: 'run-1',
      model_path: 'model',
      model_name: 'churn',
      tags: [{ key: 'team', value: 'crm' }],
      description: 'who leaves',
      notes: 'first',
      visibility: 'PRIVATE',
    };
    const first = await api<Registered>('POST', '/registry/models', request);
    expect(first).toMatchObject({ status: 200, json: { name: 'churn', visibility: 'PRIVATE', count: 1 } });
    registered = (await api<Registered>('POST', '/registry/models', { ...request, run_id: 'run-2', notes: 'second' }))
      .json;
    expect(registered.model_id).toBe(first.json.model_id);
    expect(registered.model_versions).toMatchObject([
      {
        number: 1,
        notes: 'first',
        model_version_metadata: { mlops_type: 'MLFLOW', mlflow_metadata: { experiment_id: 'exp-1', run_id: 'run-1' } },
      },
      { number: 2, notes: 'second', status: 'READY', tags: expect.arrayContaining([{ key: 'team', value: 'crm' }]) },
    ]);
    const mlflow = mlflowOf(service.app);
    expect(await mlflow('GET', 'model-versions/get', { name: 'churn', version: '2' })).toMatchObject({
      json: { model_version: { source: 'runs:/run-2/model', run_id: 'run-2' } },
    });
  });

  it('are listed without versions, in pages, by filter and order; read with them; changed', async () => {
    await api('POST', '/registry/models', { model_name: 'other', model_path: 's3://other/1' });
    const list = (query: Json) =>
      api<{ models: Registered[]; next_page_token: string }>('GET', '/registry/models', query);
    const first = await list({ page_size: 1 });
    expect(first.json).toMatchObject({ models: [{ name: 'churn', count: 2, model_versions: [] }] });
    const rest = await list({ page_size: 1, page_token: first.json.next_page_token });
    expect(rest.json).toMatchObject({ models: [{ name: 'other' }], next_page_token: '' });
    expect((await list({ sort: '-name' })).json.models.map(({ name }) => name)).toEqual(['other', 'churn']);
    expect((await list({ search_filter: '{"model_name":"other"}' })).json.models.map(({ name }) => name)).toEqual([
      'other',
    ]);
    // Who made something is known by name here.
    expect((await list({ search_filter: '{"creator_id":"admin"}' })).json.models).toHaveLength(2);
    expect((await list({ search_filter: '{"creator_id":1}' })).json.models).toEqual([]);
    const id = registered.model_id;
    expect((await api<Registered>('GET', `/registry/models/${id}`)).json.model_versions).toHaveLength(2);
    expect(await api('PATCH', `/registry/models/${id}`, { description: 'new' })).toMatchObject({
      json: { description: 'new' },
    });
    const version = registered.model_versions[1]?.model_version_id ?? '';
    expect(await api('GET', `/registry/models/${id}/versions/${version}`)).toMatchObject({ json: { number: 2 } });
  });

  it('show their versions in pages, by filter and order; notes and tags of a version are changed', async () => {
    const path = `/registry/models/${registered.model_id}`;
    const read = async (query: Json) => (await api<Registered & { next_page_token: string }>('GET', path, query)).json;
    const numbers = ({ model_versions }: Registered) => model_versions.map(({ number }) => number);
    const first = await read({ page_size: 1, sort: '-versions' });
    expect(numbers(first)).toEqual([2]);
    const last = await read({ page_size: 1, sort: '-versions', page_token: first.next_page_token });
    expect({ numbers: numbers(last), token: last.next_page_token, count: last.count }).toEqual({
      numbers: [1],
      token: '',
      count: 2,
    });
    expect(numbers(await read({ search_filter: '{"version_number":"2"}' }))).toEqual([2]);
    expect(numbers(await read({ search_filter: '{"creator_id":"nobody"}' }))).toEqual([]);

    const version = registered.model_versions[0]?.model_version_id ?? '';
    const tags = [{ key: 'git_commit', value: 'c0ffee' }];
    const changed = await api('PATCH', path, { model_version_id: version, notes: 'noted', tags });
    expect(changed).toMatchObject({
      status: 200,
      json: {
        model_version_id: version,
        notes: 'noted',
        tags: expect.arrayContaining([...tags, { key: 'team', value: 'crm' }]),
        model_version_metadata: { simple_metadata: { commit_id: 'c0ffee' } },
      },
    });
    const mlflow = mlflowOf(service.app);
    expect(await mlflow('GET', 'model-versions/get', { name: 'churn', version: '1' })).toMatchObject({
      json: { model_version: { description: 'noted' } },
    });
    expect(await api('PATCH', `${path}/versions/${version}`, { notes: 'first' })).toMatchObject({
      json: { notes: 'first' },
    });
    expect(await api('PATCH', path, { model_version_id: 'nope', notes: 'x' })).toMatchObject({ status: 404 });
  });

  it('of a new name, several at once, are versions of one model', async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map((index) =>
        api<Registered>('POST', '/registry/models', { model_name: 'rush', model_path: `s3://rush/${index}` }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const [{ json }] = answers as [(typeof answers)[number]];
    const { json: whole } = await api<Registered>('GET', `/registry/models/${json.model_id}`);
    expect(whole.model_versions.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    await api('DELETE', `/registry/models/${json.model_id}`);
  });

  it("are refused in Cloudera's form", async () => {
    const bad = await api('GET', '/registry/models/nope');
    expect(bad).toMatchObject({
      status: 404,
      json: { code: 5, error: expect.any(String), message: 'There is no registered model nope.', details: [] },
    });
    for (const [method, path, document, message] of [
      ['POST', '/registry/models', { model_path: 'm' }, "'model_name'"],
      ['POST', '/registry/models', { model_name: 'x', model_path: 'm' }, "'run_id'"],
      ['POST', '/registry/models', { model_name: 'a/b', model_path: 's3://m' }, "Invalid model name 'a/b'"],
      ['GET', '/registry/models', { search_filter: 'name=x' }, 'search_filter must be a JSON object'],
      ['GET', '/registry/models', { search_filter: '{"size":1}' }, 'cannot look for size'],
      ['GET', '/registry/models', { sort: 'size' }, 'cannot be sorted by size'],
      ['GET', '/registry/models', { sort: 'constructor' }, 'cannot be sorted by constructor'],
      ['GET', '/registry/models', { search_filter: '{"__proto__.x":1}' }, 'cannot look for __proto__.x'],
      ['GET', '/registry/models', { search_filter: '{"toString":1}' }, 'cannot look for toString'],
      ['GET', '/registry/models', { page_token: '%%' }, 'Invalid page token'],
    ] as const) {
      const answer = await api(method, path, document);
      expect(answer).toMatchObject({ status: 400, json: { code: 3 } });
      expect(String(answer.json.message)).toContain(message);
    }
    expect(await api('GET', '/clusters')).toMatchObject({ status: 404, json: { code: 5 } });
  });
});

describe('models, builds and deployments', () => {
  const SECRET = 'a-secret-of-eight';

  it('are records with CRNs, told to whoever runs containers', async () => {
    const hook = await call(service.app, 'POST', '/v1/registry/webhooks', {
      body: { url: receiver.url, secret: SECRET },
    });
    expect(hook.status).toBe(201);
    expect(hook.text).not.toContain(SECRET);
    const version = registered.model_versions[1]?.model_version_id ?? '';
    const made = await api<Item>('POST', MODELS, {
      name: 'churn-api',
      registered_model_id: registered.model_id,
      description: 'd',
    });
    expect(made.status).toBe(200);
    model = made.json;
    expect(model).toMatchObject({
      name: 'churn-api',
      registered_model_id: registered.model_id,
      auth_enabled: true,
      crn: expect.stringMatching(new RegExp(`^crn:.*/${model.id}$`)),
    });
    expect(String(model.access_key)).toMatch(/^m[0-9a-f]{32}$/);
    build = (
      await api<Item>('POST', `${MODELS}/${model.id}/builds`, {
        registered_model_version_id: version,
        file_path: 'predict.py',
        function_name: 'predict',
        kernel: 'python3',
      })
    ).json;
    expect(build).toMatchObject({ model_id: model.id, status: 'built', registered_model_version_id: version });
    const path = `${MODELS}/${model.id}/builds/${build.id}/deployments`;
    deployment = (await api<Item>('POST', path, { cpu: 1, memory: 2, replicas: 3, environment: { MODE: 'live' } }))
      .json;
    expect(deployment).toMatchObject({
      build_id: build.id,
      status: 'pending',
      replicas: 3,
      stopped_at: null,
      environment: '{"MODE":"live"}',
    });
    expect(await api('POST', `${path}/${deployment.id}:stop`)).toMatchObject({
      json: { status: 'stopped', stopped_at: expect.stringMatching(/Z$/) },
    });
    expect(await api('POST', `${path}/${deployment.id}:restart`)).toMatchObject({
      json: { status: 'pending', stopped_at: null },
    });
    expect(await api('PATCH', `${path}/${deployment.id}`, { status: 'deployed' })).toMatchObject({
      json: { status: 'deployed' },
    });
    const told = await receiver.next(4);
    expect(told.map(({ body }) => (JSON.parse(body) as Json).event)).toEqual([
      'build.created',
      'deployment.created',
      'deployment.stopped',
      'deployment.restarted',
    ]);
    expect(JSON.parse(told[1]?.body ?? '')).toMatchObject({
      model: 'churn',
      version: '2',
      source: 'runs:/run-2/model',
      deployment: {
        id: deployment.id,
        crn: deployment.crn,
        replicas: 3,
        file_path: 'predict.py',
        environment: { MODE: 'live' },
      },
    });
    const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(told[1]?.headers['x-driftline-signature'])) ?? [];
    expect(mac).toBe(createHmac('sha256', SECRET).update(`${time}.${told[1]?.body}`).digest('hex'));
    await service.container.registry.dispatcher.idle();
    const deliveries = await call(service.app, 'GET', '/v1/registry/deliveries?state=sent');
    expect((JSON.parse(deliveries.text) as Json[]).map(({ event }) => event)[0]).toBe('deployment.restarted');
  });

  it('have every field in the type that generated clients read it as', async () => {
    const path = `${MODELS}/${model.id}/builds/${build.id}`;
    const listed = await api<{ models: Item[] }>('GET', '/models', { search_filter: '{"auth_enabled":"t"}' });
    const documents: [Json | undefined, Record<string, string>][] = [
      [listed.json.models.find(({ id }) => id === model.id), MODEL_FIELDS],
      [(await api('GET', path)).json, BUILD_FIELDS],
      [(await api('GET', `${path}/deployments/${deployment.id}`)).json, DEPLOYMENT_FIELDS],
      [(await api('GET', `/registry/models/${registered.model_id}`)).json, REGISTERED_FIELDS],
      [registered.model_versions[1], VERSION_FIELDS],
    ];
    for (const [document, fields] of documents) expect(typesOf(document ?? {}, fields)).toEqual(fields);
  });

  it('take sizes from the model where a deployment says none, and keep them when the model changes', async () => {
    const sizes = {
      default_resources: { cpu_millicores: '1500', memory_mb: 512, nvidia_gpus: '1' },
      default_replication_policy: { num_replicas: '4', type: 'fixed' },
      accelerator_label_id: '11',
      resource_group_id: 12,
      run_as: 13,
    };
    const made = (await api<Item>('POST', MODELS, { name: 'sized', ...sizes, auto_deploy_model: true })).json;
    expect(made).toMatchObject({
      ...sizes,
      default_resources: { cpu_millicores: '1500', memory_mb: '512', nvidia_gpus: '1' },
      resource_profile_id: 0,
    });
    const changed = await api<Item>('PATCH', `${MODELS}/${made.id}`, {
      ...made,
      default_resources: { cpu_millicores: '250' },
      run_as: -1,
    });
    expect(changed.json).toMatchObject({
      name: 'sized',
      default_resources: { cpu_millicores: '250', memory_mb: '512', nvidia_gpus: '1' },
      default_replication_policy: sizes.default_replication_policy,
      run_as: 0,
    });
    const builds = (await api<{ model_builds: Item[] }>('GET', `${MODELS}/${made.id}/builds`)).json.model_builds;
    const path = `${MODELS}/${made.id}/builds/${builds[0]?.id}/deployments`;
    await api('POST', path, { replicas: 1, memory: 3 });
    const running = (await api<{ model_deployments: Item[] }>('GET', path)).json.model_deployments;
    expect(running).toMatchObject([
      { cpu: 1.5, memory: 0.5, nvidia_gpu: 1, replicas: 4, accelerator_label_id: '11', resource_group_id: 12 },
      { cpu: 0.25, memory: 3, nvidia_gpu: 1, replicas: 1 },
    ]);
    expect(await api('DELETE', `${MODELS}/${made.id}`)).toMatchObject({ status: 200 });
  });

  it("are found by the helpers that Cloudera's prototypes use", async () => {
    const models = (await api<{ models: Item[] }>('GET', MODELS, { search_filter: '{"name":"churn-api"}' })).json
      .models;
    expect(models[0]).toMatchObject({ id: model.id, crn: model.crn, access_key: model.access_key });
    const second = (
      await api<Item>('POST', `${MODELS}/${model.id}/builds`, { comment: 'later', auto_deploy_model: true })
    ).json;
    const builds = (await api<{ model_builds: Item[] }>('GET', `${MODELS}/${model.id}/builds`)).json.model_builds;
    expect(builds.at(-1)?.id).toBe(second.id);
    const deployments = await api<{ model_deployments: Item[] }>(
      'GET',
      `${MODELS}/${model.id}/builds/${second.id}/deployments`,
    );
    expect(deployments.json.model_deployments.at(-1)?.crn).toMatch(/^crn:/);
    expect((await api<{ models: Item[] }>('GET', '/projects/proj-2/models')).json.models).toEqual([]);
    expect(await api('GET', `/projects/proj-2/models/${model.id}`)).toMatchObject({ status: 404 });
  });

  it('refuse what cannot be', async () => {
    for (const [method, path, document, status] of [
      ['POST', MODELS, {}, 400],
      ['POST', MODELS, { name: 'x', registered_model_id: 'nope' }, 404],
      ['POST', `${MODELS}/${model.id}/builds`, { registered_model_version_id: 'nope' }, 404],
      ['POST', `${MODELS}/${model.id}/builds/${build.id}/deployments`, { replicas: 0 }, 400],
      ['POST', `${MODELS}/${model.id}/builds/${build.id}/deployments`, { environment: [1] }, 400],
      ['POST', `${MODELS}/${model.id}/builds/${build.id}/deployments`, { deployment_secrets: { A: 'b' } }, 400],
      ['PATCH', `${MODELS}/${model.id}`, { default_resources: { cpu_millicores: '-1' } }, 400],
      ['PATCH', `${MODELS}/${model.id}`, { default_replication_policy: { num_replicas: '1e9' } }, 400],
      ['PATCH', `${MODELS}/${model.id}`, { run_as: 'me' }, 400],
      ['POST', '/registry/models', { model_name: 'x', model_path: 's3://x', visibility: 'SECRET' }, 400],
      ['POST', `${MODELS}/${model.id}/builds/${build.id}/deployments/${deployment.id}:explode`, {}, 404],
      ['PATCH', `${MODELS}/${model.id}/builds/${build.id}/deployments/${deployment.id}`, { status: 'happy' }, 400],
      ['GET', `${MODELS}/${model.id}/builds/nope`, {}, 404],
    ] as const) {
      expect({ path, answer: (await api(method, path, document)).status }).toEqual({ path, answer: status });
    }
  });
});

describe('tracked metrics of a deployment', () => {
  it('are those of the registered version, and are read back by any of the three CRNs', async () => {
    const now = service.clock.now();
    const tracked = {
      modelDeploymentCrn: deployment.crn,
      startTimestampMs: now - 1000,
      endTimestampMs: now - 900,
      predictionUuid: '12f34405-38fa-42de-9ed4-68dbd82d36f6',
      metrics: { input_data: { tenure: 8 }, probability: 0.34 },
    };
    expect((await call(service.app, 'POST', '/track-metrics', { body: tracked })).status).toBe(200);
    const one = (await call(service.app, 'GET', `/v1/predictions/${tracked.predictionUuid}`)).json();
    expect(one).toMatchObject({ model: 'churn', version: '2', deployment: deployment.crn });
    const versions = JSON.parse((await call(service.app, 'GET', '/v1/models/churn/versions')).text) as Json[];
    expect(versions).toMatchObject([{ version: '2', stage: 'None', predictions: 1 }]);
    const crns = { modelDeploymentCrn: deployment.crn, modelBuildCrn: build.crn, modelCrn: model.crn };
    for (const [name, crn] of Object.entries(crns)) {
      const read = (await call(service.app, 'POST', '/read-metrics', { body: { [name]: crn } })).json();
      expect(read.metrics).toMatchObject([
        { ...crns, predictionUuid: tracked.predictionUuid, metrics: { probability: 0.34 } },
      ]);
    }
  });

  it('of a build without a registered version are tracked under the number of the build', async () => {
    const { json: free } = await api<Item>('POST', MODELS, { name: 'free', auto_deploy_model: true });
    const builds = (await api<{ model_builds: Item[] }>('GET', `${MODELS}/${free.id}/builds`)).json.model_builds;
    const path = `${MODELS}/${free.id}/builds/${builds[0]?.id}/deployments`;
    const [running] = (await api<{ model_deployments: Item[] }>('GET', path)).json.model_deployments;
    const now = service.clock.now();
    const predictionUuid = '22f34405-38fa-42de-9ed4-68dbd82d36f6';
    const body = {
      modelDeploymentCrn: running?.crn,
      startTimestampMs: now - 10,
      endTimestampMs: now,
      predictionUuid,
      metrics: { p: 1 },
    };
    await call(service.app, 'POST', '/track-metrics', { body });
    expect((await call(service.app, 'GET', `/v1/predictions/${predictionUuid}`)).json()).toMatchObject({
      model: 'free',
      version: 'build-1',
    });
  });

  it('goes with its model, and the one who runs it is told', async () => {
    const before = receiver.received.length;
    expect(await api('DELETE', `${MODELS}/${model.id}`)).toEqual({ status: 200, json: {} });
    await service.container.registry.dispatcher.idle();
    const events = receiver.received.slice(before).map(({ body }) => JSON.parse(body) as Json);
    expect(events.filter(({ event }) => event === 'deployment.deleted')).toHaveLength(2);
    expect(await api('GET', `${MODELS}/${model.id}`)).toMatchObject({ status: 404 });
    const version = registered.model_versions[1]?.model_version_id ?? '';
    expect(await api('DELETE', `/registry/models/${registered.model_id}/versions/${version}`)).toEqual({
      status: 200,
      json: {},
    });
    expect(await api('DELETE', `/registry/models/${registered.model_id}`)).toEqual({ status: 200, json: {} });
    expect(await api('GET', `/registry/models/${registered.model_id}`)).toMatchObject({ status: 404 });
  });
});

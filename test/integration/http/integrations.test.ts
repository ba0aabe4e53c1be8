// Inference logs over HTTP: halves in any order, duplicates, missing and broken ones, a restart in between, privacy, keys, the other forms.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const dataDir = mkdtempSync(path.join(tmpdir(), 'driftline-logs-'));
let on: TestService;
const ADMIN = 'a-key-of-the-administrator';
const start = () => startTestService({ dataDir, adminKey: ADMIN });
beforeAll(async () => {
  on = await start();
});
afterAll(async () => {
  await on.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const AT = new Date(TEST_NOW - 60_000);
const later = (ms: number) => new Date(AT.getTime() + ms).toISOString();
const headers = (kind: string, id: string, time: string, more: Record<string, string> = {}) => ({
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': id,
  'ce-type': `org.kubeflow.serving.inference.${kind}`,
  'ce-source': 'http://localhost:9081/',
  'ce-time': time,
  'ce-inferenceservicename': 'iris',
  'ce-namespace': 'ns',
  'ce-component': 'predictor',
  'ce-endpoint': '',
  ...more,
});
const send = (body: unknown, head: Record<string, string>, url = '/v1/integrations/cloudevents') =>
  call(on.app, 'POST', url, {
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: head,
    key: ADMIN,
  });
const get = async (url: string) => (await call(on.app, 'GET', url, { key: ADMIN })).json();
const predictions = async (model: string) =>
  ((await get(`/v1/predictions?model=${model}`))['predictions'] as Record<string, unknown>[]).sort((a, b) =>
    String(a['external_id']) < String(b['external_id']) ? -1 : 1,
  );

const REQUEST = {
  instances: [
    [5.1, 3.5, 1.4, 0.2],
    [6.0, 3.0, 4.8, 1.8],
  ],
};

describe('KServe', () => {
  test('the response first: two predictions R1#0 and R1#1 with their latency, once, however often the halves come', async () => {
    const first = await send({ predictions: [0, 2] }, headers('response', 'R1', later(200)));
    expect([first.status, first.json()]).toEqual([
      200,
      { accepted: 1, predictions: 0, waiting: 1, duplicates: 0, ignored: 0 },
    ]);
    const second = await send(REQUEST, headers('request', 'R1', later(123)));
    expect(second.json()).toMatchObject({ accepted: 1, predictions: 2, waiting: 0 });
    for (const [body, kind] of [
      [REQUEST, 'request'],
      [{ predictions: [0, 2] }, 'response'],
    ] as const) {
      expect((await send(body, headers(kind, 'R1', later(200)))).json()).toMatchObject({
        accepted: 1,
        predictions: 0,
        duplicates: 1,
      });
    }
    expect(await predictions('iris')).toMatchObject([
      {
        external_id: 'R1#0',
        inputs: { f0: 5.1, f3: 0.2 },
        outputs: { value: 0 },
        latency_ms: 77,
        timestamp: later(123),
      },
      { external_id: 'R1#1', inputs: { f0: 6, f3: 1.8 }, outputs: { value: 2 }, latency_ms: 77 },
    ]);
  });

  test('a half survives a restart, also one of which both sides came and nobody joined them', async () => {
    await send(REQUEST, headers('request', 'R2', later(0)));
    await on.container.tables.inferenceHalves.write([
      {
        model: 'iris',
        id: 'R3',
        kind: 'request',
        version: '',
        deployment: '',
        time: AT.getTime(),
        body: '{"rows":[{"a":1}],"error":null}',
        hashed: [],
        state: 'waiting',
        receivedAt: TEST_NOW,
      },
      {
        model: 'iris',
        id: 'R3',
        kind: 'response',
        version: '',
        deployment: '',
        time: AT.getTime(),
        body: '{"rows":[1],"error":null}',
        hashed: [],
        state: 'waiting',
        receivedAt: TEST_NOW,
      },
    ]);
    await on.app.close();
    await on.container.close();
    on = await start();
    expect(await on.services.predictions.get('R3#0', null)).toMatchObject({ inputs: { a: 1 } });
    expect((await send({ predictions: [1, 1] }, headers('response', 'R2', later(5)))).json()).toMatchObject({
      predictions: 2,
    });
  });

  test('structured and batched modes, any content type, a canary, a transformer that logs the same id', async () => {
    const event = (kind: string, id: string, data: unknown, more: object = {}) => ({
      specversion: '1.0',
      id,
      type: `org.kubeflow.serving.inference.${kind}`,
      source: '/',
      time: later(0),
      inferenceservicename: 'modes',
      data,
      ...more,
    });
    const structured = { 'content-type': 'application/cloudevents+json' };
    await send(event('request', 'S', { instances: [[1]] }, { endpoint: 'canary' }), structured);
    expect(
      (await send(event('response', 'S', { predictions: [3] }, { endpoint: 'canary' }), structured)).json(),
    ).toMatchObject({ predictions: 1 });
    const batch = [
      event('request', 'B', { instances: [[2]] }),
      event('response', 'B', { predictions: [4] }),
      event('outlier', 'B', {}),
      { specversion: '1.0', id: 'x' },
    ];
    const answer = await send(batch, { 'content-type': 'application/cloudevents-batch+json' });
    expect([answer.status, answer.json()]).toMatchObject([
      207,
      { accepted: 3, predictions: 1, ignored: 1, rejected: 1, errors: [{ index: 3, code: 'invalid_event' }] },
    ]);
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'ce-inferenceservicename': 'modes' };
    await send({ instances: [[5]] }, headers('request', 'F', later(1), form));
    await send({ predictions: [6] }, headers('response', 'F', later(2), form));
    const outer = { 'ce-inferenceservicename': 'modes', 'ce-component': 'transformer' };
    await send({ instances: [[7]] }, headers('request', 'F', later(1), outer));
    await send({ predictions: [8] }, headers('response', 'F', later(2), outer));
    const found = (await predictions('modes')).map((row) => [row['external_id'], row['deployment'], row['outputs']]);
    expect(found.sort()).toEqual([
      ['B#0', '', { value: 4 }],
      ['F#0', '', { value: 6 }],
      ['F/transformer#0', 'transformer', { value: 8 }],
      ['S#0', 'canary', { value: 3 }],
    ]);
  });

  test('Seldon joins by its request id; a version of the response is the version', async () => {
    const seldon = (kind: string, id: string) =>
      headers(kind, id, later(0), {
        'ce-type': `io.seldon.serving.inference.${kind}`,
        'ce-requestid': 'Q',
        'ce-inferenceservicename': 'seldon',
      });
    await send({ inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] }, seldon('request', 'one'));
    await send(
      { model_version: '7', outputs: [{ name: 'y', shape: [1], datatype: 'FP32', data: [2] }] },
      seldon('response', 'two'),
    );
    expect(await predictions('seldon')).toMatchObject([
      { external_id: 'Q#0', version: '7', inputs: { x: 1 }, outputs: { y: 2 } },
    ]);
  });

  test('an error of the model is a failed prediction, sides that do not fit are refused and counted, a body that is none too', async () => {
    await send({ instances: [[1]] }, headers('request', 'E', later(0), { 'ce-inferenceservicename': 'bad' }));
    await send({ error: 'out of memory' }, headers('response', 'E', later(9), { 'ce-inferenceservicename': 'bad' }));
    expect(await predictions('bad')).toMatchObject([{ status: 'error', error: 'out of memory', latency_ms: 9 }]);
    await send({ instances: [[1], [2]] }, headers('request', 'M', later(0), { 'ce-inferenceservicename': 'bad' }));
    const misfit = await send(
      { predictions: [1] },
      headers('response', 'M', later(0), { 'ce-inferenceservicename': 'bad' }),
    );
    expect(expectProblem(misfit, 400, 'all_rejected')).toMatchObject({
      errors: [{ code: 'invalid_body', message: expect.stringContaining('2 instances') as string }],
    });
    expectProblem(await send('<html>', headers('request', 'H', later(0))), 400, 'all_rejected');
    expectProblem(await send({ a: 1 }, { 'content-type': 'application/json' }), 400, 'invalid_event');
    expectProblem(await send('[]', { 'content-type': 'application/cloudevents-batch+json' }), 400, 'invalid_input');
    expect(await get('/v1/integrations/halves')).toMatchObject({ unusable: 1 });
    expect(await get('/v1/rejected')).toEqual(
      expect.arrayContaining([expect.objectContaining({ route: 'cloudevents', code: 'invalid_body' })]),
    );
  });
});

describe('missing halves', () => {
  test('are listed while they wait, count as missing after a day, and still join', async () => {
    const own = { 'ce-inferenceservicename': 'lonely' };
    await send({ instances: [[1]] }, headers('request', 'L', later(0), own));
    const before = await get('/v1/integrations/halves');
    expect(before).toMatchObject({
      waiting_requests: 1,
      expired_requests: 0,
      halves: [{ model: 'lonely', request_id: 'L', kind: 'request', expired: false }],
    });
    on.clock.set(TEST_NOW + 25 * 3_600_000);
    expect(await get('/v1/integrations/halves')).toMatchObject({
      waiting_requests: 0,
      expired_requests: 1,
      halves: [{ expired: true }],
    });
    expect((await send({ predictions: [1] }, headers('response', 'L', later(0), own))).json()).toMatchObject({
      predictions: 1,
    });
    on.clock.set(TEST_NOW + 10 * 86_400_000);
    await on.services.jobs.run('retention', { model: null, from: null, to: null, now: on.clock.now() }, 'api');
    expect(await get('/v1/integrations/halves')).toMatchObject({ joined: 0, halves: [] });
    on.clock.set(TEST_NOW);
  });
});

describe('the mapping of a model', () => {
  test('names columns, outputs and the id; private fields are hashed before a half is kept, and hashed once', async () => {
    const integration = { features: ['id', 'email', 'age'], outputs: ['score'], id: 'id', version: '3' };
    const put = await call(on.app, 'PUT', '/v1/models/mapped', {
      body: { integration, privacy: { hash: ['inputs.email'], drop: ['inputs.age'] } },
      key: ADMIN,
    });
    expect(put.json()).toMatchObject({ config: { integration } });
    const own = { 'ce-inferenceservicename': 'mapped' };
    await send({ instances: [['order-1', 'a@b.test', 8675309]] }, headers('request', 'P', later(0), own));
    const [half] = await on.container.tables.inferenceHalves.find([{ model: 'mapped', id: 'P' }]);
    expect(half?.body).not.toContain('a@b.test');
    expect(half?.body).not.toContain('8675309');
    await send({ predictions: [0.5] }, headers('response', 'P', later(0), own));
    await call(on.app, 'POST', '/v1/predictions', {
      body: { model: 'mapped', prediction_id: 'direct', timestamp: AT.getTime(), inputs: { email: 'a@b.test' } },
      key: ADMIN,
    });
    const [logged, direct] = [
      await on.services.predictions.get('order-1', null),
      await on.services.predictions.get('direct', null),
    ];
    expect(logged).toMatchObject({ version: '3', outputs: { score: 0.5 } });
    expect(logged.inputs['email']).toBe(direct.inputs['email']);
    expect(logged.inputs).not.toHaveProperty('age');
  });
});

describe('the other forms', () => {
  test('whole inferences: the four bodies of MLflow, and which could not be used', async () => {
    const body = [
      {
        model: 'whole',
        version: '1',
        id: 'a',
        timestamp: AT.getTime(),
        latency_ms: 12.5,
        request: { dataframe_split: { columns: ['x'], data: [[1]] } },
        response: { predictions: [2] },
      },
      { model: 'whole', request: { dataframe_records: [{ x: 3 }] }, response: { predictions: [{ y: 4 }] } },
      { model: 'whole', request: { instances: [[5]], inputs: {} }, response: { predictions: [6] } },
      { model: 'whole', response: { predictions: [6] } },
      { request: {}, response: {} },
    ];
    const answer = await send(body, { 'content-type': 'application/json' }, '/v1/integrations/inference');
    expect([answer.status, answer.json()]).toMatchObject([
      207,
      { accepted: 2, predictions: 2, rejected: 3, errors: [{ index: 2 }, { index: 3 }, { index: 4, path: 'model' }] },
    ]);
    expect(await on.services.predictions.get('a#0', null)).toMatchObject({
      inputs: { x: 1 },
      outputs: { value: 2 },
      latency_ms: 12.5,
      version: '1',
    });
  });

  test('SageMaker: capture and ground truth in one file, joined by the inference id', async () => {
    await call(on.app, 'PUT', '/v1/models/sage', {
      body: { ground_truth: 'late', integration: { features: ['a', 'b'] } },
      key: ADMIN,
    });
    const lines = [
      { groundTruthData: { data: '1', encoding: 'CSV' }, eventMetadata: { eventId: 'order-17' }, eventVersion: '0' },
      {
        captureData: {
          endpointInput: { data: '132,25', encoding: 'CSV', mode: 'INPUT' },
          endpointOutput: { data: '0.0107', encoding: 'CSV' },
        },
        eventMetadata: { eventId: 'e', inferenceId: 'order-17', inferenceTime: later(0) },
        eventVersion: '0',
      },
      { eventVersion: '0' },
    ];
    const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"cut`;
    const answer = await send(
      text,
      { 'content-type': 'application/x-ndjson' },
      '/v1/integrations/sagemaker?model=sage&version=2',
    );
    expect([answer.status, answer.json()]).toMatchObject([
      207,
      {
        accepted: 2,
        predictions: 1,
        rejected: 2,
        errors: [
          { index: 2, code: 'required' },
          { index: 3, code: 'malformed_json' },
        ],
      },
    ]);
    expect(await predictions('sage')).toMatchObject([
      {
        external_id: 'order-17',
        version: '2',
        inputs: { a: 132, b: 25 },
        outputs: { value: 0.0107 },
        ground_truth: { late: 1 },
      },
    ]);
    expectProblem(
      await send(text, { 'content-type': 'application/x-ndjson' }, '/v1/integrations/sagemaker'),
      400,
      'invalid_input',
    );
  });
});

describe('keys', () => {
  test('a key of one model writes its logs and sees its halves only', async () => {
    const { key } = await on.services.keys.create({ name: 'logger', scopes: ['ingest', 'read'], models: ['mine'] });
    const as = (name: string) =>
      call(on.app, 'POST', '/v1/integrations/cloudevents', {
        body: JSON.stringify(REQUEST),
        headers: headers('request', 'K', later(0), { 'ce-inferenceservicename': name }),
        key,
      });
    expect((await as('mine')).status).toBe(200);
    expectProblem(await as('theirs'), 400, 'all_rejected');
    const sage = await call(on.app, 'POST', '/v1/integrations/sagemaker?model=theirs', {
      body: '{}',
      headers: { 'content-type': 'application/x-ndjson' },
      key,
    });
    expectProblem(sage, 403, 'forbidden');
    const halves = (await call(on.app, 'GET', '/v1/integrations/halves', { key })).json()['halves'] as {
      model: string;
    }[];
    expect(halves.map(({ model }) => model)).toEqual(['mine']);
    expectProblem(await call(on.app, 'GET', '/v1/integrations/halves', {}), 401, 'unauthorized');
  });
});

// Cloudera's model metrics over HTTP: the fixture of its wire format, the rules of a compatible server, and what is refused.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

interface Vectors {
  calls: { path: string; body: Record<string, unknown> }[];
  reads: { body: Record<string, unknown>; metrics: Record<string, unknown>[] }[];
}
const vectors = JSON.parse(readFileSync('clients/vectors/cloudera.json', 'utf8')) as Vectors;
const CRN = 'crn:cdp:ml:us-west-1:acc:workspace:ws/';
const START = TEST_NOW - 3_600_000;
const ADMIN_KEY = 'an-admin-key-for-tests';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ adminKey: ADMIN_KEY });
});
afterAll(async () => {
  await service.close();
});

const post = (path: string, body: unknown, key = ADMIN_KEY) => call(service.app, 'POST', path, { body, key });

interface Row {
  modelDeploymentCrn: string;
  modelBuildCrn: string;
  modelCrn: string;
  startTimeStampMs: number;
  endTimeStampMs: number;
  predictionUuid: string;
  metrics: Record<string, unknown>;
}

async function read(body: Record<string, unknown>): Promise<Row[]> {
  const answer = await post('/read-metrics', body);
  expect({ status: answer.status, text: answer.text.slice(0, 300) }).toMatchObject({ status: 200 });
  return answer.json().metrics as Row[];
}

async function track(deployment: string, changes: Record<string, unknown> = {}): Promise<void> {
  const body = {
    modelDeploymentCrn: `${CRN}${deployment}`,
    startTimestampMs: START,
    endTimestampMs: START + 108,
    predictionUuid: '12f34405-38fa-42de-9ed4-68dbd82d36f6',
    metrics: { probability: 0.5 },
    ...changes,
  };
  const answer = await post('/track-metrics', body);
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
}

test('calls in an order that the network made read back as Cloudera would answer them, and a later value keeps the earlier ones', async () => {
  for (const { path, body } of vectors.calls) expect((await post(path, body)).status).toBe(200);
  for (const expected of vectors.reads) {
    const rows = await read(expected.body);
    expect(rows.map(({ modelDeploymentCrn: _d, modelBuildCrn: _b, modelCrn: _m, ...row }) => row)).toEqual(
      expected.metrics,
    );
    for (const row of rows) expect(row.modelDeploymentCrn).toBe(`${CRN}dep`);
  }
  await post('/track-delayed-metrics', { predictionUuid: 'u-2', metrics: { date_sold: '2026-01-01' } });
  const rows = await read({ modelDeploymentCrn: `${CRN}dep`, startTimestampMs: 0, endTimestampMs: 2000 });
  expect(rows[1]?.metrics).toMatchObject({ final_label: true, date_sold: '2026-01-01', probability: 0.81 });
});

describe('rule 1: upsert by deployment and UUID', () => {
  test('the same UUID again replaces the row of its deployment and leaves that of another', async () => {
    await track('first');
    await track('second', { metrics: { probability: 0.1 } });
    await track('first', { metrics: { probability: 0.7 } });
    const of = async (name: string) => (await read({ modelDeploymentCrn: CRN + name })).map((row) => row.metrics);
    expect(await of('first')).toEqual([{ probability: 0.7 }]);
    expect(await of('second')).toEqual([{ probability: 0.1 }]);
  });

  test('a repeated delayed call merges at the top level only: the last value of a key wins as a whole', async () => {
    const predictionUuid = 'a2f34405-38fa-42de-9ed4-68dbd82d36f6';
    await track('merge', { predictionUuid });
    await post('/track-delayed-metrics', { predictionUuid, metrics: { truth: { a: 1, b: 2 }, other: 'x' } });
    await post('/track-delayed-metrics', { predictionUuid, metrics: { truth: { c: 3 } } });
    const [row] = await read({ modelDeploymentCrn: `${CRN}merge` });
    expect(row?.metrics).toEqual({ probability: 0.5, truth: { c: 3 }, other: 'x' });
  });
});

test('rule 2: a delayed metric for a UUID that nobody knows is accepted, kept for its prediction, and counted as an orphan until then', async () => {
  const predictionUuid = 'b2f34405-38fa-42de-9ed4-68dbd82d36f6';
  const answer = await post('/track-delayed-metrics', { predictionUuid, metrics: { final_label: true } });
  expect([answer.status, answer.json()]).toEqual([200, { accepted: 1 }]);
  const orphans = async () => {
    const sql = `SELECT count() FROM ground_truth FINAL WHERE prediction_id = '${predictionUuid}' AND prediction_id NOT IN (SELECT prediction_id FROM predictions FINAL)`;
    const bytes = await service.container.tables.store.bytes({ name: 'orphans', sql }, 'TSV');
    return Number(bytes.toString());
  };
  expect(await orphans()).toBe(1);
  await track('late', { predictionUuid });
  expect(await orphans()).toBe(0);
  const [row] = await read({ modelDeploymentCrn: `${CRN}late` });
  expect(row?.metrics).toEqual({ probability: 0.5, final_label: true });
});

describe('rule 3: aggregates are rows of their own', () => {
  test('start may equal end, the UUID is empty, and values of any kind come back', async () => {
    const metrics = { rmse: 1.25, note: 'nightly', confusion: { tp: 3, fp: 1 }, ok: true };
    const body = { modelDeploymentCrn: `${CRN}agg`, startTimestampMs: START, endTimestampMs: START, metrics };
    expect((await post('/track-aggregate-metrics', body)).status).toBe(200);
    const rows = await read({ modelDeploymentCrn: `${CRN}agg` });
    expect(rows).toEqual([
      expect.objectContaining({ predictionUuid: '', startTimeStampMs: START, endTimeStampMs: START, metrics }),
    ]);
  });

  test('only their numbers are series of the model', async () => {
    await track('agg');
    const points = await call(service.app, 'GET', '/v1/models/agg/metrics?metric=aggregate.rmse', { key: ADMIN_KEY });
    expect(JSON.parse(points.text)).toEqual([expect.objectContaining({ metric: 'aggregate.rmse', value: 1.25 })]);
    const none = await call(service.app, 'GET', '/v1/models/agg/metrics?metric=aggregate.note', { key: ADMIN_KEY });
    expect(JSON.parse(none.text)).toEqual([]);
  });

  test('an end before the start is refused by its name', async () => {
    const body = { modelDeploymentCrn: `${CRN}agg`, startTimestampMs: 10, endTimestampMs: 9, metrics: { a: 1 } };
    const problem = expectProblem(await post('/track-aggregate-metrics', body), 400, 'all_rejected');
    expect(problem.errors).toEqual([expect.objectContaining({ path: 'endTimestampMs' })]);
  });
});

describe('rule 4: reading', () => {
  test('both bounds belong to the range, a row counts where it starts, predictions come first and ascending, aggregates last', async () => {
    const id = (n: number) => `c2f34405-38fa-42de-9ed4-68dbd82d36f${n}`;
    for (const n of [3, 1, 2, 0])
      await track('range', { predictionUuid: id(n), startTimestampMs: START + n * 10, endTimestampMs: START + 500 });
    const aggregate = { modelDeploymentCrn: `${CRN}range`, metrics: { accuracy: 1 } };
    await post('/track-aggregate-metrics', { ...aggregate, startTimestampMs: START, endTimestampMs: START + 30 });
    await post('/track-aggregate-metrics', { ...aggregate, startTimestampMs: START + 10, endTimestampMs: START + 30 });
    const rows = await read({
      modelDeploymentCrn: `${CRN}range`,
      startTimestampMs: START + 10,
      endTimestampMs: START + 20,
    });
    expect(rows.map((row) => row.predictionUuid)).toEqual([id(1), id(2), '']);
  });

  test('2,500 rows come in one answer, without pages', async () => {
    const bodies = Array.from({ length: 2500 }, (_, n) => ({
      modelDeploymentCrn: `${CRN}many`,
      startTimestampMs: START + n,
      endTimestampMs: START + n + 5,
      predictionUuid: `d2f34405-38fa-42de-9ed4-68dbd82d${String(n).padStart(4, '0')}`,
      metrics: { probability: n },
    }));
    expect((await post('/track-metrics', bodies)).json()).toEqual({ accepted: 2500 });
    const rows = await read({ modelDeploymentCrn: `${CRN}many` });
    expect(rows.map((row) => row.metrics.probability)).toEqual(bodies.map((_, n) => n));
  });

  test('by a model or a build, whose CRNs stand in every row, the same rows are found', async () => {
    const [row] = await read({ modelDeploymentCrn: `${CRN}first` });
    expect(new Set([row?.modelCrn, row?.modelBuildCrn, row?.modelDeploymentCrn]).size).toBe(3);
    expect(await read({ modelCrn: row?.modelCrn })).toEqual([row]);
    expect(await read({ modelBuildCrn: row?.modelBuildCrn })).toEqual([row]);
  });

  test('what nobody knows is empty; none or two CRNs are refused', async () => {
    expect(await read({ modelDeploymentCrn: `${CRN}nobody` })).toEqual([]);
    expectProblem(await post('/read-metrics', {}), 400, 'invalid_input');
    expectProblem(await post('/read-metrics', { modelCrn: 'a', modelDeploymentCrn: 'b' }), 400, 'invalid_input');
  });
});

describe('rule 5: times are whole epoch milliseconds', () => {
  test('both casings are read, and the second is written', async () => {
    const other = { startTimestampMs: undefined, endTimestampMs: undefined };
    await track('casing', { ...other, startTimeStampMs: START, endTimeStampMs: START + 7 });
    const [row] = await read({ modelDeploymentCrn: `${CRN}casing`, startTimeStampMs: START, endTimeStampMs: START });
    expect(row).toMatchObject({ startTimeStampMs: START, endTimeStampMs: START + 7 });
  });

  test.each([
    ['a fraction', 1.5],
    ['text', '1000'],
    ['nothing', undefined],
  ])('%s is refused, and nothing is stored', async (_, startTimestampMs) => {
    const body = { modelDeploymentCrn: `${CRN}bad`, endTimestampMs: 2000, predictionUuid: 'u', metrics: {} };
    const problem = expectProblem(await post('/track-metrics', { ...body, startTimestampMs }), 400, 'all_rejected');
    expect(problem.errors).toEqual([expect.objectContaining({ path: 'startTimestampMs' })]);
    expect(await read({ modelDeploymentCrn: `${CRN}bad`, startTimestampMs: 0 })).toEqual([]);
  });
});

test('no metrics at all change nothing and are no error', async () => {
  expect((await post('/track-delayed-metrics', { predictionUuid: 'u-9', metrics: {} })).status).toBe(200);
  const range = { startTimestampMs: START, endTimestampMs: START };
  const empty = { modelDeploymentCrn: `${CRN}empty`, ...range, metrics: {} };
  expect((await post('/track-aggregate-metrics', empty)).status).toBe(200);
  expect(await read({ modelDeploymentCrn: `${CRN}empty` })).toEqual([]);
});

test('a failed call is counted as one and is no row of Cloudera', async () => {
  await track('failing', { status: 'error', error: 'ValueError: no', replica: 'pod-1' });
  expect(await read({ modelDeploymentCrn: `${CRN}failing` })).toEqual([]);
  const kept = await call(service.app, 'GET', '/v1/predictions?model=failing', { key: ADMIN_KEY });
  expect(kept.json().predictions).toEqual([expect.objectContaining({ status: 'error', replica: 'pod-1' })]);
});

test('a batch in which some are wrong says which, in the words of the caller', async () => {
  const good = {
    modelDeploymentCrn: `${CRN}batch`,
    startTimestampMs: START,
    endTimestampMs: START,
    predictionUuid: 'x',
    metrics: {},
  };
  const answer = await post('/track-metrics', [
    good,
    { ...good, startTimestampMs: 5e12, endTimestampMs: 5e12 },
    { ...good, metrics: 4 },
  ]);
  expect(answer.status).toBe(207);
  expect(answer.json().errors).toEqual([
    expect.objectContaining({ index: 1, path: 'startTimestampMs' }),
    expect.objectContaining({ index: 2, path: 'metrics' }),
  ]);
});

describe('a configured model', () => {
  const configure = (model: string, cloudera: unknown) =>
    call(service.app, 'PUT', `/v1/models/${model}`, { body: { cloudera }, key: ADMIN_KEY });

  test('its deployments are found under it, with their versions, and its own input keys are inputs', async () => {
    const deployments = { [`${CRN}mapped-1`]: '1', [`${CRN}mapped-2`]: '2' };
    expect((await configure('churn', { deployments, inputs: ['args'] })).status).toBe(200);
    await track('mapped-1', { metrics: { args: { tenure: 8 }, probability: 0.3 } });
    await track('mapped-2', { predictionUuid: 'e2f34405-38fa-42de-9ed4-68dbd82d36f6' });
    const kept = await call(service.app, 'GET', '/v1/predictions?model=churn&version=1', { key: ADMIN_KEY });
    expect(kept.json().predictions).toEqual([
      expect.objectContaining({ inputs: { args: { tenure: 8 } }, outputs: { probability: 0.3 }, version: '1' }),
    ]);
    const [row] = await read({ modelDeploymentCrn: `${CRN}mapped-1` });
    expect(row?.metrics).toEqual({ args: { tenure: 8 }, probability: 0.3 });
    expect((await read({ modelCrn: row?.modelCrn })).map((one) => one.modelDeploymentCrn)).toEqual(
      expect.arrayContaining(Object.keys(deployments)),
    );
  });

  test('its replicas report under it, by the CRN of their deployment', async () => {
    const item = {
      model: 'mapped-1', deployment: `${CRN}mapped-1`, replica: 'pod-1', start: START, end: START + 10_000, requests: 5, failed: 1,
    }; // prettier-ignore
    expect((await post('/v1/replica-stats', item)).status).toBe(201);
    const url = `/v1/models/churn/replicas?from=${START}&to=${START + 60_000}`;
    const answer = await call(service.app, 'GET', url, { key: ADMIN_KEY });
    const replicas = answer.json().replicas as Record<string, unknown>[];
    expect(replicas.find((one) => one.replica === 'pod-1')).toMatchObject({
      version: '1', deployment: `${CRN}mapped-1`, requests: 5, failed_requests: 1,
    }); // prettier-ignore
  });

  test('a deployment belongs to one model', async () => {
    const answer = await configure('other', { deployments: { [`${CRN}mapped-1`]: '1' } });
    expectProblem(answer, 409, 'conflict');
  });
});

test('a prediction of another client has CRNs under which it is read back, its inputs under input_data', async () => {
  const body = { model: 'na/me@x', version: 'v 1', timestamp: START, inputs: { age: 7 }, outputs: 0.5, latency_ms: 3 };
  await post('/v1/predictions', body);
  const [row] = await read({ modelCrn: 'crn:driftline:ml:::workspace:local/model@na%2Fme%40x' });
  expect(row).toMatchObject({ startTimeStampMs: START, endTimeStampMs: START + 3 });
  expect(row?.metrics).toEqual({ input_data: { age: 7 }, value: 0.5 });
  expect(await read({ modelDeploymentCrn: row?.modelDeploymentCrn })).toEqual([row]);
});

describe('keys', () => {
  const headers = (authorization: string) => ({ authorization });
  const body = { modelDeploymentCrn: `${CRN}first`, startTimestampMs: 0 };

  test.each([
    ['alone in the header', ADMIN_KEY],
    ['alone in base64', Buffer.from(ADMIN_KEY).toString('base64')],
    ['as a bearer', `Bearer ${ADMIN_KEY}`],
  ])('a key %s is taken', async (_, header) => {
    const answer = await call(service.app, 'POST', '/read-metrics', { body, headers: headers(header) });
    expect(answer.status).toBe(200);
  });

  test('a wrong one is not, and elsewhere a bare key is none', async () => {
    expectProblem(
      await call(service.app, 'POST', '/read-metrics', { body, headers: headers('nonsense') }),
      401,
      'unauthorized',
    );
    expectProblem(await call(service.app, 'GET', '/v1/models', { headers: headers(ADMIN_KEY) }), 401, 'unauthorized');
  });

  test('a key of one model neither writes to nor reads another', async () => {
    const made = await post('/v1/api-keys', { name: 'one', scopes: ['ingest', 'read'], models: ['first'] });
    const key = String(made.json().key);
    expect((await post('/read-metrics', body, key)).status).toBe(200);
    expectProblem(await post('/read-metrics', { modelDeploymentCrn: `${CRN}second` }, key), 403, 'forbidden');
    const foreign = {
      modelDeploymentCrn: `${CRN}second`,
      startTimestampMs: START,
      endTimestampMs: START,
      predictionUuid: 'u',
      metrics: {},
    };
    expectProblem(await post('/track-metrics', foreign, key), 403, 'forbidden');
    const label = { predictionUuid: 'e2f34405-38fa-42de-9ed4-68dbd82d36f6', metrics: { a: 1 } };
    expectProblem(await post('/track-delayed-metrics', label, key), 403, 'forbidden');
  });
});

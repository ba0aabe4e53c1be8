// Replicas: what they report, the seven technical metrics made of it and of tracked predictions, and the operations job.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const vectors = JSON.parse(readFileSync('clients/vectors/replica_stats.json', 'utf8')) as {
  cases: { item: Record<string, unknown> }[];
};
/** Two complete hours before the clock. */
const FROM = TEST_NOW - 2 * 3_600_000;
const MINUTE = 60_000;
let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service.close();
});

function report(changes: Record<string, unknown>) {
  const start = typeof changes.start === 'number' ? changes.start : FROM;
  return {
    model: 'm',
    version: '1',
    deployment: 'eu',
    replica: 'pod-1',
    requests: 0,
    failed: 0,
    ...changes,
    start,
    end: start + MINUTE,
  };
}
const send = (body: unknown) => call(service.app, 'POST', '/v1/replica-stats', { body });

interface Answer {
  replicas: Record<string, unknown>[];
  all: Record<string, number | null>;
  times: string[];
  metrics: { metric: string; name: string; all: (number | null)[]; by_replica: (number | null)[][] }[];
}
async function read(model: string, query = `from=${FROM}&to=${FROM + 4 * MINUTE}&step=1m`): Promise<Answer> {
  const answer = await call(service.app, 'GET', `/v1/models/${model}/replicas?${query}`);
  expect({ status: answer.status, text: answer.text.slice(0, 300) }).toMatchObject({ status: 200 });
  return answer.json() as unknown as Answer;
}
const series = (answer: Answer, metric: string) => answer.metrics.find((one) => one.metric === metric);

test('what the clients send is taken', async () => {
  for (const { item } of vectors.cases) expect((await send({ ...item, model: 'vector' })).status).toBe(201);
});

describe('the seven technical metrics', () => {
  beforeAll(async () => {
    const sizes = { request_bytes: 6000, response_bytes: 600 };
    const process = { cpu_ms: 30_000, memory_bytes: 1000 };
    await send([
      report({ requests: 60, failed: 6, latency_ms_sum: 600, latency_ms_max: 90, ...sizes, ...process }),
      report({ replica: 'pod-2', requests: 30, failed: 0, latency_ms_sum: 600, latency_ms_max: 50, ...process }),
      report({
        start: FROM + MINUTE,
        requests: 120,
        failed: 0,
        latency_ms_sum: 1200,
        latency_ms_max: 20,
        ...process,
        cpu_ms: 60_000,
      }),
    ]);
    // The third minute is known from predictions only; of the first, one request was tracked.
    const predictions = [10, 20, 30].map((latency_ms, i) => ({
      model: 'm', version: '1', deployment: 'eu', replica: 'pod-1', timestamp: FROM + 2 * MINUTE + i, outputs: 1, latency_ms,
      status: i === 0 ? 'error' : 'ok', request_bytes: 100, response_bytes: 10,
    })); // prettier-ignore
    const tracked = { ...predictions[0], timestamp: FROM + 1, latency_ms: 40, status: 'ok' };
    expect((await call(service.app, 'POST', '/v1/predictions', { body: [...predictions, tracked] })).status).toBe(201);
  });

  test("carry Cloudera's names, in its order", async () => {
    expect((await read('m')).metrics.map((one) => one.name)).toEqual([
      'Requests per Second',
      'Number of Requests',
      'Number of Failed Requests',
      'Model Response Time',
      'All Model Replica CPU Usage',
      'All Model Replica Memory Usage',
      'Model Request & Response Size',
    ]);
  });

  test('run on one axis of time, over all replicas and per replica, and count no request twice', async () => {
    const answer = await read('m');
    expect(answer.times).toHaveLength(4);
    expect(series(answer, 'requests')?.all).toEqual([90, 120, 3, 0]);
    expect(series(answer, 'requests_per_second')?.all).toEqual([1.5, 2, 0.05, 0]);
    expect(series(answer, 'failed_requests')?.all).toEqual([6, 0, 1, 0]);
    const [first, second] = answer.replicas.map((one) => one.replica);
    expect([first, second]).toEqual(['pod-1', 'pod-2']);
    expect(series(answer, 'requests')?.by_replica).toEqual([[60, 120, 3, 0], [30, 0, 0, 0]]); // prettier-ignore
  });

  test('response time is a mean over requests, CPU and memory are those of all replicas together, and nothing measured is null', async () => {
    const answer = await read('m');
    expect(series(answer, 'latency_ms')?.all).toEqual([1200 / 90, 10, 20, null]);
    expect(series(answer, 'cpu_cores')?.all).toEqual([1, 1, null, null]);
    expect(series(answer, 'memory_bytes')?.all).toEqual([2000, 1000, null, null]);
    expect(series(answer, 'request_response_bytes')?.all).toEqual([110, null, 110, null]);
  });

  test('totals of a replica say how fast, how much, and from where it is known', async () => {
    const { replicas, all } = await read('m');
    expect(replicas[0]).toMatchObject({
      version: '1', deployment: 'eu', requests: 183, failed_requests: 7, latency_ms_max: 90, latency_ms_p50: 25,
      live: false, sources: ['heartbeats', 'predictions'],
    }); // prettier-ignore
    expect(replicas[1]).toMatchObject({ sources: ['heartbeats'], latency_ms_p50: null, latency_ms_mean: 20 });
    expect(all).toMatchObject({ requests: 213, failed_requests: 7, cpu_cores: 1, latency_ms_p50: 25 });
  });

  test('a report that is sent again replaces itself', async () => {
    await send(
      report({ replica: 'pod-2', requests: 30, failed: 0, latency_ms_sum: 600, cpu_ms: 30_000, memory_bytes: 1000 }),
    );
    expect((await read('m')).all.requests).toBe(213);
  });

  test('one that was heard of in the last minute is live', async () => {
    await send(report({ model: 'now', start: TEST_NOW - MINUTE - 1, requests: 1 }));
    expect((await read('now', '')).replicas[0]).toMatchObject({ live: true });
  });

  test('a replica that takes over from another one within a step adds no memory', async () => {
    const half = { requests: 1, memory_bytes: 1000, model: 'rolling' };
    await send([
      { ...report(half), end: FROM + MINUTE / 2 },
      { ...report({ ...half, replica: 'pod-2', start: FROM + MINUTE / 2 }), end: FROM + MINUTE },
    ]);
    expect(series(await read('rolling'), 'memory_bytes')?.all[0]).toBe(1000);
  });
});

describe('the operations job', () => {
  const points = async (model: string, metric: string) => {
    const answer = await call(
      service.app,
      'GET',
      `/v1/models/${model}/metrics?metric=${metric}&from=${FROM}&to=${FROM + 60 * MINUTE}`,
    );
    return (JSON.parse(answer.text) as Record<string, unknown>[]).map(({ value, method }) => ({ value, method }));
  };

  test('makes series of CPU, memory and requests of all replicas', async () => {
    const run = await call(service.app, 'POST', '/v1/jobs/operations/run', { body: { model: 'm', now: TEST_NOW } });
    expect(run.json()).toMatchObject({ status: 'ok' });
    expect(await points('m', 'replica_count')).toEqual([{ value: 2, method: 'exact' }]);
    expect(await points('m', 'request_count')).toEqual([{ value: 210, method: 'exact' }]);
    expect(await points('m', 'replica_cpu_cores')).toEqual([{ value: 1, method: 'exact' }]);
    expect(await points('m', 'replica_memory_bytes')).toEqual([{ value: 1500, method: 'exact' }]);
    expect(await points('m', 'prediction_count')).toEqual([{ value: 4, method: 'exact' }]);
  });

  test('takes traffic from reports where nobody tracks predictions, and computes again when a late report comes', async () => {
    await send(report({ model: 'silent', requests: 36, failed: 9 }));
    const run = () =>
      call(service.app, 'POST', '/v1/jobs/operations/run', { body: { model: 'silent', now: TEST_NOW } });
    await run();
    expect((await points('silent', 'requests_per_second'))[0]).toEqual({ value: 0.01, method: 'heartbeats' });
    expect((await points('silent', 'error_rate'))[0]).toEqual({ value: 0.25, method: 'heartbeats' });
    expect((await points('silent', 'prediction_count'))[0]).toEqual({ value: 0, method: 'exact' });
    await send(report({ model: 'silent', replica: 'pod-2', requests: 36, failed: 0 }));
    expect((await run()).json()).toMatchObject({ windows: 1 });
    expect((await points('silent', 'request_count'))[0]).toEqual({ value: 72, method: 'exact' });
    expect((await run()).json()).toMatchObject({ windows: 0 });
  });

  test('reports make no work for the drift and quality jobs', async () => {
    for (const job of ['drift', 'quality']) {
      const run = await call(service.app, 'POST', `/v1/jobs/${job}/run`, { body: { model: 'silent', now: TEST_NOW } });
      expect(run.json()).toMatchObject({ windows: 0, errors: [] });
    }
  });
});

test('reports are kept two weeks', async () => {
  const count = async () => (await read('m')).all.dropped;
  await send(report({ model: 'old', dropped: 5, requests: 5 }));
  expect((await read('old')).all.dropped).toBe(5);
  await call(service.app, 'POST', '/v1/jobs/retention/run', { body: { now: TEST_NOW + 15 * 86_400_000 } });
  expect(await count()).toBe(0);
  expect((await read('old')).replicas).toEqual([]);
});

test('deleting a model deletes its reports', async () => {
  await send(report({ model: 'gone', requests: 5 }));
  await call(service.app, 'POST', '/v1/predictions', { body: { model: 'gone', outputs: 1, timestamp: FROM } });
  await call(service.app, 'DELETE', '/v1/models/gone');
  expectProblem(await call(service.app, 'GET', `/v1/models/gone/replicas?from=${FROM}`), 404, 'not_found');
});

describe('refused', () => {
  test.each([
    ['an end that is not after the start', { end: FROM }, 'end'],
    ['an interval of an hour', { end: FROM + 3_600_000 }, 'end'],
    ['more failures than requests', { failed: 2, requests: 1 }, 'failed'],
    ['a negative count', { request_bytes: -1 }, 'request_bytes'],
    ['no replica', { replica: '' }, 'replica'],
    ['a field that does not exist', { cpu: 1 }, 'cpu'],
  ])('%s', async (_, changes, path) => {
    const problem = expectProblem(await send({ ...report({}), ...changes }), 400, 'all_rejected');
    expect(problem.errors).toEqual([expect.objectContaining({ path })]);
  });

  test('more than 1,000 steps, an empty range, an unknown model', async () => {
    const url = '/v1/models/m/replicas';
    expectProblem(await call(service.app, 'GET', `${url}?from=${FROM}&to=${TEST_NOW}&step=1s`), 400, 'invalid_input');
    expectProblem(await call(service.app, 'GET', `${url}?from=${FROM}&to=${FROM}`), 400, 'invalid_input');
    expectProblem(await call(service.app, 'GET', '/v1/models/nobody/replicas'), 404, 'not_found');
  });
});

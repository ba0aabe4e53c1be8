// The tracking routes on the real store: every form of a batch, one verdict an item, and what is stored afterwards.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectProblem } from '../../support/http.js';
import { TEST_NOW, startTestService, type TestService } from '../../support/service.js';

let service: TestService;
const MIB = 1024 * 1024;

beforeAll(async () => {
  service = await startTestService({ bodyLimit: 4 * MIB });
});
afterAll(async () => {
  await service.close();
});

const NDJSON = { 'content-type': 'application/x-ndjson' };
const lines = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).join('\n');
const prediction = (model: string, n: number) => ({
  model,
  prediction_id: `0197a2b0-0000-7000-8000-${n.toString(16).padStart(12, '0')}`,
  timestamp: TEST_NOW - 60_000 + n,
  inputs: { n, s: `row ${n}` },
  outputs: { score: n / 10 },
});

async function stored(model: string): Promise<Record<string, unknown>[]> {
  const answer = await call(service.app, 'GET', `/v1/predictions?model=${model}&limit=1000`);
  expect(answer.status).toBe(200);
  return answer.json().predictions as Record<string, unknown>[];
}

describe('a batch of predictions', () => {
  const one = prediction('forms', 1);
  test.each([
    ['one object', JSON.stringify(one), 'application/json'],
    ['an array', JSON.stringify([one]), 'application/json'],
    ['{"predictions": [...]}', JSON.stringify({ predictions: [one] }), 'application/json; charset=utf-8'],
    ['NDJSON', `${lines([one])}\n\n`, 'application/x-ndjson'],
    ['NDJSON as jsonl', lines([one]), 'application/jsonl'],
    ['NDJSON by its other name', lines([one]), 'application/ndjson'],
  ])('as %s is stored once, under its id', async (_name, body, type) => {
    const answer = await call(service.app, 'POST', '/v1/predictions', { body, headers: { 'content-type': type } });
    expect(answer.status).toBe(201);
    expect(answer.json()).toEqual({ accepted: 1, prediction_ids: [one.prediction_id] });
    const rows = await stored('forms');
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ prediction_id: one.prediction_id, inputs: one.inputs, outputs: one.outputs });
  });

  test.each([
    ['JSON', 'application/json', JSON.stringify([prediction('zip', 1), prediction('zip', 2)])],
    ['NDJSON', 'application/x-ndjson', lines([prediction('zip', 1), prediction('zip', 2)])],
  ])('gzipped as %s is stored', async (_name, type, text) => {
    const answer = await call(service.app, 'POST', '/v1/predictions', {
      body: gzipSync(text),
      headers: { 'content-type': type, 'content-encoding': 'gzip' },
    });
    expect(answer.status).toBe(201);
    expect(await stored('zip')).toHaveLength(2);
  });

  test('that inflates beyond the limit is 413', async () => {
    const body = gzipSync(Buffer.alloc(5 * MIB, 0x20));
    expect(body.length).toBeLessThan(MIB);
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expectProblem(await call(service.app, 'POST', '/v1/predictions', { body, headers }), 413, 'too_large');
  });

  test('that is a cut gzip stream is 400', async () => {
    const body = gzipSync(JSON.stringify(prediction('zip', 3))).subarray(0, -9);
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expectProblem(await call(service.app, 'POST', '/v1/predictions', { body, headers }), 400, 'malformed_gzip');
  });

  test('with a broken NDJSON line: the others are stored, the line is refused by its index and can be read back', async () => {
    const body = `${JSON.stringify(prediction('lines', 1))}\n{"model": "lines", \n\n${JSON.stringify(prediction('lines', 2))}`;
    const answer = await call(service.app, 'POST', '/v1/predictions', { body, headers: NDJSON });
    expect(answer.status).toBe(207);
    expect(answer.json()).toMatchObject({ accepted: 2, rejected: 1 });
    expect(answer.json().errors).toEqual([expect.objectContaining({ index: 1, code: 'malformed_json' })]);
    expect(await stored('lines')).toHaveLength(2);
    const rejected = await call(service.app, 'GET', '/v1/rejected?limit=1000');
    expect(rejected.json()).toContainEqual(
      expect.objectContaining({ code: 'malformed_json', index: 1, item: '{"model": "lines", ' }),
    );
  });

  test('of 10,000 with one bad item is 207 that names index and field; the good ones are stored and nothing else', async () => {
    const before = await call(service.app, 'GET', '/v1/models');
    const items: unknown[] = Array.from({ length: 10_000 }, (_, n) => prediction('tenk', n));
    items[7_777] = { ...prediction('tenk', 7_777), metrics: { lag: 'NaN' } };
    const answer = await call(service.app, 'POST', '/v1/predictions', { body: lines(items), headers: NDJSON });
    expect(answer.status).toBe(207);
    const document = answer.json() as { prediction_ids?: unknown; errors?: unknown };
    expect(document).toMatchObject({ accepted: 9_999, rejected: 1 });
    expect(document.errors).toEqual([expect.objectContaining({ index: 7_777, path: 'metrics.lag' })]);
    const ids = document.prediction_ids as (string | null)[];
    expect(ids).toHaveLength(10_000);
    expect(ids.flatMap((id, index) => (id === null ? [index] : []))).toEqual([7_777]);
    const model = await call(service.app, 'GET', '/v1/models/tenk');
    expect(model.json()).toMatchObject({ predictions: 9_999 });
    expectProblem(
      await call(service.app, 'GET', `/v1/predictions/${prediction('tenk', 7_777).prediction_id}`),
      404,
      'not_found',
    );
    const after = await call(service.app, 'GET', '/v1/models');
    const others = (answer: typeof after) =>
      (answer.json() as unknown as { model: string }[]).filter(({ model }) => model !== 'tenk');
    expect(others(after)).toEqual(others(before));
  });

  test('of which every item is bad is 400: the same document and a problem at once', async () => {
    const answer = await call(service.app, 'POST', '/v1/predictions', {
      body: [{ model: 'bad', inputs: 3 }, { inputs: {} }, 5],
    });
    const problem = expectProblem(answer, 400, 'all_rejected');
    expect(problem).toMatchObject({ accepted: 0, rejected: 3, prediction_ids: [null, null, null] });
    const errors = problem.errors as { index: number; path: string }[];
    expect(errors.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(errors.map(({ path }) => path)).toEqual(['inputs', 'model', '']);
  });

  test('of more than 100,000 items is 413, and none is stored', async () => {
    const body = '{"model":"many"}\n'.repeat(100_001);
    expectProblem(await call(service.app, 'POST', '/v1/predictions', { body, headers: NDJSON }), 413, 'too_large');
    expectProblem(await call(service.app, 'GET', '/v1/models/many'), 404, 'not_found');
  });

  test.each([
    ['an unknown field', { modle: 'm' }, 'modle'],
    ['a number for the model', { model: 5 }, 'model'],
    ['an empty model', { model: '' }, 'model'],
    ['an array for inputs', { inputs: [1] }, 'inputs'],
    ['a number in tags', { tags: { region: 5 } }, 'tags.region'],
    ['a boolean for a time', { timestamp: true }, 'timestamp'],
    ['a time without an offset', { timestamp: '2026-01-01T00:00:00' }, 'timestamp'],
    ['a time before 2000', { timestamp: 1_700_000_000 }, 'timestamp'],
    ['a time tomorrow', { timestamp: TEST_NOW + 86_400_000 }, 'timestamp'],
    ['a negative latency', { latency_ms: -1 }, 'latency_ms'],
    ['an unknown status', { status: 'fine' }, 'status'],
    ['an id of 201 characters', { prediction_id: 'x'.repeat(201) }, 'prediction_id'],
  ])('with %s names the field', async (_name, change, path) => {
    const answer = await call(service.app, 'POST', '/v1/predictions', {
      body: { model: 'wrong', inputs: { a: 1 }, ...change },
    });
    const problem = expectProblem(answer, 400, 'all_rejected');
    expect(problem.errors).toContainEqual(expect.objectContaining({ index: 0, path }));
  });

  test('keeps what was sent: strings stay strings, null stays null', async () => {
    const inputs = { a: '1', b: '007', c: null, d: 'NaN', e: 1, f: true, g: { h: [1, '2'] } };
    const answer = await call(service.app, 'POST', '/v1/predictions', {
      body: { model: 'kept', prediction_id: 'order 7', inputs, outputs: '1' },
    });
    expect(answer.status).toBe(201);
    const back = await call(service.app, 'GET', '/v1/predictions/order%207');
    expect(back.json()).toMatchObject({ external_id: 'order 7', inputs, outputs: { value: '1' } });
  });

  test('whose metrics or tags are called __proto__ is refused by name, because they could not be given back', async () => {
    for (const field of ['metrics', 'tags']) {
      const body = `{"model":"proto","${field}":{"__proto__":${field === 'tags' ? '"x"' : '1'}}}`;
      const answer = await call(service.app, 'POST', '/v1/predictions', {
        body,
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status).toBe(400);
      expect(answer.json().errors).toEqual([
        { index: 0, code: 'invalid_key', path: field, message: 'the name __proto__ cannot be used' },
      ]);
    }
  });

  test('with __proto__ among its inputs stores it as data and changes no prototype', async () => {
    const id = '0197a2b0-0000-7000-8000-00000000beef';
    const body = `{"model":"proto","prediction_id":"${id}","inputs":{"__proto__":{"polluted":1},"constructor":{"prototype":{"x":2}}}}`;
    const answer = await call(service.app, 'POST', '/v1/predictions', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(201);
    expect('polluted' in {}).toBe(false);
    const back = await call(service.app, 'GET', `/v1/predictions/${id}`);
    const inputs = (JSON.parse(back.text) as { inputs: object }).inputs;
    expect(Object.keys(inputs).sort()).toEqual(['__proto__', 'constructor']);
    expect(Object.getOwnPropertyDescriptor(inputs, '__proto__')?.value).toEqual({ polluted: 1 });
  });
});

describe('ground truth and metrics', () => {
  const id = '0197a2b0-0000-7000-8000-0000000000aa';
  test.each([
    ['/v1/ground-truth', 'ground_truth', { prediction_id: id, values: { late: true } }],
    ['/v1/ground-truth', 'records', { prediction_id: id, values: 1 }],
    ['/v1/delayed-metrics', 'delayed_metrics', { prediction_id: id, metrics: { delay: 3 } }],
  ])('POST %s takes an object, {"%s": [...]} and NDJSON', async (url, wrapper, item) => {
    for (const [body, headers] of [
      [item, {}],
      [{ [wrapper]: [item] }, {}],
      [`${JSON.stringify(item)}\n`, NDJSON],
    ] as const) {
      const answer = await call(service.app, 'POST', url, { body, headers });
      expect(answer.status).toBe(201);
      expect(answer.json()).toEqual({ accepted: 1, prediction_ids: [id] });
    }
  });

  test('a label that came before its prediction is shown with it', async () => {
    await call(service.app, 'POST', '/v1/ground-truth', { body: { prediction_id: id, values: { late: false } } });
    const body = { model: 'early', prediction_id: id, inputs: { a: 1 } };
    expect((await call(service.app, 'POST', '/v1/predictions', { body })).status).toBe(201);
    expect((await call(service.app, 'GET', `/v1/predictions/${id}`)).json()).toMatchObject({
      ground_truth: { late: false },
    });
  });

  test('aggregate metrics are accepted, and refused with the field that is wrong', async () => {
    const item = {
      model: 'agg',
      start: '2026-01-01T00:00:00Z',
      end: '2026-01-02T00:00:00Z',
      metrics: { accuracy: 0.9 },
    };
    const good = await call(service.app, 'POST', '/v1/aggregate-metrics', { body: { aggregate_metrics: [item] } });
    expect(good.status).toBe(201);
    expect(good.json()).toEqual({ accepted: 1 });
    const some = await call(service.app, 'POST', '/v1/aggregate-metrics', {
      body: [item, { ...item, metrics: { accuracy: 'high' } }],
    });
    expect(some.status).toBe(207);
    expect(some.json().errors).toEqual([expect.objectContaining({ index: 1, path: 'metrics.accuracy' })]);
    const none = await call(service.app, 'POST', '/v1/aggregate-metrics', {
      body: [{ ...item, end: '2025-01-01T00:00:00Z' }],
    });
    expect(expectProblem(none, 400, 'all_rejected')).toMatchObject({ accepted: 0, rejected: 1 });
  });

  test('a record without an id or values is refused by name', async () => {
    const answer = await call(service.app, 'POST', '/v1/ground-truth', {
      body: [{ values: 1 }, { prediction_id: id }],
    });
    const problem = expectProblem(answer, 400, 'all_rejected');
    expect((problem.errors as { path: string }[]).map(({ path }) => path)).toEqual(['prediction_id', 'values']);
  });
});

test('bodies and keys are in no log line', async () => {
  const secret = 'a-value-nobody-should-log';
  const headers = { authorization: `Bearer ${secret}` };
  await call(service.app, 'POST', '/v1/predictions', { body: { model: 'm', inputs: { secret } }, headers });
  await call(service.app, 'POST', '/v1/predictions', {
    body: { model: 'm', inputs: { secret }, wrong: secret },
    headers,
  });
  expect(service.logs.some((line) => line.route === '/v1/predictions' && line.status === 201)).toBe(true);
  expect(JSON.stringify(service.logs)).not.toContain(secret);
});

// Why items are refused: every reason has a stable name, every refused item is counted once and kept, whatever it is made of.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MAX_JSON_DEPTH } from '../../../src/domain/json-text.js';
import { call } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
beforeEach(async () => {
  service.logs.length = 0;
  await service.container.tables.store.command({ name: 'test_empty', sql: 'TRUNCATE TABLE rejected' });
});

const JSON_TYPE = { 'content-type': 'application/json' };
const NDJSON = { 'content-type': 'application/x-ndjson' };
const CSV = { 'content-type': 'text/csv' };
const post = (path: string, body: unknown, headers: Record<string, string> = JSON_TYPE) =>
  call(service.app, 'POST', path, { body: typeof body === 'string' ? body : JSON.stringify(body), headers });
interface Kept {
  id: string;
  code: string;
  path: string;
  model: string;
  item: string;
  index: number;
}
const kept = async () => JSON.parse((await call(service.app, 'GET', '/v1/rejected?limit=1000')).text) as Kept[];
/** A counter's values by its labels. */
async function counter(name: string): Promise<Map<string, number>> {
  const text = (await call(service.app, 'GET', '/metrics')).text;
  const lines = [...text.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\d+)$`, 'gm'))];
  return new Map(lines.map(([, labels, value]) => [String(labels), Number(value)]));
}
const sum = (values: Map<string, number>) => [...values.values()].reduce((total, value) => total + value, 0);

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const P = { model: 'm' };
const G = { prediction_id: 'g', values: { late: 1 } };
const A = { model: 'm', start: TEST_NOW - 1000, end: TEST_NOW, metrics: { a: 1 } };
/** Route, item, the reason's code and path. Text is the item's JSON as it stands. */
const CASES: [route: string, item: unknown, code: string, path: string][] = [
  ['predictions', {}, 'required', 'model'],
  ['predictions', [5], 'invalid_type', ''],
  ['predictions', { ...P, model: '' }, 'too_small', 'model'],
  ['predictions', { ...P, model: 'x'.repeat(201) }, 'too_big', 'model'],
  ['predictions', { ...P, model: null }, 'invalid_type', 'model'],
  ['predictions', { ...P, modle: 'm' }, 'unknown_field', 'modle'],
  ['predictions', { ...P, prediction_id: '' }, 'too_small', 'prediction_id'],
  ['predictions', { ...P, timestamp: 'yesterday' }, 'invalid_format', 'timestamp'],
  ['predictions', { ...P, timestamp: 1 }, 'invalid_timestamp', 'timestamp'],
  ['predictions', { ...P, timestamp: '2300-01-01T00:00:00Z' }, 'invalid_timestamp', 'timestamp'],
  ['predictions', { ...P, inputs: [] }, 'invalid_type', 'inputs'],
  ['predictions', { ...P, inputs: null }, 'invalid_type', 'inputs'],
  ['predictions', '{"model":"m","inputs":{"a":1e999}}', 'invalid_value', 'inputs.a'],
  ['predictions', '{"model":"m","inputs":{"a":[{"b":-1e999}]}}', 'invalid_value', 'inputs.a.0.b'],
  ['predictions', '{"model":"m","inputs":{"a":"\\ud800"}}', 'invalid_text', 'inputs.a'],
  ['predictions', '{"model":"m","inputs":{"a.b":1,"a":{"b":2}}}', 'invalid_value', 'inputs.a.b'],
  ['predictions', `{"model":"m","inputs":${'{"a":'.repeat(17)}1${'}'.repeat(18)}`, 'too_deep', `inputs${'.a'.repeat(16)}`],
  ['predictions', { ...P, inputs: Object.fromEntries(Array.from({ length: 2001 }, (_, k) => [`f${k}`, k])) }, 'too_big', 'inputs.f2000'],
  ['predictions', { ...P, tags: { a: 1 } }, 'invalid_type', 'tags.a'],
  ['predictions', { ...P, tags: { '': 'x' } }, 'invalid_key', 'tags.'],
  ['predictions', { ...P, tags: [] }, 'invalid_type', 'tags'],
  ['predictions', '{"model":"m","tags":{"__proto__":"x"}}', 'invalid_key', 'tags'],
  ['predictions', { ...P, metrics: { a: 'x' } }, 'invalid_type', 'metrics.a'],
  ['predictions', { ...P, latency_ms: -1 }, 'too_small', 'latency_ms'],
  ['predictions', { ...P, request_bytes: 0.5 }, 'invalid_type', 'request_bytes'],
  ['predictions', { ...P, status: 'fine' }, 'invalid_value', 'status'],
  ['predictions', { ...P, error: 'x'.repeat(10_001) }, 'too_big', 'error'],
  ['ground-truth', { values: { a: 1 } }, 'required', 'prediction_id'],
  ['ground-truth', { prediction_id: 'g' }, 'required', 'values'],
  ['ground-truth', { ...G, values: [1] }, 'invalid_type', 'values'],
  ['ground-truth', { ...G, values: {} }, 'required', 'values'],
  ['ground-truth', { ...G, values: { '': 1 } }, 'invalid_key', 'values.'],
  ['ground-truth', '{"prediction_id":"g","values":{"a":1e999}}', 'invalid_value', 'values.a'],
  ['ground-truth', '{"prediction_id":"g","values":{"a":[1e999]}}', 'invalid_value', 'values.a.0'],
  ['ground-truth', '{"prediction_id":"g","values":1e999}', 'invalid_value', 'values'],
  ['ground-truth', { ...G, timestamp: '1999-12-31T23:59:59Z' }, 'invalid_timestamp', 'timestamp'],
  ['delayed-metrics', { prediction_id: 'g' }, 'required', 'metrics'],
  ['delayed-metrics', { prediction_id: 'g', metrics: 5 }, 'invalid_type', 'metrics'],
  ['delayed-metrics', { prediction_id: 'g', metrics: {} }, 'required', 'metrics'],
  ['delayed-metrics', '{"prediction_id":"g","metrics":{"a":"\\ud800"}}', 'invalid_text', 'metrics.a'],
  ['aggregate-metrics', { ...A, metrics: undefined }, 'required', 'metrics'],
  ['aggregate-metrics', { ...A, metrics: {} }, 'required', 'metrics'],
  ['aggregate-metrics', { ...A, metrics: [] }, 'invalid_type', 'metrics'],
  ['aggregate-metrics', { ...A, end: A.start - 1 }, 'invalid_range', 'end'],
  ['aggregate-metrics', { ...A, end: '2300-01-01T00:00:00Z' }, 'invalid_timestamp', 'end'],
  ['aggregate-metrics', { ...A, start: '1900-01-01T00:00:00Z' }, 'invalid_timestamp', 'start'],
]; // prettier-ignore

describe('a refusal', () => {
  test.each(CASES)('of %s: %j is %s at "%s", counted once and kept', async (route, item, code, path) => {
    const before = await counter('driftline_rejected_total');
    const answer = await post(`/v1/${route}`, item);
    expect(answer.status).toBe(400);
    expect(answer.json().errors).toMatchObject([{ index: 0, code, path }]);
    const after = await counter('driftline_rejected_total');
    expect(sum(after) - sum(before)).toBe(1);
    const labels = `route="${route}",code="${code}"`;
    expect((after.get(labels) ?? 0) - (before.get(labels) ?? 0)).toBe(1);
    expect((await kept()).map((row) => [row.code, row.path])).toEqual([[code, path]]);
  });

  test('for two reasons is one item in the counter and two rows, and one item when it is sent again', async () => {
    const before = await counter('driftline_rejected_total');
    await post('/v1/predictions', { model: 'two', oops: 1, tags: { a: 1 } });
    const after = await counter('driftline_rejected_total');
    expect(sum(after) - sum(before)).toBe(1);
    expect(await kept()).toHaveLength(2);
  });

  test('that is sent again and refused again is no new refusal, and stays one row', async () => {
    await post('/v1/predictions', [
      { model: 'again', prediction_id: 'a-1', tags: { a: 1 } },
      { model: 'again', timestamp: TEST_NOW + 7_200_000 },
    ]);
    const before = await counter('driftline_rejected_total');
    const [first] = (await kept()).filter(({ code }) => code === 'invalid_type');
    expect((await post(`/v1/rejected/${first?.id}/replay`, {})).status).toBe(400);
    expect((await post('/v1/rejected/replay', {})).json()).toMatchObject({ stored: 0, refused: 2 });
    expect(await counter('driftline_rejected_total')).toEqual(before);
    expect(await kept()).toHaveLength(2);
    const item = { model: 'again', prediction_id: 'a-1', tags: { a: '1' } };
    expect((await post(`/v1/rejected/${first?.id}/replay`, { item })).status).toBe(201);
    expect(await counter('driftline_rejected_total')).toEqual(before);
    expect((await kept()).map(({ code }) => code)).toEqual(['invalid_timestamp']);
    const replayed = await counter('driftline_replayed_total');
    expect(replayed).toEqual(new Map([['route="predictions",outcome="stored"', 1], ['route="predictions",outcome="refused"', 3]])); // prettier-ignore
  });
});

describe('what nests', () => {
  test.each([
    ['/v1/predictions', `{"model":"m","inputs":{"a":${deep(50_000)}}}`],
    ['/v1/predictions', `[{"model":"m"},{"model":"m","inputs":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}]`],
    ['/v1/predictions', deep(MAX_JSON_DEPTH + 1)],
    ['/v1/ground-truth', `{"prediction_id":"g","values":{"a":${deep(50_000)}}}`],
    ['/v1/aggregate-metrics', deep(50_000)],
    ['/v1/models/m/baselines?name=deep', `[{"inputs":{"a":${deep(50_000)}}}]`],
    ['/v1/integrations/cloudevents', `{"specversion":"1.0","id":"1","type":"org.kubeflow.serving.inference.request","source":"s","inferenceservicename":"m","data":${deep(50_000)}}`],
    ['/track-metrics', `{"modelDeploymentCrn":"crn","metrics":{"a":${deep(50_000)}}}`],
    ['/v1/query', `{"sql":"SELECT 1","params":{"a":${deep(50_000)}}}`],
    ['/api/2.0/mlflow/registered-models/create', `{"name":${deep(50_000)}}`],
  ])('too deep is refused: %s', async (path, body) => {
    const type = path.includes('cloudevents') ? { 'content-type': 'application/cloudevents+json' } : JSON_TYPE;
    const answer = await post(path, body, type);
    expect({ status: answer.status, says: answer.text.includes('nested deeper than') }).toEqual({ status: 400, says: true });
  }); // prettier-ignore

  test('too deep in one line leaves the other lines alone, and the line is kept', async () => {
    const lines = ['{"model":"lines"}', `{"model":"lines","inputs":{"a":${deep(3_000)}}}`, '{"model":"lines"}'];
    const answer = await post('/v1/predictions', lines.join('\n'), NDJSON);
    expect(answer.status).toBe(207);
    expect(answer.json()).toMatchObject({ accepted: 2, rejected: 1, errors: [{ index: 1, code: 'too_deep' }] });
    const [row] = await kept();
    expect(row).toMatchObject({ code: 'too_deep', index: 1 });
    expect((await post(`/v1/rejected/${row?.id}/replay`, {})).json()).toMatchObject({ errors: [{ code: 'too_deep' }] });
  });

  test('in a cell of a file is refused by its row', async () => {
    const rows = ['model,inputs', `m,"{""a.b"":${deep(50_000)}}"`, 'm,"{""a"":1}"'];
    const answer = await post('/v1/predictions', rows.join('\n'), CSV);
    expect(answer.status).toBe(207);
    expect(answer.json()).toMatchObject({ accepted: 1, rejected: 1, errors: [{ index: 0, path: 'inputs' }] });
  });

  test('up to the limit comes back as it was sent', async () => {
    const inner = deep(MAX_JSON_DEPTH - 2);
    const stored = await post('/v1/predictions', `{"model":"m","prediction_id":"deep","inputs":{"a":${inner}}}`);
    expect(stored.status).toBe(201);
    const read = await call(service.app, 'GET', '/v1/predictions/deep');
    expect(JSON.stringify((read.json().inputs as { a: unknown }).a)).toBe(inner);
  });
});

describe('a dead letter', () => {
  test('is kept whatever its text is made of: half pairs in names, paths and where it is cut', async () => {
    const emoji = '😀'.repeat(10_000);
    const bodies = [
      `{"model":"\\ud800"}`,
      `{"model":"m","\\udc00":1}`,
      `{"model":"m","inputs":{"\\ud800":1}}`,
      `{"model":"m","prediction_id":7,"inputs":{"a":"${emoji}"}}`,
      `{"model":"mm","prediction_id":7,"inputs":{"a":"${emoji}"}}`,
    ];
    for (const body of bodies) expect((await post('/v1/predictions', body)).status).toBe(400);
    const lines = [`{"a":"${emoji}`, `{"ab":"${emoji}`, '{"model":"\\ud800","b":1}'];
    expect((await post('/v1/predictions', lines.join('\n'), NDJSON)).status).toBe(400);
    const rows = await kept();
    // The item with a half pair in its model has an unknown field too, which is found first.
    expect(rows).toHaveLength(bodies.length + lines.length);
    expect(rows.filter(({ item }) => item === '')).toEqual([]);
    expect(service.logs.filter((line) => JSON.stringify(line).includes('could not be kept'))).toEqual([]);
  });

  test('is made of a refused row of a label file too, and can be sent again with its id', async () => {
    const before = await counter('driftline_rejected_total');
    const file = ['prediction_id,late,note,score', 'lf-1,true,a,1', ',false,b,2.5', `${'x'.repeat(201)},true,,`].join('\n');
    const answer = await post('/v1/ground-truth', file, CSV);
    expect(answer.status).toBe(207);
    expect(answer.json()).toMatchObject({
      accepted: 1,
      rejected: 2,
      errors: [
        { index: 1, code: 'required', path: 'prediction_id' },
        { index: 2, code: 'too_big', path: 'prediction_id' },
      ],
    });
    const after = await counter('driftline_rejected_total');
    expect(sum(after) - sum(before)).toBe(2);
    const rows = (await kept()).sort((a, b) => a.index - b.index);
    expect(rows.map(({ item }) => JSON.parse(item) as unknown)).toEqual([
      { prediction_id: '', values: { late: false, note: 'b', score: 2.5 } },
      { prediction_id: 'x'.repeat(201), values: { late: true, note: null, score: null } },
    ]);
    const item = { prediction_id: 'lf-2', values: { late: false } };
    expect((await post(`/v1/rejected/${rows[0]?.id}/replay`, { item })).status).toBe(201);
    expect(await kept()).toHaveLength(1);
  }); // prettier-ignore

  test('of a file in which no row can be used is made as well, and the answer lists them', async () => {
    const answer = await post('/v1/ground-truth', 'prediction_id,late\n,1\n,0\n', CSV);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'all_rejected', accepted: 0, rejected: 2 });
    expect(await kept()).toHaveLength(2);
  });
});

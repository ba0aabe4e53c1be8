// Corners of the contract's sentences, as a client meets them that has read only these.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const get = (path: string) => call(service.app, 'GET', path);
const post = (path: string, body: string, type = 'application/json') =>
  call(service.app, 'POST', path, { body, headers: { 'content-type': type } });

/** A new prediction, its id. */
async function predicted(extra: Record<string, unknown> = {}): Promise<string> {
  const id = randomUUID();
  const item = { model: 'm', prediction_id: id, timestamp: TEST_NOW - 1000, ...extra };
  expect((await post('/v1/predictions', JSON.stringify(item))).status).toBe(201);
  return id;
}
const truthOf = async (id: string) => (await get(`/v1/predictions/${id}`)).json().ground_truth;

describe('columns of a file', () => {
  // Names that statements about files use themselves, parts of SQL, and what a spreadsheet may give.
  const NAMES = [
    ...[
      'h',
      'id',
      'given',
      'row_index',
      'entries',
      'entry',
      'numbers',
      'texts',
      'flags',
      'is_bad',
      'upload_rows',
      'w',
      't',
      'key0',
    ],
    ...['_file', '_path', 'SELECT', 'a b', "it's", '`tick`', 'back\\slash', '{x:String}', '?', 'inputs.age', 'ü'],
  ];

  test('may have any name: every value of ground truth is stored under its own', async () => {
    const id = await predicted();
    const file = `prediction_id,${NAMES.map((name) => `"${name}"`).join(',')}\n${id},${NAMES.map((_, n) => n + 10).join(',')}\n`;
    const answer = await post('/v1/ground-truth', file, 'text/csv');
    expect([answer.status, answer.json()]).toEqual([201, { accepted: 1 }]);
    expect(await truthOf(id)).toEqual(Object.fromEntries(NAMES.map((name, n) => [name, n + 10])));
  });

  test('may have any name: a refused row is kept with every value under its own', async () => {
    const file = `prediction_id,${NAMES.map((name) => `"${name}"`).join(',')}\n,${NAMES.map((_, n) => n + 10).join(',')}\n`;
    expect((await post('/v1/ground-truth', file, 'text/csv')).status).toBe(400);
    const [kept] = (await get('/v1/rejected?limit=1')).json() as unknown as { item: string }[];
    expect(JSON.parse(kept?.item ?? 'null')).toEqual({
      prediction_id: '',
      values: Object.fromEntries(NAMES.map((name, n) => [name, n + 10])),
    });
  });

  test('may have any name: a baseline counts every value under its own', async () => {
    const names = NAMES.filter((name) => name !== 'inputs.age');
    const rows = Array.from({ length: 20 }, (_, row) => names.map((_, n) => n * 100 + row).join(','));
    const file = `${names.map((name) => `"${name}"`).join(',')}\n${rows.join('\n')}\n`;
    const answer = await post('/v1/models/columns/baselines?name=b', file, 'text/csv');
    expect([answer.status, answer.json()]).toMatchObject([201, { rows: 20, fields: names.length }]);
    const { fields } = (await get('/v1/models/columns/baselines/b')).json() as unknown as {
      fields: { path: string; edges: number[] }[];
    };
    for (const [n, name] of names.entries()) {
      const edges = fields.find(({ path }) => path === `inputs.${name}`)?.edges ?? [];
      expect([name, edges.every((edge) => edge >= n * 100 && edge < n * 100 + 20), edges.length > 0]).toEqual([
        name,
        true,
        true,
      ]);
    }
  });

  test('that are to stay text must be there: a name that is none is refused, and nothing is stored', async () => {
    const id = await predicted();
    const answer = await post('/v1/ground-truth?strings=zip,zpi', `prediction_id,zip\n${id},007\n`, 'text/csv');
    expect([answer.status, answer.json().detail]).toEqual([
      400,
      'strings names the column zpi, which the file does not have. It has: prediction_id, zip.',
    ]);
    expect(await truthOf(id)).toBeNull();
    expect((await post('/v1/ground-truth?strings=zip', `prediction_id,zip\n${id},007\n`, 'text/csv')).status).toBe(201);
    expect(await truthOf(id)).toEqual({ zip: '007' });
  });
});

describe('null is what is missing', () => {
  const TECHNICAL = ['latency_ms', 'error', 'request_bytes', 'response_bytes', 'cpu_ms', 'memory_bytes', 'replica'];

  test('in a technical field that is sent, which is then null in the answer', async () => {
    const nothing = Object.fromEntries(TECHNICAL.map((field) => [field, null]));
    const id = await predicted(nothing);
    expect((await get(`/v1/predictions/${id}`)).json()).toMatchObject(nothing);
  });

  test('in the row count of a value that a client computed, in JSON and in CSV', async () => {
    const item = { model: 'sent', start: TEST_NOW - 2000, end: TEST_NOW - 1000, metrics: { a: 0.5 } };
    expect((await post('/v1/aggregate-metrics', JSON.stringify(item))).status).toBe(201);
    const [point] = (await get('/v1/models/sent/metrics?metric=aggregate.a')).json() as unknown as unknown[];
    expect(point).toMatchObject({ value: 0.5, n: null, lower: null, coverage: null, method: 'as_sent' });
    for (const accept of ['text/csv', 'application/vnd.apache.parquet']) {
      const file = await call(service.app, 'GET', '/v1/models/sent/metrics?metric=aggregate.a', {
        headers: { accept },
      });
      expect(file.status).toBe(200);
      if (accept === 'text/csv') expect(file.text).toContain(',0.5,,,ok,,,,as_sent,');
    }
  });

  test('in the schedule of a job where nothing runs by itself', async () => {
    const jobs = (await get('/v1/jobs')).json() as unknown as Record<string, unknown>[];
    expect(jobs.map(({ job }) => job)).toEqual(['drift', 'quality', 'operations', 'alerts', 'retention']);
    for (const job of jobs) expect(job).toMatchObject({ schedule: null, scheduled: false, next_run: null });
  });
});

describe('a time that is asked for', () => {
  test.each([
    ['/v1/aggregate-metrics', { model: 'm', metrics: { a: 1 } }, ['start', 'end']],
    ['/v1/models/m/baselines', { name: 'b' }, ['from', 'to']],
    ['/v1/alert-rules/none/backtest', {}, ['from', 'to']],
  ])('%s names each that is missing', async (path, body, fields) => {
    const answer = await post(path, JSON.stringify(body));
    expect(answer.status).toBe(400);
    const errors = answer.json().errors as unknown[];
    expect(errors).toEqual(
      fields.map((field): unknown =>
        expect.objectContaining({ code: 'required', path: field, message: 'is required' }),
      ),
    );
  });

  test('says which forms it has where it is none of them', async () => {
    for (const timestamp of [true, null, {}, 'yesterday', '2021-06-01T00:00:00']) {
      const answer = await post('/v1/predictions', JSON.stringify({ model: 'm', timestamp }));
      expect([answer.status, answer.json().errors]).toMatchObject([
        400,
        [
          {
            path: 'timestamp',
            message: 'expected ISO 8601 with an offset (2026-01-31T12:00:00Z) or epoch milliseconds',
          },
        ],
      ]);
    }
  });
});

test.each(['application/x-ndjson', 'application/jsonl', 'application/jsonlines'])(
  'lines of JSON may come as %s',
  async (type) => {
    const answer = await post('/v1/predictions', '{"model":"lines"}\n{"model":"lines"}\n', type);
    expect([answer.status, answer.json().accepted]).toEqual([201, 2]);
  },
);

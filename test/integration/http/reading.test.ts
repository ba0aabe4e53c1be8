// Reading back: pages and exports of predictions, models, metrics, distributions, SQL, and the forms they come in.
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JOB_NAMES } from '../../../src/domain/contract/metrics.js';
import { call, expectProblem } from '../../support/http.js';
import { TEST_NOW, startTestService, type TestService } from '../../support/service.js';

let service: TestService;
const HOUR = 3_600_000;
const COUNT = 250;
const id = (n: number) => `0197a2b0-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
/** Predictions fill the two hours before the last whole one. */
const FIRST = TEST_NOW - 3 * HOUR;
const at = (n: number) => FIRST + Math.floor((n * 2 * HOUR) / COUNT);
const RANGE = `from=${new Date(FIRST).toISOString()}&to=${new Date(TEST_NOW).toISOString()}`;

type Rows = Record<string, unknown>[];
const get = (url: string, accept?: string) =>
  call(service.app, 'GET', url, accept === undefined ? {} : { headers: { accept } });

async function rowsOf(url: string): Promise<Rows> {
  const answer = await get(url);
  expect({ url, status: answer.status, text: answer.status === 200 ? '' : answer.text }).toEqual({
    url,
    status: 200,
    text: '',
  });
  return answer.json() as unknown as Rows;
}

beforeAll(async () => {
  service = await startTestService();
  const body = Array.from({ length: COUNT }, (_, n) => ({
    model: 'flights',
    version: n < 125 ? '1' : '2',
    prediction_id: id(n),
    timestamp: at(n),
    inputs: { distance: (n * 37) % 100, origin: n % 3 === 0 ? 'ZRH' : 'BSL' },
    outputs: { label: n % 2 === 0, probability: (n % 10) / 10 },
    tags: { region: n % 5 === 0 ? 'EU, "north"' : 'US' },
    latency_ms: n,
  }));
  expect((await call(service.app, 'POST', '/v1/predictions', { body })).status).toBe(201);
  const labels = Array.from({ length: 200 }, (_, n) => ({ prediction_id: id(n), values: { late: n % 4 === 0 } }));
  expect((await call(service.app, 'POST', '/v1/ground-truth', { body: labels })).status).toBe(201);
  const config = {
    task: 'binary',
    prediction: 'outputs.label',
    score: 'outputs.probability',
    ground_truth: 'late',
    positive_label: true,
    window: '1h',
    min_samples: 10,
  };
  expect((await call(service.app, 'PUT', '/v1/models/flights', { body: config })).status).toBe(200);
  const rows = Array.from({ length: 300 }, (_, n) => ({
    inputs: { distance: (n * 37) % 100, origin: n % 3 === 0 ? 'ZRH' : 'BSL' },
  }));
  expect((await call(service.app, 'POST', '/v1/models/flights/baselines?name=train', { body: rows })).status).toBe(201);
});
afterAll(async () => {
  await service.close();
});

describe('predictions', () => {
  test.each([
    ['ascending by time', ''],
    ['descending by time where they are asked for so', '&order=desc'],
  ])('come in pages, %s, each once', async (_, order) => {
    const seen: string[] = [];
    let cursor: string | null = '';
    do {
      const answer = await get(`/v1/predictions?model=flights&limit=60${order}&cursor=${encodeURIComponent(cursor)}`);
      expect(answer.status).toBe(200);
      const page = answer.json() as unknown as { predictions: { prediction_id: string }[]; next_cursor: string | null };
      expect(page.predictions.length).toBeLessThanOrEqual(60);
      seen.push(...page.predictions.map((row) => row.prediction_id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    const ascending = Array.from({ length: COUNT }, (_, n) => id(n));
    expect(seen).toEqual(order === '' ? ascending : ascending.reverse());
  });

  test.each([
    ['version=2', 125],
    [`from=${new Date(at(100)).toISOString()}`, 150],
    [`from=${at(100)}&to=${at(101)}`, 1],
    ['labelled=true', 200],
    ['labelled=false', 50],
    ['segment=tags.region%3DUS', 200],
    ['version=&from=&to=&segment=&labelled=', 250],
    ['deployment=', 250],
    ['deployment=other', 0],
  ])('filtered by %s are %d', async (filter, count) => {
    const answer = await get(`/v1/predictions?model=flights&limit=1000&${filter}`);
    expect(answer.status).toBe(200);
    expect((answer.json().predictions as unknown[]).length).toBe(count);
  });

  test("of one page have the contract's fields, and null where there is nothing", async () => {
    const [row] = (await get('/v1/predictions?model=flights&limit=1')).json().predictions as Rows;
    expect(row).toMatchObject({
      prediction_id: id(0),
      external_id: null,
      model: 'flights',
      version: '1',
      deployment: '',
      timestamp: new Date(at(0)).toISOString(),
      inputs: { distance: 0, origin: 'ZRH' },
      outputs: { label: true, probability: 0 },
      tags: { region: 'EU, "north"' },
      ground_truth: { late: true },
      latency_ms: 0,
      cpu_ms: null,
      error: null,
    });
  });

  test('a cursor that is none of ours is 400', async () => {
    const answer = await get('/v1/predictions?model=flights&cursor=nonsense');
    expect(answer.status).toBe(400);
    expectProblem(answer, 400, String(answer.json().code));
  });

  test('stream as NDJSON, every row one line', async () => {
    const answer = await get('/v1/predictions?model=flights', 'application/x-ndjson');
    expect(answer.status).toBe(200);
    expect(String(answer.headers['content-type'])).toContain('application/x-ndjson');
    const rows = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { prediction_id: string });
    expect(rows).toHaveLength(COUNT);
    expect(rows.map((row) => row.prediction_id).sort()).toEqual(Array.from({ length: COUNT }, (_, n) => id(n)));
  });

  test('stream as CSV with a header, and as Parquet', async () => {
    const csv = await get('/v1/predictions?model=flights&version=2', 'text/csv');
    expect(csv.status).toBe(200);
    const lines = csv.text.trimEnd().split(/\r?\n/);
    expect(lines[0]).toContain('prediction_id');
    expect(lines).toHaveLength(126);
    const parquet = await get('/v1/predictions?model=flights', 'application/vnd.apache.parquet');
    expect(parquet.status).toBe(200);
    expect(parquet.bytes.subarray(0, 4).toString()).toBe('PAR1');
  });

  test('as a file take neither limit nor cursor, and other forms are 406', async () => {
    expectProblem(await get('/v1/predictions?model=flights&limit=5', 'text/csv'), 400, 'invalid_input');
    expect(
      expectProblem(await get('/v1/predictions?model=flights', 'image/png'), 406, 'not_acceptable').detail,
    ).toContain('text/csv');
  });
});

describe('models', () => {
  test('are listed and shown with what is configured and what is inferred', async () => {
    expect(await rowsOf('/v1/models')).toEqual([
      expect.objectContaining({ model: 'flights', versions: ['1', '2'], predictions: COUNT, configured: true }),
    ]);
    const detail = (await get('/v1/models/flights')).json();
    expect(detail).toMatchObject({
      config: { task: 'binary', window: '1h' },
      effective: { task: 'binary', min_samples: 10 },
    });
  });

  test('have versions and fields', async () => {
    expect((await rowsOf('/v1/models/flights/versions')).map((row) => [row.version, row.predictions])).toEqual(
      expect.arrayContaining([
        ['1', 125],
        ['2', 125],
      ]),
    );
    const fields = await rowsOf('/v1/models/flights/fields');
    expect(fields.map((field) => field.path)).toEqual(
      expect.arrayContaining(['inputs.distance', 'inputs.origin', 'outputs.probability']),
    );
  });

  test('configure to what was sent: a later PUT replaces, and a bad one changes nothing', async () => {
    const body = { window: '1d', retention_days: 30 };
    expect((await call(service.app, 'PUT', '/v1/models/spare', { body })).json()).toMatchObject({
      model: 'spare',
      config: body,
    });
    expectProblem(await call(service.app, 'PUT', '/v1/models/spare', { body: { window: 5 } }), 400, 'invalid_input');
    expect((await get('/v1/models/spare')).json().config).toEqual(body);
    expect((await call(service.app, 'PUT', '/v1/models/spare', { body: { min_samples: 5 } })).json().config).toEqual({
      min_samples: 5,
    });
    expect((await call(service.app, 'DELETE', '/v1/models/spare')).status).toBe(204);
    expectProblem(await get('/v1/models/spare'), 404, 'not_found');
  });
});

describe('jobs', () => {
  test('run on request and are in the log', async () => {
    for (const job of JOB_NAMES) {
      const answer = await call(service.app, 'POST', `/v1/jobs/${job}/run`, { body: { model: 'flights' } });
      expect({ job, status: answer.status, text: answer.text }).toMatchObject({ job, status: 200 });
      expect(answer.json()).toMatchObject({ status: 'ok', errors: [] });
    }
    const runs = await rowsOf('/v1/job-runs?limit=10');
    expect(new Set(runs.map((run) => run.job))).toEqual(new Set(JOB_NAMES));
    expect(runs[0]).toMatchObject({
      trigger: 'api',
      model: 'flights',
      status: 'ok',
      now: new Date(TEST_NOW).toISOString(),
    });
    expect((await rowsOf('/v1/job-runs?job=drift&limit=1')).map((run) => run.job)).toEqual(['drift']);
    expect((await rowsOf('/v1/jobs')).map((job) => job.job).sort()).toEqual([...JOB_NAMES].sort());
  });

  test('run without a body, and over a range', async () => {
    expect((await call(service.app, 'POST', '/v1/jobs/operations/run')).status).toBe(200);
    const body = { model: 'flights', from: FIRST, to: new Date(TEST_NOW).toISOString() };
    const answer = await call(service.app, 'POST', '/v1/jobs/drift/run', { body });
    expect(answer.status).toBe(200);
    expect(Number(answer.json().windows)).toBeGreaterThan(0);
  });
});

describe('computed numbers', () => {
  const url = '/v1/models/flights/metrics';

  test('are a flat array, oldest first, filtered by metric and feature', async () => {
    const points = await rowsOf(`${url}?metric=psi&metric=accuracy&feature=inputs.distance&feature=`);
    expect(points.length).toBeGreaterThan(0);
    const times = points.map((point) => String(point.time));
    expect(times).toEqual([...times].sort());
    const psi = await rowsOf(`${url}?metric=psi&feature=inputs.distance&version=1`);
    expect(psi.length).toBeGreaterThan(0);
    for (const point of psi)
      expect(point).toMatchObject({ metric: 'psi', feature: 'inputs.distance', version: '1', model: 'flights' });
  });

  test('of a metric that does not exist are refused with the nearest that does', async () => {
    const problem = expectProblem(await get(`${url}?metric=accuracy&metric=roc_acu`), 400, 'invalid_input');
    expect(problem.errors).toEqual([
      expect.objectContaining({ path: 'metric', message: expect.stringMatching(/did you mean "roc_auc"/) }),
    ]);
  });

  test('come as CSV with the same rows, and nothing else', async () => {
    const points = await rowsOf(`${url}?metric=psi`);
    const csv = await get(`${url}?metric=psi`, 'text/csv');
    const lines = csv.text.trimEnd().split('\n');
    expect(lines[0]).toBe(Object.keys(points[0] ?? {}).join(','));
    expect(lines).toHaveLength(points.length + 1);
    const problem = expectProblem(await get(url, 'application/xml'), 406, 'not_acceptable');
    expect(problem.detail).toMatch(/application\/json, text\/csv/);
  });

  test('come as Parquet with the same rows', async () => {
    const points = await rowsOf(`${url}?metric=psi`);
    const response = await service.app.inject({
      url: `${url}?metric=psi`,
      headers: { accept: 'application/vnd.apache.parquet' },
    });
    const file = new Uint8Array(response.rawPayload).buffer;
    const rows = await parquetReadObjects({ file });
    expect(rows.map(({ metric, feature, value }) => ({ metric, feature, value }))).toEqual(
      points.map(({ metric, feature, value }) => ({ metric, feature, value })),
    );
  });

  test('of a range are one point a series', async () => {
    const points = await rowsOf(`${url}?metric=prediction_count&window=range&${RANGE}&version=1`);
    expect(points).toHaveLength(1);
    expect(points[0]).toMatchObject({ value: 125, window_start: new Date(FIRST).toISOString() });
  });

  test('have a distribution and a confusion matrix', async () => {
    const distribution = (await get(`/v1/models/flights/distribution?feature=inputs.distance&${RANGE}`)).json();
    expect(distribution).toMatchObject({ feature: 'inputs.distance', kind: 'numeric', baseline_name: 'train' });
    const confusion = (await get(`/v1/models/flights/confusion?${RANGE}`)).json() as unknown as { counts: number[][] };
    expect(confusion.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(200);
  });
});

describe('SQL', () => {
  const query = (body: Record<string, unknown>, accept?: string) =>
    call(service.app, 'POST', '/v1/query', { body, ...(accept === undefined ? {} : { headers: { accept } }) });
  const sql = 'SELECT model, count() AS n FROM v_predictions WHERE model = {model:String} GROUP BY model';
  const params = { model: 'flights' };

  test('answers rows with bound parameters, in the form asked for', async () => {
    const answer = await query({ sql, params });
    expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
    expect(answer.text).toContain('250');
    for (const csv of [await query({ sql, params, format: 'csv' }), await query({ sql, params }, 'text/csv')]) {
      expect(csv.status).toBe(200);
      expect(String(csv.headers['content-type'])).toMatch(/^text\/csv/);
      expect(csv.text).toContain('flights');
    }
  });

  test('that writes is 403, that is wrong is 400 with why', async () => {
    for (const bad of ['DROP TABLE predictions', 'INSERT INTO predictions (model) VALUES (1)']) {
      expectProblem(await query({ sql: bad }), 403, 'forbidden');
    }
    const wrong = await query({ sql: 'SELECT nothing_like_it FROM v_predictions' });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('nothing_like_it');
  });
});

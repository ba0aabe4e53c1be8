// The metric orphan_labels over HTTP: labels of a model's ground-truth key that wait for their prediction, counted when they are asked for.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GROUND_TRUTH_COLUMNS } from '../../../src/store/ground-truth.js';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Within a week of whole UTC days, in one window of a week: a Wednesday, some weeks ago. */
const MONDAY = Math.floor((TEST_NOW - 4 * DAY) / (7 * DAY)) * 7 * DAY + 4 * DAY - 14 * DAY;
const T0 = MONDAY + 2 * DAY;
const WEEK = { from: MONDAY, to: MONDAY + 7 * DAY };
let service: TestService;

beforeAll(async () => {
  service = await startTestService();
  await send('POST', '/v1/predictions', [
    { model: 'flights', prediction_id: 'known-1', timestamp: T0 },
    { model: 'flights', prediction_id: 'known-2', timestamp: T0 + HOUR },
    { model: 'other', prediction_id: 'of-another-model', timestamp: T0 },
    { model: 'unlabelled', prediction_id: 'u', timestamp: T0 },
  ]);
  const config = { task: 'binary', prediction: 'outputs.label', ground_truth: 'late', window: '1h' };
  await send('PUT', '/v1/models/flights', config);
  await label('known-1', T0);
  await label('known-2', T0 + HOUR);
  await label('of-another-model', T0);
});
afterAll(() => service.close());

async function send(method: 'POST' | 'PUT' | 'DELETE', url: string, body: unknown) {
  const answer = await call(service.app, method, url, { body });
  expect({ url, ok: answer.status < 300, text: answer.status < 300 ? '' : answer.text }).toMatchObject({ ok: true });
}

const label = (id: string, timestamp: number, values: Record<string, unknown> = { late: true }) =>
  send('POST', '/v1/ground-truth', { prediction_id: id, timestamp, values });

type Points = { window_start: string; window_end: string; value: number; n: number; metric: string }[];
async function read(query = '', model = 'flights'): Promise<Points> {
  const answer = await call(service.app, 'GET', `/v1/models/${model}/metrics?${query}`);
  expect({ status: answer.status, text: answer.status === 200 ? '' : answer.text }).toEqual({ status: 200, text: '' });
  return answer.json() as unknown as Points;
}
const orphans = async (query = '', model = 'flights') =>
  (await read(`metric=orphan_labels${query}`, model)).map((one) => [Date.parse(one.window_start), one.value, one.n]);

/** Of all models and keys, as GET /v1/orphan-labels counts and lists them. */
async function total(): Promise<number> {
  const answer = (await call(service.app, 'GET', '/v1/orphan-labels?limit=1000')).json() as unknown as {
    total: number;
    orphans: unknown[];
  };
  expect(answer.orphans).toHaveLength(answer.total);
  return answer.total;
}

/** The store's own mark that a row is gone: what stays until the engine merges. */
async function tombstone(table: string, columns: readonly string[], id: string) {
  const { store } = service.container.tables;
  const rows = await store.bytes(
    {
      name: 'stored_row',
      sql: `SELECT ${columns.slice(0, -2).join(', ')}, row_version + 1, 1 FROM ${table} FINAL
        WHERE prediction_id = (SELECT prediction_id FROM ground_truth FINAL WHERE text = {id:String})`,
      params: { id },
    },
    'JSONCompactEachRow',
  );
  expect(rows.toString()).not.toBe('');
  await store.insertBody(table, columns, rows, 'ingest');
}
const PLACE_COLUMNS = ['prediction_id', 'model', 'version', 'deployment', 'slot', 'ts', 'row_version', 'is_deleted'];

describe('orphan_labels', () => {
  test('a label without a prediction appears in the window of its time, and goes when its prediction comes', async () => {
    expect(await orphans()).toEqual([
      [T0, 0, 2],
      [T0 + HOUR, 0, 1],
    ]);
    await label('early', T0 + 10);
    expect(await orphans()).toEqual([
      [T0, 1, 3],
      [T0 + HOUR, 0, 1],
    ]);
    const [point] = await read('metric=orphan_labels');
    expect(point).toMatchObject({
      ...{ metric: 'orphan_labels', version: '', deployment: '', segment: '', feature: '', status: 'ok' },
      ...{ lower: null, upper: null, baseline: null, method: 'labels_without_prediction' },
      window_end: new Date(T0 + HOUR).toISOString(),
    });
    await send('POST', '/v1/predictions', { model: 'other', prediction_id: 'early', timestamp: T0 - DAY });
    expect((await orphans())[0]).toEqual([T0, 0, 3]);
  });

  test('a corrected label is counted once, where its newest time lies', async () => {
    await label('corrected', T0 + 20);
    await label('corrected', T0 + 30, { late: false });
    expect(await orphans()).toEqual([
      [T0, 1, 4],
      [T0 + HOUR, 0, 1],
    ]);
    await label('corrected', T0 + HOUR + 30, { late: false });
    expect(await orphans()).toEqual([
      [T0, 0, 3],
      [T0 + HOUR, 1, 2],
    ]);
  });

  test('labels under another key and deleted ones are not counted, nor do deleted predictions count as there', async () => {
    const before = await orphans();
    await label('another-key', T0 + 40, { weight: 3 });
    expect(await orphans()).toEqual(before);
    await label('deleted', T0 + 50, { late: 'deleted' });
    expect((await orphans())[0]).toEqual([T0, 1, 4]);
    await send('POST', '/v1/predictions', { model: 'other', prediction_id: 'deleted', timestamp: T0 });
    expect((await orphans())[0]).toEqual([T0, 0, 4]);
    const waiting = await total();
    await tombstone('prediction_places', PLACE_COLUMNS, 'deleted');
    expect((await orphans())[0]).toEqual([T0, 1, 4]);
    expect(await total()).toBe(waiting + 1);
    await tombstone('ground_truth', GROUND_TRUTH_COLUMNS, 'deleted');
    expect(await orphans()).toEqual(before);
    expect(await total()).toBe(waiting);
  });

  test('a prediction that is erased leaves its label only to one of another model with the same id, until that is gone too', async () => {
    const [before, waiting] = [await orphans(), await total()];
    for (const model of ['flights', 'other'])
      await send('POST', '/v1/predictions', { model, prediction_id: 'shared', timestamp: T0, tags: { user: 'eve' } });
    await label('shared', T0 + 60);
    const [first, ...later] = before;
    const labelled = [[T0, first?.[1], (first?.[2] ?? 0) + 1], ...later];
    expect(await orphans()).toEqual(labelled);
    await send('DELETE', '/v1/predictions?model=flights&tag=user=eve', undefined);
    expect([await orphans(), await total()]).toEqual([labelled, waiting]);
    await send('DELETE', '/v1/predictions?model=other&tag=user=eve', undefined);
    expect([await orphans(), await total()]).toEqual([before, waiting]);
  });

  test('a range is one number, a week is one number, and from and to bound the windows', async () => {
    const iso = (time: number) => new Date(time).toISOString();
    const range = (from: number, to: number) => `&from=${iso(from)}&to=${iso(to)}`;
    expect(await orphans(`${range(T0 + 5, T0 + 2 * HOUR)}&window=range`)).toEqual([[T0 + 5, 1, 3]]);
    expect(await orphans(`${range(T0 - DAY, T0)}&window=range`)).toEqual([]);
    const [week, ...more] = await read('metric=orphan_labels&window=7d');
    expect(more).toEqual([]);
    expect(week).toMatchObject({ window_start: iso(WEEK.from), window_end: iso(WEEK.to), value: 1, n: 5 });
    // As stored numbers: windows that start in the range. With a window: those that share time with it.
    expect(await orphans(range(T0 + 1, T0 + 2 * HOUR))).toEqual([[T0 + HOUR, 1, 2]]);
    expect(await orphans(range(T0, T0 + HOUR))).toEqual([[T0, 0, 3]]);
    expect(await orphans(`${range(T0 + 5, T0 + 6)}&window=7d`)).toEqual([[WEEK.from, 1, 5]]);
    const refused = await call(service.app, 'GET', '/v1/models/flights/metrics?metric=orphan_labels&window=7m');
    expect(refused.status).toBe(400);
  });

  test('it has no version, segment or feature, and only those who name it get it', async () => {
    for (const filter of ['version=1', 'deployment=d', 'segment=tags.region=EU', 'feature=inputs.age'])
      expect(await orphans(`&${filter}`)).toEqual([]);
    expect((await read()).filter(({ metric }) => metric === 'orphan_labels')).toEqual([]);
    const metrics = (await read('metric=orphan_labels&metric=prediction_count&window=1h')).map(({ metric }) => metric);
    expect(new Set(metrics)).toEqual(new Set(['orphan_labels', 'prediction_count']));
    expect(await orphans('', 'unlabelled')).toEqual([]);
  });

  test('a rule on it is refused, in words that say what to watch', async () => {
    const body = { model: 'flights', metric: 'orphan_labels', op: '>', critical: 10 };
    const refused = await call(service.app, 'PUT', '/v1/alert-rules/orphans', { body });
    const problem = expectProblem(refused, 400, 'invalid_input');
    expect(JSON.stringify(problem ?? refused.text)).toContain('driftline_orphan_labels');
    const backtest = { rule: body, from: new Date(T0).toISOString(), to: new Date(T0 + DAY).toISOString() };
    const tried = await call(service.app, 'POST', '/v1/alert-rules/backtest', { body: backtest });
    expect(tried.text).toContain('driftline_orphan_labels');
  });
});

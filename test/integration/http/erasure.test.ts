// Erasing a person's rows: gone from every table, from baselines and from what was computed of them; other people's rows stay.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
const START = TEST_NOW - 48 * HOUR;
let service: TestService;

beforeAll(async () => {
  service = await startTestService({ orphanLabelDays: 10 });
  const body = Array.from({ length: 400 }, (_, n) => ({
    model: 'people',
    version: '1',
    prediction_id: `person-${n}`,
    timestamp: START + Math.floor(n / 200) * HOUR + n,
    inputs: { amount: n, kind: n % 2 ? 'a' : 'b' },
    outputs: { score: n / 400, label: n > 200 },
    tags: { user: n < 10 ? 'bob' : 'others' },
  }));
  await send('POST', '/v1/predictions', body);
  const labels = body.map((row, n) => ({ prediction_id: row.prediction_id, values: { late: n % 3 === 0 } }));
  await send('POST', '/v1/ground-truth', labels);
  await send('POST', '/v1/models/people/baselines', { name: 'frozen', from: START, to: START + 2 * HOUR });
  await send('POST', '/v1/predictions', { model: 'people', prediction_id: 'person-1', tags: { user: 'bob' }, oops: 1 });
  await send('POST', '/v1/predictions', { model: 'people', inputs: [], tags: { user: 'bob' } });
  await jobs();
});
afterAll(() => service.close());

const send = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown) =>
  call(service.app, method, url, body === undefined ? {} : { body });
async function jobs(): Promise<void> {
  for (const job of ['operations', 'drift', 'quality'])
    expect((await send('POST', `/v1/jobs/${job}/run`, {})).json()).toMatchObject({ status: 'ok' });
}
async function value(metric: string, from: number): Promise<unknown> {
  const range = `from=${from}&to=${from + HOUR}`;
  const answer = await send('GET', `/v1/models/people/metrics?metric=${metric}&${range}&segment=`);
  return (JSON.parse(answer.text) as { value: unknown }[])[0]?.value;
}
async function count(sql: string): Promise<number> {
  const { store } = service.container.tables;
  return (await store.one({ name: 'test', sql: `SELECT count() AS n FROM ${sql}`, row: z.object({ n: z.number() }) }))
    .n;
}

describe('erasing', () => {
  test('one prediction removes its row, labels, history, refused originals and its copy in the baseline, and its window is computed again', async () => {
    expect(await value('prediction_count', START)).toBe(200);
    const { prediction_id: id } = (await send('GET', '/v1/predictions/person-1')).json();
    const answer = await send('DELETE', '/v1/predictions/person-1');
    expect(answer.json()).toEqual({
      predictions: 1,
      labels: 1,
      rejected: 1,
      inference_halves: 0,
      baseline_rows: 1,
      alert_events: 0,
      windows: 1,
      baselines_searched_by_content: [],
      baselines_not_searched: [],
    });
    for (const table of [
      'predictions',
      'prediction_places',
      'ground_truth',
      'ground_truth_history',
      'label_arrivals',
      'baseline_rows',
    ])
      expect(await count(`${table} WHERE prediction_id = '${String(id)}'`), table).toBe(0);
    expect(await count(`rejected WHERE position(item, 'person-1"') > 0`)).toBe(0);
    expectProblem(await send('GET', '/v1/predictions/person-1'), 404, 'not_found');
    const baseline = (await send('GET', '/v1/models/people/baselines/frozen')).json() as {
      rows: number;
      fields: { path: string; counts: number[] }[];
    };
    expect(baseline.rows).toBe(399);
    const amount = baseline.fields.find((field) => field.path === 'inputs.amount');
    expect(amount?.counts.reduce((sum, n) => sum + n, 0)).toBe(399);
    await jobs();
    expect(await value('prediction_count', START)).toBe(199);
    expectProblem(await send('DELETE', '/v1/predictions/person-1'), 404, 'not_found');
  });

  test('an erasure that ended before the baseline was counted again is finished by the next, also where that finds nothing', async () => {
    const { prediction_id: id } = (await send('GET', '/v1/predictions/person-300')).json();
    const { store } = service.container.tables;
    await store.command({
      name: 'test',
      sql: `ALTER TABLE baseline_rows DELETE WHERE prediction_id = {id:UUID} SETTINGS mutations_sync = 1`,
      params: { id },
    });
    const rows = async () => (await send('GET', '/v1/models/people/baselines/frozen')).json().rows;
    const before = Number(await rows());
    expectProblem(await send('DELETE', '/v1/predictions/nobody'), 404, 'not_found');
    expect(await rows()).toBe(before - 1);
    await jobs();
  });

  test('by a tag removes what one person has in the model and leaves everybody else', async () => {
    const answer = await send('DELETE', '/v1/predictions?model=people&tag=user=bob');
    expect(answer.json()).toMatchObject({ predictions: 9, labels: 9, rejected: 1, baseline_rows: 9, windows: 1 });
    expect(await count(`predictions WHERE tags['user'] = 'bob'`)).toBe(0);
    expect(await count('predictions FINAL')).toBe(390);
    expect(await count('ground_truth FINAL')).toBe(390);
    expect(await count('rejected')).toBe(0);
    await jobs();
    expect(await value('prediction_count', START)).toBe(190);
    expect(await value('prediction_count', START + HOUR)).toBe(200);
  });

  test('a window of which nothing is left shows no number of those who were in it', async () => {
    await send('POST', '/v1/predictions', {
      model: 'people',
      version: '1',
      timestamp: START - 5 * HOUR,
      tags: { user: 'eve' },
    });
    await jobs();
    expect(await value('prediction_count', START - 5 * HOUR)).toBe(1);
    expect((await send('DELETE', '/v1/predictions?model=people&tag=user=eve')).json()).toMatchObject({
      predictions: 1,
    });
    await jobs();
    expect(await value('prediction_count', START - 5 * HOUR)).toBe(0);
  });

  test('by a tag that is kept as a hash: by what was sent, before the rule and after it', async () => {
    const row = (n: number) => ({
      model: 'hashed',
      prediction_id: `hashed-${n}`,
      tags: { user: n < 2 ? 'carol' : 'dave' },
    });
    await send('POST', '/v1/predictions', row(0));
    await send('PUT', '/v1/models/hashed', { privacy: { hash: ['tags.user'] } });
    await send('POST', '/v1/predictions', [row(1), row(2)]);
    expect(await count(`predictions WHERE model = 'hashed' AND tags['user'] = 'carol'`)).toBe(1);
    expect((await send('DELETE', '/v1/predictions?model=hashed&tag=user=carol')).json()).toMatchObject({
      predictions: 2,
    });
    expect(await count(`predictions WHERE model = 'hashed'`)).toBe(1);
    await send('DELETE', '/v1/models/hashed');
  });

  test('a label without a prediction can be erased too', async () => {
    await send('POST', '/v1/ground-truth', { prediction_id: 'nobody', values: { late: true } });
    expect((await send('DELETE', '/v1/predictions/nobody')).json()).toMatchObject({ predictions: 0, labels: 1 });
    expect((await send('GET', '/v1/orphan-labels')).json()).toMatchObject({ total: 0 });
  });

  test('nonsense is refused', async () => {
    expectProblem(await send('DELETE', '/v1/predictions?model=people&tag=bob'), 400, 'invalid_input');
    expectProblem(await send('DELETE', '/v1/predictions?model=people'), 400, 'invalid_input');
    expectProblem(await send('DELETE', '/v1/predictions?model=nobody&tag=user=bob'), 404, 'not_found');
  });

  test('labels that never find a prediction are removed when their days are over, and no others', async () => {
    await send('POST', '/v1/ground-truth', { prediction_id: 'never', values: { late: true } });
    const labels = await count('ground_truth FINAL');
    const retention = (days: number) => send('POST', '/v1/jobs/retention/run', { now: TEST_NOW + days * 24 * HOUR });
    expect((await retention(9)).json()).toMatchObject({ status: 'ok' });
    expect((await send('GET', '/v1/orphan-labels')).json()).toMatchObject({ total: 1, expire_after_days: 10 });
    expect((await retention(11)).json()).toMatchObject({ status: 'ok' });
    expect((await send('GET', '/v1/orphan-labels')).json()).toMatchObject({ total: 0 });
    expect(await count('ground_truth FINAL')).toBe(labels - 1);
  });
});

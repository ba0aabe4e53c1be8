// What is sent at the same time: the same batch, the same ids, labels with their predictions, corrections of one label.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { call } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  call(service.app, 'POST', path, { body, headers });
const get = async (path: string) => (await call(service.app, 'GET', path)).json();
async function count(what: string): Promise<number> {
  const { store } = service.container.tables;
  return (await store.one({ name: 'test_count', sql: `SELECT ${what}`, row: z.object({ n: z.number() }) })).n;
}
/** Merge every part, so that only what the tables keep for good is left. */
async function merge(...tables: string[]): Promise<void> {
  for (const table of tables)
    await service.container.tables.store.command({ name: 'test_merge', sql: `OPTIMIZE TABLE ${table} FINAL` });
}
const times = <T>(n: number, make: (k: number) => T): T[] => Array.from({ length: n }, (_, k) => make(k));

describe('at the same time', () => {
  test('the same batch under one Idempotency-Key is stored once, and every caller hears the same ids', async () => {
    const batch = times(50, (k) => ({ model: 'once', timestamp: TEST_NOW - k, inputs: { k } }));
    const answers = await Promise.all(times(6, () => post('/v1/predictions', batch, { 'idempotency-key': 'the-batch' })));
    expect(answers.map(({ status }) => status)).toEqual(times(6, () => 201));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.json().prediction_ids))).size).toBe(1);
    expect(await count(`count() AS n FROM predictions FINAL WHERE model = 'once'`)).toBe(50);
    await merge('predictions');
    expect(await count(`count() AS n FROM predictions WHERE model = 'once'`)).toBe(50);
    // The jobs count what is stored.
    const job = { model: 'once', from: TEST_NOW - HOUR, to: TEST_NOW + HOUR };
    expect((await post('/v1/jobs/operations/run', job)).json()).toMatchObject({ status: 'ok' });
    const points = JSON.parse((await call(service.app, 'GET', '/v1/models/once/metrics?metric=prediction_count')).text) as { value: number }[]; // prettier-ignore
    expect(points.reduce((sum, { value }) => sum + value, 0)).toBe(50);
  }); // prettier-ignore

  test('the same ids at different hours from several callers are one row each, whichever came last', async () => {
    const send = (hour: number) =>
      post('/v1/predictions', times(40, (k) => ({ model: 'moved', prediction_id: `moved-${k}`, timestamp: TEST_NOW - hour * HOUR, inputs: { hour } }))); // prettier-ignore
    for (const { status } of await Promise.all(times(8, (k) => send(2 + k)))) expect(status).toBe(201);
    await merge('predictions');
    expect(await count(`count() AS n FROM predictions FINAL WHERE model = 'moved'`)).toBe(40);
    const one = await get('/v1/predictions/moved-7');
    const [row] = (await get('/v1/predictions?model=moved&limit=1000')).predictions as { inputs: unknown }[];
    expect(one).toMatchObject({ model: 'moved' });
    expect(row).toBeDefined();
    // An order decides: what is sent afterwards replaces whatever won.
    expect((await send(1)).status).toBe(201);
    expect(await get('/v1/predictions/moved-7')).toMatchObject({ inputs: { hour: 1 } });
    expect(await count(`count() AS n FROM predictions FINAL WHERE model = 'moved'`)).toBe(40);
  });

  test('an id twice in one batch is its last item, at whatever hour', async () => {
    const item = (hour: number) => ({ model: 'twice', prediction_id: 'twice-1', timestamp: TEST_NOW - hour * HOUR, inputs: { hour } }); // prettier-ignore
    const answer = await post('/v1/predictions', [item(1), item(5), item(5), item(3)]);
    expect(answer.json()).toMatchObject({ accepted: 4 });
    expect(await get('/v1/predictions/twice-1')).toMatchObject({ inputs: { hour: 3 } });
    expect(await count(`count() AS n FROM predictions FINAL WHERE model = 'twice'`)).toBe(1);
  });

  test('labels and their predictions meet, whichever is stored first', async () => {
    const predictions = times(30, (k) => ({ model: 'meet', prediction_id: `meet-${k}`, timestamp: TEST_NOW - k, outputs: { y: k } })); // prettier-ignore
    const calls = predictions.flatMap((prediction, k) => {
      const label = { prediction_id: `meet-${k}`, values: { y: k } };
      const both = [() => post('/v1/predictions', prediction), () => post('/v1/ground-truth', label)];
      return k % 2 === 0 ? both : both.reverse();
    });
    for (const { status } of await Promise.all(calls.map((send) => send()))) expect(status).toBe(201);
    const read = (await get('/v1/predictions?model=meet&limit=100&labelled=true')).predictions as unknown[];
    expect(read).toHaveLength(30);
    expect(await get('/v1/orphan-labels')).toMatchObject({ total: 0 });
  });

  test('corrections of one label end as one of them, and the history says which and keeps them all', async () => {
    const label = (y: number) => ({ prediction_id: 'fixed', values: { y }, timestamp: TEST_NOW });
    await post('/v1/predictions', { model: 'fixed', prediction_id: 'fixed', timestamp: TEST_NOW });
    // In one batch the last one counts.
    await post('/v1/ground-truth', [label(1), label(2), label(3)]);
    expect(await get('/v1/predictions/fixed')).toMatchObject({ ground_truth: { y: 3 } });
    // The test's clock stands still: all of these come in the same millisecond.
    await Promise.all(times(8, (k) => post('/v1/ground-truth', label(10 + k))));
    const now = await get('/v1/predictions/fixed?history=true');
    const values = (now.ground_truth_history as { key: string; value: number }[]).map(({ value }) => value);
    expect(values.slice(0, 3)).toEqual([1, 2, 3]);
    expect([...values].sort((a, b) => a - b)).toEqual([1, 2, 3, ...times(8, (k) => 10 + k)]);
    expect(now.ground_truth).toEqual({ y: values.at(-1) });
    await merge('ground_truth', 'ground_truth_history');
    expect(await get('/v1/predictions/fixed?history=true')).toEqual(now);
    // And what is sent after an answer wins over everything before it.
    await post('/v1/ground-truth', label(99));
    expect(await get('/v1/predictions/fixed')).toMatchObject({ ground_truth: { y: 99 } });
  });

  test('the same refused batch is kept as often as it was sent, and counted so', async () => {
    const bad = { model: 'bad', oops: 1 };
    await Promise.all(times(4, () => post('/v1/predictions', bad)));
    const rows = JSON.parse((await call(service.app, 'GET', '/v1/rejected')).text) as { model: string }[];
    expect(rows.filter(({ model }) => model === 'bad')).toHaveLength(4);
  });
});

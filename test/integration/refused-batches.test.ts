// A batch that was answered with an error is not stored, whatever became of its insert: sent again, it is there once.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { call, expectProblem } from '../support/http.js';
import { startLoopbackClickHouse, type Fault, type LoopbackClickHouse } from '../support/loopback-clickhouse.js';
import { startTestService, TEST_NOW, type TestService } from '../support/service.js';

let server: LoopbackClickHouse;
let service: TestService;

beforeAll(async () => {
  server = await startLoopbackClickHouse();
  service = await startTestService({ clickhouseUrl: server.url, serverTimeout: 1_000 });
});
afterAll(async () => {
  await server.faults.clear();
  await service.close();
  await server.close();
});
afterEach(() => back());

/** The server answers again, and the service found out by itself. */
async function back(): Promise<void> {
  await server.faults.clear();
  await vi.waitFor(() => expect(service.container.tables.circuit?.open()).toBe(false), { timeout: 60_000 });
}
const settled = () =>
  vi.waitFor(() => expect(service.container.tables.predictionWriter.unsettled).toBe(0), { timeout: 60_000 });

const INSERT = /INSERT INTO predictions \(model, version, deployment, prediction_id, external_id/;
const batch = (model: string) => [
  { model, inputs: { n: 1 } },
  { model, inputs: { n: 1 } },
  { model, inputs: { n: 2 } },
];
const send = (body: unknown, headers = {}) => call(service.app, 'POST', '/v1/predictions', { body, headers });

async function count(from: string): Promise<number> {
  const row = z.object({ n: z.number() });
  const sql = `SELECT count() AS n FROM ${from}`;
  return (await service.container.tables.store.one({ name: 'test_count', sql, row })).n;
}
/** Rows and places of a model. */
const rows = async (model: string) => [
  await count(`predictions FINAL WHERE model = '${model}'`),
  await count(`prediction_places FINAL WHERE model = '${model}'`),
];

describe('a batch without ids', () => {
  test.each<[string, Fault]>([
    ['cut after it ran', { kind: 'cut', at: 'after', only: INSERT }],
    ['cut in the middle of the answer', { kind: 'cut', at: 'middle', only: INSERT }],
    ['answered 500 after it ran', { kind: 'status', code: 500, ran: true, exception: { code: 1001, type: 'STD_EXCEPTION' }, only: INSERT }],
    ['answered 503 by a proxy after it ran', { kind: 'status', code: 503, ran: true, only: INSERT }],
    ['refused for lack of space after a part of it ran', { kind: 'status', code: 500, ran: true, exception: { code: 243, type: 'NOT_ENOUGH_SPACE' }, only: INSERT }],
  ])('whose insert was %s: the error means that it is not stored, and sent again it is stored once', async (what, fault) => {
    const model = what.replaceAll(' ', '-');
    await server.faults.set(fault);
    expect((await send(batch(model))).status).toBeGreaterThanOrEqual(500);
    await back();
    await settled();
    expect(await rows(model)).toEqual([0, 0]);
    expect((await send(batch(model))).status).toBe(201);
    expect(await rows(model)).toEqual([3, 3]);
  }); // prettier-ignore

  test('whose insert arrives only after it was refused, and after it was sent again, is stored once', async () => {
    const inserts = () => server.statements.filter((sql) => INSERT.test(sql)).length;
    const before = inserts();
    await server.faults.set({ kind: 'slow', ms: 6_000, only: INSERT });
    expectProblem(await send(batch('late')), 503, 'store_unavailable');
    await back();
    expect((await send(batch('late'))).status).toBe(201);
    // Two attempts of the first call, and the second call.
    await vi.waitFor(() => expect(inserts() - before).toBe(3), { timeout: 50_000 });
    await vi.waitFor(
      async () => expect(await count(`(SELECT DISTINCT prediction_id FROM predictions WHERE model = 'late')`)).toBe(6),
      { timeout: 50_000 },
    );
    expect(await rows('late')).toEqual([3, 3]);
  });

  test('is not written while an earlier one may still be stored: a caller that is quicker than the service is refused', async () => {
    const stored = async () => count(`predictions FINAL WHERE model = 'quick'`);
    await server.faults.set({ kind: 'cut', at: 'after', only: /INSERT INTO (predictions|window_marks)/ });
    expectProblem(await send(batch('quick')), 503, 'store_unavailable');
    expect(service.container.tables.predictionWriter.unsettled).toBe(3);
    expectProblem(await send(batch('quick')), 503, 'store_unavailable');
    const metrics = await service.app.inject({ method: 'GET', url: '/metrics' });
    expect(metrics.body).toMatch(/^driftline_unsettled_rows 3$/m);
    await back();
    await settled();
    expect(await stored()).toBe(0);
    expect((await send(batch('quick'))).status).toBe(201);
    expect(await stored()).toBe(3);
  });

  test('has its windows computed without the rows that were removed', async () => {
    await server.faults.set({ kind: 'cut', at: 'after', only: INSERT });
    expectProblem(await send(batch('windows')), 503, 'store_unavailable');
    await back();
    await settled();
    expect(await count(`window_marks FINAL WHERE model = 'windows'`)).toBe(1);
    const models = JSON.parse((await call(service.app, 'GET', '/v1/models')).text) as { model: string }[];
    expect(models.map(({ model }) => model)).not.toContain('windows');
  });

  test('that never reached the server leaves nothing to remove', async () => {
    await server.faults.set({ kind: 'down' });
    expectProblem(await send(batch('down')), 503, 'store_unavailable');
    expect(service.container.tables.predictionWriter.unsettled).toBe(0);
    await back();
    expect(await count(`window_marks WHERE model = 'down'`)).toBe(0);
  });
});

describe('a batch with ids, or with a name', () => {
  test('keeps what an earlier call stored, and is there once when it is sent again', async () => {
    const named = [{ model: 'named', prediction_id: 'one' }, { model: 'named' }];
    const headers = { 'idempotency-key': 'batch-1' };
    expect((await send(named, headers)).status).toBe(201);
    await server.faults.set({ kind: 'cut', at: 'after', only: INSERT });
    expectProblem(await send(named, headers), 503, 'store_unavailable');
    await back();
    expect(await rows('named')).toEqual([2, 2]);
    expect((await send(named, headers)).status).toBe(201);
    expect(await rows('named')).toEqual([2, 2]);
  });
});

describe('a file without ids', () => {
  test('that could not be stored to its end is not stored at all; sent again, each row and label is there once', async () => {
    const lines = Array.from({ length: 9_000 }, (_, n) => `file,${n % 7},true`);
    const upload = async () =>
      service.app.inject({
        method: 'POST',
        url: '/v1/predictions',
        headers: { 'content-type': 'text/csv' },
        payload: `model,inputs.n,values.late\n${lines.join('\n')}\n`,
      });
    const labels = () => count('ground_truth FINAL');
    const before = await labels();
    // The third batch: two are stored and labelled by then.
    let inserts = 0;
    const third = { test: (sql: string) => INSERT.test(sql) && ++inserts >= 3 } as RegExp;
    await server.faults.set({ kind: 'cut', at: 'after', only: third });
    expect((await upload()).statusCode).toBe(503);
    expect(inserts).toBeGreaterThanOrEqual(3);
    await back();
    await settled();
    expect(await rows('file')).toEqual([0, 0]);
    expect(await labels()).toBe(before);
    expect((await upload()).statusCode).toBe(201);
    expect(await rows('file')).toEqual([9_000, 9_000]);
    expect(await labels()).toBe(before + 9_000);
  });
});

describe('a file whose process was killed', () => {
  test('leaves its rows on the server no longer than a day', async () => {
    const { store } = service.container.tables;
    const table = `upload_${TEST_NOW.toString(16).padStart(12, '0')}_00000000deadbeef`;
    const sql = `CREATE TABLE ${table} (person String) ENGINE = MergeTree ORDER BY tuple()`;
    await store.command({ name: 'test_left', sql });
    const left = () => count(`system.tables WHERE database = currentDatabase() AND name = '${table}'`);
    const retention = (now: number) =>
      call(service.app, 'POST', '/v1/jobs/retention/run', { body: { now: new Date(now).toISOString() } });
    expect((await retention(TEST_NOW + 23 * 3_600_000)).json()).toMatchObject({ status: 'ok' });
    expect(await left()).toBe(1);
    expect((await retention(TEST_NOW + 25 * 3_600_000)).json()).toMatchObject({ status: 'ok' });
    expect(await left()).toBe(0);
  });
});

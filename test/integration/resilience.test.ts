// A ClickHouse server that goes away, hangs, cuts connections or answers 500: what callers hear, what is sent again, and how the service comes back.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { tag } from '../../src/store/store.js';
import { call, expectProblem } from '../support/http.js';
import { startLoopbackClickHouse, type LoopbackClickHouse } from '../support/loopback-clickhouse.js';
import { startTestService, type TestService } from '../support/service.js';

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
afterEach(async () => {
  await server.faults.clear();
  await recovered();
});

/** An insert of predictions, and none of deletions. */
const ROWS = /INSERT INTO predictions \(model, version, deployment, prediction_id, external_id/;
const send = (body: unknown) => call(service.app, 'POST', '/v1/predictions', { body });
/** The service found out by itself that the server is back. */
const recovered = () =>
  vi.waitFor(() => expect(service.container.tables.circuit?.open()).toBe(false), { timeout: 30_000 });
async function count(table: string): Promise<number> {
  const { store } = service.container.tables;
  const row = z.object({ n: z.number() });
  return (await store.one({ name: 'test_count', sql: `SELECT count() AS n FROM ${table}`, row })).n;
}

describe('a server that is away', () => {
  test.each([
    ['down', { kind: 'down' as const }],
    ['cutting every connection', { kind: 'cut' as const, at: 'before' as const }],
    ['hanging', { kind: 'slow' as const, ms: 3_600_000 }],
  ])(
    '%s: after the first call that failed nobody waits for it, and writes work again without a restart',
    async (_what, fault) => {
      await server.faults.set(fault);
      const first = await send({ model: 'away' });
      expect(expectProblem(first, 503, 'store_unavailable')).toBeDefined();
      expect(Number(first.headers['retry-after'])).toBeGreaterThan(0);
      expect(service.container.tables.circuit?.open()).toBe(true);
      const before = server.requests();
      const refused = await Promise.all(Array.from({ length: 50 }, () => send({ model: 'away' })));
      for (const answer of refused) expectProblem(answer, 503, 'store_unavailable');
      // Not one of them reached the server; only the circuit's own questions may have.
      expect(server.requests() - before).toBeLessThanOrEqual(1);
      await server.faults.clear();
      await recovered();
      expect((await send({ model: 'away' })).status).toBe(201);
    },
  );

  test.each([
    ['as a proxy does', { kind: 'status' as const, code: 500 }, 503, 'store_unavailable'],
    [
      'because it is not well',
      { kind: 'status' as const, code: 500, exception: { code: 1001, type: 'STD_EXCEPTION' } },
      503,
      'store_unavailable',
    ],
    [
      'because a statement of ours is wrong',
      { kind: 'status' as const, code: 500, exception: { code: 53, type: 'TYPE_MISMATCH' } },
      500,
      'store_error',
    ],
  ])(
    'answering 500 %s: the call is refused, nothing of it is stored, and the next one works',
    async (_why, fault, status, code) => {
      await server.faults.set({ ...fault, only: /INSERT INTO predictions / });
      const answer = await send({ model: 'five-hundred' });
      expectProblem(answer, status, code);
      expect(answer.headers['retry-after'] !== undefined).toBe(status === 503);
      await server.faults.clear();
      await recovered();
      expect(await count(`predictions FINAL WHERE model = 'five-hundred'`)).toBe(0);
      expect((await send({ model: 'five-hundred', prediction_id: 'five-hundred' })).status).toBe(201);
      await call(service.app, 'DELETE', '/v1/predictions/five-hundred');
    },
  );

  test('answering 503 like a proxy is a 503 with Retry-After', async () => {
    await server.faults.set({ kind: 'status', code: 503 });
    expectProblem(await send({ model: 'proxy' }), 503, 'store_unavailable');
  });
});

describe('a statement whose answer was lost', () => {
  test('is sent again: callers notice nothing of one cut connection', async () => {
    for (const at of ['before', 'after', 'middle'] as const) {
      await server.faults.set({ kind: 'cut', at, count: 1 });
      expect((await send({ model: 'cut', prediction_id: `cut-${at}` })).status).toBe(201);
    }
    expect(await count(`predictions FINAL WHERE model = 'cut'`)).toBe(3);
    expect(service.container.tables.circuit?.retries()).toBeGreaterThan(0);
  });

  test('stores nothing twice when it had succeeded, not even in a table whose rows replace nothing', async () => {
    await server.faults.set({ kind: 'cut', at: 'after', count: 1, only: /INSERT INTO rejected/ });
    expectProblem(await send({ model: 'twice', oops: 1 }), 400, 'all_rejected');
    expect(await count(`rejected WHERE model = 'twice'`)).toBe(1);
  });

  test('nor when the insert outlived its time and was sent again meanwhile', async () => {
    await server.faults.set({ kind: 'slow', ms: 1_300, count: 1, only: /INSERT INTO predictions / });
    expect((await send([{ model: 'late' }, { model: 'late' }])).status).toBe(201);
    const late = () => server.statements.filter((sql) => /INSERT INTO predictions /.test(sql)).length;
    await vi.waitFor(() => expect(late()).toBeGreaterThanOrEqual(2));
    expect(await count(`predictions FINAL WHERE model = 'late'`)).toBe(2);
  });
});

describe('every statement', () => {
  test('says whose it is, and what people read is limited in time', async () => {
    server.statements.length = 0;
    await send({ model: 'tagged', prediction_id: 't' });
    await call(service.app, 'GET', '/v1/predictions/t');
    await call(service.app, 'GET', '/v1/models');
    await call(service.app, 'POST', '/v1/jobs/operations/run', { body: {} });
    const statements = server.statements.filter((sql) => !/^\s*SELECT 1/.test(sql));
    expect(statements.length).toBeGreaterThan(10);
    for (const sql of statements) expect(sql).toContain("log_comment = 'driftline:");
    expect(statements.find((sql) => sql.includes('driftline:prediction_by_id'))).toContain('max_execution_time = 60');
  });

  test('keeps the settings that it has, and DDL has none added', () => {
    expect(tag({ name: 'a', sql: 'SELECT (SELECT 1 SETTINGS x = 1) FROM settings' })).toMatch(
      /settings SETTINGS log_comment = 'driftline:a', max/,
    );
    expect(tag({ name: 'b', sql: "SELECT 1 SETTINGS y = 'z'" })).toContain("SETTINGS y = 'z', log_comment");
    expect(tag({ name: 'c', sql: 'CREATE TABLE t (a Int8) ENGINE = Log' })).not.toContain('SETTINGS');
    expect(tag({ name: 'd', sql: 'INSERT INTO t SELECT 1', lane: 'jobs' })).not.toContain('max_execution_time');
  });
});

describe('a statement that a server never answered', () => {
  test('ends in its own time and refuses nobody else, once the server answers others', async () => {
    await server.faults.set({ kind: 'slow', ms: 3_600_000, only: ROWS });
    const outlived = send({ model: 'outlived' });
    await vi.waitFor(async () => expect(service.container.tables.predictionWriter.depth).toBeGreaterThan(0));
    // The same lane, another statement: it is answered while the first one waits.
    const label = () =>
      call(service.app, 'POST', '/v1/ground-truth', { body: { prediction_id: 'o', values: { a: 1 } } });
    expect((await label()).status).toBe(201);
    expectProblem(await outlived, 503, 'store_unavailable');
    expect(service.container.tables.circuit?.open()).toBe(false);
    expect((await label()).status).toBe(201);
  });
});

describe('/metrics', () => {
  const value = async (name: string): Promise<number> => {
    const { text } = await call(service.app, 'GET', '/metrics');
    const found = text.split('\n').find((line) => line.startsWith(`${name} `));
    return Number(found?.slice(name.length + 1) ?? NaN);
  };

  test('show what waits, what failed, what was tried again and that nobody is let through, and all of it goes back', async () => {
    const errors = 'driftline_insert_errors_total{table="predictions"}';
    const before = { errors: await value(errors), retries: await value('driftline_store_retries_total') };
    expect([await value('driftline_queue_bytes'), await value('driftline_store_circuit_open')]).toEqual([0, 0]);
    await server.faults.set({ kind: 'slow', ms: 3_600_000, only: ROWS });
    const held = send({ model: 'held', inputs: { a: 1 } });
    await vi.waitFor(async () => expect(await value('driftline_queue_bytes')).toBeGreaterThan(50));
    expectProblem(await held, 503, 'store_unavailable');
    expect(await value(errors)).toBeGreaterThan(before.errors);
    expect(await value('driftline_store_retries_total')).toBeGreaterThan(before.retries);
    expect(await value('driftline_flush_seconds_count{ok="false"}')).toBeGreaterThan(0);
    expect(await value('driftline_queue_bytes')).toBe(0);
    await server.faults.set({ kind: 'down' });
    expectProblem(await send({ model: 'held' }), 503, 'store_unavailable');
    expect(await value('driftline_store_circuit_open')).toBe(1);
    await server.faults.clear();
    await recovered();
    expect(await value('driftline_store_circuit_open')).toBe(0);
    await vi.waitFor(async () => expect(await value('driftline_unsettled_rows')).toBe(0), { timeout: 30_000 });
  });
});

// A server that is down, hangs, is slow, cuts connections or answers 500 for a while under load: nothing acknowledged is lost, nothing is doubled.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { faultSize, FULL } from '../support/fault-size.js';
import { startLoopbackClickHouse, type Fault, type LoopbackClickHouse } from '../support/loopback-clickhouse.js';
import { startTestService, type TestService } from '../support/service.js';

/** How long each fault lasts, ms, and how long there is load before it. */
const OUTAGE = faultSize(1_500, 60_000);
const BEFORE = faultSize(300, 2_000);
const CLIENTS = 6;
/** How long the service waits for an insert, ms. */
const TIMEOUT = 1_000;
const BATCH = 10;
/** What a client waits before it sends again, ms: less than Retry-After says, so that there is load. */
const PAUSE = 20;

let server: LoopbackClickHouse;
let service: TestService;
let url: string;
beforeAll(async () => {
  server = await startLoopbackClickHouse();
  service = await startTestService({ clickhouseUrl: server.url, serverTimeout: TIMEOUT });
  url = await service.listen();
});
afterAll(async () => {
  await server.faults.clear();
  await service.close();
  await server.close();
});
beforeEach(() => {
  server.statements.length = 0;
  service.logs.length = 0;
});

/** What came of one outage. `refusals`: how long each answer of 503 took, ms. */
interface Load {
  predictions: number;
  labels: number;
  refusals: number[];
  wrong: string[];
  stop: boolean;
}

/** Send until it is acknowledged, then the next; rows have no ids, so that only the service can keep them from being doubled. */
async function client(model: string, load: Load, number: number): Promise<void> {
  const ids: string[] = [];
  for (let batch = 0; !load.stop; batch++) {
    const rows = Array.from({ length: BATCH }, (_, n) => ({ model, inputs: { client: number, batch, n } }));
    ids.push(...(await acknowledged('/v1/predictions', rows, load)));
    load.predictions += BATCH;
    const labelled = ids.splice(0, BATCH / 2);
    await acknowledged('/v1/ground-truth', labelled.map((prediction_id) => ({ prediction_id, values: { batch } })), load); // prettier-ignore
    load.labels += labelled.length;
    ids.length = 0;
  }
}

async function acknowledged(path: string, body: unknown, load: Load): Promise<string[]> {
  for (;;) {
    const started = performance.now();
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (answer.status === 201) return (JSON.parse(text) as { prediction_ids: string[] }).prediction_ids;
    load.refusals.push(performance.now() - started);
    const retry = Number(answer.headers.get('retry-after'));
    if (answer.status !== 503 || !(retry > 0)) load.wrong.push(`${answer.status} ${text.slice(0, 200)}`);
    await delay(PAUSE);
  }
}

async function count(from: string): Promise<number> {
  const row = z.object({ n: z.number() });
  return (
    await service.container.tables.store.one({ name: 'test_count', sql: `SELECT count() AS n FROM ${from}`, row })
  ).n;
}
const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? NaN;

const FAULTS: [string, Fault, 'refuses' | 'waits'][] = [
  ['down', { kind: 'down' }, 'refuses'],
  ['hanging', { kind: 'slow', ms: 3_600_000 }, 'refuses'],
  ['slow', { kind: 'slow', ms: 250 }, 'waits'],
  ['cutting connections before it runs anything', { kind: 'cut', at: 'before' }, 'refuses'],
  ['cutting connections after it ran the statement', { kind: 'cut', at: 'after' }, 'refuses'],
  ['answering 500 as a proxy', { kind: 'status', code: 500 }, 'refuses'],
  ['answering 500 after it ran the statement', { kind: 'status', code: 500, ran: true, exception: { code: 1001, type: 'STD_EXCEPTION' } }, 'refuses'],
]; // prettier-ignore

describe(`for ${OUTAGE / 1000} s under load of ${CLIENTS} clients, a server`, () => {
  test.each(FAULTS)(
    '%s: every acknowledged row is there, once, refusals say when to come again, and it goes on without a restart',
    async (what, fault, kind) => {
      const model = what.replaceAll(' ', '-');
      const load: Load = { predictions: 0, labels: 0, refusals: [], wrong: [], stop: false };
      const clients = Array.from({ length: CLIENTS }, (_, number) => client(model, load, number));
      // The times themselves, not a wait for something.
      await delay(BEFORE);
      const before = load.predictions;
      await server.faults.set(fault);
      await delay(OUTAGE);
      // The first calls of each client wait for the server; on a slow machine the outage goes on until enough others have come.
      if (kind === 'refuses')
        await vi.waitFor(() => expect(load.refusals.length).toBeGreaterThan(4 * CLIENTS), { timeout: 60_000 });
      const during = load.predictions - before;
      const refusals = [...load.refusals];
      await server.faults.clear();
      const mark = load.predictions;
      await vi.waitFor(() => expect(load.predictions).toBeGreaterThan(mark), { timeout: 60_000 });
      load.stop = true;
      await Promise.all(clients);
      // Reads have a circuit of their own, which is asked every few seconds after a minute.
      await vi.waitFor(() => expect(service.container.tables.circuit?.open()).toBe(false), { timeout: 60_000 });
      expect(load.wrong).toEqual([]);
      if (kind === 'refuses') {
        expect(refusals.length).toBeGreaterThan(4 * CLIENTS);
        // A caller does not wait for a server that is not there: half of them hear sooner than one attempt may take.
        expect(quantile(refusals, 0.5)).toBeLessThan(TIMEOUT);
      } else expect(during).toBeGreaterThan(0);
      const { n } = await service.container.tables.store.one({
        name: 'test_distinct',
        sql: `SELECT uniqExact(num['inputs.client'], num['inputs.batch'], num['inputs.n']) AS n FROM predictions FINAL WHERE model = {model:String}`,
        params: { model },
        row: z.object({ n: z.number() }),
      });
      const stored = await count(`predictions FINAL WHERE model = '${model}'`);
      const labelled = await count(`ground_truth FINAL WHERE prediction_id IN (SELECT prediction_id FROM predictions FINAL WHERE model = '${model}')`); // prettier-ignore
      console.log(
        `${what}: ${load.predictions} predictions and ${load.labels} labels acknowledged, ${during} predictions while it lasted; ${refusals.length} refusals, p50 ${quantile(refusals, 0.5).toFixed(1)} ms, p99 ${quantile(refusals, 0.99).toFixed(1)} ms; stored ${stored}, labelled ${labelled}`,
      );
      expect({ stored, distinct: n, labelled }).toEqual({
        stored: load.predictions,
        distinct: load.predictions,
        labelled: load.labels,
      });
      expect(service.container.tables.predictionWriter.unsettled).toBe(0);
    },
    FULL ? 240_000 : 90_000,
  );
});

// How the TypeScript client delivers: outages, refusals, full queues, the spool, and what is said and counted about each.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Client } from '../../../clients/typescript/src/node.js';
import type { ClientOptions } from '../../../clients/typescript/src/types.js';
import { ItemReceiver } from '../../support/item-receiver.js';

let receiver: ItemReceiver;
let folder: string;
let said: string[];
const open: Client[] = [];
const client = (options: ClientOptions = {}): Client => {
  // Of this test: an answer may come when the next one has begun.
  const lines = said;
  const made = new Client({
    ...{ url: receiver.url, model: 'm', heartbeat: 0, measure: false, flushAtExit: false },
    ...{ flushInterval: 1, warn: (message: string) => lines.push(message), ...options },
  });
  open.push(made);
  return made;
};
/** Flush, which also ends waits between tries, until something has happened. */
async function until(on: Client, happened: () => boolean): Promise<void> {
  while (!happened()) await on.flush(50);
}
const stored = () => receiver.items('/v1/predictions').map((item) => item['prediction_id']);

beforeEach(async () => {
  receiver = await ItemReceiver.start();
  folder = mkdtempSync(path.join(tmpdir(), 'driftline-spool-'));
  said = [];
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close(0);
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('an outage', () => {
  test('loses nothing: the same lines go again, with the same ids and times, and it is said once', async () => {
    let failures = 3;
    receiver.answer = () => (failures-- > 0 ? ([{ cut: true }, { status: 503 }, { status: 429 }][failures] ?? {}) : {});
    const on = client();
    const ids = [1, 2, 3].map((n) => on.track({ n }));
    await until(on, () => on.stats().queued === 0);
    expect(on.stats()).toMatchObject({ tracked: 3, accepted: 3, dropped: 0, queued: 0, failures: 3 });
    const texts = new Set(receiver.requests.map((request) => request.text));
    expect(texts.size).toBe(1);
    expect(stored().slice(-3)).toEqual(ids);
    expect(said.length).toBeLessThanOrEqual(2);
  });

  test('a client whose service is nowhere tracks on, drops when the queue is full, and says both once', async () => {
    const on = client({ url: 'http://127.0.0.1:1', maxQueue: 5 });
    const predict = on.model('m')((x: number) => x + 1);
    expect(Array.from({ length: 20 }, (_, n) => predict(n))).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    await until(on, () => said.length === 2);
    expect(on.stats()).toMatchObject({ tracked: 20, dropped: 15, queued: 5, accepted: 0 });
    await on.close(50);
    expect(on.stats().dropped).toBe(20);
    expect(said.filter((line) => line.includes('does not answer'))).toHaveLength(1);
    expect(said.filter((line) => line.includes('full'))).toHaveLength(1);
  });

  test('with block, calls that return a promise wait for room, and nothing is dropped', async () => {
    const on = client({ maxQueue: 10, batchSize: 5, onFull: 'block' });
    const predict = on.model('m')(async (x: number) => x);
    for (let n = 0; n < 100; n++) await predict(n);
    await on.trackGroundTruths(Array.from({ length: 100 }, (_, n) => ({ prediction_id: `p-${n}`, late: true })));
    await on.flush();
    expect(on.stats()).toMatchObject({ tracked: 200, accepted: 200, dropped: 0 });
    const labels = receiver.items('/v1/ground-truth');
    expect(labels.map((item) => item['prediction_id'])).toEqual(Array.from({ length: 100 }, (_, n) => `p-${n}`));
    expect(labels[0]).toMatchObject({ values: { late: true } });
  });
});

describe('refusals', () => {
  test('a refused item is counted, said once, and not sent again', async () => {
    const error = { index: 0, code: 'invalid_type', path: 'inputs', message: 'no' };
    receiver.answer = () => ({
      status: 207,
      body: { accepted: 1, prediction_ids: [null, 'b'], rejected: 1, errors: [error] },
    });
    const on = client();
    on.track({ n: 1 });
    on.track({ n: 2 });
    await on.flush();
    expect(on.stats()).toMatchObject({ sent: 2, accepted: 1, rejected: 1, queued: 0 });
    expect(receiver.requests).toHaveLength(1);
    expect(said).toEqual([expect.stringContaining('inputs: no')]);
  });

  test('a wrong key and a wrong address: one line each, then silence and a counter, and the items wait', async () => {
    receiver.answer = () => ({ status: 401, body: { code: 'unauthorized', detail: 'no' } });
    const on = client({ apiKey: 'wrong' });
    on.track({ n: 1 });
    await until(on, () => on.stats().failures > 1);
    expect(on.stats()).toMatchObject({ queued: 1, accepted: 0, rejected: 0 });
    expect(said).toEqual([expect.stringContaining('DRIFTLINE_API_KEY')]);
    expect(receiver.requests[0]?.headers.authorization).toBe('Bearer wrong');
    receiver.answer = () => ({});
    await until(on, () => on.stats().queued === 0);
    expect(on.stats().accepted).toBe(1);

    receiver.answer = () => ({ status: 404, body: '<html>' });
    const lost = client();
    lost.track({ n: 1 });
    await until(lost, () => lost.stats().failures > 0);
    expect(said.filter((line) => line.includes('is it the address of a Driftline'))).toHaveLength(1);
    const mistyped = client({ url: 'localhost:8080' });
    expect(() => mistyped.track({ n: 1 })).not.toThrow();
    expect(said.filter((line) => line.includes('is not an http'))).toHaveLength(1);
  });

  test('a batch that is too large goes in halves', async () => {
    receiver.answer = ({ items }) => (items.length > 3 ? { status: 413 } : {});
    const on = client();
    const ids = Array.from({ length: 10 }, (_, n) => on.track({ n }));
    expect(await on.flush()).toBe(true);
    const taken = receiver.requests
      .filter(({ items }) => items.length <= 3)
      .flatMap(({ items }) => items.map((item) => item['prediction_id']));
    expect(taken).toEqual(ids);
    expect(on.stats().accepted).toBe(10);
  });
});

describe('the spool', () => {
  const files = () => readdirSync(folder).filter((name) => name.endsWith('.ndjson'));

  test('keeps what an outage held up, in the order of the next process too, and is empty when all is answered for', async () => {
    receiver.answer = () => ({ status: 503 });
    const first = client({ spool: folder });
    const ids = Array.from({ length: 4500 }, (_, n) => first.track({ n }));
    first.trackGroundTruth('p-1', { late: true });
    expect(await first.close(50)).toBe(false);
    expect(first.stats().dropped).toBe(0);
    expect(files().length).toBe(4);
    receiver.requests.splice(0);
    receiver.answer = () => ({});
    const second = client({ spool: folder });
    expect(second.stats().queued).toBe(4501);
    expect(await second.flush(10_000)).toBe(true);
    // A request that was under way when the first client gave up may have arrived too: with the same ids, which the service replaces.
    expect(new Set(stored())).toEqual(new Set(ids));
    expect(receiver.items('/v1/ground-truth').map((item) => item['prediction_id'])).toContain('p-1');
    expect(files()).toEqual([]);
  });

  test('a line that a crash cut is left out, a whole one is sent, other files are left alone', async () => {
    const name = 'predictions~another_host~1~abc~000000000.ndjson';
    writeFileSync(path.join(folder, name), '{"model":"m","prediction_id":"whole"}\n{"model":"m","predic');
    writeFileSync(path.join(folder, 'notes.txt'), 'mine');
    const old = new Date(Date.now() - 3_600_000);
    const { utimesSync } = await import('node:fs');
    utimesSync(path.join(folder, name), old, old);
    const on = client({ spool: folder });
    expect(await on.flush(5000)).toBe(true);
    expect(stored()).toEqual(['whole']);
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });

  test('is bounded: beyond its limit items are dropped and counted', async () => {
    receiver.answer = () => ({ status: 503 });
    const on = client({ spool: folder, spoolLimit: 2000 });
    for (let n = 0; n < 100; n++) on.track({ n });
    const { dropped, queued } = on.stats();
    expect(dropped + queued).toBe(100);
    expect(dropped).toBeGreaterThan(50);
    await on.close(0);
    expect(
      files()
        .map((name) => readFileSync(path.join(folder, name)).length)
        .reduce((a, b) => a + b, 0),
    ).toBeLessThanOrEqual(2000);
  });

  test('a folder that cannot be written is said once, and items wait in memory', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    const on = client({ spool: path.join(folder, 'file', 'below') });
    on.track({ n: 1 });
    expect(await on.flush()).toBe(true);
    expect(stored()).toHaveLength(1);
    expect(said).toEqual([expect.stringContaining('cannot be used')]);
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk is said once, and items are sent from memory', async () => {
    // Every file of the spool is /dev/full: each write ends with ENOSPC, as on a disk that is full.
    const { SpoolStore } = await import('../../../clients/typescript/src/spool.js');
    const { closeSync, openSync } = await import('node:fs');
    const store = new SpoolStore(folder, { maxItems: 10, maxBytes: 1e6, warn: (_kind, message) => said.push(message) });
    store.push('/v1/predictions', '{"a":1}');
    const segment = [...(store as unknown as { active: Map<string, { fd: number }> }).active.values()][0];
    closeSync(segment?.fd ?? 0);
    if (segment !== undefined) segment.fd = openSync('/dev/full', 'w');
    const batch = store.take(10);
    expect(await batch?.lines()).toEqual(['{"a":1}']);
    expect(said).toEqual([expect.stringContaining('ENOSPC')]);
    expect(files()).toEqual([]);
    batch?.done();
    expect(store.size).toBe(0);
  });
});

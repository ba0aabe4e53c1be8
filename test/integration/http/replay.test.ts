// Sending many refused items again: by model, reason and id, in bounded calls, as often as one likes, and from the command line.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { cli } from '../../support/cli.js';
import { call, expectProblem } from '../../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

const HOUR = 3_600_000;
const ADMIN = 'a-key-of-the-administrator';
let service: TestService;
let url: string;
beforeAll(async () => {
  service = await startTestService({ adminKey: ADMIN });
  url = await service.listen();
});
afterAll(() => service.close());

const send = (method: 'GET' | 'POST' | 'DELETE' | 'PUT', path: string, body?: unknown, key = ADMIN) =>
  call(service.app, method, path, { key, ...(body === undefined ? {} : { body }) });
const replay = async (body: unknown = {}, key = ADMIN) => {
  const answer = await send('POST', '/v1/rejected/replay', body, key);
  expect({ status: answer.status, text: answer.status === 200 ? '' : answer.text }).toEqual({ status: 200, text: '' });
  return answer.json() as { stored: number; refused: number; unusable: number; errors: { id: string; code: string }[]; next: string | null }; // prettier-ignore
};
const kept = async () =>
  JSON.parse((await send('GET', '/v1/rejected?limit=1000')).text) as { id: string; model: string; code: string }[];
async function count(from: string): Promise<number> {
  const row = z.object({ n: z.number() });
  const sql = `SELECT count() AS n FROM ${from}`;
  return (await service.container.tables.store.one({ name: 'test_count', sql, row })).n;
}

/** Items of a clock that ran two hours ahead: understood once the time has come. Every second one has no id. */
const early = (model: string, n: number) =>
  Array.from({ length: n }, (_, k) => ({ model, timestamp: TEST_NOW + 2 * HOUR, inputs: { k }, ...(k % 2 === 0 ? { prediction_id: `${model}-${k}` } : {}) })); // prettier-ignore

beforeEach(async () => {
  service.clock.set(TEST_NOW);
  await service.container.tables.store.command({ name: 'test_empty', sql: 'TRUNCATE TABLE rejected' });
});

describe('many refused items', () => {
  test('are stored once their time has come, each once however often it is asked, and what is wrong stays', async () => {
    await send('POST', '/v1/predictions', early('ahead', 30));
    await send('POST', '/v1/predictions', { model: 'ahead', oops: 1, inputs: [] });
    expect(await replay()).toMatchObject({ stored: 0, refused: 31 });
    expect(await count(`predictions WHERE model = 'ahead'`)).toBe(0);
    service.clock.set(TEST_NOW + 2 * HOUR);
    const answer = await replay();
    // An item with two reasons is one item.
    expect(answer).toMatchObject({ stored: 30, refused: 1, unusable: 0, next: null });
    expect(new Set(answer.errors.map(({ id }) => id)).size).toBe(1);
    expect(await count(`predictions FINAL WHERE model = 'ahead'`)).toBe(30);
    expect(await replay()).toMatchObject({ stored: 0, refused: 1 });
    expect(await count(`predictions FINAL WHERE model = 'ahead'`)).toBe(30);
    expect(new Set((await kept()).map(({ model }) => model))).toEqual(new Set(['ahead']));
  });

  test('are stored once where the service died between storing and forgetting them', async () => {
    await send('POST', '/v1/predictions', early('crash', 6));
    const rows = await service.container.tables.store.bytes({ name: 'test_keep', sql: 'SELECT * FROM rejected' }, 'JSONCompactEachRow'); // prettier-ignore
    service.clock.set(TEST_NOW + 2 * HOUR);
    expect((await replay()).stored).toBe(6);
    const columns = ['received_at', 'id', 'route', 'model', 'item_index', 'code', 'path', 'message', 'item', 'hashed', 'is_cut']; // prettier-ignore
    await service.container.tables.store.insertBody('rejected', columns, rows);
    expect((await replay()).stored).toBe(6);
    expect(await count(`predictions FINAL WHERE model = 'crash'`)).toBe(6);
  });

  test('are chosen by model, by reason and by id, and go on where a bounded call ended', async () => {
    await send('POST', '/v1/predictions', [...early('a', 5), ...early('b', 5)]);
    await send('POST', '/v1/predictions', { model: 'a', inputs: [] });
    service.clock.set(TEST_NOW + 2 * HOUR);
    expect(await replay({ model: 'nobody' })).toMatchObject({ stored: 0, refused: 0, next: null });
    const [one] = (await kept()).filter(({ model }) => model === 'b');
    expect(await replay({ ids: [one?.id] })).toMatchObject({ stored: 1 });
    expect(await replay({ model: 'a', reason: 'invalid_timestamp' })).toMatchObject({ stored: 5, refused: 0 });
    const first = await replay({ limit: 2 });
    expect([first.stored + first.refused, first.next === null]).toEqual([2, false]);
    let [stored, refused, next] = [first.stored, first.refused, first.next];
    while (next !== null) {
      const more = await replay({ limit: 2, after: next });
      [stored, refused, next] = [stored + more.stored, refused + more.refused, more.next];
    }
    expect([stored, refused]).toEqual([4, 1]);
  });

  test('that were cut, or are of no route that can be replayed, are said to be so', async () => {
    await send('POST', '/v1/predictions', { model: 'large', prediction_id: 7, inputs: { text: 'x'.repeat(20_000) } });
    await send('POST', '/v1/replica-stats', { model: 'large', oops: 1 });
    const answer = await replay();
    expect(answer).toMatchObject({ stored: 0, refused: 0, unusable: 2 });
    expect(answer.errors.map(({ code }) => code)).toEqual(['conflict', 'conflict']);
  });

  test('labels too; and a key that is limited to models sends those of its models', async () => {
    const { key } = (await send('POST', '/v1/api-keys', { name: 'n', scopes: ['ingest'], models: ['mine'] })).json();
    await send('POST', '/v1/predictions', [...early('mine', 2), ...early('theirs', 2)]);
    await send('POST', '/v1/ground-truth', { prediction_id: 'mine-0', values: { late: 1 }, timestamp: TEST_NOW + 2 * HOUR }); // prettier-ignore
    service.clock.set(TEST_NOW + 2 * HOUR);
    expectProblem(await send('POST', '/v1/rejected/replay', { model: 'theirs' }, String(key)), 403, 'forbidden');
    expect(await replay({}, String(key))).toMatchObject({ stored: 2, refused: 0 });
    expect(await replay()).toMatchObject({ stored: 3 });
    expect((await send('GET', '/v1/predictions/mine-0')).json()).toMatchObject({ ground_truth: { late: 1 } });
  });

  test('nonsense is refused', async () => {
    for (const body of [{ model: '' }, { ids: ['x'] }, { ids: [] }, { limit: 0 }, { after: 'x' }, { oops: 1 }])
      expectProblem(await send('POST', '/v1/rejected/replay', body), 400, 'invalid_input');
  });

  test('from the command line', async () => {
    const at = (...args: string[]) => cli(['--url', url, '--key', ADMIN, 'rejected', ...args]);
    expect(await at('list')).toMatchObject({ code: 0, out: 'Nothing was refused.\n' });
    await send('POST', '/v1/predictions', early('shell', 3));
    const refused = await at('replay', '--model', 'shell');
    expect(refused).toMatchObject({ code: 1, out: '0 stored, 3 refused again, 0 that have to be sent anew\n' });
    expect(refused.err).toContain('check the clock');
    service.clock.set(TEST_NOW + 2 * HOUR);
    expect((await at('list')).out).toContain('invalid_timestamp');
    const answer = await at('replay', '--reason', 'invalid_timestamp', '--json');
    expect(JSON.parse(answer.out)).toMatchObject({ stored: 3, refused: 0, unusable: 0 });
    expect(await at('list')).toMatchObject({ out: 'Nothing was refused.\n' });
  });
});

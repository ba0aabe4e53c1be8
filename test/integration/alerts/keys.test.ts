// API keys: shown once, stored as a hash, gone when removed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { KeysService, storedKeySchema } from '../../../src/services/keys.js';
import { openEmbedded } from '../../../src/store/client.js';
import { DocumentTable } from '../../../src/store/documents.js';
import { migrate } from '../../../src/store/migrations.js';
import { Store } from '../../../src/store/store.js';

const folder = mkdtempSync(path.join(tmpdir(), 'driftline-keys-'));
let store: Store;
let now = Date.parse('2001-03-01T00:00:00Z');
const service = () =>
  new KeysService({ keys: new DocumentTable(store, 'api_keys', storedKeySchema), clock: () => now });

beforeAll(async () => {
  store = new Store(await openEmbedded(folder), () => Date.now());
  await migrate(store, path.resolve('schema'));
});

afterAll(async () => {
  await store.engine.close();
  rmSync(folder, { recursive: true, force: true });
});

it('recognises a key it made, with its scopes and models', async () => {
  const keys = service();
  const { id, key } = await keys.create({ name: 'ci', scopes: ['ingest', 'read'], models: ['flights'] });
  expect(key).toMatch(/^dl_[\w-]{43}$/);
  const principal = { id, name: 'ci', scopes: ['ingest', 'read'], models: ['flights'], rateLimit: null };
  expect(await keys.authenticate(key)).toEqual(principal);
  expect(await keys.authenticate(key)).toEqual(principal);
  expect(await service().authenticate(key)).toEqual(principal);
  const { rateLimit, ...shown } = principal;
  expect(await keys.list()).toEqual([{ ...shown, rate_limit: rateLimit, created_at: '2001-03-01T00:00:00.000Z' }]);
  await keys.remove(id);
});

it('knows no key that differs in one character, not even with the same id', async () => {
  const keys = service();
  const { key } = await keys.create({ name: 'one', scopes: ['admin'] });
  const last = key.at(-1) === 'A' ? 'B' : 'A';
  for (const wrong of [key.slice(0, -1) + last, key.slice(0, -1), `${key}A`, key.slice(3), '', 'dl_']) {
    expect(await keys.authenticate(wrong), wrong).toBeNull();
  }
  expect((await keys.authenticate(key))?.models).toBeNull();
});

it('stores no key', async () => {
  const { key } = await service().create({ name: 'secret', scopes: ['read'] });
  const stored = await store.query({
    name: 'keys',
    sql: 'SELECT name, doc FROM api_keys',
    row: z.object({ name: z.string(), doc: z.string() }),
  });
  expect(stored.some(({ doc }) => doc.includes('"name":"secret"'))).toBe(true);
  // Beyond the 12 characters of its id, nothing of the key is anywhere.
  expect(JSON.stringify(stored)).not.toContain(key.slice(15, 25));
});

it('forgets a removed key at once, and in another process within ten seconds', async () => {
  const [here, elsewhere] = [service(), service()];
  const { id, key } = await here.create({ name: 'gone', scopes: ['read'] });
  expect(await here.authenticate(key)).not.toBeNull();
  expect(await elsewhere.authenticate(key)).not.toBeNull();
  await here.remove(id);
  expect(await here.authenticate(key)).toBeNull();
  now += 10_000;
  expect(await elsewhere.authenticate(key)).toBeNull();
  await expect(here.remove(id)).rejects.toMatchObject({ status: 404 });
});

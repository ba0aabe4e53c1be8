// The lease of the catalogue in a cluster's Keeper, over HTTP with the answers of a real server: without its setting the service does not start, and a key that is there is no fault.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { StartupError, StoreError, StoreUnavailableError } from '../../src/domain/errors.js';
import { packageRoot } from '../../src/package-root.js';
import { CatalogueLease, LeaseTable } from '../../src/store/catalogue-lease.js';
import { openServer, type Engine } from '../../src/store/client.js';
import { migrate } from '../../src/store/migrations.js';
import { Store } from '../../src/store/store.js';
import { startLoopbackClickHouse, type LoopbackClickHouse } from '../support/loopback-clickhouse.js';
import { STORE_NOW } from '../support/store-rows.js';

const SCHEMA = path.join(packageRoot(), 'schema');
const LEASE_FILE = 20;
const MISSING = "KeeperMap is disabled because 'keeper_map_path_prefix' config is not defined. (BAD_ARGUMENTS)";
let server: LoopbackClickHouse;
let engine: Engine;
let store: Store;
const failed: string[] = [];
const folder = mkdtempSync(path.join(tmpdir(), 'driftline-keeper-'));
/** The schema as it was before the lease came. */
const before = path.join(folder, 'schema');

beforeAll(async () => {
  server = await startLoopbackClickHouse();
  engine = openServer(server.url);
  store = new Store(
    engine,
    () => STORE_NOW,
    (name) => failed.push(name),
  );
  const number = (file: string) => Number(path.basename(file).slice(0, 3));
  cpSync(SCHEMA, before, { recursive: true, filter: (file) => !(number(file) >= LEASE_FILE) });
  await migrate(store, before);
});
afterEach(async () => {
  await server.faults.clear();
  failed.length = 0;
});
afterAll(async () => {
  await engine.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a cluster whose servers lack keeper_map_path_prefix', () => {
  test.each([
    ['said by the server itself', `Code: 36. DB::Exception: ${MISSING}`],
    ['said for a host', `Code: 36. DB::Exception: There was an error on [ch-2:9000]: Code: 36. DB::Exception: ${MISSING}`],
  ])('%s: the service does not start and says what to set, as often as it is started', async (_, message) => {
    await server.faults.set({ kind: 'cluster', refuse: /KeeperMap\(/, status: 400, code: 36, message });
    for (let start = 0; start < 2; start++) {
      const error = await migrate(store, SCHEMA, 'main').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StartupError);
      expect((error as StartupError).detail).toContain('Set keeper_map_path_prefix in the configuration of every server');
    }
  }); // prettier-ignore

  test('any other refusal of the same statement is not explained by it', async () => {
    const message = 'Code: 497. DB::Exception: driftline: Not enough privileges. (ACCESS_DENIED)';
    await server.faults.set({ kind: 'cluster', refuse: /KeeperMap\(/, status: 403, code: 497, message });
    const error = await migrate(store, SCHEMA, 'main').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreError);
    expect((error as StoreError).engineCode).toBe('ACCESS_DENIED');
  });
});

describe('a generation that is in Keeper already', () => {
  const exists = {
    code: 999,
    type: 'KEEPER_EXCEPTION',
    message: 'Coordination error: Transaction failed (Node exists): Op #0, path: /driftline/catalogue_lease/data/AQ==',
  };
  const only = /INSERT INTO catalogue_lease/;

  test('is no fault: whoever comes second looks whose it is and waits, and no error is counted', async () => {
    await migrate(store, SCHEMA);
    const table = new LeaseTable(store);
    await server.faults.set({ kind: 'status', code: 500, exception: exists, only, count: 1 });
    const state = { generation: 1, owner: 'second', held: true, written: {} };
    await expect(table.append(state)).resolves.toBeUndefined();
    expect(await table.newest()).toBeNull();
    expect(failed).toEqual([]);
    // Refused once as taken, although nobody is there: it asks again instead of failing its caller.
    await server.faults.set({ kind: 'status', code: 500, exception: exists, only, count: 1 });
    const lease = new CatalogueLease(table);
    await lease.take();
    expect(lease.isHeld).toBe(true);
    await lease.release();
  });

  test('is not what a Keeper says that cannot be reached: that is 503', async () => {
    const exception = { code: 999, type: 'KEEPER_EXCEPTION', message: 'Coordination error: Connection loss' };
    await server.faults.set({ kind: 'status', code: 500, exception, only, count: 1 });
    const state = { generation: 100, owner: 'second', held: true, written: {} };
    await expect(new LeaseTable(store).append(state)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(failed).toEqual(['insert_catalogue_lease']);
  });
});

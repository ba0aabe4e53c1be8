// The real store on the embedded engine in a temporary folder, with all schema files applied and a clock that stands.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/package-root.js';
import { openEmbedded, type Engine } from '../../src/store/client.js';
import { migrate } from '../../src/store/migrations.js';
import { Store } from '../../src/store/store.js';
import { STORE_NOW } from './store-rows.js';

export interface TestStore {
  store: Store;
  engine: Engine;
  /** A temporary folder; the engine's data are in `data`. */
  folder: string;
  data: string;
  close: () => Promise<void>;
}

/** The schema files of the repository. */
export const SCHEMA = path.join(packageRoot(), 'schema');

/** Open a store; one per process, because the engine holds one folder. `migrated: false` leaves it empty. */
export async function openTestStore(options: { migrated?: boolean } = {}): Promise<TestStore> {
  const folder = await mkdtemp(path.join(tmpdir(), 'driftline-test-'));
  const data = path.join(folder, 'data');
  const engine = await openEmbedded(data);
  const store = new Store(engine, () => STORE_NOW);
  if (options.migrated !== false) await migrate(store, SCHEMA);
  return {
    store,
    engine,
    folder,
    data,
    close: async () => {
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

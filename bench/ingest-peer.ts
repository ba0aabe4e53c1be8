// The peer of the ingest benchmark: @clickhouse/client inserts the same rows as flat objects into the same tables, alone in its process.
import path from 'node:path';
import { createClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { systemClock } from '../src/clock.js';
import { EXTERNAL_ID_NAMESPACE } from '../src/services/ids.js';
import { openStore } from '../src/store/tables.js';
import { flatRows, predictions } from './rows.js';
import { answering, cpuSeconds, ROOT, withFolder } from './support.js';

/** What the peer is asked to do. */
export interface PeerOrder {
  rows: number;
  batch: number;
  /** Whether the table that finds a prediction by its id is filled too, as the service does. */
  places: boolean;
}

/** What it measured. */
export interface PeerResult {
  rowsPerSecond: number;
  cpuMicroseconds: number;
}

async function migrate(folder: string): Promise<void> {
  const store = await openStore({
    dataDir: folder,
    url: null,
    clock: systemClock,
    schemaFolder: path.join(ROOT, 'schema'),
    namespace: EXTERNAL_ID_NAMESPACE,
    batch: { maxRows: 1, maxPendingBytes: 1 },
    flushed: () => undefined,
  });
  await store.migrate();
  await store.close();
}

async function insertAll(folder: string, order: PeerOrder): Promise<PeerResult> {
  await migrate(folder);
  const client = createClient({ connection: createChdbConnection({ path: folder }) } as Parameters<
    typeof createClient
  >[0]);
  if (!order.places) await client.command({ query: 'DROP TABLE prediction_places_mv' });
  const now = systemClock();
  const rows = flatRows(predictions(order.rows, now, false), now);
  const insert = (values: unknown[]) => client.insert({ table: 'predictions', values, format: 'JSONEachRow' });
  await insert(rows.slice(0, order.batch));
  const cpu = cpuSeconds(process.pid);
  const started = performance.now();
  for (let start = 0; start < rows.length; start += order.batch) await insert(rows.slice(start, start + order.batch));
  const seconds = (performance.now() - started) / 1000;
  const used = cpuSeconds(process.pid) - cpu;
  await client.close();
  return { rowsPerSecond: rows.length / seconds, cpuMicroseconds: (used / rows.length) * 1e6 };
}

await answering((order: PeerOrder) => withFolder((folder) => insertAll(folder, order)));

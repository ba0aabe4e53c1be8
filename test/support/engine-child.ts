// A process of its own for tests of the store: `write FOLDER` stores batches and prints a line after each until it is killed, `count FOLDER` prints what is there.
import { randomUUID } from 'node:crypto';
import { GroundTruthTable } from '../../src/store/ground-truth.js';
import { PredictionWriter } from '../../src/store/prediction-writer.js';
import { RejectedTable } from '../../src/store/rejected.js';
import { openEmbedded } from '../../src/store/client.js';
import { migrate } from '../../src/store/migrations.js';
import { Store } from '../../src/store/store.js';
import { aPrediction, countRows, STORE_NOW } from './store-rows.js';
import { SCHEMA } from './test-store.js';

/** Rows of each table that one printed line acknowledges. */
const BATCH = 10;

const [, , mode, folder = ''] = process.argv;
const engine = await openEmbedded(folder);
const store = new Store(engine, () => STORE_NOW);
await migrate(store, SCHEMA);
if (mode === 'count') {
  const tables = ['predictions FINAL', 'prediction_places FINAL', 'ground_truth FINAL', 'label_arrivals', 'rejected'];
  const counts = await Promise.all(tables.map((table) => countRows(store, table)));
  process.stdout.write(`${JSON.stringify(counts)}\n`);
  await engine.close();
} else {
  const writer = new PredictionWriter(store, {
    limits: { maxRows: 1000, maxPendingBytes: 1e8 },
    flushed: () => undefined,
  });
  const truth = new GroundTruthTable(store);
  const rejected = new RejectedTable(store);
  for (let acknowledged = BATCH; ; acknowledged += BATCH) {
    const ids = Array.from({ length: BATCH }, () => randomUUID());
    await writer.write(ids.map((id) => writer.encode(aPrediction(id), true)));
    await truth.insert(ids.map((id) => ({ id, key: 'late', value: true, ts: STORE_NOW })));
    await rejected.append(
      'predictions',
      ids.map((id) => ({ error: { code: 'invalid_value', path: '', message: 'no' }, item: { id } })),
    );
    process.stdout.write(`${acknowledged}\n`);
  }
}

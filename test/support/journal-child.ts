// A process of its own for tests of the journal: `write FOLDER` acknowledges predictions that are stored only in the journal, and dies of SIGKILL; `erase FOLDER`
// erases half of them before it dies.
import path from 'node:path';
import { openEmbedded } from '../../src/store/client.js';
import { scopeOfTag } from '../../src/store/erasure-scopes.js';
import { ErasureTable } from '../../src/store/erasure.js';
import { migrate } from '../../src/store/migrations.js';
import { PredictionJournal } from '../../src/store/prediction-journal.js';
import { PredictionWriter } from '../../src/store/prediction-writer.js';
import { SettlingEngine } from '../../src/store/settling-engine.js';
import { Store } from '../../src/store/store.js';
import { aPrediction, countRows, STORE_NOW } from './store-rows.js';
import { SCHEMA } from './test-store.js';
import { uuid } from './upload-cases.js';

const ROWS = 200;
const [, , mode, folder = ''] = process.argv;
const engine = await openEmbedded(folder);
const store = new Store(engine, () => STORE_NOW);
await migrate(store, SCHEMA);
const journal = new PredictionJournal(store, path.join(SCHEMA, 'embedded', 'prediction_journal.sql'), 1e8);
const writer = new PredictionWriter(store, {
  limits: { maxRows: 1000, maxPendingBytes: 1e8 },
  flushed: () => undefined,
  journal,
  behind: { delay: 3_600_000, rows: 1e9, bytes: 1e9 },
});
const half = (n: number) => (n % 2 === 0 ? 'even' : 'odd');
const write = (n: number) => writer.write([writer.encode(aPrediction(uuid(n), { tags: { half: half(n) } }), true)]);
await Promise.all(Array.from({ length: ROWS }, (_, n) => write(n)));
// An id that moves to another hour, and one that is sent twice.
await writer.write([
  writer.encode(aPrediction(uuid(0), { timestamp: STORE_NOW - 7_200_000, tags: { half: 'even' } }), true),
]);
await write(1);
if (mode === 'erase') {
  const seen = new Store(new SettlingEngine(engine, writer), () => STORE_NOW, undefined, store.versions);
  await new ErasureTable(seen).erase(scopeOfTag('m', 'half', ['odd']));
}
process.stdout.write(`${await countRows(store, 'predictions')}\n`, () => process.kill(process.pid, 'SIGKILL'));

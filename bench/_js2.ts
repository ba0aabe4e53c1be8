import { bodies, predictions } from './rows.js';
import { parseNdjson, itemsOf, NdjsonBody } from '../src/http/plugins/bodies.js';
import { IngestService } from '../src/services/ingest.js';
import { PredictionWriter } from '../src/store/prediction-writer.js';
import { VersionSource } from '../src/store/store.js';
const ids = process.argv[2] === 'ids';
let bytes = 0;
const store: any = { versions: new VersionSource(Date.now), now: Date.now, insertBody: async (_t: any, _c: any, b: Buffer) => void (bytes += b.length), query: async () => [] };
const writer: any = new PredictionWriter(store, { maxRows: 50000, maxPendingBytes: 1e9 }, () => undefined);
const svc = new IngestService({ predictions: writer, counters: { accepted() {}, rejected() {} } as any, privacy: () => null, hashKey: null, clock: Date.now, warn: () => undefined } as any);
function lazy(b: Buffer): any { return { map(f: any) { const out: any[] = []; let start = 0; let i = 0; while (start < b.length) { const n = b.indexOf(10, start); const end = n < 0 ? b.length : n; out.push(f(JSON.parse(b.latin1Slice(start, end)), i++)); start = end + 1; } return out; } }; }
const all = bodies(predictions(100_000, Date.now(), ids), 2000);
for (let round = 0; round < 4; round++) {
  const cpu = process.cpuUsage(); const t = performance.now();
  for (let i = 0; i < all.length; i += 2) await Promise.all([all[i]!, all[i + 1]!].map((b) => svc.predictions(lazy(b), null)));
  const c = process.cpuUsage(cpu);
  console.log('wall us/row', ((performance.now() - t) * 10 / 1000).toFixed(2), 'cpu us/row', ((c.user + c.system) / 1e5).toFixed(2));
}

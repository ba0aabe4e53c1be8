import { predictions } from './rows.js';
import { withContainer } from './support.js';
import { newId } from '../src/services/ids.js';
const batch = Number(process.argv[2] ?? 4000); const drop = process.argv[3] ?? '';
await withContainer(async (c) => {
  const q = (s: string) => c.tables.store.command({ name: 'x', sql: s });
  if (drop.includes('mv')) await q('DROP TABLE prediction_places_mv');
  if (drop.includes('merge')) { await q('SYSTEM STOP MERGES'); }
  const now = Date.now();
  const rows = predictions(100_000, now, false);
  const lines: any[] = rows.map((r: any) => c.tables.predictionWriter.encode({ ...r, ...newId(now), deployment: '', status: 'ok', receivedAt: now } as any, false));
  await c.tables.predictionWriter.write(lines.slice(0, 100));
  const r0 = process.resourceUsage(); if (drop.includes("wait")) { console.log("PID", process.pid); await new Promise((r) => setTimeout(r, 1500)); } const cpu = process.cpuUsage(); const t = performance.now();
  for (let i = 0; i < lines.length; i += batch) await c.tables.predictionWriter.write(lines.slice(i, i + batch));
  const d = process.cpuUsage(cpu);
  const r1 = process.resourceUsage(); console.log('minflt', r1.minorPageFault - r0.minorPageFault, 'vcs', r1.voluntaryContextSwitches - r0.voluntaryContextSwitches, 'ivcs', r1.involuntaryContextSwitches - r0.involuntaryContextSwitches, 'fsw', r1.fsWrite - r0.fsWrite);
  console.log(batch, drop, 'wall us/row', ((performance.now() - t) / 100).toFixed(1), 'cpu user', (d.user / 1e5).toFixed(1), 'sys', (d.system / 1e5).toFixed(1));
});
process.exit(0);

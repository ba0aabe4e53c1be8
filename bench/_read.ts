import pino from 'pino';
import { systemClock } from '../src/clock.js';
import { loadConfig } from '../src/config.js';
import { openContainer } from '../src/container.js';
import { DAY, readRange, START } from './stored.js';
const c = await openContainer(loadConfig({ DRIFTLINE_DATA_DIR: '/dev/shm/drift-data' }), { clock: systemClock, logger: pino({ level: 'error' }) });
await c.migrate(); await c.start();
let log = false;
for (const m of ['rows', 'command', 'insert'] as const) { const eng: any = c.tables.engine; const old = eng[m].bind(eng); eng[m] = async (...a: any[]) => { const cpu = process.cpuUsage(); const t = performance.now(); try { return await old(...a); } finally { const d = process.cpuUsage(cpu); if (log) console.log('   ', String(a[1]).slice(0, 50).split('\n')[0]!.padEnd(50), 'wall', (performance.now() - t).toFixed(0), 'cpu', ((d.user + d.system) / 1000).toFixed(0)); } }; }
for (const metrics of [['psi'], ['ks_statistic'], ['psi', 'ks_statistic'], ['roc_auc'], []]) for (let r = 0; r < 3; r++) { log = r === 2; const cpu = process.cpuUsage(); const t = performance.now(); const p = await readRange(c, metrics, START + 60 * DAY, START + 90 * DAY); const d = process.cpuUsage(cpu); console.log(metrics.join(), p.length, 'wall', (performance.now() - t).toFixed(0), 'cpu', ((d.user + d.system) / 1000).toFixed(0)); }
await c.close(); process.exit(0);

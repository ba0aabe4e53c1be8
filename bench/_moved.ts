import { withContainer } from './support.js';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
await withContainer(async (c) => {
  const s = c.tables.store;
  for (let k = 0; k < 5; k++) await s.command({ name: 'x', sql: `INSERT INTO prediction_places SELECT generateUUIDv4(number + ${k}), 'm', 'v', '', toStartOfHour(now()), now64(3), number, 0 FROM numbers(400000)` });
  const ids = Array.from({ length: 2000 }, () => randomUUID());
  const A = `SELECT toString(prediction_id) AS id, model, version, deployment, groupArray((ts_ms, newest)) AS places FROM (
            SELECT prediction_id, model, version, deployment, hour, toUnixTimestamp64Milli(argMax(ts, row_version)) AS ts_ms, max(row_version) AS newest
            FROM prediction_places WHERE prediction_id IN {ids:Array(UUID)}
            GROUP BY prediction_id, model, version, deployment, hour HAVING argMax(is_deleted, row_version) = 0
          ) GROUP BY prediction_id, model, version, deployment HAVING count() > 1`;
  const B = `SELECT toString(prediction_id) AS id FROM prediction_places WHERE prediction_id IN {ids:Array(UUID)} GROUP BY prediction_id HAVING min(hour) != max(hour)`;
  const C = A.replace('FROM prediction_places WHERE prediction_id IN {ids:Array(UUID)}', `FROM prediction_places WHERE prediction_id IN (SELECT prediction_id FROM prediction_places WHERE prediction_id IN {ids:Array(UUID)} GROUP BY prediction_id HAVING min(hour) != max(hour))`);
  for (const [n, sql] of Object.entries({ A, B, C, 'A1': A + ' SETTINGS max_threads=1', 'B1': B + ' SETTINGS max_threads=1' })) {
    const run = () => s.query({ name: 'q', sql, params: { ids }, row: z.any() });
    await run(); const cpu = process.cpuUsage(); const t = performance.now(); for (let i = 0; i < 10; i++) await run(); const d = process.cpuUsage(cpu);
    console.log(n, 'wall ms', ((performance.now() - t) / 10).toFixed(1), 'cpu ms', ((d.user + d.system) / 1e4).toFixed(1));
  }
});
process.exit(0);

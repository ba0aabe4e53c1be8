import { openEmbedded } from '../src/store/client.js';
const which = process.argv.slice(2);
const e = await openEmbedded('/dev/shm/drift-data');
const F = Array.from({ length: 20 }, (_, i) => `'inputs.feature_${i}'`);
const W = `model='bench' AND ts >= toDateTime64('2025-03-02 00:00:00', 3,'UTC') AND ts < toDateTime64('2025-04-01 00:00:00',3,'UTC')`;
const edges = [-1.28, -0.84, -0.52, -0.25, 0.0012, 0.25, 0.52, 0.84, 1.28];
const x = F.map((f, i) => `if(mapContains(num, ${f}), num[${f}], nan) AS x${i}`);
const tails = F.map((_, i) => `[countIf(isNaN(x${i})), ${edges.map((g) => `countIf(x${i} > toFloat64('${g}'))`).join(', ')}]`);
const entry = `arrayJoin(arrayFilter(e -> has([${F.join(',')}], toString(e.1)), arrayZip(mapKeys(num), mapValues(num)))) AS entry`;
const B = `baseline_rows WHERE baseline_id = (SELECT any(baseline_id) FROM baselines)`;
const sides = (final: string) => `(SELECT 0 AS side, toString(entry.1) AS path, entry.2 AS v FROM (SELECT ${entry} FROM ${B}) UNION ALL SELECT 1 AS side, toString(entry.1) AS path, entry.2 AS v FROM (SELECT ${entry} FROM predictions ${final} WHERE ${W}))`;
const sides2 = `(SELECT 0 AS side, k, v FROM baseline_rows ARRAY JOIN mapKeys(num) AS k, mapValues(num) AS v WHERE baseline_id = (SELECT any(baseline_id) FROM baselines) UNION ALL SELECT 1 AS side, k, v FROM predictions FINAL ARRAY JOIN mapKeys(num) AS k, mapValues(num) AS v WHERE ${W})`;
const idx = `[${F.map((f) => `num[${f}]`).join(', ')}]`;
const sides3 = `(SELECT 0 AS side, i, v FROM baseline_rows ARRAY JOIN range(20) AS i, ${idx} AS v WHERE baseline_id = (SELECT any(baseline_id) FROM baselines) UNION ALL SELECT 1 AS side, i, v FROM predictions FINAL ARRAY JOIN range(20) AS i, ${idx} AS v WHERE ${W})`;
const arr = `arrayReduce('kolmogorovSmirnovTest(\\'two-sided\\', \\'asymp\\')', arrayConcat(b, c), arrayConcat(arrayWithConstant(length(b), 0), arrayWithConstant(length(c), 1)))`;
const Q: Record<string, string> = {
  count: `SELECT [${tails.join(', ')}] AS t FROM (SELECT ${x.join(', ')} FROM predictions FINAL WHERE ${W})`,
  countNoFinal: `SELECT [${tails.join(', ')}] AS t FROM (SELECT ${x.join(', ')} FROM predictions WHERE ${W})`,
  ksNow: `SELECT path, ${arr} AS ks FROM (SELECT path, groupArrayIf(v, side = 0) AS b, groupArrayIf(v, side = 1) AS c FROM ${sides('FINAL')} GROUP BY path)`,
  ksAgg: `SELECT path, kolmogorovSmirnovTest('two-sided','asymp')(v, side) AS ks FROM ${sides('FINAL')} GROUP BY path`,
  ksAJ: `SELECT k, kolmogorovSmirnovTest('two-sided','asymp')(v, side) AS ks FROM ${sides2} WHERE k IN (${F.join(',')}) GROUP BY k`,
  ksIdx: `SELECT i, kolmogorovSmirnovTest('two-sided','asymp')(v, side) AS ks FROM ${sides3} GROUP BY i`,
  ksCols: `SELECT ${F.map((_, i) => `kolmogorovSmirnovTest('two-sided','asymp')(x${i}, side)`).join(', ')} FROM (SELECT 0 AS side, ${F.map((f, i) => `num[${f}] AS x${i}`).join(', ')} FROM ${B} UNION ALL SELECT 1 AS side, ${F.map((f, i) => `num[${f}] AS x${i}`).join(', ')} FROM predictions FINAL WHERE ${W})`,
};
Q.ksIdx2 = Q.ksIdx + ' SETTINGS group_by_two_level_threshold=1, group_by_two_level_threshold_bytes=1'; Q.ksNow2 = Q.ksNow + ' SETTINGS group_by_two_level_threshold=1, group_by_two_level_threshold_bytes=1'; Q.ksIdx2t = Q.ksIdx2 + ', max_threads=2'; Q.ksIdx4t = Q.ksIdx2 + ', max_threads=4'; Q.ksIdx1t = Q.ksIdx + ' SETTINGS max_threads=1'; Q.thr=`SELECT value FROM system.settings WHERE name='max_threads'`; Q.readonly = `SELECT sum(arraySum(${idx})) FROM predictions FINAL WHERE ${W}`; 
Q.cc = Q.ksIdx2 + ', use_concurrency_control=0, max_threads=4'; Q.ccount = Q.count + ' SETTINGS use_concurrency_control=0, max_threads=4'; Q.sum='SELECT sum(sipHash64(number)) FROM numbers_mt(1000000000)'; Q.sumcc='SELECT sum(sipHash64(number)) FROM numbers_mt(1000000000) SETTINGS use_concurrency_control=0'; Q.ver='SELECT version()';
const sets = ['', 'SET compile_expressions=1, compile_aggregate_expressions=1', 'SET compile_expressions=0, compile_aggregate_expressions=0'];
for (const name of which.length ? which : Object.keys(Q)) for (const set of name.startsWith('count') ? sets.slice(1) : sets.slice(2)) {
  await e.command('read', set, {});
  for (let r = 0; r < 3; r++) { const cpu = process.cpuUsage(); const t = performance.now(); const rows = await e.rows('read', Q[name]!, {}); const d = process.cpuUsage(cpu); console.log(name.padEnd(14), set.slice(4, 25), 'wall', (performance.now() - t).toFixed(0), 'cpu', ((d.user + d.system) / 1000).toFixed(0), JSON.stringify(rows).slice(0,90)); }
}
await e.close(); process.exit(0);

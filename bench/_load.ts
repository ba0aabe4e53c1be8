import { bodies, predictions } from '/work/main/bench/rows.ts';
import { Sender, startService } from '/work/main/bench/service.ts';
import { cpuSeconds, withFolder } from '/work/main/bench/support.ts';
const ids = process.argv[2] === 'ids'; const rows = Number(process.argv[3] ?? 100000); const batch = Number(process.argv[4] ?? 2000); const width = Number(process.argv[5] ?? 3);
const prof = process.argv[6];
await withFolder(async (folder) => {
  const s = await startService(folder, [...(prof ? ['--cpu-prof', '--cpu-prof-dir=' + prof] : []), '--import', 'tsx', 'src/main.ts']);
  const sender = new Sender(s.url + '/v1/predictions', 'application/x-ndjson', width);
  await sender.send(bodies(predictions(10000, Date.now(), ids), batch));
  const b = bodies(predictions(rows, Date.now(), ids), batch);
  const c = cpuSeconds(s.pid); const t = performance.now();
  await sender.send(b);
  const dt = (performance.now() - t) / 1000;
  console.log('rows/s', Math.round(rows / dt), 'cpu us/row', (((cpuSeconds(s.pid) - c) / rows) * 1e6).toFixed(1));
  const m = await (await fetch(s.url + '/metrics')).text();
  console.log(m.split('\n').filter((l) => /driftline_flush_(seconds|rows)_(sum|count)/.test(l)).join('\n'));
  sender.close(); await s.stop();
});
process.exit(0);

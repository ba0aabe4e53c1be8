// `npm run bench [-- name...]`: every benchmark in a process of its own, one after another, its table as it stands in docs/performance.md.
import { cpus } from 'node:os';
import { met, table, type Result } from './report.js';
import { inChild, load, say } from './support.js';

const NAMES = [
  'ingest',
  'single',
  'uploads',
  'drift',
  'quality',
  'idle',
  'rules',
  'incremental',
  'false-alarms',
  'clients',
  'startup',
  'typescript-client',
  'registry',
  'dashboard',
];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${NAMES.join(', ')}.`);
  process.exit(2);
}

const started = performance.now();
let missed = 0;
for (const name of asked.length > 0 ? asked : NAMES) {
  const begun = performance.now();
  const result = await inChild<Result>(name);
  missed += result.lines.filter((line) => !met(line)).length;
  console.log(`\n${table(result)}`);
  say(`${name} took ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(`\nNode ${process.version}, ${cpus().length} processors, load ${load()}; ${seconds} s; ${missed} missed.`);
process.exitCode = missed === 0 ? 0 : 1;

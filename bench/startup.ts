// From the start of the process to the first 200 of /readyz: fresh folder and existing one, from the sources and as built.
import { execFileSync } from 'node:child_process';
import { held, type Line, type Result } from './report.js';
import { FROM_BUILD, FROM_SOURCE, startService } from './service.js';
import { load, main, median, quiet, ROOT, say, withFolder } from './support.js';

const RUNS = 5;
const LIMIT = 1500;

/** Start on a folder until ready, then stop; ms. */
async function readyAfter(folder: string, command: readonly string[]): Promise<number> {
  const started = performance.now();
  const service = await startService(folder, command);
  const taken = performance.now() - started;
  await service.stop();
  return taken;
}

async function measure(name: string, command: readonly string[]): Promise<Line[]> {
  const fresh: number[] = [];
  const existing: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    await quiet();
    await withFolder(async (folder) => {
      fresh.push(await readyAfter(folder, command));
      existing.push(await readyAfter(folder, command));
    });
  }
  say(`${name}: ${Math.round(median(fresh))} ms fresh, ${Math.round(median(existing))} ms existing; load ${load()}`);
  const limit = { name: 'limit', value: LIMIT, at: 'most' as const };
  return [
    held(`${name}, fresh folder`, median(fresh), 'ms', limit),
    held(`${name}, existing folder`, median(existing), 'ms', limit),
  ];
}

export async function run(): Promise<Result> {
  execFileSync('npm', ['run', 'build', '--silent'], { cwd: ROOT });
  return {
    name: 'startup',
    about: `From the start of the process to the first 200 of \`/readyz\`; a fresh folder includes applying the schema. Median of ${RUNS} starts.`,
    lines: [
      ...(await measure('from the sources (tsx)', FROM_SOURCE)),
      ...(await measure('built (`npm run build`)', FROM_BUILD)),
    ],
  };
}

await main(run);

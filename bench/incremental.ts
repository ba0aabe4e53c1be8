// One dirty hour among a year of history against the same hour with nothing else stored: what a job costs follows the new data.
import { held, told, type Line, type Result } from './report.js';
import { inChild, load, main, quiet, say } from './support.js';

const YEAR = { hours: 365 * 24, rowsPerHour: 100 };
const ALONE = { hours: 1, rowsPerHour: 100 };
/** How many times as long the hour may take among a year. */
const LIMIT = 1.2;

export async function run(): Promise<Result> {
  await quiet();
  const alone = await inChild<Record<string, number>>('incremental-jobs', ALONE);
  await quiet();
  const year = await inChild<Record<string, number>>('incremental-jobs', YEAR);
  const lines = Object.entries(alone).flatMap(([job, ms]): Line[] => {
    say(`${job}: ${Math.round(ms)} ms alone, ${Math.round(year[job] ?? 0)} ms among a year; load ${load()}`);
    const mark = { name: `${LIMIT} times alone`, value: LIMIT * ms, at: 'most' as const };
    return [
      told(`job \`${job}\`, the hour alone`, ms, 'ms'),
      held(`job \`${job}\`, the hour among a year`, year[job] ?? 0, 'ms', mark),
    ];
  });
  return {
    name: 'incremental',
    about: `A prediction arrives in one hour of ${ALONE.rowsPerHour} labelled predictions; then each job runs and recomputes that hour, once with nothing else stored and once among ${YEAR.hours.toLocaleString('en-US')} hours of as many. Fastest of 15 runs: what else the machine does makes a run longer, never shorter.`,
    lines,
  };
}

await main(run);

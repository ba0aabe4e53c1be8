// A job run that finds nothing to do, a year of hourly windows behind it: what every model costs every tick.
import type { JobName } from '../src/domain/contract/metrics.js';
import { alertRuleSchema } from '../src/domain/alerts/rule.js';
import type { Container } from '../src/container.js';
import { held, type Result } from './report.js';
import { MODEL } from './stored.js';
import { load, main, medianTime, quiet, say, withContainer } from './support.js';
import { buildHistory, END } from './year.js';

const HOURS = 365 * 24;
const ROWS_PER_HOUR = 100;
const RUNS = 9;
const LIMIT = 50;
const JOBS: JobName[] = ['drift', 'quality', 'operations', 'alerts'];

function runJob(container: Container, job: JobName) {
  return container.services.jobs.run(job, { model: null, from: null, to: null, now: END }, 'api');
}

export function run(): Promise<Result> {
  return withContainer(async (container) => {
    await buildHistory(container, { hours: HOURS, rowsPerHour: ROWS_PER_HOUR });
    const rule = alertRuleSchema.parse({
      model: MODEL,
      metric: 'psi',
      feature: '*',
      op: '>',
      critical: 0.2,
      channels: [],
    });
    await container.services.alerts.putRule('psi', rule);
    const taken: { job: JobName; ms: number }[] = [];
    for (const job of JOBS) {
      const first = await runJob(container, job);
      if (first.errors.length > 0) throw new Error(`${job}: ${first.errors.join('; ')}`);
      if (job !== 'alerts' && first.windows > 0) throw new Error(`${job} had ${first.windows} windows to compute`);
      await quiet();
      taken.push({ job, ms: await medianTime(RUNS, () => runJob(container, job)) });
      say(`${job}: ${Math.round(taken.at(-1)?.ms ?? 0)} ms; load ${load()}`);
    }
    return {
      name: 'idle',
      about: `A run of each job with nothing due, after a year of one model: ${HOURS.toLocaleString('en-US')} hourly windows, marked and computed, ${(HOURS * ROWS_PER_HOUR).toLocaleString('en-US')} labelled predictions, PSI of 20 features for each hour, one rule on them. The model is not configured, so that the task is inferred. Median of ${RUNS} runs.`,
      lines: taken.map(({ job, ms }) => held(`job \`${job}\``, ms, 'ms', { name: 'limit', value: LIMIT, at: 'most' })),
    };
  });
}

await main(run);

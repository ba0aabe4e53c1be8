// The scheduler: node-cron runs each job by itself; a run that is still going is never overlapped.
import { schedule as cron, type ScheduledTask } from 'node-cron';
import { JOB_NAMES, type JobName } from '../src/domain/contract/metrics.js';
import type { Container } from '../src/container.js';
import * as alerts from './alerts.js';
import * as drift from './drift.js';
import * as operations from './operations.js';
import * as quality from './quality.js';
import * as retention from './retention.js';

/** One scheduled job: its cron expression (UTC) and what it does. */
export interface Job {
  expression: string;
  run: (container: Container, options: { now: number; trigger: 'schedule' | 'cli' | 'api' }) => Promise<unknown>;
}

/** What runs by itself, and when. */
const JOBS: Record<JobName, Job> = { drift, quality, operations, alerts, retention };

/** A running scheduler. */
export interface Scheduler {
  stop(): Promise<void>;
}

/**
 * Start every job on its schedule. Ticks only say when to look: which windows are due is decided from the store, so a tick that was missed
 * while the process was down costs nothing but time.
 */
export function startScheduler(
  container: Container,
  jobs: Partial<Record<JobName, Job>> = JOBS,
  /** Told of each tick that found the last run still going. */
  overlapped: (job: JobName) => void = (job) => container.logger.debug({ job }, 'the last run is still going'),
): Scheduler {
  let tasks = plan(container, jobs, overlapped);
  // What the configuration file says of schedules goes before what is built in, from one reading of it to the next.
  container.services.configFile.onChange(() => {
    const before = tasks;
    tasks = plan(container, jobs, overlapped);
    for (const task of before.values()) void task.destroy();
  });
  container.jobs.attach({
    expression: (job) => (jobs[job] === undefined ? '' : expressionOf(container, job, jobs[job])),
    next: (job) => tasks.get(job)?.getNextRun()?.getTime() ?? null,
  });
  return {
    stop: async () => {
      for (const task of tasks.values()) await task.destroy();
    },
  };
}

function expressionOf(container: Container, job: JobName, { expression }: Job): string {
  return container.services.configFile.schedules().get(job) ?? expression;
}

/** A task for each job that runs by itself. */
function plan(
  container: Container,
  jobs: Partial<Record<JobName, Job>>,
  overlapped: (job: JobName) => void,
): Map<JobName, ScheduledTask> {
  const tasks = new Map<JobName, ScheduledTask>();
  for (const job of JOB_NAMES) {
    const planned = jobs[job];
    if (planned === undefined) continue;
    const expression = expressionOf(container, job, planned);
    if (expression === 'off') continue;
    const work = () =>
      planned.run(container, { now: container.clock(), trigger: 'schedule' }).catch((error: unknown) => {
        container.logger.error({ err: error, job }, `job ${job} could not run`);
      });
    const task = cron(expression, work, { name: job, noOverlap: true, timezone: 'UTC' });
    task.on('execution:overlap', () => overlapped(job));
    tasks.set(job, task);
  }
  return tasks;
}

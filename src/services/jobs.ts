// Job runs: one at a time per job, one row per run, by schedule, API or command line.
import { randomUUID } from 'node:crypto';
import {
  JOB_NAMES,
  type JobInfo,
  type JobName,
  type JobOptions,
  type JobResult,
  type JobRun,
  type JobRunAnswer,
} from '../domain/contract/metrics.js';
import { DriftlineError } from '../domain/errors.js';
import type { JobRunRecord } from '../domain/stored-ingestion.js';
import type { JobsApi } from './api.js';
import type { Counters } from './counters.js';

/** Where runs are written down. */
export interface JobRunLog {
  write(run: JobRunRecord): Promise<void>;
  list(filter: { job: string | null; limit: number }): Promise<JobRun[]>;
}

/** When a job runs by itself. */
export interface Schedules {
  expression(job: JobName): string;
  /** Epoch ms of the next run; null where nothing is scheduled. */
  next(job: JobName): number | null;
}

/** How often a running row says how far it is, ms. */
const PROGRESS_EVERY = 1000;

export interface JobsDependencies {
  runners: Record<JobName, (options: JobOptions) => Promise<JobResult>>;
  runs: JobRunLog;
  counters: Counters;
  /** Refuses a model that nobody knows. */
  requireModel: (model: string) => Promise<void>;
  clock: () => number;
  log: (message: string, facts: Record<string, unknown>) => void;
}

export class JobsService implements JobsApi {
  /** The end of the newest run of each job: the next one waits for it. */
  private readonly tails = new Map<JobName, Promise<unknown>>();
  private schedules: Schedules | null = null;

  constructor(private readonly deps: JobsDependencies) {}

  /** The scheduler tells when jobs run; without one, nothing runs by itself. */
  attach(schedules: Schedules): void {
    this.schedules = schedules;
  }

  async list(): Promise<JobInfo[]> {
    return Promise.all(
      JOB_NAMES.map(async (job) => {
        const [last] = await this.deps.runs.list({ job, limit: 1 });
        const next = this.schedules?.next(job) ?? null;
        return {
          job,
          schedule: this.schedules?.expression(job) ?? null,
          scheduled: this.schedules !== null,
          last_run: last ?? null,
          next_run: next === null ? null : new Date(next).toISOString(),
        };
      }),
    );
  }

  runs(filter: { job: JobName | null; limit: number }): Promise<JobRun[]> {
    return this.deps.runs.list(filter);
  }

  async run(
    job: JobName,
    options: JobOptions,
    trigger: 'api' | 'cli' | 'schedule' | 'baseline',
  ): Promise<JobRunAnswer> {
    if (options.model !== null) await this.deps.requireModel(options.model);
    const before = this.tails.get(job) ?? Promise.resolve();
    const current = before.then(() => this.execute(job, options, trigger));
    this.tails.set(
      job,
      current.catch(() => undefined),
    );
    return current;
  }

  /** The baseline of a model was switched: score its history again now, where jobs run by themselves. The run is listed as any other. */
  rescore(model: string): void {
    if (this.schedules === null) return;
    this.run('drift', { model, from: null, to: null, now: this.deps.clock() }, 'baseline').catch((error: unknown) => {
      // The marks stand: the next run on the schedule does the same.
      this.deps.log('re-scoring could not run', { err: error });
    });
  }

  /** Wait until no job runs. */
  async idle(): Promise<void> {
    await Promise.all(this.tails.values());
  }

  private async execute(job: JobName, options: JobOptions, trigger: string): Promise<JobRunAnswer> {
    const startedAt = this.deps.clock();
    const run = {
      id: randomUUID(),
      job,
      trigger,
      model: options.model,
      status: 'running',
      startedAt,
      finishedAt: null,
      now: options.now,
      windows: 0,
      windowsTotal: 0,
      about: '',
      points: 0,
      errors: [],
    };
    await this.deps.runs.write(run);
    const follow = this.follow(run, options);
    const result = await this.attempt(job, follow.options);
    await follow.written();
    const status = result.errors.length === 0 ? 'ok' : result.windows + result.points > 0 ? 'partial' : 'failed';
    const finishedAt = this.deps.clock();
    await this.deps.runs.write({ ...run, ...result, status, finishedAt });
    this.deps.counters.job(job, status, finishedAt - startedAt, finishedAt);
    this.deps.log(`job ${job} ${status}`, {
      run_id: run.id,
      job,
      status,
      windows: result.windows,
      points: result.points,
      errors: result.errors,
      ms: finishedAt - startedAt,
    });
    return { run_id: run.id, status, ...result };
  }

  /** Options that keep the run's row up to date while it runs, and its end: no such row may come after the last one. */
  private follow(run: Parameters<JobRunLog['write']>[0], options: JobOptions) {
    let writing: Promise<void> = Promise.resolve();
    let last = run.startedAt;
    const show = () => {
      last = this.deps.clock();
      const row = { ...run };
      // A run does not fail because its progress cannot be shown.
      writing = writing
        .then(() => this.deps.runs.write(row))
        .catch((error: unknown) => this.deps.log('progress', { err: error }));
    };
    const progress = (done: number, total: number) => {
      options.progress?.(done, total);
      Object.assign(run, { windows: done, windowsTotal: total });
      if (this.deps.clock() - last >= PROGRESS_EVERY) show();
    };
    const about = (text: string) => {
      run.about = text;
      show();
    };
    return { options: { ...options, progress, about }, written: () => writing };
  }

  private async attempt(job: JobName, options: JobOptions): Promise<JobResult> {
    try {
      return await this.deps.runners[job](options);
    } catch (error) {
      // A store that is down has no place for the run's row either: the caller must hear it.
      if (error instanceof DriftlineError && error.status === 503) throw error;
      this.deps.log(`job ${job} failed`, { err: error });
      return { windows: 0, points: 0, errors: [error instanceof Error ? error.message : String(error)] };
    }
  }
}

// One row per job run: written as running at the start, replaced at the end.
import { z } from 'zod';
import { iso, isoOrNull } from '../domain/contract/common.js';
import type { JobRun } from '../domain/contract/metrics.js';
import type { JobRunRecord } from '../domain/stored-ingestion.js';
import { Conditions } from './conditions.js';
import type { Store } from './store.js';

const COLUMNS = [
  'run_id',
  'job',
  'trigger',
  'model',
  'status',
  'started_at',
  'finished_at',
  'logical_now',
  'windows',
  'windows_total',
  'about',
  'points',
  'errors',
  'row_version',
];

const runRow = z
  .object({
    id: z.string(),
    job: z.string(),
    trigger: z.string(),
    model: z.string(),
    status: z.string(),
    started_ms: z.number(),
    finished_ms: z.number().nullable(),
    now_ms: z.number(),
    windows: z.number(),
    windows_total: z.number(),
    about: z.string(),
    points: z.number(),
    errors: z.array(z.string()),
  })
  .transform((row): JobRun => ({
    run_id: row.id,
    job: row.job,
    trigger: row.trigger,
    model: row.model === '' ? null : row.model,
    status: row.status,
    started_at: iso(row.started_ms),
    finished_at: isoOrNull(row.finished_ms),
    now: iso(row.now_ms),
    windows: row.windows,
    windows_total: row.windows_total,
    about: row.about === '' ? null : row.about,
    points: row.points,
    errors: row.errors,
  }));

export class JobRunTable {
  constructor(private readonly store: Store) {}

  async write(run: JobRunRecord): Promise<void> {
    const row = {
      run_id: run.id,
      job: run.job,
      trigger: run.trigger,
      model: run.model ?? '',
      status: run.status,
      started_at: run.startedAt,
      finished_at: run.finishedAt,
      logical_now: run.now,
      windows: run.windows,
      windows_total: run.windowsTotal,
      about: run.about,
      points: run.points,
      errors: run.errors,
      row_version: this.store.versions.next(),
    };
    await this.store.insert('job_runs', COLUMNS, [row]);
  }

  /** Newest first. */
  list(filter: { job: string | null; limit: number }): Promise<JobRun[]> {
    const where = new Conditions().equals('job', filter.job);
    return this.store.query({
      name: 'list_job_runs',
      sql: `SELECT toString(run_id) AS id, job, trigger, model, status, toUnixTimestamp64Milli(started_at) AS started_ms,
          if(isNull(finished_at), NULL, toUnixTimestamp64Milli(assumeNotNull(finished_at))) AS finished_ms, toUnixTimestamp64Milli(logical_now) AS now_ms, windows, windows_total, about, points, errors
        FROM job_runs FINAL ${where.where()} ORDER BY started_at DESC, row_version DESC LIMIT ${where.bind(filter.limit, 'UInt32')}`,
      params: where.params,
      row: runRow,
    });
  }

  /** Remove runs that started before a time. */
  expire(before: number): Promise<void> {
    return this.store.command({
      name: 'expire_job_runs',
      sql: `DELETE FROM job_runs WHERE started_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')`,
      params: { before },
    });
  }

  /** Runs that a crash left as running: they are closed as failed when the service starts. */
  async closeInterrupted(now: number): Promise<void> {
    await this.store.command({
      name: 'close_interrupted_runs',
      sql: `INSERT INTO job_runs (${COLUMNS.join(', ')})
        SELECT run_id, job, trigger, model, 'interrupted', started_at, fromUnixTimestamp64Milli({now:Int64}, 'UTC'), logical_now, windows, windows_total, about, points, ['the process ended during the run'], {row_version:UInt64}
        FROM job_runs FINAL WHERE status = 'running'`,
      params: { now, row_version: this.store.versions.next() },
    });
  }
}

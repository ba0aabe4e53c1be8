// The pulse of feeds and jobs: when predictions last came and how long they paused before, when jobs last ran without errors.
import { z } from 'zod';
import { SMALL_READ, type Store } from './store.js';

const SLOT = 900_000;
/** How far back a feed is judged by, and a job's runs, ms. */
const FEED_PAST = 30 * 86_400_000;
const JOB_PAST = 2 * 86_400_000;

export class WatchdogQueries {
  constructor(private readonly store: Store) {}

  feeds(now: number) {
    return this.store.query({
      name: 'feed_pulses',
      lane: 'jobs',
      sql: `SELECT model, deployment, toUnixTimestamp(max(slot)) * 1000 + ${SLOT} AS last, arrayMax(arrayDifference(arraySort(groupUniqArray(toUnixTimestamp(slot))))) * 1000 AS gap,
          uniqExact(slot) AS slots
        FROM window_marks WHERE cause = 'prediction' AND slot > toDateTime({from:UInt32}, 'UTC') AND slot <= toDateTime({now:UInt32}, 'UTC')
        GROUP BY model, deployment ORDER BY model, deployment ${SMALL_READ}`,
      params: { now: Math.floor(now / 1000), from: Math.floor(Math.max(0, now - FEED_PAST) / 1000) },
      row: z
        .object({ model: z.string(), deployment: z.string(), last: z.number(), gap: z.number(), slots: z.number() })
        .transform(({ gap, ...rest }) => ({ ...rest, longestGap: gap })),
    });
  }

  jobs(now: number) {
    return this.store.query({
      name: 'job_pulses',
      lane: 'jobs',
      sql: `SELECT job, toUnixTimestamp64Milli(maxIf(started_at, status = 'ok')) AS last_ok, toUnixTimestamp64Milli(min(started_at)) AS first_start,
          toUnixTimestamp64Milli(max(started_at)) AS last_start, count() AS runs, argMaxIf(errors, started_at, status IN ('failed', 'partial')) AS last_errors
        FROM job_runs FINAL WHERE trigger = 'schedule' AND status != 'running' AND started_at > fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        GROUP BY job ORDER BY job ${SMALL_READ}`,
      params: { from: now - JOB_PAST },
      row: z
        .object({
          job: z.string(),
          last_ok: z.number(),
          first_start: z.number(),
          last_start: z.number(),
          runs: z.number(),
          last_errors: z.array(z.string()),
        })
        .transform((row) => ({
          job: row.job,
          lastOk: row.last_ok === 0 ? null : row.last_ok,
          firstStart: row.first_start,
          lastStart: row.last_start,
          runs: row.runs,
          lastErrors: row.last_errors,
        })),
    });
  }
}

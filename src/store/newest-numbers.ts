// The newest number of every series, for gauges: what is scraped now and then must not read the history.
import { z } from 'zod';
import type { NewestNumber } from '../domain/stored.js';
import type { Store } from './store.js';

/** How far back windows are looked for: the longest window is 30 days. */
const REACH_DAYS = 40;
const DAY = 86_400_000;
/** Series beyond are left out: a scrape stays small whatever is tracked. */
export const MAX_SERIES = 20_000;

export class NewestNumbers {
  constructor(private readonly store: Store) {}

  /** Series whose newest window is the model's newest, or a day older at the most: versions that are no longer used drop out. */
  numbers(metrics: readonly string[], now: number): Promise<NewestNumber[]> {
    return this.store.query({
      name: 'newest_numbers',
      sql: `SELECT model, version, deployment, feature, metric, value, upper, toUnixTimestamp64Milli(window_end) AS window_end_ms FROM (
          SELECT *, max(window_end) OVER (PARTITION BY model) AS newest_end FROM (
            SELECT model, version, deployment, feature, metric, window_end, value, upper FROM metric_points FINAL
            WHERE segment = '' AND metric IN {metrics:Array(String)} AND window_start >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND value IS NOT NULL
            ORDER BY window_end DESC LIMIT 1 BY model, version, deployment, feature, metric
          )
        ) WHERE window_end >= newest_end - toIntervalDay(1) ORDER BY model, version, deployment, metric, feature LIMIT {limit:UInt32}`,
      params: { metrics, since: now - REACH_DAYS * DAY, limit: MAX_SERIES },
      row: z
        .object({
          model: z.string(),
          version: z.string(),
          deployment: z.string(),
          feature: z.string(),
          metric: z.string(),
          value: z.number(),
          upper: z.number().nullable(),
          window_end_ms: z.number(),
        })
        .transform(({ window_end_ms, ...row }): NewestNumber => ({ ...row, windowEnd: window_end_ms })),
    });
  }

  /** The end of the last successful run of each job, in whichever process. */
  lastSuccesses(): Promise<{ job: string; at: number }[]> {
    return this.store.query({
      name: 'last_successes',
      sql: `SELECT job, toUnixTimestamp64Milli(max(finished_at)) AS at FROM job_runs FINAL WHERE status = 'ok' AND finished_at IS NOT NULL GROUP BY job`,
      row: z.object({ job: z.string(), at: z.number() }),
    });
  }
}

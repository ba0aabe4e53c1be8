// Bin counts per window and field: what distributions are drawn from and longer windows are merged from.
import { z } from 'zod';
import { Conditions } from './conditions.js';
import type { Store } from './store.js';

const COLUMNS = [
  'model',
  'version',
  'deployment',
  'segment',
  'feature',
  'window_start',
  'window_end',
  'baseline_id',
  'counts',
  'n',
  'row_version',
  'is_deleted',
];

/** Counts of one field in one window, in the bins of one baseline. Times in epoch ms. */
export interface Profile {
  model: string;
  version: string;
  deployment: string;
  segment: string;
  feature: string;
  windowStart: number;
  windowEnd: number;
  baselineId: string;
  counts: number[];
  n: number;
}

export class ProfileTable {
  constructor(private readonly store: Store) {}

  async write(profiles: readonly Profile[]): Promise<void> {
    const row_version = this.store.versions.next();
    await this.store.insert(
      'profiles',
      COLUMNS,
      profiles.map((profile) => ({
        model: profile.model,
        version: profile.version,
        deployment: profile.deployment,
        segment: profile.segment,
        feature: profile.feature,
        window_start: profile.windowStart,
        window_end: profile.windowEnd,
        baseline_id: profile.baselineId,
        counts: profile.counts,
        n: profile.n,
        row_version,
        is_deleted: 0,
      })),
    );
  }

  /** Counts of one field over all windows that lie in [from, to), added bin by bin, per baseline. */
  sum(query: {
    model: string;
    feature: string;
    version: string | null;
    deployment: string | null;
    segment: string;
    from: number;
    to: number;
    /** Windows of this length only, ms. */
    length: number;
  }) {
    const where = new Conditions()
      .equals('model', query.model)
      .equals('feature', query.feature)
      .equals('version', query.version)
      .equals('deployment', query.deployment)
      .equals('segment', query.segment)
      .time('window_start', '>=', query.from)
      .time('window_end', '<=', query.to);
    const length = where.bind(query.length, 'Int64');
    where.add(`toUnixTimestamp64Milli(window_end) - toUnixTimestamp64Milli(window_start) = ${length}`);
    return this.store.query({
      name: 'sum_profiles',
      sql: `SELECT toString(baseline_id) AS baseline_id, sumForEach(counts) AS total, sum(n) AS rows, uniqExact(window_start) AS windows FROM profiles FINAL ${where.where()} GROUP BY baseline_id ORDER BY rows DESC`,
      params: where.params,
      row: z.object({ baseline_id: z.string(), total: z.array(z.number()), rows: z.number(), windows: z.number() }),
    });
  }
}

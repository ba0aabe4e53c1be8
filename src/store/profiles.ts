// Bin counts per window and field: what distributions are drawn from and longer windows are merged from.
import { z } from 'zod';
import type { ProfileQuery } from '../domain/stored.js';
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

function rangeOf(query: ProfileQuery): Conditions {
  const where = new Conditions()
    .equals('model', query.model)
    .oneOf('feature', query.features)
    .equals('version', query.version)
    .equals('deployment', query.deployment)
    .equals('segment', query.segment)
    .time('window_start', '>=', query.from)
    .time('window_end', '<=', query.to);
  const length = where.bind(query.length, 'Int64');
  return where.add(`toUnixTimestamp64Milli(window_end) - toUnixTimestamp64Milli(window_start) = ${length}`);
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

  /**
   * Counts of the windows that lie in [from, to), added bin by bin into longer windows (`into`, counted from `origin`; null: one window that starts at
   * `from`), for each series, segment and field, in the bins of one baseline.
   */
  async merged(query: ProfileQuery & { baselineId: string; into: number | null; origin: number }) {
    const where = rangeOf(query).equals('baseline_id', query.baselineId, 'UUID');
    const w =
      query.into === null
        ? where.bind(query.from, 'Int64')
        : `intDiv(toUnixTimestamp64Milli(window_start) - ${where.bind(query.origin, 'Int64')}, ${where.bind(query.into, 'Int64')}) * ${where.bind(query.into, 'Int64')} + ${where.bind(query.origin, 'Int64')}`;
    return this.store.query({
      name: 'merge_profiles',
      sql: `SELECT version, deployment, segment, feature, ${w} AS w, sumForEach(counts) AS total, sum(n) AS rows FROM profiles FINAL ${where.where()}
        GROUP BY version, deployment, segment, feature, w ORDER BY version, deployment, segment, w, feature`,
      params: where.params,
      row: z.object({
        version: z.string(),
        deployment: z.string(),
        segment: z.string(),
        feature: z.string(),
        w: z.number(),
        total: z.array(z.number()),
        rows: z.number(),
      }),
    });
  }

  /** Versions of a model with kept windows, and the time range of these, epoch ms. */
  versions(model: string) {
    return this.store.query({
      name: 'profile_versions',
      sql: `SELECT version, toUnixTimestamp64Milli(min(window_start)) AS first, toUnixTimestamp64Milli(max(window_end)) AS last FROM profiles
        WHERE model = {model:String} GROUP BY version ORDER BY version`,
      params: { model },
      row: z.object({ version: z.string(), first: z.number(), last: z.number() }),
    });
  }

  /** In the bins of which baselines the windows in [from, to) are kept, the one that covers most first, of those the newest. */
  async baselines(query: ProfileQuery): Promise<{ baselineId: string; windows: number }[]> {
    const where = rangeOf(query);
    return this.store.query({
      name: 'profile_baselines',
      sql: `SELECT toString(baseline_id) AS baselineId, uniqExact(version, deployment, window_start) AS windows FROM profiles FINAL ${where.where()}
        GROUP BY baseline_id ORDER BY windows DESC, max(row_version) DESC`,
      params: where.params,
      row: z.object({ baselineId: z.string(), windows: z.number() }),
    });
  }

  /** Counts of one field over all windows that lie in [from, to), added bin by bin, per baseline. */
  sum(query: Omit<ProfileQuery, 'features'> & { feature: string }) {
    const where = rangeOf({ ...query, features: [query.feature] });
    return this.store.query({
      name: 'sum_profiles',
      sql: `SELECT toString(baseline_id) AS baseline_id, sumForEach(counts) AS total, sum(n) AS rows, uniqExact(window_start) AS windows FROM profiles FINAL ${where.where()} GROUP BY baseline_id ORDER BY rows DESC`,
      params: where.params,
      row: z.object({ baseline_id: z.string(), total: z.array(z.number()), rows: z.number(), windows: z.number() }),
    });
  }
}

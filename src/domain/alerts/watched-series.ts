// Stored numbers as alert rules look at them: a series' name, what it reached at most, and its windows.
import type { PointStatus } from '../contract/metrics.js';

/** A series of numbers that a rule watches. */
export interface SeriesKey {
  model: string;
  version: string;
  deployment: string;
  segment: string;
  feature: string;
  metric: string;
}

/** Windows of some models that have one length (ms) and are looked at over one range: they start at or after `from` and end by `endingBy`. */
export interface SeriesScope {
  models: readonly string[];
  length: number;
  from: number | null;
  endingBy: number;
}

/** What a series reached in the scope: enough to know that no threshold was passed. */
export interface SeriesSummary {
  key: SeriesKey;
  points: number;
  /** End of its newest window that has ended by the scope's time; epoch ms. */
  newestEnd: number;
  /** End of its first window that ends later, null where there is none. */
  nextEnd: number | null;
  /** Windows without a number. */
  missing: number;
  low: number | null;
  /** Of PSI: among the windows that are beyond what chance explains. */
  high: number | null;
}

/** One window of a series; `lower` is the lower bound of its number, for `psi_limit` the part that comes from chance. */
export interface StoredWindow {
  start: number;
  end: number;
  value: number | null;
  lower: number | null;
  n: number;
  coverage: number | null;
  status: PointStatus;
}

/** A series with its windows in order of time; `baseline`: of the newest one. */
export interface StoredSeries {
  key: SeriesKey;
  baseline: string | null;
  windows: StoredWindow[];
}

/** One metric of one field, over all versions, deployments and segments. */
export type WatchedField = Pick<SeriesKey, 'model' | 'metric' | 'feature'>;

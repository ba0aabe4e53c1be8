// What the alert services need of the outside.
import type {
  SeriesKey,
  SeriesScope,
  SeriesSummary,
  StoredSeries,
  WatchedField,
} from '../domain/alerts/watched-series.js';
import type { ChannelSenders } from '../domain/alerts/notice.js';
import type { AlertRule } from '../domain/alerts/rule.js';
import type { Channel, Silence } from '../domain/contract/alerts.js';
import type { AlertLog, DocumentStore, NotificationLog, PointStore } from './ports.js';

/** Shared reads of stored numbers, for many rules and models at once. */
export interface WatchedSeriesSource {
  /** Stays as it is while nothing was written; null where that cannot be known. */
  readonly writes: number | null;
  /** Models whose numbers were written after a version, with the newest version of each. */
  changedSince(version: number): Promise<{ model: string; version: number }[]>;
  summaries(scope: SeriesScope, metrics: readonly string[]): Promise<SeriesSummary[]>;
  series(scope: SeriesScope, fields: readonly WatchedField[]): Promise<StoredSeries[]>;
  /** The first number of each series that is not in doubt, of all time. */
  firstValues(
    scope: Omit<SeriesScope, 'from'>,
    fields: readonly WatchedField[],
  ): Promise<{ key: SeriesKey; value: number }[]>;
}

/** What is known of models. Lengths in milliseconds. */
export interface ModelFacts {
  list(): Promise<string[]>;
  minSamples(model: string): Promise<number>;
  windowLength(model: string): Promise<number>;
}

/** The share of a bin in the baseline and in a window, in 0..1. `label` reads after the feature's name: `> 1,200`, `= "UA"`. */
export interface BinShares {
  label: string;
  baselineShare: number;
  currentShare: number;
}

/** What explains an alert. */
export interface EvidencePort {
  /** All bins of the series' feature in that window; none where there is no baseline. */
  movedBins(series: SeriesKey, windowStart: number, windowEnd: number): Promise<BinShares[]>;
}

/** Everything that alerting is built on. */
export interface AlertPorts {
  rules: DocumentStore<AlertRule>;
  channels: DocumentStore<Channel>;
  silences: DocumentStore<Silence>;
  points: PointStore;
  series: WatchedSeriesSource;
  events: AlertLog;
  notifications: NotificationLog;
  models: ModelFacts;
  evidence: EvidencePort;
  senders: ChannelSenders;
  /** For what people do: acknowledging, listing, tests of channels. Jobs are told `now`. */
  clock: () => number;
  /** How long the process has run, ms: a time that is never set. */
  uptime: () => number;
  /** The address people reach the service at, without a slash at the end. */
  publicUrl: string;
}

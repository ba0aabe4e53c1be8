// What the alert services need of the outside.
import type { BaselineReference } from '../domain/alerts/baseline-reference.js';
import type {
  SeriesKey,
  SeriesScope,
  SeriesSummary,
  StoredSeries,
  WatchedField,
} from '../domain/alerts/watched-series.js';
import type { Contributions } from '../domain/alerts/contribution.js';
import type { BinContent } from '../domain/alerts/measure.js';
import type { ChannelSenders } from '../domain/alerts/notice.js';
import type { AlertRule } from '../domain/alerts/rule.js';
import type { Channel, Silence } from '../domain/contract/alerts.js';
import type { MetricHistory } from './rule-proposals.js';
import type { AlertLinks } from './alert-links.js';
import type { WatchdogPort } from './builtin-alerts.js';
import type { KnownFields } from './alert-rule-check.js';
import type { AlertLog, DocumentStore, NotificationLog, PointStore } from './ports.js';

/** Shared reads of stored numbers, for many rules and models at once. */
export interface WatchedSeriesSource {
  /** Stays as it is while nothing was written; null where that cannot be known. */
  readonly writes: number | null;
  /** Models whose numbers were written after a version, with the newest version of each. */
  changedSince(version: number): Promise<{ model: string; version: number }[]>;
  summaries(scope: SeriesScope, metrics: readonly string[]): Promise<SeriesSummary[]>;
  series(scope: SeriesScope, fields: readonly WatchedField[]): Promise<StoredSeries[]>;
  /** What the numbers of each metric were, over all series of the whole model. */
  history(scope: SeriesScope, metrics: readonly string[]): Promise<MetricHistory[]>;
}

/** What is known of models. Lengths in milliseconds. */
export interface ModelFacts {
  list(): Promise<string[]>;
  minSamples(model: string): Promise<number>;
  windowLength(model: string): Promise<number>;
  /** Where prediction, score and truth are; null where that is not known. */
  columns(model: string): Promise<{ prediction: string | null; score: string | null; truthKey: string } | null>;
}

/** The share of a bin in the baseline and in a window, in 0..1. `label` reads after the feature's name: `> 1,200`, `= "UA"`. */
export interface BinShares {
  label: string;
  baselineShare: number;
  currentShare: number;
  content: BinContent;
  /** The baseline whose bin it is, and how many of its rows are in it. */
  baseline: { id: string; count: number };
}

/** What segments contributed to a change; `about`: what changed, in words. */
export interface SegmentEvidence {
  metric: string;
  about: string;
  found: Contributions;
}

/** A range of time, epoch ms. */
interface Period {
  from: number;
  to: number;
}

/** What explains an alert. */
export interface EvidencePort {
  /** All bins of the series' feature in that window; none where there is no baseline. */
  movedBins(series: SeriesKey, windowStart: number, windowEnd: number): Promise<BinShares[]>;
  /** Where the change of the series comes from: of its metric, or of the share of rows in the bins that gained. Null where nothing can be split. */
  segments(
    series: SeriesKey,
    after: Period,
    before: Period,
    bins: readonly BinShares[],
  ): Promise<SegmentEvidence | null>;
  /** Ids of rows that show it best. */
  examples(series: SeriesKey, range: Period, bins: readonly BinShares[], limit: number): Promise<string[]>;
}

/** What the model registry says of versions. */
export interface RegistryFacts {
  /** Versions that `@reference` meant, in periods that overlap [from, to], epoch ms; oldest first. */
  held(
    model: string,
    reference: string,
    from: number,
    to: number,
  ): Promise<{ version: string; from: number; to: number }[]>;
  /** The version to go back to where one that is in charge fails; null where there is none. */
  previous(model: string, version: string): Promise<{ version: string; was: 'Production' | 'champion' } | null>;
}

/** The baseline's own number of a metric and feature. */
export type BaselineNumbers = (metric: string, feature: string) => Promise<BaselineReference>;

/** Everything that alerting is built on. */
export interface AlertPorts {
  registry: RegistryFacts;
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
  watchdog: WatchdogPort;
  links: AlertLinks;
  /** Why an address may not be sent to, or null. */
  addressProblem(url: string): Promise<string | null>;
  /** What the baseline in force says of a version and segment of a model. */
  baselineNumbers(of: Pick<SeriesKey, 'model' | 'version' | 'segment'>): Promise<BaselineNumbers>;
  /** What rules may name. */
  known: KnownFields;
  /** Where a rule stands as code, `line 12 of driftline.yml`; null where it came by the API. */
  fileOf(rule: string): string | null;
  /** For what people do: acknowledging, listing, tests of channels. Jobs are told `now`. */
  clock: () => number;
  /** How long the process has run, ms: a time that is never set. */
  uptime: () => number;
  /** The address people reach the service at, without a slash at the end. */
  publicUrl: string;
}

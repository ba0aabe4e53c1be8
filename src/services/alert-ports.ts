// What the alert services need of the outside.
import type { ChannelSenders } from '../domain/alerts/notice.js';
import type { AlertRule } from '../domain/alerts/rule.js';
import type { Channel, Silence } from '../domain/contract/alerts.js';
import type { AlertLog, DocumentStore, NotificationLog, PointStore, SeriesKey } from './ports.js';

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
  events: AlertLog;
  notifications: NotificationLog;
  models: ModelFacts;
  evidence: EvidencePort;
  senders: ChannelSenders;
  /** For what people do: acknowledging, listing, tests of channels. Jobs are told `now`. */
  clock: () => number;
  /** The address people reach the service at, without a slash at the end. */
  publicUrl: string;
}

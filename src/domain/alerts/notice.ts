// A notice: everything that one notification says, before a channel puts it into its own form. No text is rendered here.
import type { Channel } from '../contract/alerts.js';

/** One alert in a notice. Times in epoch milliseconds; `state` is what the alert is at the time of the notice. */
export interface NoticeItem {
  alertId: string;
  version: string;
  feature: string;
  segment: string;
  metric: string;
  state: 'firing' | 'resolved' | 'no_data';
  severity: 'warning' | 'critical' | null;
  /** What the rule compares with, in words: `value` and `threshold` are ratios to it. Null where they are plain numbers. */
  relative: string | null;
  /** The number that it is a ratio to, where that is one for all windows. */
  reference: number | null;
  value: number | null;
  threshold: number | null;
  /** What chance alone reaches, where the metric has such a limit. */
  noiseLimit: number | null;
  n: number | null;
  since: number;
  windowStart: number;
  windowEnd: number;
  /** One sentence with the numbers. */
  why: string;
}

/** A bin whose share moved between the baseline and the window. Shares in 0..1. */
export interface MovedBin {
  version: string;
  feature: string;
  label: string;
  baselineShare: number;
  currentShare: number;
}

/**
 * What happened to quality in the window of an alert, as far as labels are in. `value` and its interval are of the named metric, `before` is of the
 * last window before the trouble.
 */
export interface NoticeQuality {
  version: string;
  coverage: number | null;
  metric: string | null;
  value: number | null;
  lower: number | null;
  upper: number | null;
  before: number | null;
}

/** The version in charge is in critical trouble, and another one was in charge before it. */
export interface NoticeRollback {
  version: string;
  previousVersion: string;
  /** What the earlier one was before: in Production, or else the champion. */
  was: 'Production' | 'champion';
}

/** One segment and what it contributed to a change; effects in the metric's own unit. */
export interface NoticeSegment {
  segment: string;
  valueBefore: number | null;
  valueAfter: number | null;
  mixEffect: number | null;
  rateEffect: number | null;
}

/** Where a change comes from. `metric` is `share` for the share of rows in some bins, which `about` names. */
export interface NoticeSegments {
  metric: string;
  about: string;
  before: number | null;
  after: number | null;
  segments: NoticeSegment[];
}

/** The newest windows of the worst alert's series, oldest first; `past`: beyond the limit that held there. */
export interface NoticeChart {
  metric: string;
  /** Which of the alerts it shows, in words; empty for a number about the whole model. */
  where: string;
  windows: number;
  threshold: number | null;
  points: { value: number | null; past: boolean }[];
}

/** Addresses that acknowledge the alerts, or silence the rule for a day: signed, for a while, and only after a confirmation. */
export interface NoticeLinks {
  acknowledge: string;
  silence: string;
}

/** One notification of one group (rule, model, deployment) to one channel. */
export interface Notice {
  /** Stable over retries, restarts and crashes: what a receiver sees twice with one id is one notification. */
  id: string;
  kind: 'firing' | 'resolved' | 'update' | 'test';
  reason: string;
  rule: string;
  model: string;
  deployment: string;
  channel: string;
  /** Worst first. */
  open: NoticeItem[];
  resolved: NoticeItem[];
  movedBins: MovedBin[];
  quality: NoticeQuality[];
  /** What to go back to; absent where nothing is critical or nothing was before. */
  rollback?: NoticeRollback | undefined;
  segments?: NoticeSegments | undefined;
  chart?: NoticeChart | undefined;
  links?: NoticeLinks | undefined;
  /** The service's address with the model, version and time range. */
  link: string;
  /** The page of the worst alert: its numbers, example rows and the SQL behind them. Absent where there is no such alert. */
  query?: string | undefined;
  /** Shell commands: turn the rule off (null where the rule is too long for a command), silence it for a day. */
  stop: {
    disable: string | null;
    silence: string;
    /** Where the rule stands as code, and is turned off; null where it does not. */ file: string | null;
  };
  messageId: string;
  /** Message-Id of the first mail of the thread, or null. */
  inReplyTo: string | null;
  at: number;
}

/** A failed send. `attempts` were made; `permanent` where trying the same again cannot help. */
export class DeliveryError extends Error {
  constructor(
    message: string,
    readonly attempts: number,
    readonly permanent: boolean,
    /** The other side did not answer at all: what is sent to it next will not arrive either. */
    readonly unreachable = false,
  ) {
    super(message);
    this.name = 'DeliveryError';
  }
}

/** What came of a send that succeeded. `warning`: what did not, such as one refused address of several. */
export interface Delivered {
  attempts: number;
  warning: string | null;
}

/** Sends notices through one type of channel. @throws DeliveryError */
export interface ChannelSender<C extends Channel = Channel> {
  send(channel: C, notice: Notice): Promise<Delivered>;
}

/** A sender for each type of channel. */
export type ChannelSenders = { [T in Channel['type']]: ChannelSender<Extract<Channel, { type: T }>> };

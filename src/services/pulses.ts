// What is wrong with feeds, jobs and channels right now, from what is known of their past.
import { formatNumber, formatTime, SERVICE } from '../domain/alerts/wording.js';
import { HOUR_MS } from '../domain/duration.js';
import type { NotificationRow } from './ports.js';

/** When a feed last had predictions, and how it was before. Times in epoch ms; lengths in ms. */
export interface FeedPulse {
  model: string;
  deployment: string;
  last: number;
  longestGap: number;
  /** Slots of 15 minutes with predictions that were looked at. */
  slots: number;
}

/** The scheduled runs of a job in the last days. */
export interface JobPulse {
  job: string;
  lastOk: number | null;
  firstStart: number;
  lastStart: number;
  runs: number;
  lastErrors: string[];
}

/** Something that is wrong now. */
export interface Condition {
  model: string;
  deployment: string;
  feature: string;
  value: number;
  threshold: number;
  since: number;
  why: string;
}

/** A feed is judged by its past: this many slots of it. */
const FEWEST_SLOTS = 24;
/** How much longer than ever before a feed has to be silent. */
const SILENCE_FACTOR = 2;
/** A job that runs every minute may miss a few. */
const MISSED_RUNS = 10;

function hours(length: number): string {
  return `${formatNumber(length / HOUR_MS)} h`;
}

/** Feeds that are silent for longer than `after` ms; null: than their own past allows. */
export async function silentFeeds(
  pulses: readonly FeedPulse[],
  windowLength: (model: string) => Promise<number>,
  now: number,
  after: number | null,
): Promise<Condition[]> {
  const found: Condition[] = [];
  for (const { model, deployment, last, longestGap, slots } of pulses) {
    if (after === null && slots < FEWEST_SLOTS) continue;
    const limit = after ?? Math.max(2 * (await windowLength(model)), HOUR_MS, SILENCE_FACTOR * longestGap);
    const silence = now - last;
    if (silence <= limit) continue;
    const judged =
      after === null ? `the longest pause before was ${hours(longestGap)}` : `the limit is ${hours(after)}`;
    found.push({
      model,
      deployment,
      feature: '',
      value: silence / HOUR_MS,
      threshold: limit / HOUR_MS,
      since: last,
      why: `there have been no predictions since ${formatTime(last)}, ${hours(silence)}; ${judged}`,
    });
  }
  return found;
}

/** Jobs without a good run for longer than `after` ms; null: than their own interval allows. */
export function stoppedJobs(pulses: readonly JobPulse[], now: number, after: number | null): Condition[] {
  return pulses.flatMap(({ job, lastOk, firstStart, lastStart, runs, lastErrors }) => {
    if (runs < 2) return [];
    const interval = (lastStart - firstStart) / (runs - 1);
    const limit = after ?? Math.max(HOUR_MS, MISSED_RUNS * interval);
    const since = lastOk ?? firstStart;
    if (now - since <= limit) return [];
    const [error] = lastErrors;
    const why = `the job ${job} has not run without errors since ${formatTime(since)}${error === undefined ? '' : `: ${error}`}`;
    const lengths = { value: (now - since) / HOUR_MS, threshold: limit / HOUR_MS };
    return [{ model: SERVICE, deployment: '', feature: job, ...lengths, since, why }];
  });
}

/** Channels whose newest notification could not be delivered, for at least `after` ms. `told`: the newest lines about every rule. */
export function deadChannels(told: Iterable<NotificationRow>, now: number, after: number): Condition[] {
  const rows = [...told];
  const sent = new Map<string, number>();
  for (const { channel, outcome, at } of rows)
    if (outcome === 'sent') sent.set(channel, Math.max(at, sent.get(channel) ?? -Infinity));
  const broken = new Map<string, { since: number; at: number; error: string }>();
  for (const { channel, outcome, at, error } of rows) {
    if (outcome !== 'failed' || at <= (sent.get(channel) ?? -Infinity)) continue;
    const known = broken.get(channel) ?? { since: at, at: -Infinity, error: '' };
    const newest = at > known.at ? { at, error: error ?? 'failed' } : known;
    broken.set(channel, { ...newest, since: Math.min(at, known.since) });
  }
  return [...broken]
    .filter(([, { since }]) => now - since >= after)
    .map(([channel, { since, error }]) => ({
      model: SERVICE,
      deployment: '',
      feature: channel,
      value: 1,
      threshold: 0,
      since,
      why: `the channel ${channel} cannot be reached: ${error}`,
    }));
}

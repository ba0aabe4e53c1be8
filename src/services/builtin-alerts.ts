// Alerts that nobody has to set up: a feed that dried up, a job that stopped, a channel that cannot be reached.
import { v5 as uuidv5 } from 'uuid';
import { type z } from 'zod';
import { alertRuleSchema, type AlertRule } from '../domain/alerts/rule.js';
import { formatNumber, formatTime } from '../domain/alerts/wording.js';
import type { Alert } from '../domain/contract/alerts.js';
import { builtinAlertsSchema, type BuiltinAlerts } from '../domain/contract/builtin-alerts.js';
import { iso } from '../domain/contract/common.js';
import type { JobResult } from '../domain/contract/metrics.js';
import { HOUR_MS } from '../domain/duration.js';
import { closedBecause, isOpen } from './alert-reconcile.js';
import type { AlertMemory } from './alert-memory.js';
import { watchText } from './alert-memory.js';
import type { AlertPorts } from './alert-ports.js';
import type { Delivery } from './delivery.js';
import type { AlertEvent, DocumentStore } from './ports.js';

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

/** What is watched over. */
export interface WatchdogPort {
  feeds(now: number): Promise<FeedPulse[]>;
  jobs(now: number): Promise<JobPulse[]>;
  settings: DocumentStore<z.output<typeof builtinAlertsSchema>>;
}

type Kind = keyof BuiltinAlerts;
export const BUILTIN_RULES: Record<Kind, string> = {
  feeds: 'driftline.feeds',
  jobs: 'driftline.jobs',
  channels: 'driftline.channels',
};
const METRICS: Record<Kind, string> = { feeds: 'feed_silence', jobs: 'job_silence', channels: 'channel_failures' };
/** What alerts about the service itself have as their model. */
export const SERVICE = '(service)';
const NAMESPACE = '6f0f2a52-93e3-5f0e-8a55-0f0d3c1f7b11';
const SETTING = 'builtin_alerts';
/** A feed is judged by its past: this many slots of it. */
const FEWEST_SLOTS = 24;
/** How much longer than ever before a feed has to be silent. */
const SILENCE_FACTOR = 2;
/** A job that runs every minute may miss a few. */
const MISSED_RUNS = 10;
/** Feeds and jobs are looked at this often, ms. */
const EVERY = 60_000;

/** Something that is wrong now. */
interface Condition {
  model: string;
  deployment: string;
  feature: string;
  value: number;
  threshold: number;
  since: number;
  why: string;
}

export class BuiltinAlertsWatch {
  private known: { writes: number | null; settings: BuiltinAlerts } | null = null;
  private looked: { now: number; feeds: Condition[]; jobs: Condition[] } | null = null;

  constructor(
    private readonly ports: AlertPorts,
    private readonly memory: AlertMemory,
    private readonly delivery: Delivery,
  ) {}

  async settings(): Promise<BuiltinAlerts> {
    return (await this.ports.watchdog.settings.get(SETTING)) ?? builtinAlertsSchema.parse({});
  }

  /** Read again only after something was written: a run that finds nothing new reads nothing. */
  private async current(): Promise<BuiltinAlerts> {
    const { writes } = this.ports.series;
    if (this.known === null || writes === null || this.known.writes !== writes)
      this.known = { writes, settings: await this.settings() };
    return this.known.settings;
  }

  putSettings(settings: BuiltinAlerts): Promise<void> {
    return this.ports.watchdog.settings.put(SETTING, settings);
  }

  /** Bring the log up to date with what is wrong at `now`, and tell the channels. What fails is in the result's errors. */
  async evaluate(now: number, result: JobResult): Promise<void> {
    const settings = await this.current();
    if (this.looked === null || now - this.looked.now >= EVERY || now < this.looked.now)
      this.looked = {
        now,
        feeds: settings.feeds.enabled ? await this.feeds(now) : [],
        jobs: settings.jobs.enabled ? await this.jobs() : [],
      };
    await this.memory.refresh();
    const found: Record<Kind, Condition[]> = {
      feeds: this.looked.feeds,
      jobs: this.looked.jobs,
      channels: settings.channels.enabled ? this.channels() : [],
    };
    for (const kind of ['feeds', 'jobs', 'channels'] as const)
      await this.settle(kind, found[kind], settings, now, result);
  }

  private async feeds(now: number): Promise<Condition[]> {
    const pulses = await this.ports.watchdog.feeds(now);
    const found: Condition[] = [];
    for (const { model, deployment, last, longestGap, slots } of pulses) {
      if (slots < FEWEST_SLOTS) continue;
      const window = await this.ports.models.windowLength(model);
      const limit = Math.max(2 * window, HOUR_MS, SILENCE_FACTOR * longestGap);
      const silence = now - last;
      if (silence <= limit) continue;
      const why = `there have been no predictions since ${formatTime(last)}, ${hours(silence)}; the longest pause before was ${hours(longestGap)}`;
      found.push({
        model,
        deployment,
        feature: '',
        value: silence / HOUR_MS,
        threshold: limit / HOUR_MS,
        since: last,
        why,
      });
    }
    return found;
  }

  private async jobs(): Promise<Condition[]> {
    const now = this.ports.clock();
    return (await this.ports.watchdog.jobs(now)).flatMap(({ job, lastOk, firstStart, lastStart, runs, lastErrors }) => {
      if (runs < 2) return [];
      const interval = (lastStart - firstStart) / (runs - 1);
      const limit = Math.max(HOUR_MS, MISSED_RUNS * interval);
      const since = lastOk ?? firstStart;
      if (now - since <= limit) return [];
      const [error] = lastErrors;
      const why = `the job ${job} has not run without errors since ${formatTime(since)}${error === undefined ? '' : `: ${error}`}`;
      const lengths = { value: (now - since) / HOUR_MS, threshold: limit / HOUR_MS };
      return [{ model: SERVICE, deployment: '', feature: job, ...lengths, since, why }];
    });
  }

  /** Channels whose newest notification could not be delivered. */
  private channels(): Condition[] {
    const newest = new Map<string, { sent: number; failed: number; error: string }>();
    for (const row of this.memory.allTold()) {
      const known = newest.get(row.channel) ?? { sent: -Infinity, failed: -Infinity, error: '' };
      if (row.outcome === 'sent') known.sent = Math.max(known.sent, row.at);
      else if (row.at > known.failed) Object.assign(known, { failed: row.at, error: row.error ?? 'failed' });
      newest.set(row.channel, known);
    }
    return [...newest].flatMap(([channel, { sent, failed, error }]) =>
      failed > sent && this.memory.configured.channels.has(channel)
        ? [
            {
              model: SERVICE,
              deployment: '',
              feature: channel,
              value: 1,
              threshold: 0,
              since: failed,
              why: `the channel ${channel} cannot be reached: ${error}`,
            },
          ]
        : [],
    );
  }

  private async settle(
    kind: Kind,
    found: readonly Condition[],
    settings: BuiltinAlerts,
    now: number,
    result: JobResult,
  ): Promise<void> {
    const rule = BUILTIN_RULES[kind];
    const models = new Set([...found.map(({ model }) => model), ...this.memory.modelsOf(rule)]);
    for (const model of models) {
      const logged = this.memory.logged(watchText(rule, model));
      const mine = found.filter((one) => one.model === model);
      const events = changes(kind, mine, logged, now, settings[kind].enabled);
      try {
        await this.ports.events.append(events);
        await this.tell(kind, model, mine, settings, newestLines(logged, events), now, result);
      } catch (error) {
        result.errors.push(`${rule}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  private async tell(
    kind: Kind,
    model: string,
    found: readonly Condition[],
    settings: BuiltinAlerts,
    alerts: readonly AlertEvent[],
    now: number,
    result: JobResult,
  ): Promise<void> {
    const told = this.memory.told(watchText(BUILTIN_RULES[kind], model));
    const { channels, silences } = this.memory.configured;
    // A channel that cannot be reached is reported by the others.
    const dead = kind === 'channels' ? new Set(found.map(({ feature }) => feature)) : new Set<string>();
    const names = (settings[kind].channels ?? [...channels.keys()]).filter(
      (name) => channels.has(name) && !dead.has(name),
    );
    if (names.length === 0 || (told.length === 0 && !alerts.some(({ alert }) => isOpen(alert)))) return;
    const rule: AlertRule = alertRuleSchema.parse({ model: '*', metric: METRICS[kind], critical: 0, channels: names });
    const disable = `curl -X PUT '${this.ports.publicUrl}/v1/builtin-alerts' -H 'content-type: application/json' -d '{"${kind}":{"enabled":false}}'`;
    const request = {
      ruleName: BUILTIN_RULES[kind],
      rule,
      model,
      now,
      alerts,
      told,
      channels,
      silences,
      plain: { disable },
    };
    result.errors.push(...(await this.delivery.notify(request)).errors);
  }
}

function hours(length: number): string {
  return `${formatNumber(length / HOUR_MS)} h`;
}

const ENDED: Record<Kind, string> = {
  feeds: 'predictions arrive again, or none has for so long that nobody waits for them',
  jobs: 'the job runs again',
  channels: 'the channel is reached again',
};

/** What the log has to learn: what began, what moved, what is over. */
function changes(
  kind: Kind,
  found: readonly Condition[],
  logged: readonly AlertEvent[],
  now: number,
  enabled: boolean,
): AlertEvent[] {
  const rule = BUILTIN_RULES[kind];
  const ids = new Set<string>();
  const opened = found.flatMap((one): AlertEvent[] => {
    const id = uuidv5(JSON.stringify([rule, one.model, one.deployment, one.feature, one.since]), NAMESPACE);
    ids.add(id);
    if (logged.some(({ alert }) => alert.id === id && isOpen(alert))) return [];
    const { model, deployment, feature, value, threshold, since, why } = one;
    const alert: Alert = {
      id, rule, model, version: '', deployment, feature, segment: '', metric: METRICS[kind], state: 'firing', severity: 'critical',
      value, threshold, since: iso(since), window_start: iso(since), window_end: iso(Math.max(now, since + 1)), why, updated_at: iso(now),
    }; // prettier-ignore
    return [
      {
        alert,
        // Found and told in one run: the episode must be older than the telling.
        detail: { reason: 'fired', episode: since - 1 },
        at: now,
      },
    ];
  });
  const over = logged
    .filter(({ alert }) => isOpen(alert) && !ids.has(alert.id))
    .map((event) => closedBecause(event, enabled ? ENDED[kind] : 'switched off', now));
  return [...over, ...opened];
}

function newestLines(logged: readonly AlertEvent[], events: readonly AlertEvent[]): AlertEvent[] {
  return [...new Map([...[...logged].reverse(), ...events].map((event) => [event.alert.id, event])).values()];
}

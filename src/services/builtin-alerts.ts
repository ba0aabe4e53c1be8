// Alerts that nobody has to set up: a feed that dried up, a job that stopped, a channel that cannot be reached.
import { v5 as uuidv5 } from 'uuid';
import { type z } from 'zod';
import { alertRuleSchema, type AlertRule } from '../domain/alerts/rule.js';
import type { Alert } from '../domain/contract/alerts.js';
import {
  BUILTIN_KINDS,
  builtinAlertsSchema,
  type BuiltinAlerts,
  type BuiltinKind,
} from '../domain/contract/builtin-alerts.js';
import { iso } from '../domain/contract/common.js';
import type { JobResult } from '../domain/contract/metrics.js';
import { parseDuration } from '../domain/duration.js';
import { isDeepStrictEqual } from 'node:util';
import { closedBecause, isOpen } from './alert-reconcile.js';
import type { AlertMemory } from './alert-memory.js';
import { watchText } from './alert-memory.js';
import type { AlertPorts } from './alert-ports.js';
import type { Delivery } from './delivery.js';
import type { AlertEvent, DocumentStore } from './ports.js';
import { deadChannels, silentFeeds, stoppedJobs, type Condition, type FeedPulse, type JobPulse } from './pulses.js';

/** What is watched over. */
export interface WatchdogPort {
  feeds(now: number): Promise<FeedPulse[]>;
  jobs(now: number): Promise<JobPulse[]>;
  /** Whether a job is meant to run by itself. */
  isPlanned(job: string): boolean;
  settings: DocumentStore<z.output<typeof builtinAlertsSchema>>;
}

export const BUILTIN_RULES: Record<BuiltinKind, string> = {
  feeds: 'driftline.feeds',
  jobs: 'driftline.jobs',
  channels: 'driftline.channels',
};
const METRICS: Record<BuiltinKind, string> = {
  feeds: 'feed_silence',
  jobs: 'job_silence',
  channels: 'channel_failures',
};
const NAMESPACE = '6f0f2a52-93e3-5f0e-8a55-0f0d3c1f7b11';
const SETTING = 'builtin_alerts';
/** Feeds and jobs are looked at this often, ms. */
const EVERY = 60_000;

/** What was last looked at, under which settings. */
interface Looked {
  now: number;
  settings: BuiltinAlerts;
  feeds: Condition[];
  jobs: Condition[];
  /** Feeds that had predictions lately, silent or not. */
  waitedFor: ReadonlySet<string>;
  /** When each job that runs by itself last ran well. */
  goodRuns: ReadonlyMap<string, number>;
}

export class BuiltinAlertsWatch {
  private known: { writes: number | null; settings: BuiltinAlerts } | null = null;
  private looked: Looked | null = null;

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
    const looked = (this.isFresh(now, settings) ? this.looked : null) ?? (await this.look(now, settings));
    this.looked = looked;
    await this.memory.refresh();
    const { feeds, jobs } = looked;
    const found: Record<BuiltinKind, Condition[]> = { feeds, jobs, channels: this.channels(now, settings) };
    for (const kind of BUILTIN_KINDS) await this.settle(kind, found[kind], looked, now, result);
  }

  private async look(now: number, settings: BuiltinAlerts): Promise<Looked> {
    const { watchdog, models } = this.ports;
    const pulses = settings.feeds.enabled ? await watchdog.feeds(now) : [];
    // Jobs run on the clock of this service, whatever time an evaluation is asked about.
    const clock = this.ports.clock();
    const runs = (settings.jobs.enabled ? await watchdog.jobs(clock) : []).filter(({ job }) => watchdog.isPlanned(job));
    return {
      now,
      settings,
      waitedFor: new Set(pulses.map(feedText)),
      feeds: await silentFeeds(pulses, (model) => models.windowLength(model), now, lengthOf(settings.feeds.after)),
      jobs: stoppedJobs(runs, clock, lengthOf(settings.jobs.after)),
      goodRuns: new Map(runs.map(({ job, lastOk }) => [job, lastOk ?? -Infinity])),
    };
  }

  private channels(now: number, { channels: { enabled, after } }: BuiltinAlerts): Condition[] {
    if (!enabled) return [];
    const known = this.memory.configured.channels;
    const told = [...this.memory.allTold()].filter(({ channel }) => known.has(channel));
    return deadChannels(told, now, lengthOf(after) ?? 0);
  }

  /** Whether what was last looked at is still good: for a minute, under the same settings. */
  private isFresh(now: number, settings: BuiltinAlerts): boolean {
    if (this.looked === null || !isDeepStrictEqual(this.looked.settings, settings)) return false;
    return now >= this.looked.now && now - this.looked.now < EVERY;
  }

  /** Why an alert that nothing speaks for any more is over, or null where nothing speaks against it either: what stopped long ago leaves no trace. */
  private endOf(kind: BuiltinKind, alert: Alert, { settings, waitedFor, goodRuns }: Looked): string | null {
    if (!settings[kind].enabled) return 'switched off';
    const { feature, since } = alert;
    switch (kind) {
      case 'feeds':
        return waitedFor.has(feedText(alert))
          ? 'predictions arrive again'
          : 'none came for a month: the feed is not watched any more';
      case 'jobs':
        if (!this.ports.watchdog.isPlanned(feature)) return `the job ${feature} is not scheduled any more`;
        return (goodRuns.get(feature) ?? -Infinity) > Date.parse(since) ? `the job ${feature} runs again` : null;
      case 'channels':
        return this.memory.configured.channels.has(feature)
          ? `the channel ${feature} is reached again`
          : `the channel ${feature} was removed`;
    }
  }

  private async settle(
    kind: BuiltinKind,
    found: readonly Condition[],
    looked: Looked,
    now: number,
    result: JobResult,
  ): Promise<void> {
    const rule = BUILTIN_RULES[kind];
    const models = new Set([...found.map(({ model }) => model), ...this.memory.modelsOf(rule)]);
    for (const model of models) {
      const logged = this.memory.logged(watchText(rule, model));
      const mine = found.filter((one) => one.model === model);
      const events = changes(kind, mine, logged, now, (alert) => this.endOf(kind, alert, looked));
      try {
        await this.ports.events.append(events);
        await this.tell(kind, model, mine, looked.settings, newestLines(logged, events), now, result);
      } catch (error) {
        result.errors.push(`${rule}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  private async tell(
    kind: BuiltinKind,
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
    const off = JSON.stringify({ ...settings, [kind]: { ...settings[kind], enabled: false } });
    const disable = `curl -X PUT '${this.ports.publicUrl}/v1/builtin-alerts' -H 'content-type: application/json' -d '${off}'`;
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

function feedText({ model, deployment }: { model: string; deployment: string }): string {
  return JSON.stringify([model, deployment]);
}

function lengthOf(after: string | null): number | null {
  return after === null ? null : parseDuration(after);
}

/** What the log has to learn: what began, what moved, what is over. */
function changes(
  kind: BuiltinKind,
  found: readonly Condition[],
  logged: readonly AlertEvent[],
  now: number,
  endOf: (alert: Alert) => string | null,
): AlertEvent[] {
  const rule = BUILTIN_RULES[kind];
  const ids = new Set<string>();
  const opened = found.flatMap((one): AlertEvent[] => {
    // Jobs and channels that fail again have not been well in between: it is the same alert, whatever is remembered of its start.
    const open =
      kind === 'feeds' ? undefined : logged.find(({ alert }) => isOpen(alert) && alert.feature === one.feature);
    const id =
      open?.alert.id ?? uuidv5(JSON.stringify([rule, one.model, one.deployment, one.feature, one.since]), NAMESPACE);
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
    .flatMap((event) => {
      const why = endOf(event.alert);
      return why === null ? [] : [closedBecause(event, why, now)];
    });
  return [...over, ...opened];
}

function newestLines(logged: readonly AlertEvent[], events: readonly AlertEvent[]): AlertEvent[] {
  return [...new Map([...[...logged].reverse(), ...events].map((event) => [event.alert.id, event])).values()];
}

// The `alerts` job: every rule held against the stored numbers, the log brought up to date, the channels told.
import { matchesPattern, type AlertRule } from '../domain/alerts/rule.js';
import type { JobResult } from '../domain/contract/metrics.js';
import type { AlertPorts } from './alert-ports.js';
import { closedBecause, isOpen, reconcile, standingOf } from './alert-reconcile.js';
import {
  isWatched,
  LOOKBACK_WINDOWS,
  SeriesReader,
  seriesText,
  type RuleSeries,
  type SeriesQuery,
} from './alert-series.js';
import type { Delivery } from './delivery.js';
import type { AlertEvent, SeriesKey } from './ports.js';

/** What an evaluation is told. `to` before `now` evaluates as of then; `from` widens the look-back. Epoch milliseconds. */
export interface EvaluateOptions {
  model: string | null;
  now: number;
  from: number | null;
  to: number | null;
  progress?: (done: number, total: number) => void;
}

/** A rule on one model. */
interface Watch {
  name: string;
  rule: AlertRule;
  ruleSince: number;
  model: string;
}

/** The most alerts of one rule on one model that an evaluation looks at, newest first. */
const MAX_ALERTS = 10_000;
const OPEN_STATES = ['pending', 'firing', 'acknowledged', 'no_data', 'error'];

/** Evaluates rules. Never throws for one rule or channel: what failed is in the answer's `errors`, and is tried again next time. */
export class AlertEvaluation {
  private readonly reader: SeriesReader;

  constructor(
    private readonly ports: AlertPorts,
    private readonly delivery: Delivery,
  ) {
    this.reader = new SeriesReader(ports.points);
  }

  async evaluate(options: EvaluateOptions): Promise<JobResult> {
    const result: JobResult = { windows: 0, points: 0, errors: [] };
    const rules = await this.ports.rules.list();
    const watches = await this.watches(rules, options.model);
    let done = 0;
    for (const watch of watches) {
      try {
        await this.evaluateWatch(watch, options, result);
      } catch (error) {
        result.errors.push(
          `rule ${watch.name} on ${watch.model}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
      done += 1;
      options.progress?.(done, watches.length);
    }
    await this.withdraw(rules, watches, options);
    return result;
  }

  /** Enabled rules with the models they watch. */
  private async watches(
    rules: readonly { name: string; doc: AlertRule; updatedAt: number }[],
    only: string | null,
  ): Promise<Watch[]> {
    const enabled = rules.filter(({ doc }) => doc.enabled);
    const known = enabled.some(({ doc }) => doc.model.includes('*')) ? await this.ports.models.list() : [];
    return enabled.flatMap(({ name, doc: rule, updatedAt: ruleSince }) => {
      const models = rule.model.includes('*')
        ? known.filter((model) => matchesPattern(rule.model, model))
        : [rule.model];
      return models
        .filter((model) => only === null || model === only)
        .map((model) => ({ name, rule, ruleSince, model }));
    });
  }

  private async evaluateWatch(watch: Watch, options: EvaluateOptions, result: JobResult): Promise<void> {
    const { name, rule, model } = watch;
    const query = await this.queryFor(watch, options);
    const [{ series: found, from }, logged, minSamples] = await Promise.all([
      this.reader.read(query),
      this.ports.events.latest({ rule: name, model, states: null, limit: MAX_ALERTS }),
      this.ports.models.minSamples(model),
    ]);
    const series = withoutReplaced(found, rule, query.windowLength);
    const bySeries = groupBySeries(logged);
    const events: AlertEvent[] = [];
    for (const one of series) {
      result.points += one.observations.length;
      const known = bySeries.get(seriesText(one.key)) ?? [];
      // An evaluation of the past must not rewrite what is known of later windows.
      if (known.some(({ alert }) => Date.parse(alert.window_end) > query.endingBy)) continue;
      const standing = standingOf(name, rule, one, minSamples);
      events.push(...reconcile(standing, known, { now: options.now, from, ruleSince: watch.ruleSince }));
    }
    events.push(
      ...this.withoutNumbers(
        watch,
        logged,
        new Set(series.map((one) => seriesText(one.key))),
        query.endingBy,
        options.now,
      ),
    );
    result.windows += new Set(series.flatMap((one) => one.observations.map((window) => window.windowStart))).size;
    await this.ports.events.append(events);
    const { errors } = await this.delivery.notify({
      ruleName: name,
      rule,
      model,
      now: options.now,
      alerts: newestLines(logged, events),
    });
    result.errors.push(...errors);
  }

  private async queryFor({ rule, model }: Watch, { from, to, now }: EvaluateOptions): Promise<SeriesQuery> {
    const windowLength = await this.ports.models.windowLength(model);
    const endingBy = Math.min(now, to ?? now);
    const lookback = endingBy - LOOKBACK_WINDOWS * windowLength;
    return { rule, model, windowLength, from: from === null ? null : Math.min(from, lookback), endingBy };
  }

  /** Open alerts whose series has no numbers any more, or is not watched any more, do not stay open for ever. */
  private withoutNumbers(
    watch: Watch,
    logged: readonly AlertEvent[],
    seen: ReadonlySet<string>,
    endingBy: number,
    now: number,
  ): AlertEvent[] {
    return logged
      .filter(({ alert }) => isOpen(alert) && !seen.has(seriesText(alert)) && Date.parse(alert.window_end) <= endingBy)
      .map((event) => {
        const watched = isWatched(watch.rule, event.alert);
        const why = watched
          ? `there are no numbers of it in the last ${LOOKBACK_WINDOWS} windows, or another version has replaced it`
          : 'the rule does not watch it any more';
        return closedBecause(event, why, now);
      });
  }

  /** Close the alerts of rules that are gone or off, without telling anybody: whoever did that knows. */
  private async withdraw(
    rules: readonly { name: string; doc: AlertRule }[],
    watches: readonly Watch[],
    options: EvaluateOptions,
  ): Promise<void> {
    const open = await this.ports.events.latest({
      rule: null,
      model: options.model,
      states: OPEN_STATES,
      limit: MAX_ALERTS,
    });
    const active = new Set(watches.map(({ name, model }) => JSON.stringify([name, model])));
    const byName = new Map(rules.map(({ name, doc }) => [name, doc]));
    const orphans = open.filter(({ alert }) => !active.has(JSON.stringify([alert.rule, alert.model])));
    await this.ports.events.append(
      orphans.map((event) => {
        const rule = byName.get(event.alert.rule);
        const why =
          rule === undefined
            ? 'rule deleted'
            : rule.enabled
              ? 'the rule does not watch this model any more'
              : 'rule disabled';
        return closedBecause(event, why, options.now);
      }),
    );
  }
}

/**
 * Series of versions that still have windows: a version that ended longer ago than the rule counts, while another one of its deployment went on,
 * has been replaced, and its last window is not the state of anything. Values that clients send have no such windows.
 */
function withoutReplaced(series: readonly RuleSeries[], rule: AlertRule, windowLength: number): RuleSeries[] {
  if (rule.metric.startsWith('aggregate.')) return [...series];
  const newest = new Map<string, number>();
  const end = (one: RuleSeries) => one.observations[one.observations.length - 1]?.windowEnd ?? 0;
  const names = ({ key }: RuleSeries) =>
    [JSON.stringify([key.deployment]), JSON.stringify([key.deployment, key.version])] as const;
  for (const one of series) for (const name of names(one)) newest.set(name, Math.max(end(one), newest.get(name) ?? 0));
  return series.filter((one) => {
    const [deployment, version] = names(one).map((name) => newest.get(name) ?? 0);
    return (deployment ?? 0) - (version ?? 0) <= rule.of * windowLength;
  });
}

function groupBySeries(events: readonly AlertEvent[]): Map<string, AlertEvent[]> {
  const groups = new Map<string, AlertEvent[]>();
  for (const event of events) {
    const text = seriesText(event.alert satisfies SeriesKey);
    groups.set(text, [...(groups.get(text) ?? []), event]);
  }
  return groups;
}

/** The newest line of each alert after these events. */
function newestLines(logged: readonly AlertEvent[], events: readonly AlertEvent[]): AlertEvent[] {
  return [...new Map([...[...logged].reverse(), ...events].map((event) => [event.alert.id, event])).values()];
}

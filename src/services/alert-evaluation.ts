// The `alerts` job: rules held against the numbers that changed, the log brought up to date, the channels told.
import { isDeepStrictEqual } from 'node:util';
import { matchesPattern, type AlertRule } from '../domain/alerts/rule.js';
import type { JobResult } from '../domain/contract/metrics.js';
import { AlertMemory, watchText, type Stamp } from './alert-memory.js';
import { referenceOf } from '../domain/registry/held.js';
import type { AlertPorts, RegistryFacts } from './alert-ports.js';
import { SeriesReader, type SeriesRequest, type WatchPlan } from './alert-reading.js';
import { closedBecause, isOpen, reconcile, standingOf } from './alert-reconcile.js';
import { isWatched, LOOKBACK_WINDOWS, seriesText, type RuleSeries } from './alert-series.js';
import { BUILTIN_RULES, BuiltinAlertsWatch } from './builtin-alerts.js';
import type { Delivery } from './delivery.js';
import type { AlertEvent } from './ports.js';

/** What an evaluation is told. `to` before `now` evaluates as of then; `from` widens the look-back. Epoch milliseconds. */
export interface EvaluateOptions {
  model: string | null;
  now: number;
  from: number | null;
  to: number | null;
  progress?: (done: number, total: number) => void;
}

/** A rule on a model, with all that its evaluation depends on besides the numbers. */
interface Watch {
  name: string;
  text: string;
  /** With the version that it names now, where it names one by stage or alias. */
  rule: AlertRule;
  /** As it was written. */
  written: AlertRule;
  ruleSince: number;
  model: string;
  minSamples: number;
  request: SeriesRequest;
  /** Newest version of the model's numbers when the run began. */
  version: number;
}

/** A watch that is evaluated: its plan, what the log says, and whether the outcome may be remembered. */
interface Work {
  watch: Watch;
  plan: WatchPlan;
  logged: AlertEvent[];
}

const BUILTIN: ReadonlySet<string> = new Set(Object.values(BUILTIN_RULES));
/** How many series are in memory at a time, at about 400 windows each. */
const SERIES_AT_ONCE = 1500;

/** Evaluates rules. Never throws for one rule or channel: what failed is in the answer's `errors`, and is tried again next time. */
export class AlertEvaluation {
  private readonly reader: SeriesReader;
  readonly memory: AlertMemory;
  readonly builtin: BuiltinAlertsWatch;

  constructor(
    private readonly ports: AlertPorts,
    private readonly delivery: Delivery,
  ) {
    this.reader = new SeriesReader(ports);
    this.memory = new AlertMemory(ports);
    this.builtin = new BuiltinAlertsWatch(ports, this.memory, delivery);
  }

  async evaluate(options: EvaluateOptions): Promise<JobResult> {
    const result: JobResult = { windows: 0, points: 0, errors: [] };
    this.delivery.begin();
    await this.memory.refresh();
    const watches = await this.watches(options);
    const dirty: Watch[] = [];
    let done = 0;
    const advance = (count: number): void => options.progress?.((done += count), watches.length);
    for (const watch of watches) {
      const stamp = this.memory.stampOf(watch.text);
      if (options.from !== null || stamp === undefined || !isCurrent(stamp, watch)) dirty.push(watch);
      else {
        result.windows += stamp.windows;
        result.points += stamp.points;
        await this.tell(watch, this.memory.logged(watch.text), options.now, result);
        advance(1);
      }
    }
    for (const batch of await this.planned(dirty, result)) {
      await this.evaluateBatch(batch, options, result);
      advance(batch.length);
    }
    await this.withdraw(watches, options);
    if (options.model === null && options.from === null && options.to === null)
      await this.watchOver(options.now, result);
    return result;
  }

  private async watchOver(now: number, result: JobResult): Promise<void> {
    try {
      await this.builtin.evaluate(now, result);
    } catch (error) {
      result.errors.push(`built-in alerts: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Enabled rules with the models they watch. */
  private async watches(options: EvaluateOptions): Promise<Watch[]> {
    const { rules, models: known } = this.memory.configured;
    const endingBy = Math.min(options.now, options.to ?? options.now);
    const watches: Watch[] = [];
    for (const { name, doc: written, updatedAt: ruleSince } of rules.filter(({ doc }) => doc.enabled)) {
      const models = written.model.includes('*')
        ? known.filter((model) => matchesPattern(written.model, model))
        : [written.model];
      for (const model of models.filter((one) => options.model === null || one === options.model)) {
        const rule = await resolved(this.ports.registry, written, model, endingBy);
        const windowLength = await this.ports.models.windowLength(model);
        const minSamples = await this.ports.models.minSamples(model);
        const lookback = endingBy - LOOKBACK_WINDOWS * windowLength;
        const from = options.from === null ? null : Math.min(options.from, lookback);
        const request = { rule, model, windowLength, from, endingBy };
        const [text, version] = [watchText(name, model), this.memory.versionOf(model)];
        watches.push({ name, text, rule, written, ruleSince, model, minSamples, request, version });
      }
    }
    return watches;
  }

  /** The watches with what they are about, in batches that fit in memory. What cannot be read is in the result's errors. */
  private async planned(watches: readonly Watch[], result: JobResult): Promise<Work[][]> {
    if (watches.length === 0) return [];
    const logged = new Map(watches.map((watch) => [watch.text, this.memory.logged(watch.text)]));
    const openSeries = new Map(
      watches.map(({ text, request }) => [
        request,
        new Set((logged.get(text) ?? []).filter(({ alert }) => isOpen(alert)).map(({ alert }) => seriesText(alert))),
      ]),
    );
    try {
      const plans = await this.reader.plan(
        watches.map(({ request }) => request),
        (request, key) => openSeries.get(request)?.has(seriesText(key)) ?? false,
      );
      const works = watches.flatMap((watch, index): Work[] => {
        const plan = plans[index];
        return plan === undefined ? [] : [{ watch, plan, logged: logged.get(watch.text) ?? [] }];
      });
      return batches(works);
    } catch (error) {
      result.errors.push(failed(watches, error));
      return [];
    }
  }

  private async evaluateBatch(batch: readonly Work[], options: EvaluateOptions, result: JobResult): Promise<void> {
    try {
      const series = await this.reader.load(batch.map(({ plan }) => plan));
      const events = batch.map((work, index) => this.eventsOf(work, series[index] ?? [], options.now));
      await this.ports.events.append(events.flat());
      for (const [index, work] of batch.entries()) {
        const { watch, plan, logged } = work;
        const stamp = this.stampFor(watch, plan);
        result.windows += stamp.windows;
        result.points += stamp.points;
        // An evaluation as of another time says nothing about the next one.
        const asOfNow = options.from === null && watch.request.endingBy === options.now;
        this.memory.stamp(watch.text, asOfNow ? stamp : null);
        await this.tell(watch, newestLines(logged, events[index] ?? []), options.now, result);
      }
    } catch (error) {
      for (const { watch } of batch) this.memory.stamp(watch.text, null);
      result.errors.push(
        failed(
          batch.map(({ watch }) => watch),
          error,
        ),
      );
    }
  }

  private eventsOf({ watch, plan, logged }: Work, series: readonly RuleSeries[], now: number): AlertEvent[] {
    const bySeries = groupBySeries(logged);
    const { endingBy } = watch.request;
    const events: AlertEvent[] = [];
    for (const one of series) {
      const known = bySeries.get(seriesText(one.key)) ?? [];
      // An evaluation of the past must not rewrite what is known of later windows.
      if (known.some(({ alert }) => Date.parse(alert.window_end) > endingBy)) continue;
      const standing = standingOf(watch.name, watch.rule, one, watch.minSamples);
      events.push(...reconcile(standing, known, { now, from: plan.from, ruleSince: watch.ruleSince }));
    }
    const seen = new Set(plan.seen.map(({ key }) => seriesText(key)));
    return [...events, ...withoutNumbers(watch, logged, seen, now)];
  }

  private stampFor({ rule, ruleSince, minSamples, version, request }: Watch, plan: WatchPlan): Stamp {
    const { windowLength, endingBy } = request;
    const windows = Math.max(0, ...plan.seen.map(({ points }) => points));
    const points = plan.seen.reduce((sum, one) => sum + one.points, 0);
    return { rule, ruleSince, minSamples, version, windowLength, endingBy, nextEnd: plan.nextEnd, windows, points };
  }

  private async tell(watch: Watch, alerts: readonly AlertEvent[], now: number, result: JobResult): Promise<void> {
    const told = this.memory.told(watch.text);
    if (told.length === 0 && !alerts.some(({ alert }) => isOpen(alert))) return;
    const { channels, silences } = this.memory.configured;
    try {
      const { name: ruleName, written: rule, model } = watch;
      const { errors } = await this.delivery.notify({ ruleName, rule, model, now, alerts, told, channels, silences });
      result.errors.push(...errors);
    } catch (error) {
      result.errors.push(failed([watch], error));
    }
  }

  /** Close the alerts of rules that are gone or off, without telling anybody: whoever did that knows. */
  private async withdraw(watches: readonly Watch[], options: EvaluateOptions): Promise<void> {
    const active = new Set(watches.map(({ text }) => text));
    const byName = new Map(this.memory.configured.rules.map(({ name, doc }) => [name, doc]));
    const orphans = this.memory
      .open()
      .filter(({ alert }) => options.model === null || alert.model === options.model)
      .filter(({ alert }) => !active.has(watchText(alert.rule, alert.model)) && !BUILTIN.has(alert.rule));
    await this.ports.events.append(
      orphans.map((event) => {
        const rule = byName.get(event.alert.rule);
        const unwatched = rule?.enabled === true ? 'the rule does not watch this model any more' : 'rule disabled';
        return closedBecause(event, rule === undefined ? 'rule deleted' : unwatched, options.now);
      }),
    );
  }
}

/**
 * A rule on what `@Production` or `@champion` meant at a time; the rule itself where it names versions. Where the reference means nothing, it
 * stays as it is and watches nothing: no version is called so.
 */
async function resolved(registry: RegistryFacts, rule: AlertRule, model: string, at: number): Promise<AlertRule> {
  const reference = referenceOf(rule.version);
  if (reference === null) return rule;
  const [period] = (await registry.held(model, reference, at, at)).reverse();
  return { ...rule, version: period?.version ?? rule.version };
}

/** Whether nothing that an evaluation depends on has changed since. */
function isCurrent(stamp: Stamp, { rule, ruleSince, minSamples, version, request }: Watch): boolean {
  return (
    stamp.ruleSince === ruleSince &&
    stamp.version === version &&
    stamp.windowLength === request.windowLength &&
    stamp.minSamples === minSamples &&
    stamp.endingBy <= request.endingBy &&
    request.endingBy < (stamp.nextEnd ?? Infinity) &&
    (stamp.rule === rule || isDeepStrictEqual(stamp.rule, rule))
  );
}

/** Works in batches of so many series at a time; a rule is never split. */
function batches(works: readonly Work[]): Work[][] {
  const found: Work[][] = [];
  let size = Infinity;
  for (const work of works) {
    if (size + work.plan.needed.length > SERIES_AT_ONCE) {
      found.push([]);
      size = 0;
    }
    found.at(-1)?.push(work);
    size += work.plan.needed.length;
  }
  return found;
}

/** One line for rules that could not be evaluated: they are tried again by the next run. */
function failed(watches: readonly Watch[], error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const [first] = watches;
  const others = watches.length > 1 ? ` and ${watches.length - 1} more` : '';
  return `rule ${first?.name ?? ''} on ${first?.model ?? ''}${others}: ${reason}`;
}

/** Open alerts whose series has no numbers any more, or is not watched any more, do not stay open for ever. */
function withoutNumbers(
  { rule, written, request }: Watch,
  logged: readonly AlertEvent[],
  seen: ReadonlySet<string>,
  now: number,
): AlertEvent[] {
  return logged
    .filter(({ alert }) => isOpen(alert) && !seen.has(seriesText(alert)))
    .filter(({ alert }) => Date.parse(alert.window_end) <= request.endingBy)
    .map((event) => {
      const why = isWatched(rule, event.alert)
        ? `there are no numbers of it in the last ${LOOKBACK_WINDOWS} windows, or another version has replaced it`
        : rule === written
          ? 'the rule does not watch it any more'
          : `version ${event.alert.version} is not ${written.version} any more`;
      return closedBecause(event, why, now);
    });
}

function groupBySeries(events: readonly AlertEvent[]): Map<string, AlertEvent[]> {
  const groups = new Map<string, AlertEvent[]>();
  for (const event of events) {
    const text = seriesText(event.alert);
    groups.set(text, [...(groups.get(text) ?? []), event]);
  }
  return groups;
}

/** The newest line of each alert after these events. */
function newestLines(logged: readonly AlertEvent[], events: readonly AlertEvent[]): AlertEvent[] {
  return [...new Map([...[...logged].reverse(), ...events].map((event) => [event.alert.id, event])).values()];
}

// Reads what rules watch, for many rules and models at once: first what each series reached at most, then the series that may matter.
import { isRelativeToNoise, type BaselineReference } from '../domain/alerts/baseline-reference.js';
import { adjustTogether } from '../domain/alerts/correction.js';
import type { AlertRule } from '../domain/alerts/rule.js';
import type {
  SeriesKey,
  SeriesScope,
  SeriesSummary,
  StoredSeries,
  StoredWindow,
  WatchedField,
} from '../domain/alerts/watched-series.js';
import type { MetricPoint } from '../domain/contract/metrics.js';
import type { AlertPorts, BaselineNumbers } from './alert-ports.js';
import {
  ageOf,
  isWatched,
  LOOKBACK_WINDOWS,
  mayMatter,
  ruleSeries,
  seriesText,
  withoutReplaced,
  type RuleSeries,
} from './alert-series.js';

/** Predictions before 2000 are refused, so no window is older. */
const FIRST_TIME = Date.UTC(2000, 0, 1);
/** How much further back is looked where a model has no new windows. */
const WIDEN = 8;
/** Fields that are read by one statement: bounds what is in memory at a time. */
const FIELDS_AT_ONCE = 400;

/** A rule on a model, and which windows of it are looked at. Times in epoch ms. */
export interface SeriesRequest {
  rule: AlertRule;
  model: string;
  /** The model's window: numbers of other lengths are merged views and are left out. */
  windowLength: number;
  /** Windows that start at or after this time; null: as far as a rule looks back from the newest window. */
  from: number | null;
  /** Windows that end at or before this time. */
  endingBy: number;
}

/** What a request is about, before its windows are read. */
export interface WatchPlan {
  request: SeriesRequest;
  /** Where the look-back starts. */
  from: number;
  /** Every series the rule watches, replaced versions left out. */
  seen: SeriesSummary[];
  /** The series whose windows have to be folded. */
  needed: SeriesKey[];
  /** When the next stored window will have ended. */
  nextEnd: number | null;
  /** Series that clients send are read whole at once. */
  sent: Map<string, StoredSeries>;
}

/** What is known of one model in one scope. */
interface ModelSeries {
  from: number;
  summaries: SeriesSummary[];
}

const isSent = (rule: AlertRule): boolean => rule.metric.startsWith('aggregate.');
const fieldText = (field: WatchedField): string => JSON.stringify([field.model, field.metric, field.feature]);

/** Reads the series of rules. */
export class SeriesReader {
  constructor(private readonly ports: Pick<AlertPorts, 'series' | 'points' | 'baselineNumbers'>) {}

  /** What each request is about. `isOpen`: whether an alert of that series is open, whose windows are read whatever they reached; null reads all. */
  async plan(
    requests: readonly SeriesRequest[],
    isOpen: ((request: SeriesRequest, key: SeriesKey) => boolean) | null,
  ): Promise<WatchPlan[]> {
    const computed = requests.filter(({ rule }) => !isSent(rule));
    const models = new Map<string, ModelSeries>();
    for (const group of groupBy(computed, (one) => JSON.stringify([one.windowLength, one.from, one.endingBy])).values())
      await this.summarise(group, models);
    const plans: WatchPlan[] = [];
    for (const request of requests) {
      const known = models.get(scopeText(request)) ?? { from: FIRST_TIME, summaries: [] };
      plans.push(isSent(request.rule) ? await this.planSent(request) : planOf(request, known, isOpen));
    }
    return plans;
  }

  /** The needed series of some plans, in their order. */
  async load(plans: readonly WatchPlan[]): Promise<RuleSeries[][]> {
    const stored = new Map<string, StoredSeries>();
    const groups = groupBy(
      plans.filter(({ request, needed }) => !isSent(request.rule) && needed.length > 0),
      ({ request, from }) =>
        JSON.stringify([request.windowLength, from - (ageOf(request.rule) ?? 0), request.endingBy]),
    );
    for (const [, group] of groups) {
      const scope = scopeOf(group);
      const found = await this.windows(scope, fieldsOf(group));
      for (const series of found) keepLonger(stored, series);
    }
    // What is known of a baseline is asked once, however many rules and fields are held against it.
    const baselines = new Map<string, Promise<BaselineNumbers>>();
    const referenceOf = async (key: SeriesKey): Promise<BaselineReference> => {
      const text = JSON.stringify([key.model, key.version, key.segment]);
      const numbers = baselines.get(text) ?? this.ports.baselineNumbers(key);
      baselines.set(text, numbers);
      return (await numbers)(key.metric, key.feature);
    };
    return Promise.all(plans.map((plan) => this.seriesOf(plan, stored, referenceOf)));
  }

  private async seriesOf(
    plan: WatchPlan,
    stored: ReadonlyMap<string, StoredSeries>,
    referenceOf: (key: SeriesKey) => Promise<BaselineReference>,
  ): Promise<RuleSeries[]> {
    const { request, from, needed } = plan;
    const { rule, windowLength } = request;
    const fromBaseline = rule.relative_to === 'baseline' && !isRelativeToNoise(rule.metric);
    const source = isSent(rule) ? plan.sent : stored;
    const series: RuleSeries[] = [];
    for (const key of needed) {
      const one = source.get(seriesText(key));
      if (one === undefined) continue;
      const reference = fromBaseline ? await referenceOf(key) : null;
      const limits = rule.metric === 'psi' ? (stored.get(seriesText(key, 'psi_limit')) ?? null) : null;
      const made = ruleSeries(one, { rule, windowLength, from, limits, reference });
      if (made.observations.length > 0) series.push(made);
    }
    return rule.correction === null ? series : corrected(series);
  }

  /** Summaries of the models of requests that look at the same range, into `models`. A model without new windows is looked for further and further back. */
  private async summarise(group: readonly SeriesRequest[], models: Map<string, ModelSeries>): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const { windowLength: length, endingBy } = first;
    const metrics = [...new Set(group.map(({ rule }) => rule.metric))];
    const keep = (model: string, from: number, summaries: SeriesSummary[]) =>
      models.set(scopeText({ ...first, model }), { from, summaries });
    const read = async (names: readonly string[], from: number) =>
      groupBy(
        await this.ports.series.summaries({ models: names, length, from, endingBy }, metrics),
        (s) => s.key.model,
      );
    let pending = [...new Set(group.map(({ model }) => model))];
    if (first.from !== null) {
      const found = await read(pending, first.from);
      for (const model of pending) keep(model, first.from, found.get(model) ?? []);
      return;
    }
    for (let span = LOOKBACK_WINDOWS * length; pending.length > 0; span *= WIDEN) {
      const start = Math.max(FIRST_TIME, endingBy - span);
      const found = await read(pending, start);
      const left: string[] = [];
      for (const model of pending) {
        const summaries = found.get(model) ?? [];
        const newest = Math.max(-Infinity, ...summaries.filter((s) => s.points > 0).map((s) => s.newestEnd));
        const from = newest - LOOKBACK_WINDOWS * length;
        if (newest >= start + (LOOKBACK_WINDOWS * length) / 2 && span === LOOKBACK_WINDOWS * length)
          keep(model, Math.max(start, from), summaries);
        else if (newest > -Infinity) keep(model, from, (await read([model], from)).get(model) ?? []);
        else if (start === FIRST_TIME) keep(model, start, summaries);
        else left.push(model);
      }
      pending = left;
    }
  }

  private async windows(scope: SeriesScope, fields: readonly WatchedField[]): Promise<StoredSeries[]> {
    const series: StoredSeries[] = [];
    for (let at = 0; at < fields.length; at += FIELDS_AT_ONCE)
      series.push(...(await this.ports.series.series(scope, fields.slice(at, at + FIELDS_AT_ONCE))));
    return series;
  }

  /** Values that clients aggregate themselves have the length they chose, and are few. */
  private async planSent(request: SeriesRequest): Promise<WatchPlan> {
    const { rule, model, windowLength, endingBy } = request;
    const age = ageOf(rule) ?? 0;
    let start = request.from ?? Math.max(FIRST_TIME, endingBy - LOOKBACK_WINDOWS * windowLength);
    let points = await this.sentPoints(rule, model, start - age);
    for (
      let span = LOOKBACK_WINDOWS * windowLength * WIDEN;
      request.from === null && start > FIRST_TIME;
      span *= WIDEN
    ) {
      if (points.some((point) => point.windowEnd <= endingBy)) break;
      start = Math.max(FIRST_TIME, endingBy - span);
      points = await this.sentPoints(rule, model, start - age);
    }
    const later = points.filter((point) => point.windowEnd > endingBy).map((point) => point.windowEnd);
    const sent = new Map(
      [
        ...groupBy(
          points.filter((point) => point.windowEnd <= endingBy && isWatched(rule, point)),
          seriesText,
        ),
      ].map(([text, group]) => [text, storedSeries(group)]),
    );
    const seen = [...sent.values()].map(({ key, windows }) => ({
      key,
      points: windows.filter((window) => window.start >= start).length,
      newestEnd: windows.at(-1)?.end ?? 0,
      nextEnd: null,
      missing: 0,
      low: null,
      high: null,
    }));
    const nextEnd = later.length === 0 ? null : Math.min(...later);
    return { request, from: start, seen, needed: seen.map(({ key }) => key), nextEnd, sent };
  }

  private sentPoints(rule: AlertRule, model: string, from: number): Promise<MetricPoint[]> {
    const any = {
      features: null,
      version: null,
      deployment: null,
      segment: null,
      to: null,
      endingBy: null,
      limit: null,
    };
    return this.ports.points.read({ ...any, model, metrics: [rule.metric], from });
  }
}

function planOf(
  request: SeriesRequest,
  { from, summaries }: ModelSeries,
  isOpen: ((request: SeriesRequest, key: SeriesKey) => boolean) | null,
): WatchPlan {
  const { rule, windowLength } = request;
  const watched = summaries.filter(({ key }) => isWatched(rule, key));
  const later = watched.map(({ nextEnd }) => nextEnd).filter((end) => end !== null);
  const seen = withoutReplaced(
    watched.filter(({ points }) => points > 0),
    rule,
    windowLength,
  );
  const mattering = seen.filter((one) => isOpen === null || mayMatter(rule, one) || isOpen(request, one.key));
  // P-values are corrected together: one that may matter needs all the others.
  const needed = rule.correction !== null && mattering.length > 0 ? seen : mattering;
  return {
    request,
    from,
    seen,
    needed: needed.map(({ key }) => key),
    nextEnd: later.length === 0 ? null : Math.min(...later),
    sent: new Map(),
  };
}

/** P-values of the fields of one version, deployment and segment are one family of tests. */
function corrected(series: readonly RuleSeries[]): RuleSeries[] {
  const families = groupBy(series, ({ key }) => JSON.stringify([key.version, key.deployment, key.segment]));
  return [...families.values()].flatMap((family) => {
    const adjusted = adjustTogether(family.map(({ observations }) => observations));
    return family.map((one, index) => ({ ...one, observations: adjusted[index] ?? one.observations }));
  });
}

function scopeText({ model, windowLength, from, endingBy }: SeriesRequest): string {
  return JSON.stringify([model, windowLength, from, endingBy]);
}

/** One range over the models of plans that look at the same one. */
function scopeOf(group: readonly WatchPlan[]): SeriesScope {
  const [first] = group;
  if (first === undefined) throw new Error('a scope of nothing');
  const { request, from } = first;
  return {
    models: [...new Set(group.map((plan) => plan.request.model))],
    length: request.windowLength,
    from: from - (ageOf(request.rule) ?? 0),
    endingBy: request.endingBy,
  };
}

/** The fields of the needed series, and the limits that PSI is held against. */
function fieldsOf(plans: readonly WatchPlan[]): WatchedField[] {
  const fields = new Map<string, WatchedField>();
  for (const { model, metric, feature } of plans.flatMap(({ needed }) => needed))
    for (const name of metric === 'psi' ? ['psi', 'psi_limit'] : [metric])
      fields.set(fieldText({ model, metric: name, feature }), { model, metric: name, feature });
  return [...fields.values()];
}

/** Rules that look back differently far share what they read: the longest stretch of a series is kept. */
function keepLonger(stored: Map<string, StoredSeries>, series: StoredSeries): void {
  const text = seriesText(series.key);
  const known = stored.get(text);
  if (known === undefined || known.windows.length < series.windows.length) stored.set(text, series);
}

function storedSeries(points: readonly MetricPoint[]): StoredSeries {
  const [first] = points;
  if (first === undefined) throw new Error('a series without points');
  const { model, version, deployment, segment, feature, metric } = first;
  const windows = points.map(({ windowStart, windowEnd, value, lower, n, coverage, status }): StoredWindow => {
    return { start: windowStart, end: windowEnd, value, lower, n, coverage, status };
  });
  return {
    key: { model, version, deployment, segment, feature, metric },
    baseline: points.at(-1)?.baseline ?? null,
    windows,
  };
}

/** Things by a text, in order of first appearance. */
export function groupBy<T>(things: readonly T[], text: (thing: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) {
    const group = groups.get(text(thing));
    if (group === undefined) groups.set(text(thing), [thing]);
    else group.push(thing);
  }
  return groups;
}

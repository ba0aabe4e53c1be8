// The stored numbers of a rule's metric as series of observations, ready to fold.
import { isExact } from '../domain/alerts/metric-names.js';
import type { Observation } from '../domain/alerts/observation.js';
import { matchesPattern, type AlertRule } from '../domain/alerts/rule.js';
import type { MetricPoint } from '../domain/contract/metrics.js';
import { parseDuration } from '../domain/duration.js';
import { windowOf } from '../domain/window.js';
import type { PointStore, SeriesKey } from './ports.js';

/** How many windows back a rule looks: more than any rule counts, few enough to read each time. What is older is taken from the log. */
export const LOOKBACK_WINDOWS = 400;
/** Predictions before 2000 are refused, so no window is older. */
const FIRST_TIME = Date.UTC(2000, 0, 1);
/** How far into a series the first usable value is looked for, where a rule compares with it. */
const REFERENCE_SEARCH = 60;

/** A series that a rule watches, with its windows in order. */
export interface RuleSeries {
  key: SeriesKey;
  observations: Observation[];
  /** The baseline of the newest window. */
  baseline: string | null;
}

export interface SeriesQuery {
  rule: AlertRule;
  model: string;
  /** The model's window in milliseconds: numbers of other lengths are merged views and are left out. */
  windowLength: number;
  /** Windows that start at or after this time; null: as far as a rule looks back from the newest window. */
  from: number | null;
  /** Windows that end at or before this time. */
  endingBy: number;
}

/** A text that names a series, the same for equal ones only; without the metric where that does not matter. */
export function seriesText(key: SeriesKey, metric = key.metric): string {
  return JSON.stringify([key.model, key.version, key.deployment, key.segment, key.feature, metric]);
}

const exact = (pattern: string): string | null => (pattern.includes('*') ? null : pattern);

/** Whether a rule watches a series, apart from the model. */
export function isWatched(rule: AlertRule, key: Omit<SeriesKey, 'model'>): boolean {
  return (
    key.metric === rule.metric &&
    matchesPattern(rule.version, key.version) &&
    matchesPattern(rule.deployment, key.deployment) &&
    matchesPattern(rule.segment, key.segment) &&
    matchesPattern(rule.feature, key.feature)
  );
}

/** Reads the series of rules. */
export class SeriesReader {
  constructor(private readonly points: PointStore) {}

  /** The series of one model that the rule watches. `from` of the answer: where the look-back starts. */
  async read(query: SeriesQuery): Promise<{ series: RuleSeries[]; from: number }> {
    const age = ageOf(query.rule);
    const { points, from } = await this.inLookback(query, age ?? 0);
    const noise = noiseLimits(points);
    const groups = new Map<string, MetricPoint[]>();
    for (const point of points) {
      if (!isWatched(query.rule, point)) continue;
      const text = seriesText(point);
      const group = groups.get(text);
      if (group === undefined) groups.set(text, [point]);
      else group.push(point);
    }
    const series = [...groups.values()].map((group) => this.toSeries(query, group, noise, from, age));
    return { series: (await Promise.all(series)).filter(({ observations }) => observations.length > 0), from };
  }

  /** The points of the newest windows. A model without new windows is looked for further and further back. */
  private async inLookback(query: SeriesQuery, age: number): Promise<{ points: MetricPoint[]; from: number }> {
    if (query.from !== null) return { points: await this.fetch(query, query.from - age), from: query.from };
    const length = LOOKBACK_WINDOWS * query.windowLength;
    for (let span = length; ; span *= 8) {
      const start = Math.max(FIRST_TIME, query.endingBy - span);
      const points = await this.fetch(query, start - age);
      const newest = points.reduce((latest, point) => Math.max(latest, point.windowEnd), -Infinity);
      if (points.length > 0 && newest >= start + length / 2) return { points, from: Math.max(start, newest - length) };
      if (points.length > 0) return { points: await this.fetch(query, newest - length - age), from: newest - length };
      if (start === FIRST_TIME) return { points, from: start };
    }
  }

  private async fetch({ rule, model, endingBy, windowLength }: SeriesQuery, from: number): Promise<MetricPoint[]> {
    const feature = exact(rule.feature);
    const points = await this.points.read({
      model,
      metrics: rule.metric === 'psi' ? ['psi', 'psi_limit'] : [rule.metric],
      features: feature === null ? null : [feature],
      version: exact(rule.version),
      deployment: exact(rule.deployment),
      segment: exact(rule.segment),
      from,
      to: null,
      endingBy,
      limit: null,
    });
    // What clients aggregate themselves has the length they chose.
    const anyLength = rule.metric.startsWith('aggregate.');
    return points.filter((point) => anyLength || point.windowEnd - point.windowStart === windowLength);
  }

  private async toSeries(
    query: SeriesQuery,
    points: readonly MetricPoint[],
    noise: ReadonlyMap<string, number | null>,
    from: number,
    age: number | null,
  ): Promise<RuleSeries> {
    const byStart = new Map(points.map((point) => [point.windowStart, point]));
    const [first] = points;
    if (first === undefined) throw new Error('a series without points');
    const { model, version, deployment, segment, feature, metric } = first;
    const key = { model, version, deployment, segment, feature, metric };
    const fixed = query.rule.relative_to === 'baseline' ? await this.firstValue(query, key) : null;
    const reference = (point: MetricPoint): number | null => {
      if (age === null) return fixed;
      return usableValue(byStart.get(windowOf(point.windowStart - age, query.windowLength).start));
    };
    const current = [...byStart.values()].filter((point) => point.windowStart >= from);
    const observations = current.map((point) =>
      observation(point, noise.get(windowText(point)) ?? null, reference(point)),
    );
    return { key, observations, baseline: current.at(-1)?.baseline ?? null };
  }

  /** What a series is compared with where its baseline has no such number: the value of its first complete window. */
  private async firstValue({ endingBy, windowLength }: SeriesQuery, key: SeriesKey): Promise<number | null> {
    const { metric, feature, ...rest } = key;
    const points = await this.points.read({
      ...rest,
      metrics: [metric],
      features: [feature],
      from: null,
      to: null,
      endingBy,
      limit: REFERENCE_SEARCH,
    });
    const usable = points.filter((point) => point.windowEnd - point.windowStart === windowLength).map(usableValue);
    return usable.find((value) => value !== null) ?? null;
  }
}

function ageOf(rule: AlertRule): number | null {
  return rule.relative_to === null || rule.relative_to === 'baseline' ? null : parseDuration(rule.relative_to);
}

function usableValue(point: MetricPoint | undefined): number | null {
  return point?.status === 'ok' ? point.value : null;
}

function windowText(point: MetricPoint): string {
  return `${seriesText(point, 'psi')}${point.windowStart}`;
}

/** The part of each `psi_limit` that comes from chance alone: it stands in `lower`. */
function noiseLimits(points: readonly MetricPoint[]): Map<string, number | null> {
  return new Map(
    points.filter((point) => point.metric === 'psi_limit').map((point) => [windowText(point), point.lower]),
  );
}

function observation(point: MetricPoint, noiseLimit: number | null, reference: number | null): Observation {
  const { windowStart, windowEnd, value, n, coverage, metric } = point;
  // A count of 0 is a number: "fewer than 10 predictions" must fire in a window without any.
  const status = isExact(metric) && value !== null ? 'ok' : point.status;
  return {
    windowStart,
    windowEnd,
    value,
    status,
    n,
    coverage,
    noiseLimit: metric === 'psi' ? noiseLimit : null,
    reference,
  };
}

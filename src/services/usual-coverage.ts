// The labels that a series' windows usually have, read from its own earlier numbers.
import type { MetricPoint } from '../domain/contract/metrics.js';
import { LOOKBACK_WINDOWS, MIN_WINDOWS, usualCoverage, type PastCoverage } from '../domain/quality/coverage.js';
import type { GroupKey, WindowSelection } from '../domain/selection.js';
import type { PointStore } from './ports.js';

const METRICS = ['label_coverage', 'label_lag_p50', 'label_lag_p90', 'label_lag_p99'];

/** How many labels a window that starts at `group.w` usually has at an age (ms since its end); null where too little is known. */
export type Usual = (group: GroupKey, age: number) => number | null;

export class UsualCoverage {
  constructor(private readonly points: Pick<PointStore, 'read'>) {}

  /** How long all but one in a hundred labels of a model usually take, in whole windows, ms; 0 where little is known. */
  async lag(model: string, length: number, now: number): Promise<number> {
    const points = await this.points.read({
      model,
      metrics: ['label_lag_p99'],
      features: [''],
      version: null,
      deployment: null,
      segment: '',
      from: now - 2 * LOOKBACK_WINDOWS * length,
      to: now,
      endingBy: null,
      limit: null,
    });
    const lags = points.flatMap((point) => (point.value === null ? [] : [point.value]));
    return lags.length < MIN_WINDOWS ? 0 : Math.ceil(Math.max(0, median(lags) * 1000) / length) * length;
  }

  /** The newest window of a version that starts before `to`, all deployments apart: the one with the most rows counts. */
  async newest(
    model: string,
    version: string,
    { length, to, now }: { length: number; to: number; now: number },
  ): Promise<NewestLabels | null> {
    const read = await this.points.read({
      model,
      metrics: METRICS,
      features: [''],
      version,
      deployment: null,
      segment: '',
      from: to - (LOOKBACK_WINDOWS + 1) * length,
      to,
      endingBy: null,
      limit: null,
    });
    const points = read.filter((point) => point.windowEnd - point.windowStart === length);
    const [point] = points
      .filter((one) => one.metric === 'label_coverage' && one.value !== null)
      .sort((a, b) => b.windowStart - a.windowStart || b.n - a.n);
    if (point === undefined || point.value === null) return null;
    const past = bySeries(points).get(keyOf(point)) ?? [];
    const { windowStart: start, windowEnd: end, n, value: coverage, lower, upper } = point;
    return { start, end, n, coverage, lower, upper, usual: usualCoverage(past, start, Math.max(0, now - end)) };
  }

  /** What is usual for the windows of a selection. */
  async of(selection: WindowSelection): Promise<Usual> {
    const { model, length, from, to } = selection;
    if (length === null) return () => null;
    const read = await this.points.read({
      model,
      metrics: METRICS,
      features: [''],
      version: null,
      deployment: null,
      segment: selection.segments.length === 0 ? '' : null,
      from: from - LOOKBACK_WINDOWS * length,
      to,
      endingBy: null,
      limit: null,
    });
    const series = bySeries(read.filter((point) => point.windowEnd - point.windowStart === length));
    return (group, age) => usualCoverage(series.get(keyOf(group)) ?? [], group.w, age);
  }
}

/** Labels of the newest window of a version, and what is usual. Times in epoch ms. */
export interface NewestLabels {
  start: number;
  end: number;
  n: number;
  coverage: number;
  lower: number | null;
  upper: number | null;
  usual: number | null;
}

/** The middle one. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

function keyOf({ version, deployment, segment }: Pick<GroupKey, 'version' | 'deployment' | 'segment'>): string {
  return JSON.stringify([version, deployment, segment]);
}

/** Windows of each series of which coverage and lags are known. */
function bySeries(points: readonly MetricPoint[]): Map<string, PastCoverage[]> {
  const windows = new Map<string, Map<number, Map<string, number>>>();
  for (const point of points) {
    if (point.value === null) continue;
    const mine = windows.get(keyOf(point)) ?? new Map<number, Map<string, number>>();
    const values = mine.get(point.windowStart) ?? new Map<string, number>();
    values.set(point.metric, point.value);
    mine.set(point.windowStart, values);
    windows.set(keyOf(point), mine);
  }
  return new Map(
    [...windows].map(([key, mine]) => [
      key,
      [...mine].flatMap(([start, values]): PastCoverage[] => {
        const [coverage, lag50, lag90, lag99] = METRICS.map((metric) => values.get(metric));
        if (coverage === undefined || lag50 === undefined || lag90 === undefined || lag99 === undefined) return [];
        return [{ start, coverage, lag50, lag90, lag99 }];
      }),
    ]),
  );
}

// The scales of axes: round steps in the unit of the numbers, and times that say no more than they must.
import { formatter, isCount, isSeconds, isShare, metricValue, share, startsAtZero, type Zone } from './format.js';

/** Where an axis begins and ends, and how far its lines are apart. */
export interface Scale {
  min: number;
  max: number;
  interval: number;
}

/** Lines of an axis at the most, without the lowest. */
const MOST_STEPS = 5;
/** What is smaller is taken for the same. */
const LEAST = 1e-9;
/** A limit farther away than this many times the height of the numbers would flatten them. */
const REACH = 4;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** Steps that people count time in, seconds. */
const TIMES = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 7, 14, 30, 90, 180, 360].map((n) => n * DAY),
];
/** Steps that end at the whole. */
const SHARES = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1];

/** Round steps around `rough`, ascending. */
function decimals(rough: number): number[] {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10, 20, 50].map((n) => n * power);
}

/** The scale of a metric's values; `limits` are lines that should be in sight where they are near. */
export function scaleOf(metric: string, values: readonly number[], limits: readonly number[] = []): Scale {
  const fromZero = startsAtZero(metric);
  const known = values.filter(Number.isFinite);
  const all = withLimits(known.length === 0 ? [0, 1] : known, limits, fromZero);
  let [low, high] = [Math.min(...all), Math.max(...all)];
  if (fromZero) low = Math.min(0, low);
  if (high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high), LEAST)) [low, high] = spread(metric, low, fromZero);
  const rough = (high - low) / MOST_STEPS;
  const offered = isShare(metric) ? SHARES : isSeconds(metric) ? TIMES : decimals(rough);
  const steps = isCount(metric) ? [1, ...offered.filter((step) => Number.isInteger(step))] : offered;
  const fits = (step: number): boolean => Math.ceil(high / step - 1e-9) - Math.floor(low / step + 1e-9) <= MOST_STEPS;
  const interval = steps.find((step) => step >= rough * 0.8 && fits(step)) ?? decimals(rough).find(fits) ?? rough;
  const min = Math.floor(low / interval + 1e-9);
  const max = Math.max(min + 1, Math.ceil(high / interval - 1e-9));
  return { min: clean(min * interval), max: clean(max * interval), interval };
}

/** Something to see where every value is the same. */
function spread(metric: string, value: number, fromZero: boolean): [number, number] {
  if (Math.abs(value) <= LEAST) return [0, isShare(metric) ? 0.01 : 1];
  if (fromZero) return [0, value];
  const half = isShare(metric) ? 0.02 : Math.abs(value) * 0.05;
  return [value - half, isShare(metric) ? Math.min(1, value + half) : value + half];
}

function withLimits(values: readonly number[], limits: readonly number[], fromZero: boolean): number[] {
  const [low, high] = [Math.min(...(fromZero ? [0] : []), ...values), Math.max(...values)];
  const height = high - low;
  return [...values, ...limits.filter((limit) => limit <= high + REACH * height && limit >= low - REACH * height)];
}

/** Without what adding up floating point leaves behind. */
function clean(value: number): number {
  return Number(value.toPrecision(12));
}

/** A label of the axis: no more decimals than the step needs. */
export function axisLabel(metric: string, value: number, { interval }: Pick<Scale, 'interval'>): string {
  if (isShare(metric)) return share(value, Math.max(0, -Math.floor(Math.log10(100 * interval) + 1e-9)));
  return metricValue(metric, value);
}

const DAY_MS = 86_400_000;
/** A time on an axis from `min` to `max`: the hour within days, the day within months, the month within years. */
export function axisTime(value: number, { min = 0, max = 0 }: { min?: number; max?: number }, zone: Zone): string {
  const written = (at: number, options: Intl.DateTimeFormatOptions): string =>
    formatter(zone, options).format(new Date(at));
  if (max - min <= 3 * DAY_MS) {
    const clock = written(value, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    if (clock !== '00:00') return clock;
  } else if (max - min > 400 * DAY_MS) return written(value, { month: 'short', year: 'numeric' });
  const years = written(min, { year: 'numeric' }) !== written(max, { year: 'numeric' });
  return written(value, { day: 'numeric', month: 'short', ...(years ? { year: 'numeric' } : {}) });
}

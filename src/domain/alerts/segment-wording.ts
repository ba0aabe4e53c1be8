// Segments and series in words and marks, for notifications.
import type { NoticeChart, NoticeSegment, NoticeSegments } from './notice.js';
import { isShare } from '../metric-families.js';
import { formatNumber, formatValue, metricName, oneLine } from './wording.js';

/** A change: of a share in percentage points, else as a number. Always with its sign. */
function changeText(metric: string, change: number | null): string {
  if (change === null) return '-';
  const text = isShare(metric) ? `${formatNumber(Math.abs(change) * 100)} points` : formatNumber(Math.abs(change));
  return `${change < 0 ? '-' : '+'}${text}`;
}

/** `accuracy 81 % -> 74 %`, what was split over segments. */
export function segmentsHeading({ metric, about, before, after }: NoticeSegments): string {
  const name = metric === 'share' ? oneLine(about) : metricName(metric);
  return `${name}: ${formatValue(metric, before)} -> ${formatValue(metric, after)}`;
}

/** `tags.region=US: 90 % -> 50 %, -9.8 points of the change (its own value -9.8 points, its share of the rows +0 points)`. */
export function segmentPhrase(metric: string, one: NoticeSegment): string {
  const name = one.segment.endsWith('=') ? `no ${one.segment.slice(0, -1)}` : one.segment;
  const moved = `${formatValue(metric, one.valueBefore)} -> ${formatValue(metric, one.valueAfter)}`;
  const whole = one.mixEffect === null || one.rateEffect === null ? null : one.mixEffect + one.rateEffect;
  return `${oneLine(name)}: ${moved}, ${changeText(metric, whole)} of the change (its own value ${changeText(metric, one.rateEffect)}, its share of the rows ${changeText(metric, one.mixEffect)})`;
}

const BARS = '\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588';

/** The largest number that a chart has to show. */
export function chartTop({ points, threshold }: NoticeChart): number {
  return Math.max(threshold ?? 0, ...points.map(({ value }) => value ?? 0));
}

/** A chart in one line of characters, a window each; a gap is a dot. */
export function sparkline(chart: NoticeChart): string {
  const top = chartTop(chart);
  const bar = (value: number | null): string => {
    if (value === null) return '\u00b7';
    const level = top <= 0 ? 0 : Math.round((Math.max(0, value) / top) * (BARS.length - 1));
    return BARS[level] ?? BARS[0] ?? '';
  };
  return chart.points.map(({ value }) => bar(value)).join('');
}

/** What the chart shows, for those who do not see it. */
export function chartCaption({ metric, where, points, threshold, windows }: NoticeChart): string {
  const limit = threshold === null ? '' : `, limit ${formatValue(metric, threshold)}`;
  const newest = points.at(-1)?.value ?? null;
  const name = where === '' ? metricName(metric) : `${metricName(metric)} on ${where}`;
  return `${name} over the last ${windows} windows, now ${formatValue(metric, newest)}${limit}`;
}

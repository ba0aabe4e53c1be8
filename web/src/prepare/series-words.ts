// What a chart of a number over time says in words: at a time, and as a whole.
import type { Tip } from './chart.js';
import { day, interval, metricName, metricValue, plusMinus, share, type Zone } from './format.js';
import type { Line, Point, SeriesInput } from './series.js';

/** Where a point stands on the axis: in the middle of its window, epoch ms. */
export const middle = ({ window_start: start, window_end: end }: Pick<Point, 'window_start' | 'window_end'>): number =>
  (new Date(start).getTime() + new Date(end).getTime()) / 2;

/** What the pointer is told at a time, epoch ms. */
export function tipAt(x: number, lines: readonly Line[], zone: Zone): Tip | null {
  const found = lines.flatMap((line) => {
    const point = line.points.find((candidate) => middle(candidate) === x);
    return point === undefined ? [] : [{ line, point }];
  });
  const [first] = found;
  if (first === undefined) return null;
  const rows: [string, string][] = [];
  for (const { line, point } of found) {
    const spread = line.band === false ? '' : plusMinus(line.metric, point.value, point.lower, point.upper);
    const reason =
      point.value === null ? `- (${point.status.replaceAll('_', ' ')})` : metricValue(line.metric, point.value);
    rows.push([line.name, spread === '' ? reason : `${reason} ${spread}`]);
    if (line.band === false && point.upper !== null) rows.push([`limit`, metricValue(line.metric, point.upper)]);
    if (point.n !== null) rows.push(['n', point.n.toLocaleString('en-US')]);
    if (point.coverage !== null) rows.push(['coverage', share(point.coverage)]);
    if (point.value !== null && point.status !== 'ok') rows.push(['status', point.status.replaceAll('_', ' ')]);
  }
  return { title: interval(first.point.window_start, first.point.window_end, zone), lines: rows };
}

/** The chart in words. `young`: ranges whose labels are still due. */
export function sentence(input: SeriesInput, lines: readonly Line[], young: number): string {
  const { metric, zone, levels = [], spans = [] } = input;
  const name = metricName(metric);
  if (lines.length === 0) return `${name}: no numbers in this range.`;
  const parts = lines.map((line) => {
    const known = line.points.filter((point) => point.value !== null);
    const newest = known.at(-1);
    if (newest === undefined) return `${line.name}: no value`;
    const lowest = known.reduce((low, point) => ((point.value ?? 0) < (low.value ?? 0) ? point : low));
    const highest = known.reduce((high, point) => ((point.value ?? 0) > (high.value ?? 0) ? point : high));
    const show = (point: Point): string => metricValue(metric, point.value);
    return `${line.name}: newest ${show(newest)} (${day(newest.window_start, zone, false)}), lowest ${show(lowest)} (${day(lowest.window_start, zone, false)}), highest ${show(highest)} (${day(highest.window_start, zone, false)})`;
  });
  const limits = levels.map((level) => `${level.text}`);
  const rest = [
    ...(limits.length > 0 ? [`Lines at ${limits.join(', ')}`] : []),
    ...(spans.length > 0 ? [`${spans.length} alert${spans.length === 1 ? '' : 's'} in this range`] : []),
    ...(young > 0 ? ['the newest windows still wait for labels'] : []),
  ];
  return `${name} over time. ${[...parts, ...rest].join('. ')}.`;
}

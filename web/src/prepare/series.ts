// A number over time: one line a series with its interval, what it is held against, and what happened meanwhile.
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import { axisLabel, axisTime, scaleOf } from './axis.js';
import { frame, valueAxis, type ChartView, type LegendItem } from './chart.js';
import { metricName, type Zone } from './format.js';
import { seriesColor, type Palette } from './palette.js';
import { middle, sentence, tipAt } from './series-words.js';

/** A point as charts need it. */
export type Point = Pick<
  MetricPointJson,
  'window_start' | 'window_end' | 'value' | 'lower' | 'upper' | 'n' | 'coverage' | 'status'
>;

export interface Line {
  name: string;
  metric: string;
  points: readonly Point[];
  dashed?: boolean | 'dotted';
  /** Whether `lower` and `upper` are an interval; of a PSI, `upper` is its limit. */
  band?: boolean;
}

export interface Mark {
  time: string;
  text: string;
}
export interface Span {
  from: string;
  to: string;
  severity: 'warning' | 'critical' | null;
  text: string;
}
export interface Level {
  value: number;
  text: string;
  kind: 'warning' | 'critical' | 'reference';
}

export interface SeriesInput {
  metric: string;
  lines: readonly Line[];
  zone: Zone;
  palette: Palette;
  levels?: readonly Level[];
  spans?: readonly Span[];
  marks?: readonly Mark[];
  /** For a small chart: fewer labels. */
  compact?: boolean;
}

const at = (iso: string): number => new Date(iso).getTime();
/** Whether a line is what others are held against. */
const isReference = (line: Line): boolean => line.dashed !== undefined && line.dashed !== false;

/** The chart of a metric over time. */
export function seriesView(input: SeriesInput): ChartView {
  const { metric, lines, zone, palette, levels = [] } = input;
  const shown = lines.filter((line) => line.points.length > 0);
  const colors = shown.map((line, i) => (isReference(line) ? palette.baseline : seriesColor(palette, i)));
  const young = youngSpans(shown);
  // Once: every label of the axis asks for it, many times over.
  const range = extent(shown);
  const scale = scaleOf(
    metric,
    shown.flatMap(valuesOf),
    levels.map((level) => level.value),
  );
  const main = shown.flatMap((line, i) => lineSeries(line, colors[i] ?? palette.accent));
  const first = main.find((series) => series.silent !== true);
  if (first !== undefined) Object.assign(first, annotations(input));
  return {
    sentence: sentence(input, shown, young.length),
    legend: legend(shown, colors, young.length > 0, input),
    head: ['window start', 'window end', 'series', metricName(metric), 'lower', 'upper', 'n', 'coverage', 'status'],
    rows: shown.flatMap((line) =>
      line.points.map((point) => [
        point.window_start,
        point.window_end,
        line.name,
        point.value,
        point.lower,
        point.upper,
        point.n,
        point.coverage,
        point.status,
      ]),
    ),
    tip: (x) => tipAt(x, shown, zone),
    timed: true,
    option: {
      ...frame(palette),
      useUTC: zone === 'UTC',
      xAxis: {
        type: 'time',
        ...range,
        axisLine: { lineStyle: { color: palette.line } },
        axisTick: { show: false },
        // A label needs room around it, not only not to touch the next.
        axisLabel: {
          color: palette.muted,
          hideOverlap: true,
          padding: [0, 6],
          margin: 10,
          alignMinLabel: 'left',
          alignMaxLabel: 'right',
          formatter: (value: number) => axisTime(value, range, zone),
        },
        ...(input.compact === true ? { splitNumber: 3 } : {}),
        splitLine: { show: false },
      },
      yAxis: valueAxis(palette, scale, (value) => axisLabel(metric, value, scale)),
      series: [...(young.length > 0 ? [hatching(young, palette)] : []), ...main],
    },
  };
}

/** Everything that a line draws: its values, and its interval. */
function valuesOf(line: Line): number[] {
  return line.points.flatMap((point) =>
    [point.value, ...(line.band === false || point.value === null ? [] : [point.lower, point.upper])].filter(
      (value) => value !== null,
    ),
  );
}

interface Extent {
  min?: number;
  max?: number;
}

function extent(lines: readonly Line[]): Extent {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return {};
  return {
    min: Math.min(...points.map((point) => at(point.window_start))),
    max: Math.max(...points.map((point) => at(point.window_end))),
  };
}

type Series = Record<string, unknown> & { id: string };

function lineSeries(line: Line, color: string): Series[] {
  const id = `line ${line.name}`;
  const data = withGaps(line.points);
  const value = (pick: (point: Point) => number | null) =>
    data.map((entry) => [entry.x, entry.point === null ? null : pick(entry.point)]);
  const known = line.points.filter((point) => point.value !== null).length;
  const banded = line.band !== false && line.points.some((point) => point.lower !== null && point.upper !== null);
  const quiet = {
    type: 'line',
    symbol: 'none',
    silent: true,
    lineStyle: { opacity: 0 },
    stack: id,
    stackStrategy: 'all',
  };
  const bounds = (point: Point): boolean => point.lower !== null && point.upper !== null && point.value !== null;
  const band: Series[] = banded
    ? [
        { ...quiet, id: `low-${id}`, data: value((point) => (bounds(point) ? point.lower : null)) },
        {
          ...quiet,
          id: `high-${id}`,
          areaStyle: { color, opacity: 0.14 },
          data: value((point) => (bounds(point) ? (point.upper ?? 0) - (point.lower ?? 0) : null)),
        },
      ]
    : [];
  const own: Series = {
    id,
    type: 'line',
    name: line.name,
    data: value((point) => point.value),
    connectNulls: false,
    showSymbol: !isReference(line) && known <= 62,
    symbol: 'circle',
    symbolSize: known <= 31 ? 5 : 3,
    lineStyle: isReference(line)
      ? { color, width: line.dashed === 'dotted' ? 1.75 : 1.25, type: line.dashed === 'dotted' ? 'dotted' : 'dashed' }
      : { color, width: 1.75 },
    itemStyle: { color },
    emphasis: { disabled: true },
    z: 3,
  };
  return [...band, own];
}

/** Points in time with a gap wherever a window is missing. */
function withGaps(points: readonly Point[]): { x: number; point: Point | null }[] {
  const sorted = [...points].sort((a, b) => at(a.window_start) - at(b.window_start));
  const entries: { x: number; point: Point | null }[] = [];
  for (const [i, point] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before !== undefined && at(point.window_start) > at(before.window_end))
      entries.push({ x: at(before.window_end), point: null });
    entries.push({ x: middle(point), point });
  }
  return entries;
}

/** Ranges of windows whose labels are still due. */
function youngSpans(lines: readonly Line[]): [number, number][] {
  const spans = new Map<number, number>();
  for (const line of lines)
    for (const point of line.points)
      if (point.status === 'provisional' || point.status === 'no_labels')
        spans.set(at(point.window_start), at(point.window_end));
  const merged: [number, number][] = [];
  for (const [from, until] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && last[1] >= from) last[1] = Math.max(last[1], until);
    else merged.push([from, until]);
  }
  return merged;
}

interface ItemApi {
  value: (dimension: number) => number;
  coord: (point: [number, number]) => [number, number];
}
interface ItemParams {
  coordSys: { x: number; y: number; width: number; height: number };
}

/** Diagonal lines over ranges that are not final. */
function hatching(spans: readonly [number, number][], palette: Palette): Series {
  return {
    id: 'young',
    type: 'custom',
    silent: true,
    z: 1,
    data: spans,
    encode: { x: [0, 1] },
    renderItem: ({ coordSys: box }: ItemParams, api: ItemApi) => {
      const left = Math.max(box.x, api.coord([api.value(0), 0])[0]);
      const right = Math.min(box.x + box.width, api.coord([api.value(1), 0])[0]);
      const gap = 7;
      const children = [];
      for (let x = left - box.height; x < right; x += gap) {
        children.push({
          type: 'line',
          shape: { x1: x, y1: box.y + box.height, x2: x + box.height, y2: box.y },
          style: { stroke: palette.muted, lineWidth: 1, opacity: 0.28 },
        });
      }
      return {
        type: 'group',
        children,
        clipPath: { type: 'rect', shape: { x: left, y: box.y, width: Math.max(0, right - left), height: box.height } },
      };
    },
  };
}

function annotations({ levels = [], spans = [], marks = [], palette }: SeriesInput): Record<string, unknown> {
  const colorOf = (kind: Level['kind'] | Span['severity']): string =>
    kind === 'critical' ? palette.critical : kind === 'warning' ? palette.watch : palette.baseline;
  return {
    markLine: {
      silent: true,
      z: 10,
      symbol: 'none',
      animation: false,
      // A line's words stay readable over the numbers.
      label: { fontSize: 11.5, textBorderColor: palette.card, textBorderWidth: 3, padding: [1, 3] },
      data: [
        ...levels.map((level) => ({
          yAxis: level.value,
          name: level.text,
          lineStyle: { color: colorOf(level.kind), width: 1, type: level.kind === 'reference' ? 'dashed' : 'solid' },
          label: {
            formatter: '{b}',
            position: level.kind === 'reference' ? 'insideEndTop' : 'insideStartTop',
            color: level.kind === 'reference' ? palette.muted : colorOf(level.kind),
          },
        })),
        ...marks.map((mark) => ({
          xAxis: at(mark.time),
          name: mark.text,
          lineStyle: { color: palette.muted, width: 1, type: 'dotted' },
          label: {
            formatter: '{b}',
            position: 'insideEndTop',
            rotate: 0,
            align: 'left',
            color: palette.muted,
            distance: [4, 2],
          },
        })),
      ],
    },
    markArea: {
      silent: true,
      animation: false,
      data: spans.map((span) => [
        { xAxis: at(span.from), itemStyle: { color: colorOf(span.severity), opacity: 0.1 } },
        { xAxis: at(span.to) },
      ]),
    },
  };
}

function legend(lines: readonly Line[], colors: readonly string[], young: boolean, input: SeriesInput): LegendItem[] {
  const { palette, spans = [] } = input;
  return [
    ...lines.map((line, i) => ({ name: line.name, color: colors[i] ?? palette.accent, dashed: line.dashed ?? false })),
    ...(young ? [{ name: 'labels still due', color: palette.muted, hatched: true }] : []),
    ...(spans.length > 0
      ? [
          {
            name: 'alert',
            color: spans.some((span) => span.severity === 'critical') ? palette.critical : palette.watch,
          },
        ]
      : []),
  ];
}

// What every chart is made of: an ECharts option, a sentence that says the same, and the rows behind it.
import type { Scale } from './axis.js';
import type { Palette } from './palette.js';
import type { SortValue } from './sort.js';

/** What the pointer is told about one place of a chart. */
export interface Tip {
  title: string;
  lines: readonly (readonly [string, string])[];
}

export interface LegendItem {
  name: string;
  color: string;
  dashed?: boolean | 'dotted';
  hatched?: boolean;
}

/** A chart, ready to be shown and read. */
export interface ChartView {
  sentence: string;
  option: Record<string, unknown>;
  legend: readonly LegendItem[];
  head: readonly string[];
  rows: readonly (readonly SortValue[])[];
  /** Whether the x axis is time, to be dragged over. */
  timed?: boolean;
  /** The tip at a place on the x axis: epoch ms, or the index of a category. */
  tip: (x: number) => Tip | null;
}

/** The page's own font, by name: text is measured before it is in the page. */
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif";

/** What all charts share: no movement, quiet axes, the page's font. */
export function frame(palette: Palette): Record<string, unknown> {
  return {
    animation: false,
    textStyle: { fontFamily: FONT, color: palette.muted, fontSize: 12 },
    grid: { left: 4, right: 16, top: 16, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    tooltip: {
      trigger: 'axis',
      confine: true,
      transitionDuration: 0,
      backgroundColor: palette.card,
      borderColor: palette.line,
      textStyle: { color: palette.text, fontSize: 12.5 },
      axisPointer: { type: 'line', lineStyle: { color: palette.muted, width: 1 } },
    },
  };
}

/** An axis of values with its unit in the labels. */
export function valueAxis(palette: Palette, scale: Scale, format: (value: number) => string): Record<string, unknown> {
  return {
    type: 'value',
    ...scale,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: palette.muted, formatter: format },
    splitLine: { lineStyle: { color: palette.line } },
  };
}

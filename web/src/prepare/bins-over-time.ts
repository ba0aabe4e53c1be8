// A field's distribution over time: how far each bin is from its share in the baseline, window by window.
import type { Distribution } from '../../../src/domain/contract/metrics.js';
import { axisTime } from './axis.js';
import { extentOf, type HeatView } from './grid.js';
import { interval, share, type Zone } from './format.js';

/** Columns at the most: more windows are added up. */
const COLUMNS = 60;
/** Windows that the service answers at most. */
export const MOST_WINDOWS = 2000;
/** Points of per cent at which a cell gets deeper. */
const STEPS = [0.02, 0.04, 0.07, 0.1, 0.15] as const;

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a window such as `15m`, as the service writes it. */
function lengthOf(window: string): number {
  return Number(window.slice(0, -1)) * (UNITS[window.slice(-1)] ?? 0);
}

/** Where a range begins that has as many windows as can be asked for: its own beginning, or its newest windows'. */
export function newestWindows(range: { from: string; to: string }, window: string): { from: string; cut: boolean } {
  const earliest = Date.parse(range.to) - MOST_WINDOWS * lengthOf(window);
  const cut = earliest > Date.parse(range.from);
  return { from: cut ? new Date(earliest).toISOString() : range.from, cut };
}

/** Bins as rows, time as columns. */
export function binsOverTime(data: Distribution, zone: Zone): HeatView {
  const columns = merged(data.windows ?? []);
  const ends = extentOf(columns);
  const total = (counts: readonly number[]): number => counts.reduce((sum, n) => sum + n, 0);
  const before = total(data.baseline);
  const rows = data.labels
    .map((label, i) => ({ label, i, baseline: before === 0 ? 0 : (data.baseline[i] ?? 0) / before }))
    .filter(({ i, baseline }) => baseline > 0 || columns.some((column) => (column.counts[i] ?? 0) > 0))
    .map(({ label, i, baseline }) => ({
      name: label,
      note: `${share(baseline)} in the baseline`,
      cells: columns.map((column) => {
        const n = total(column.counts);
        const current = n === 0 ? null : (column.counts[i] ?? 0) / n;
        const text = `${label}, ${interval(column.from, column.to, zone)}: ${share(current)}, ${share(baseline)} in the baseline`;
        return {
          level: current === null ? null : STEPS.filter((step) => Math.abs(current - baseline) >= step).length,
          text,
        };
      }),
    }));
  return {
    sentence: `Shares of ${rows.length} bins of ${data.feature} over ${columns.length} columns of time, against the baseline ${data.baseline_name}.`,
    columns: columns.map(({ from, to }) => ({
      from,
      to,
      title: interval(from, to, zone),
      label: axisTime(new Date(from).getTime(), ends, zone),
    })),
    rows,
  };
}

type Windows = NonNullable<Distribution['windows']>;

function merged(windows: Windows): { from: string; to: string; counts: number[] }[] {
  const each = Math.max(1, Math.ceil(windows.length / COLUMNS));
  const columns = [];
  for (let i = 0; i < windows.length; i += each) {
    const part = windows.slice(i, i + each);
    const [first, last] = [part[0], part.at(-1)];
    if (first === undefined || last === undefined) continue;
    const counts = first.counts.map((_, bin) => part.reduce((sum, window) => sum + (window.counts[bin] ?? 0), 0));
    columns.push({ from: first.window_start, to: last.window_end, counts });
  }
  return columns;
}

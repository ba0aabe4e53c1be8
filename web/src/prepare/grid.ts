// The heatmap of drift: how deep each cell is, and what it says.
import type { Grid } from '../../../src/domain/contract/overview.js';
import { axisTime } from './axis.js';
import { interval, metricName, number, type Zone } from './format.js';

/** A cell. `level`: 0 is within the limit's noise, 1 to 5 deepen with it, 6 is far beyond; null has no value. */
export interface HeatCell {
  level: number | null;
  text: string;
}
export interface HeatRow {
  name: string;
  note: string;
  cells: HeatCell[];
}
export interface HeatView {
  sentence: string;
  columns: { label: string; title: string; from: string; to: string }[];
  rows: HeatRow[];
}

/** The share of its limit at which a value gets deeper. */
const STEPS = [0.35, 0.6, 0.85, 1, 1.5] as const;
/** Without a rule that says what is critical: this multiple of the limit. */
const CRITICAL = 2;

/** Where a metric has no limit of its own. */
const DEFAULT_LIMIT = 0.2;

/** How deep a value is against its limit, which is the larger of the threshold and what chance explains. */
export function heatLevel(value: number | null, limit: number | null, critical: number | null = null): number | null {
  if (value === null) return null;
  const held = limit ?? DEFAULT_LIMIT;
  const ratio = value / held;
  if (critical === null ? ratio >= CRITICAL : value > Math.max(critical, held)) return 6;
  return STEPS.filter((step) => ratio >= step).length;
}

/** The first and the last time of columns, epoch ms. */
export function extentOf(columns: readonly { from: string; to: string }[]): { min: number; max: number } {
  return { min: new Date(columns[0]?.from ?? 0).getTime(), max: new Date(columns.at(-1)?.to ?? 0).getTime() };
}

/** The grid as it is shown: worst rows first, as the service sorts them. `critical`: what a rule calls critical for a field, null where none does. */
export function heatView(grid: Grid, zone: Zone, critical: (feature: string) => number | null = () => null): HeatView {
  const name = metricName(grid.metric);
  const ends = extentOf(grid.columns);
  const columns = grid.columns.map(({ from, to }) => ({
    from,
    to,
    title: interval(from, to, zone),
    label: axisTime(new Date(from).getTime(), ends, zone),
  }));
  const rows = grid.rows.map((row) => ({
    name: row.feature,
    note: row.breaches === 0 ? 'never beyond its limit' : `${row.breaches} windows beyond the limit`,
    cells: row.values.map((value, i): HeatCell => {
      const limit = row.limits[i] ?? null;
      const shown =
        value === null ? 'no value' : `${name} ${number(value)}${limit === null ? '' : `, limit ${number(limit)}`}`;
      return {
        level: heatLevel(value, limit, critical(row.feature)),
        text: `${row.feature}, ${columns[i]?.title ?? ''}: ${shown}`,
      };
    }),
  }));
  const breached = grid.rows.filter((row) => row.breaches > 0);
  const [worst] = breached;
  const sentence =
    worst === undefined
      ? `${name} of ${grid.features} fields over ${columns.length} columns of time; none is beyond its limit.`
      : `${name} of ${grid.features} fields over ${columns.length} columns of time; ${breached.length} beyond the limit at some time, the latest ${worst.feature} with ${number(worst.worst)} at most.`;
  return { sentence, columns, rows };
}

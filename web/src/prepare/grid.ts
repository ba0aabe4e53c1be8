// The heatmap of drift: how deep each cell is, and what it says.
import type { Grid } from '../../../src/domain/contract/overview.js';
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
/** From this multiple of the limit on a cell is critical: 0.2 where the limit is 0.1. */
const CRITICAL = 2;

/** How deep a value is against its limit, which is the larger of the threshold and what chance explains. */
export function heatLevel(value: number | null, limit: number | null): number | null {
  if (value === null) return null;
  const ratio = value / (limit ?? 0.1);
  if (ratio >= CRITICAL) return 6;
  return STEPS.filter((step) => ratio >= step).length;
}

/** The grid as it is shown: worst rows first, as the service sorts them. */
export function heatView(grid: Grid, zone: Zone): HeatView {
  const name = metricName(grid.metric);
  const columns = grid.columns.map(({ from, to }) => ({
    from,
    to,
    title: interval(from, to, zone),
    label: dayLabel(from, zone),
  }));
  const rows = grid.rows.map((row) => ({
    name: row.feature,
    note: row.breaches === 0 ? 'never beyond its limit' : `${row.breaches} windows beyond the limit`,
    cells: row.values.map((value, i): HeatCell => {
      const limit = row.limits[i] ?? null;
      const shown =
        value === null ? 'no value' : `${name} ${number(value)}${limit === null ? '' : `, limit ${number(limit)}`}`;
      return { level: heatLevel(value, limit), text: `${row.feature}, ${columns[i]?.title ?? ''}: ${shown}` };
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

function dayLabel(iso: string, zone: Zone): string {
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    ...(zone === 'UTC' ? { timeZone: 'UTC' } : {}),
  }).format(new Date(iso));
}

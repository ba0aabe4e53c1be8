// The fields of a model, from what was discovered and from their drift.
import type { FieldSummary } from '../../../src/domain/contract/models.js';
import type { Grid } from '../../../src/domain/contract/overview.js';

export interface FeatureRow {
  path: string;
  kind: string | null;
  state: string;
  reason: string | null;
  newest: number | null;
  limit: number | null;
  worst: number | null;
  series: (number | null)[];
  breaches: number;
  lastBreach: string | null;
  missing: number | null;
  distinct: number | null;
  firstSeen: string | null;
}

/** One row a field: first those with numbers, as the grid sorts them, then the others by name. */
export function featureRows(grid: Grid, fields: readonly FieldSummary[]): FeatureRow[] {
  const known = new Map(fields.map((field) => [field.path, field]));
  const rows = grid.rows.map((row) => {
    const last = row.values.findLastIndex((value) => value !== null);
    const newest = row.values[last] ?? null;
    const limit = row.limits[last] ?? null;
    const beyond = newest !== null && limit !== null && newest > limit;
    return {
      ...described(known.get(row.feature)),
      path: row.feature,
      state: beyond ? 'beyond its limit' : 'ok',
      newest,
      limit,
      worst: row.worst,
      series: row.values,
      breaches: row.breaches,
      lastBreach: row.last_breach,
    };
  });
  const shown = new Set(rows.map((row) => row.path));
  const rest = fields
    .filter((field) => !shown.has(field.path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((field) => ({
      ...described(field),
      path: field.path,
      state: field.compared ? 'no data' : 'not compared',
      newest: null,
      limit: null,
      worst: null,
      series: [],
      breaches: 0,
      lastBreach: null,
    }));
  return [...rows, ...rest];
}

function described(
  field: FieldSummary | undefined,
): Pick<FeatureRow, 'kind' | 'reason' | 'missing' | 'distinct' | 'firstSeen'> {
  return {
    kind: field?.kind ?? null,
    reason: field?.change_detail ?? field?.reason ?? null,
    missing: field?.null_share ?? null,
    // Only values of categories are counted.
    distinct: field?.kind === 'categorical' ? field.distinct : null,
    firstSeen: field?.first_seen ?? null,
  };
}

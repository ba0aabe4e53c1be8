// Numbers that a baseline has itself: what a rule relative to the baseline compares with before it looks at the first windows.
import type { BaselineFieldProfile } from '../drift/baseline.js';

/** The metric's value over the baseline's own rows, or null where a baseline has none: distances are to the baseline, quality needs its predictions. */
export function baselineNumber(field: BaselineFieldProfile | undefined, metric: string): number | null {
  if (field === undefined || field.kind === 'skipped') return null;
  if (metric === 'unseen_share') return field.kind === 'categorical' ? 0 : null;
  if (metric !== 'missing_share') return null;
  const rows = field.counts.reduce((sum, count) => sum + count, 0);
  // MISSING is always the last bin.
  return rows === 0 ? null : (field.counts.at(-1) ?? 0) / rows;
}

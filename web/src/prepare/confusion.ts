// The confusion matrix: counts, and the share of each row.
import type { Confusion } from '../../../src/domain/contract/metrics.js';
import { share } from './format.js';

export interface MatrixRow {
  label: string;
  total: number;
  cells: { count: number; share: number | null; right: boolean }[];
}

/** Rows are what was true, columns what was predicted. */
export function matrixView(data: Confusion): { rows: MatrixRow[]; sentence: string } {
  const rows = data.labels.map((label, i): MatrixRow => {
    const counts = data.counts[i] ?? [];
    const total = counts.reduce((sum, n) => sum + n, 0);
    return {
      label,
      total,
      cells: counts.map((count, j) => ({ count, share: total === 0 ? null : count / total, right: i === j })),
    };
  });
  const right = rows.reduce((sum, row, i) => sum + (row.cells[i]?.count ?? 0), 0);
  const covered = data.coverage === null ? '' : `, ${share(data.coverage)} of predictions`;
  return {
    rows,
    sentence: `${right.toLocaleString('en-US')} of ${data.n.toLocaleString('en-US')} labelled predictions are right (${share(data.n === 0 ? null : right / data.n)})${covered}.`,
  };
}

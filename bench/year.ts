// A year of hourly windows of one model as it stands when every job has run: marks made by the service, computed windows written directly.
import type { Container } from '../src/container.js';
import { FEATURES, generateLabels, generatePredictions, HOUR, MODEL, settle, START } from './stored.js';

/** What to build: so many hours, up to `end`. */
export interface History {
  hours: number;
  rowsPerHour: number;
}

/** Where every history ends, epoch ms. */
export const END = START + 365 * 24 * HOUR;

/** Predictions, labels, a baseline, and nothing left to compute. */
export async function buildHistory(container: Container, { hours, rowsPerHour }: History): Promise<void> {
  const from = END - hours * HOUR;
  await generatePredictions(container, { rows: hours * rowsPerHour, from, to: END, shift: 0 });
  await generateLabels(container);
  // The baseline is the same whatever the history: the rows of the last day, or of all that there is.
  const baselineFrom = Math.max(from, END - 24 * HOUR);
  await container.services.baselines.freeze(MODEL, { name: 'first', from: baselineFrom, to: END, version: undefined });
  await container.tables.windows.collect();
  await markComputed(container);
  await settle(container, ['predictions', 'ground_truth', 'window_marks', 'computed_windows', 'metric_points']);
}

/** What the jobs would have recorded of each marked hour: that it is computed, and the PSI of every feature. */
async function markComputed(container: Container): Promise<void> {
  const { store } = container.tables;
  const version = store.versions.next();
  await store.command({
    name: 'bench_computed',
    sql: `INSERT INTO computed_windows (job, model, version, deployment, window_start, window_end, input_version, computed_at, row_version, is_deleted)
      SELECT arrayJoin(['drift', 'quality', 'operations']), model, version, deployment, toStartOfHour(slot) AS hour, hour + toIntervalHour(1), max(row_version), now64(3), {version:UInt64}, 0
      FROM window_marks GROUP BY model, version, deployment, hour`,
    params: { version },
  });
  await store.command({
    name: 'bench_points',
    sql: `INSERT INTO metric_points (model, version, deployment, segment, feature, metric, window_start, window_end, value, n, baseline, status, method, computed_at, row_version, is_deleted)
      SELECT model, version, deployment, '', concat('inputs.feature_', toString(feature)), 'psi', window_start, window_end, 0.01, 100, 'first', 'ok', 'exact', computed_at, row_version, 0
      FROM computed_windows FINAL ARRAY JOIN range(${FEATURES}) AS feature WHERE job = 'drift'`,
  });
}

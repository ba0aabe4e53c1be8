// Technical numbers of windows: traffic, errors, latency, sizes, and the values that a model tracks itself.
import type { MetricPoint } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { Score } from '../domain/drift/score.js';
import { varianceInterval } from '../domain/quality/intervals.js';
import { plain, shareScore, withInterval } from '../domain/quality/score.js';
import type { GroupKey, WindowSelection } from '../domain/selection.js';
import type { OperationsReader, ReplicaRow, RowSelector, TechnicalRow } from './compute-ports.js';
import { noData, pointOf, type PointContext } from './drift.js';
import { keyOf } from './drift-samples.js';

export class OperationsCalculator {
  constructor(private readonly deps: { rows: RowSelector; operations: OperationsReader }) {}

  /** Every technical number of the selected windows. A window without rows has counts of 0 and no shares or averages. */
  async compute(selection: WindowSelection, config: EffectiveConfig, context: PointContext): Promise<MetricPoint[]> {
    const rows = await this.deps.rows.predictions(selection);
    const technical = await this.deps.operations.technical(rows);
    // Most models track nothing of their own: their windows are not read a second time.
    const tracked = technical.some((row) => row.tracked > 0) ? await this.deps.operations.tracked(rows) : [];
    const points = technical.flatMap((row) =>
      technicalScores(row, context.endOf(row.w) - row.w).map((score) => this.point(score, row, config, context)),
    );
    for (const row of tracked) {
      const score = withInterval(
        `custom.${row.key}`,
        row.total === null ? null : row.total / row.n,
        // A sum that overflows is null: then there is no mean, or no interval.
        row.total === null || row.variance === null ? null : varianceInterval(row.n, row.total / row.n, row.variance),
        'normal',
        row.n,
      );
      points.push(this.point(score, row, config, context));
    }
    const reported = await this.deps.operations.replicas(this.deps.rows.replicas(selection));
    points.push(...reported.flatMap((row) => replicaPoints(row, context)));
    const seen = new Set(technical.map(keyOf));
    const answered = new Map(reported.map((row) => [keyOf(row), row]));
    for (const window of selection.windows ?? []) {
      const group = { version: window.version, deployment: window.deployment, segment: '', w: window.start };
      if (seen.has(keyOf(group))) continue;
      const row = answered.get(keyOf(group));
      points.push(...(row === undefined ? nothingHappened(group, context) : onlyReported(row, context)));
    }
    return points;
  }

  private point(score: Score, group: GroupKey, config: EffectiveConfig, context: PointContext): MetricPoint {
    // Counts are exact however few; shares and averages of few rows are not evidence.
    const counted =
      score.metric === 'prediction_count' || score.metric === 'requests_per_second' || score.metric === 'error_count';
    const status =
      score.value === null ? 'no_data' : !counted && score.n < config.minSamples ? 'insufficient_data' : 'ok';
    return { ...pointOf(score, '', group, { ...context, baseline: null }), status };
  }
}

/** What replicas reported of themselves: counts, and CPU and memory of all of them. */
function replicaPoints(row: ReplicaRow, context: PointContext): MetricPoint[] {
  const scores = [
    plain('request_count', row.requests, row.requests),
    plain('failed_request_count', row.failed, row.requests),
    plain('dropped_count', row.dropped, row.requests),
    plain('replica_count', row.replicas, row.replicas),
    plain('replica_cpu_cores', row.cpu_cores, row.replicas),
    plain('replica_memory_bytes', row.memory_bytes, row.replicas),
  ].filter((score) => score.value !== null);
  return scores.map((score) => pointOf(score, '', row, { ...context, baseline: null }));
}

/** A window in which replicas answered and nobody tracked a prediction: traffic is what they reported. */
function onlyReported(row: ReplicaRow, context: PointContext): MetricPoint[] {
  const seconds = (context.endOf(row.w) - row.w) / 1000;
  const known = [
    plain('requests_per_second', row.requests / seconds, row.requests),
    plain('error_count', row.failed, row.requests),
    shareScore('error_rate', row.failed, row.requests),
  ].filter((score) => score.value !== null);
  const names = new Set(known.map((score) => score.metric));
  return [
    ...nothingHappened(row, context).filter((point) => !names.has(point.metric)),
    ...known.map((score) => ({ ...pointOf(score, '', row, { ...context, baseline: null }), method: 'heartbeats' })),
  ];
}

/** A window without rows: nothing was asked, which is known; how fast and how well it would have answered is not. */
function nothingHappened(group: GroupKey, context: PointContext): MetricPoint[] {
  const counts = ['prediction_count', 'requests_per_second', 'error_count'];
  const unknown = ['error_rate', 'latency_p50', 'latency_p95', 'latency_p99'];
  return [
    ...counts.map((metric) => ({ ...noData(metric, '', group, context), value: 0 })),
    ...unknown.map((metric) => noData(metric, '', group, context)),
  ].map((point) => ({ ...point, baseline: null }));
}

function technicalScores(row: TechnicalRow, length: number): Score[] {
  const [p50 = null, p95 = null, p99 = null] = row.latencies;
  return [
    plain('prediction_count', row.n, row.n),
    plain('requests_per_second', row.n / (length / 1000), row.n),
    plain('error_count', row.errors, row.n),
    shareScore('error_rate', row.errors, row.n),
    plain('latency_p50', p50, row.latency_n),
    plain('latency_p95', p95, row.latency_n),
    plain('latency_p99', p99, row.latency_n),
    plain('request_bytes_mean', row.request_bytes, row.request_n),
    plain('response_bytes_mean', row.response_bytes, row.response_n),
    plain('cpu_ms_mean', row.cpu_ms, row.cpu_n),
    plain('memory_bytes_max', row.memory_bytes, row.memory_n),
  ].filter((score) => score.value !== null);
}

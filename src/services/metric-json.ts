// A computed number as the contract has it.
import { iso } from '../domain/contract/common.js';
import { SENT, type MetricPoint, type MetricPointJson } from '../domain/contract/metrics.js';

/** A point as the contract has it. */
export function toJson(point: MetricPoint): MetricPointJson {
  return {
    time: iso(point.windowStart),
    window_start: iso(point.windowStart),
    window_end: iso(point.windowEnd),
    model: point.model,
    version: point.version,
    deployment: point.deployment,
    segment: point.segment,
    feature: point.feature,
    metric: point.metric,
    value: point.value,
    lower: point.lower,
    upper: point.upper,
    status: point.status,
    n: point.method === SENT ? null : point.n,
    coverage: point.coverage,
    baseline: point.baseline,
    method: point.method,
    computed_at: iso(point.computedAt),
  };
}

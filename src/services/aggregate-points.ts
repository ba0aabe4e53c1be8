// Aggregate metrics that clients sent, as points like every other number: for reading and for alert rules.
import { SENT, type MetricPoint } from '../domain/contract/metrics.js';
import type { AggregateQuery, AggregateValue, PointQuery } from '../domain/stored.js';
import type { PointStore } from './ports.js';

/** Numbers as clients sent them; no keys: all. */
export interface AggregateReader {
  read(filter: AggregateQuery & { keys: string[] }): Promise<AggregateValue[]>;
}

const PREFIX = 'aggregate.';

/** Computed points of the store, and sent ones beside them. */
export class AllPoints implements PointStore {
  constructor(
    private readonly computed: PointStore,
    private readonly aggregates: AggregateReader,
  ) {}

  async read(query: PointQuery): Promise<MetricPoint[]> {
    const sent = await this.sent(query);
    const onlySent = query.metrics.length > 0 && query.metrics.every((metric) => metric.startsWith(PREFIX));
    const computed = onlySent ? [] : await this.computed.read(query);
    const points = sent.length === 0 ? computed : [...computed, ...sent].sort((a, b) => a.windowStart - b.windowStart);
    return query.limit === null ? points : points.slice(0, query.limit);
  }

  write(points: readonly MetricPoint[]): Promise<void> {
    return this.computed.write(points);
  }

  /** Sent values have neither a feature nor a segment, and no known number of rows behind them. */
  private async sent(query: PointQuery): Promise<MetricPoint[]> {
    const keys = query.metrics
      .filter((metric) => metric.startsWith(PREFIX))
      .map((metric) => metric.slice(PREFIX.length));
    if (query.metrics.length > 0 && keys.length === 0) return [];
    if (query.features !== null && !query.features.includes('')) return [];
    if (query.model === null || (query.segment !== null && query.segment !== '')) return [];
    const { model, version, deployment, from, to } = query;
    const values = await this.aggregates.read({ model, keys, version, deployment, from, to });
    return values
      .filter((value) => query.endingBy === null || value.end <= query.endingBy)
      .map((value) => ({
        model,
        version: value.version,
        deployment: value.deployment,
        segment: '',
        feature: '',
        metric: `${PREFIX}${value.key}`,
        windowStart: value.start,
        windowEnd: value.end,
        value: value.value,
        lower: null,
        upper: null,
        n: 0,
        coverage: null,
        baseline: null,
        status: 'ok' as const,
        method: SENT,
        computedAt: value.receivedAt,
      }));
  }
}

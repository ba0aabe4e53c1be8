// Aggregate metrics that clients computed themselves: a value over a time range, with no prediction.
import { z } from 'zod';
import type { AggregateItem } from '../domain/contract/tracking.js';
import { Conditions } from './conditions.js';
import type { Store } from './store.js';

const COLUMNS = [
  'model',
  'version',
  'deployment',
  'start_ts',
  'end_ts',
  'key',
  'value',
  'received_at',
  'row_version',
  'is_deleted',
];

/** One stored value. Times in epoch milliseconds. */
export interface AggregateValue {
  version: string;
  deployment: string;
  start: number;
  end: number;
  key: string;
  value: number;
  receivedAt: number;
}

const aggregateRow = z
  .object({
    version: z.string(),
    deployment: z.string(),
    start_ms: z.number(),
    end_ms: z.number(),
    key: z.string(),
    value: z.number(),
    received_ms: z.number(),
  })
  .transform((row): AggregateValue => ({
    version: row.version,
    deployment: row.deployment,
    start: row.start_ms,
    end: row.end_ms,
    key: row.key,
    value: row.value,
    receivedAt: row.received_ms,
  }));

export class AggregateTable {
  constructor(private readonly store: Store) {}

  async insert(items: readonly AggregateItem[]): Promise<void> {
    const receivedAt = this.store.now();
    const rows = items.flatMap((item) =>
      Object.entries(item.metrics).map(([key, value]) => ({
        model: item.model,
        version: item.version,
        deployment: item.deployment,
        start_ts: item.start,
        end_ts: item.end,
        key,
        value,
        received_at: receivedAt,
        row_version: this.store.versions.next(),
        is_deleted: 0,
      })),
    );
    await this.store.insert('aggregate_metrics', COLUMNS, rows, 'ingest');
  }

  /** Values whose range starts in [from, to). */
  read(filter: {
    model: string;
    keys: string[];
    version: string | null;
    deployment: string | null;
    from: number | null;
    to: number | null;
  }): Promise<AggregateValue[]> {
    const where = new Conditions()
      .equals('model', filter.model)
      .oneOf('key', filter.keys.length === 0 ? null : filter.keys)
      .equals('version', filter.version)
      .equals('deployment', filter.deployment)
      .time('start_ts', '>=', filter.from)
      .time('start_ts', '<', filter.to);
    return this.store.query({
      name: 'read_aggregate_metrics',
      sql: `SELECT version, deployment, toUnixTimestamp64Milli(start_ts) AS start_ms, toUnixTimestamp64Milli(end_ts) AS end_ms, key, value,
          toUnixTimestamp64Milli(received_at) AS received_ms
        FROM aggregate_metrics FINAL ${where.where()} ORDER BY start_ts, version, deployment, key`,
      params: where.params,
      row: aggregateRow,
    });
  }
}

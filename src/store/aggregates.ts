// Aggregate metrics that clients computed themselves: a value over a time range, with no prediction.
import { z } from 'zod';
import type { AggregateDocument } from '../domain/contract/tracking.js';
import type { AggregateQuery, AggregateValue } from '../domain/stored.js';
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
  'json',
  'received_at',
  'row_version',
  'is_deleted',
];

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

function rangeOf(query: AggregateQuery): Conditions {
  return new Conditions()
    .equals('model', query.model)
    .equals('version', query.version)
    .equals('deployment', query.deployment)
    .time('start_ts', '>=', query.from)
    .time('start_ts', '<', query.to);
}

/** All keys of one range. Times in epoch milliseconds. */
export interface StoredAggregate {
  version: string;
  deployment: string;
  start: number;
  end: number;
  metrics: Record<string, unknown>;
}

const documentRow = z
  .object({
    version: z.string(),
    deployment: z.string(),
    start_ms: z.number(),
    end_ms: z.number(),
    entries: z.array(z.tuple([z.string(), z.number(), z.string()])),
  })
  .transform((row): StoredAggregate => ({
    version: row.version,
    deployment: row.deployment,
    start: row.start_ms,
    end: row.end_ms,
    metrics: Object.fromEntries(
      row.entries.map(([key, value, json]): [string, unknown] => [key, json === '' ? value : JSON.parse(json)]),
    ),
  }));

export class AggregateTable {
  constructor(private readonly store: Store) {}

  async insert(items: readonly AggregateDocument[]): Promise<void> {
    const receivedAt = this.store.now();
    const rows = items.flatMap((item) =>
      Object.entries(item.metrics).map(([key, value]) => ({
        model: item.model,
        version: item.version,
        deployment: item.deployment,
        start_ts: item.start,
        end_ts: item.end,
        key,
        value: typeof value === 'number' ? value : 0,
        json: typeof value === 'number' ? '' : JSON.stringify(value),
        received_at: receivedAt,
        row_version: this.store.versions.next(),
        is_deleted: 0,
      })),
    );
    await this.store.insert('aggregate_metrics', COLUMNS, rows, 'ingest');
  }

  /** Numbers whose range starts in [from, to). */
  read(filter: AggregateQuery & { keys: string[] }): Promise<AggregateValue[]> {
    const where = rangeOf(filter)
      .equals('json', '')
      .oneOf('key', filter.keys.length === 0 ? null : filter.keys);
    return this.store.query({
      name: 'read_aggregate_metrics',
      sql: `SELECT version, deployment, toUnixTimestamp64Milli(start_ts) AS start_ms, toUnixTimestamp64Milli(end_ts) AS end_ms, key, value,
          toUnixTimestamp64Milli(received_at) AS received_ms
        FROM aggregate_metrics FINAL ${where.where()} ORDER BY start_ts, version, deployment, key`,
      params: where.params,
      row: aggregateRow,
    });
  }

  /** All keys of a range together, numbers or not, for the ranges that start in [from, to): a page of them, ascending. */
  documents(filter: AggregateQuery, limit: number, skip: number): Promise<StoredAggregate[]> {
    const where = rangeOf(filter);
    return this.store.query({
      name: 'read_aggregate_documents',
      sql: `SELECT version, deployment, toUnixTimestamp64Milli(start_ts) AS start_ms, toUnixTimestamp64Milli(end_ts) AS end_ms, arraySort(groupArray((key, value, json))) AS entries
        FROM aggregate_metrics FINAL ${where.where()} GROUP BY start_ts, end_ts, version, deployment
        ORDER BY start_ts, end_ts, version, deployment LIMIT ${where.bind(limit, 'UInt32')} OFFSET ${where.bind(skip, 'UInt64')}`,
      params: where.params,
      row: documentRow,
    });
  }
}

// What replicas report of themselves, and what predictions say about the replica that made them.
import { z } from 'zod';
import type { ReplicaStats } from '../domain/contract/replicas.js';
import { Batcher } from './batcher.js';
import { Conditions } from './conditions.js';
import type { Store } from './store.js';

const COLUMNS = [
  'model', 'version', 'deployment', 'replica', 'start_ts', 'end_ts', 'requests', 'failed', 'dropped', 'latency_ms_sum', 'latency_ms_max',
  'request_bytes', 'response_bytes', 'cpu_ms', 'memory_bytes', 'received_at', 'row_version', 'is_deleted',
] as const; // prettier-ignore
const MARK_COLUMNS = ['model', 'version', 'deployment', 'slot', 'cause', 'row_version'];
const SLOT = 15 * 60_000;
/** Ms before the end of a slot from which each report marks it anew: a job may read it at any moment then. */
const CLOSING = 60_000;
/** Ms between two inserts of reports: they come by the hundred, each a row. */
const SPACING = 250;

const value = z.number().nullable();
const group = {
  version: z.string(),
  deployment: z.string(),
  replica: z.string(),
  /** Start of the step, epoch ms. */
  step: z.number(),
};
const heartbeatRow = z.object({
  ...group,
  first_ms: z.number(),
  last_ms: z.number(),
  requests: z.number(),
  failed: z.number(),
  dropped: z.number(),
  latency_sum: value,
  latency_max: value,
  request_bytes: value,
  response_bytes: value,
  cpu_ms: value,
  /** Sum of memory times the ms of each interval, and those ms. */
  memory_ms: value,
  covered_ms: z.number(),
});

const predictionRow = z.object({
  ...group,
  first_ms: z.number(),
  last_ms: z.number(),
  requests: z.number(),
  failed: z.number(),
  latency_n: z.number(),
  latency_sum: value,
  latency_max: value,
  request_n: z.number(),
  request_bytes: value,
  response_n: z.number(),
  response_bytes: value,
  cpu_ms: value,
  memory: value,
});

const latencyRow = z.object({
  version: z.string(),
  deployment: z.string(),
  replica: z.string(),
  every: z.number(),
  latencies: z.array(z.number()),
});

/** Which replicas, over [from, to) in epoch ms, in steps of `step` ms counted from `from`. */
export interface ReplicaRange {
  model: string;
  version: string | null;
  deployment: string | null;
  from: number;
  to: number;
  step: number;
}

export class ReplicaStatsTable {
  private readonly batcher: Batcher;
  /** Slots that are marked already, by series: until a slot closes, one mark is enough. */
  private readonly marked = new Set<string>();

  constructor(private readonly store: Store) {
    this.batcher = new Batcher((body) => store.insertBody('replica_stats', COLUMNS, body, 'ingest'), {
      maxRows: 10_000,
      maxPendingBytes: 16 * 1024 * 1024,
      spacing: SPACING,
    });
  }

  /** Store reports; resolves when they are stored and the operations job knows of them. */
  async insert(items: readonly ReplicaStats[]): Promise<void> {
    if (items.length === 0) return;
    const now = this.store.now();
    const lines = items.map(
      (item) =>
      JSON.stringify([
        item.model, item.version, item.deployment, item.replica, item.start, item.end, item.requests, item.failed, item.dropped,
        item.latency_ms_sum ?? null, item.latency_ms_max ?? null, item.request_bytes ?? null, item.response_bytes ?? null, item.cpu_ms ?? null,
        item.memory_bytes ?? null, now, this.store.versions.next(), 0,
      ]), // prettier-ignore
    );
    await this.batcher.add(Buffer.from(`${lines.join('\n')}\n`), lines.length);
    await this.mark(items, now);
  }

  /** Reports of a range by step and replica. */
  heartbeats(range: ReplicaRange): Promise<z.output<typeof heartbeatRow>[]> {
    const where = conditions(range, 'start_ts');
    return this.store.query({
      name: 'replica_heartbeats',
      sql: `SELECT version, deployment, replica, ${stepOf(range, where, 'start_ts')} AS step,
          toUnixTimestamp64Milli(min(start_ts)) AS first_ms, toUnixTimestamp64Milli(max(end_ts)) AS last_ms,
          sum(replica_stats.requests) AS requests, sum(replica_stats.failed) AS failed, sum(replica_stats.dropped) AS dropped,
          sum(latency_ms_sum) AS latency_sum, max(latency_ms_max) AS latency_max, sum(replica_stats.request_bytes) AS request_bytes,
          sum(replica_stats.response_bytes) AS response_bytes, sum(replica_stats.cpu_ms) AS cpu_ms,
          sum(memory_bytes * (toUnixTimestamp64Milli(end_ts) - toUnixTimestamp64Milli(start_ts))) AS memory_ms,
          sum(toUnixTimestamp64Milli(end_ts) - toUnixTimestamp64Milli(start_ts)) AS covered_ms
        FROM replica_stats FINAL ${where.where()} GROUP BY version, deployment, replica, step ORDER BY version, deployment, replica, step`,
      params: where.params,
      row: heartbeatRow,
    });
  }

  /** Tracked predictions of a range by step and replica. */
  predictions(range: ReplicaRange): Promise<z.output<typeof predictionRow>[]> {
    const where = conditions(range, 'ts');
    return this.store.query({
      name: 'replica_predictions',
      sql: `SELECT version, deployment, replica, ${stepOf(range, where, 'ts')} AS step,
          toUnixTimestamp64Milli(min(ts)) AS first_ms, toUnixTimestamp64Milli(max(ts)) AS last_ms, count() AS requests, countIf(status = 'error') AS failed,
          count(latency_ms) AS latency_n, sum(latency_ms) AS latency_sum, max(latency_ms) AS latency_max,
          count(predictions.request_bytes) AS request_n, sum(predictions.request_bytes) AS request_bytes,
          count(predictions.response_bytes) AS response_n, sum(predictions.response_bytes) AS response_bytes,
          sum(predictions.cpu_ms) AS cpu_ms, avg(memory_bytes) AS memory
        FROM predictions FINAL ${where.where()} GROUP BY version, deployment, replica, step ORDER BY version, deployment, replica, step`,
      params: where.params,
      row: predictionRow,
    });
  }

  /** Percentiles (50, 95, 99) of each replica over the range, and of all together (\`every\` 1). */
  latencies(range: ReplicaRange): Promise<z.output<typeof latencyRow>[]> {
    const where = conditions(range, 'ts');
    where.add('isNotNull(latency_ms)');
    return this.store.query({
      name: 'replica_latencies',
      sql: `SELECT version, deployment, replica, toUInt8(grouping(replica)) AS every, quantilesExactInclusive(0.5, 0.95, 0.99)(assumeNotNull(latency_ms)) AS latencies
        FROM predictions FINAL ${where.where()} GROUP BY GROUPING SETS ((version, deployment, replica), ()) HAVING count() > 0`,
      params: where.params,
      row: latencyRow,
    });
  }

  /** Remove reports that arrived before a time. */
  expire(before: number): Promise<void> {
    return this.store.command({
      name: 'expire_replica_stats',
      sql: `ALTER TABLE replica_stats DELETE WHERE received_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC') SETTINGS mutations_sync = 1`,
      params: { before },
    });
  }

  /** After the rows, so that whoever sees the mark sees them. */
  private async mark(items: readonly ReplicaStats[], now: number): Promise<void> {
    if (this.marked.size > 10_000) this.marked.clear();
    const marks = new Map<string, Record<string, unknown>>();
    for (const { model, version, deployment, start } of items) {
      const slot = Math.floor(start / SLOT) * SLOT;
      const key = JSON.stringify([model, version, deployment, slot]);
      if (this.marked.has(key) && now < slot + SLOT - CLOSING) continue;
      marks.set(key, { model, version, deployment, slot: slot / 1000, cause: 'replica', row_version: 0 });
    }
    const rows = [...marks.values()].map((row) => ({ ...row, row_version: this.store.versions.next() }));
    await this.store.insert('window_marks', MARK_COLUMNS, rows, 'ingest');
    for (const key of marks.keys()) this.marked.add(key);
  }
}

function conditions(range: ReplicaRange, column: string): Conditions {
  const where = new Conditions()
    .equals('model', range.model)
    .equals('version', range.version)
    .equals('deployment', range.deployment)
    .time(column, '>=', range.from)
    .time(column, '<', range.to);
  // The hour is in the sort key.
  const hour = (time: number) => `toStartOfHour(fromUnixTimestamp64Milli(${where.bind(time, 'Int64')}, 'UTC'))`;
  where.add(`toStartOfHour(${column}) >= ${hour(range.from)}`);
  where.add(`toStartOfHour(${column}) <= ${hour(range.to)}`);
  return where;
}

function stepOf(range: ReplicaRange, where: Conditions, column: string): string {
  const from = where.bind(range.from, 'Int64');
  const step = where.bind(range.step, 'Int64');
  return `intDiv(toUnixTimestamp64Milli(${column}) - ${from}, ${step}) * ${step} + ${from}`;
}

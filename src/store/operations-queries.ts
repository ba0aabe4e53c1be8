// Technical numbers and tracked values per group, in one pass each.
import { z } from 'zod';
import type { GroupedRows } from '../domain/selection.js';
import type { Store } from './store.js';

const groupFields = { version: z.string(), deployment: z.string(), segment: z.string(), w: z.number() };
const value = z.number().nullable();
const technicalRow = z.object({
  ...groupFields,
  n: z.number(), errors: z.number(), latency_n: z.number(), latencies: z.array(value), request_bytes: value, response_bytes: value, cpu_ms: value, memory_bytes: value, tracked: z.number(),
  request_n: z.number(), response_n: z.number(), cpu_n: z.number(), memory_n: z.number(),
}); // prettier-ignore
export type TechnicalRow = z.output<typeof technicalRow>;

const trackedRow = z.object({
  ...groupFields,
  key: z.string(),
  n: z.number(),
  total: z.number().nullable(),
  variance: z.number().nullable(),
});
export type TrackedRow = z.output<typeof trackedRow>;

const replicaRow = z.object({
  ...groupFields,
  replicas: z.number(),
  requests: z.number(),
  failed: z.number(),
  dropped: z.number(),
  cpu_cores: value,
  memory_bytes: value,
});

const GROUP = 'version, deployment, segment, w';
/** Tracked keys of one group at the most: a model that makes up keys per call must not make a series of each. */
const MAX_KEYS = 200;

export class OperationsQueries {
  constructor(private readonly store: Store) {}

  technical(rows: GroupedRows): Promise<TechnicalRow[]> {
    return this.store.query({
      name: 'technical_numbers',
      lane: 'jobs',
      sql: `SELECT ${GROUP}, count() AS n, countIf(status = 'error') AS errors, count(latency_ms) AS latency_n,
          if(latency_n = 0, [], quantilesExactInclusive(0.5, 0.95, 0.99)(latency_ms)) AS latencies,
          avg(req) AS request_bytes, avg(res) AS response_bytes, avg(cpu) AS cpu_ms, max(mem) AS memory_bytes, sum(length(metrics)) AS tracked,
          count(req) AS request_n, count(res) AS response_n, count(cpu) AS cpu_n, count(mem) AS memory_n
        FROM ${rows.from(['status', 'latency_ms', 'request_bytes AS req', 'response_bytes AS res', 'cpu_ms AS cpu', 'memory_bytes AS mem', 'metrics'])} GROUP BY ${GROUP}`,
      params: rows.params,
      row: technicalRow,
    });
  }

  /**
   * CPU and memory are means over the time that reports cover, so that a replica that took over from another one does not count as a
   * second one.
   */
  replicas(rows: GroupedRows): Promise<z.output<typeof replicaRow>[]> {
    const columns = [
      'replica',
      'requests AS req',
      'failed AS bad',
      'dropped AS lost',
      'cpu_ms AS cpu',
      'memory_bytes AS mem',
    ];
    const times = ['toUnixTimestamp64Milli(start_ts) AS a', 'toUnixTimestamp64Milli(end_ts) AS b'];
    return this.store.query({
      name: 'replica_numbers',
      lane: 'jobs',
      sql: `SELECT ${GROUP}, uniqExact(replica) AS replicas, sum(req) AS requests, sum(bad) AS failed, sum(lost) AS dropped,
          sum(cpu) / (max(b) - min(a)) AS cpu_cores, sum(mem * (b - a)) / (max(b) - min(a)) AS memory_bytes
        FROM ${rows.from([...columns, ...times])} GROUP BY ${GROUP}`,
      params: rows.params,
      row: replicaRow,
    });
  }

  /** Sum and sample variance of every key of \`metrics\`. */
  tracked(rows: GroupedRows): Promise<TrackedRow[]> {
    return this.store.query({
      name: 'tracked_values',
      lane: 'jobs',
      sql: `SELECT ${GROUP}, toString(entry.1) AS key, count() AS n, sumKahan(entry.2) AS total, varSampStable(entry.2) AS spread, if(isFinite(spread), spread, NULL) AS variance
        FROM ${rows.from(['arrayJoin(arrayZip(mapKeys(metrics), mapValues(metrics))) AS entry'])}
        GROUP BY ${GROUP}, key ORDER BY ${GROUP}, n DESC, key LIMIT ${MAX_KEYS} BY ${GROUP}`,
      params: rows.params,
      row: trackedRow,
    });
  }
}

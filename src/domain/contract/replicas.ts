// What replicas of a model report of themselves, and what is answered about them.
import { z } from 'zod';
import { deploymentNameSchema, modelNameSchema, timeSchema, versionNameSchema } from './common.js';
import { DEFAULT_VERSION } from './tracking.js';

const count = z.number().int().nonnegative();
const amount = z.number().nonnegative();

/** The longest interval of one report, ms: a report is counted where it starts. */
export const MAX_INTERVAL = 15 * 60_000;

/** One replica over `[start, end)`: counts and sums of the interval; `memory_bytes` is resident memory at its end. */
export const replicaStatsSchema = z
  .strictObject({
    model: modelNameSchema,
    version: versionNameSchema.default(DEFAULT_VERSION),
    deployment: deploymentNameSchema.default(''),
    replica: z.string().min(1, 'must not be empty').max(200, 'at most 200 characters'),
    start: timeSchema,
    end: timeSchema,
    requests: count,
    failed: count,
    latency_ms_sum: amount.optional(),
    latency_ms_max: amount.optional(),
    request_bytes: count.optional(),
    response_bytes: count.optional(),
    cpu_ms: amount.optional(),
    memory_bytes: count.optional(),
    dropped: count.default(0),
  })
  .refine((item) => item.start < item.end, { path: ['end'], message: 'must be after start' })
  .refine((item) => item.end - item.start <= MAX_INTERVAL, {
    path: ['end'],
    message: 'an interval is 15 minutes at the most; report more often',
  })
  .refine((item) => item.failed <= item.requests, { path: ['failed'], message: 'must not be more than requests' });
export type ReplicaStats = z.output<typeof replicaStatsSchema>;

/** Cloudera's seven technical metrics, in its order: our name, its name, the unit. */
export const TECHNICAL_METRICS = [
  { metric: 'requests_per_second', name: 'Requests per Second', unit: '1/s' },
  { metric: 'requests', name: 'Number of Requests', unit: 'requests' },
  { metric: 'failed_requests', name: 'Number of Failed Requests', unit: 'requests' },
  { metric: 'latency_ms', name: 'Model Response Time', unit: 'ms' },
  { metric: 'cpu_cores', name: 'All Model Replica CPU Usage', unit: 'cores' },
  { metric: 'memory_bytes', name: 'All Model Replica Memory Usage', unit: 'bytes' },
  { metric: 'request_response_bytes', name: 'Model Request & Response Size', unit: 'bytes' },
] as const;
const technicalNames = TECHNICAL_METRICS.map(({ metric }) => metric) as [TechnicalMetric, ...TechnicalMetric[]];
export type TechnicalMetric = (typeof TECHNICAL_METRICS)[number]['metric'];

const number = z.number().nullable();
/** Totals of a replica, or of all, over a range. A number that nobody measured is null. */
const totalsSchema = z.object({
  requests: z.number(),
  requests_per_second: z.number(),
  failed_requests: z.number(),
  latency_ms_mean: number,
  latency_ms_p50: number,
  latency_ms_p95: number,
  latency_ms_p99: number,
  latency_ms_max: number,
  cpu_cores: number,
  memory_bytes: number,
  request_bytes_mean: number,
  response_bytes_mean: number,
  dropped: z.number(),
});
export type ReplicaTotals = z.output<typeof totalsSchema>;

/** A replica of a deployment. `sources`: what is known of it comes from its own reports, from tracked predictions, or both. */
const replicaSchema = totalsSchema.extend({
  version: z.string(),
  deployment: z.string(),
  replica: z.string(),
  first_seen: z.string(),
  last_seen: z.string(),
  live: z.boolean(),
  sources: z.array(z.enum(['heartbeats', 'predictions'])),
});

/** `GET /v1/models/{model}/replicas`: every array of `metrics` has one number a time of `times`, the starts of the steps. */
export const replicasSchema = z.object({
  model: z.string(),
  from: z.string(),
  to: z.string(),
  step_ms: z.number(),
  replicas: z.array(replicaSchema),
  all: totalsSchema,
  times: z.array(z.string()),
  metrics: z.array(
    z.object({
      metric: z.enum(technicalNames),
      name: z.string(),
      unit: z.string(),
      all: z.array(number),
      by_replica: z.array(z.array(number)),
    }),
  ),
});
export type Replicas = z.output<typeof replicasSchema>;

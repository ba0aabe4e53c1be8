// Replicas over time: what they report of themselves and what their tracked predictions show, put together step by step.
import type { ReplicaTotals, TechnicalMetric } from './contract/replicas.js';

/** A replica of a deployment. */
export interface ReplicaKey {
  version: string;
  deployment: string;
  replica: string;
}

/** Reports of one replica that start in one step. Times in epoch ms; `memory_ms` is memory times ms, over `covered_ms`. */
export interface HeartbeatStep extends ReplicaKey {
  step: number;
  first_ms: number;
  last_ms: number;
  requests: number;
  failed: number;
  dropped: number;
  latency_sum: number | null;
  latency_max: number | null;
  request_bytes: number | null;
  response_bytes: number | null;
  cpu_ms: number | null;
  memory_ms: number | null;
  covered_ms: number;
}

/** Tracked predictions of one replica in one step. `*_n`: how many have the number. */
export interface PredictionStep extends ReplicaKey {
  step: number;
  first_ms: number;
  last_ms: number;
  requests: number;
  failed: number;
  latency_n: number;
  latency_sum: number | null;
  latency_max: number | null;
  request_n: number;
  request_bytes: number | null;
  response_n: number;
  response_bytes: number | null;
  cpu_ms: number | null;
  memory: number | null;
}

/** A sum with how much it is of; null where nobody measured it. */
interface Share {
  sum: number;
  of: number;
}

/** Both sources of one replica in one step. */
export interface ReplicaStep extends ReplicaKey {
  step: number;
  first: number;
  last: number;
  requests: number;
  failed: number;
  dropped: number;
  latency: Share | null;
  latencyMax: number | null;
  requestBytes: Share | null;
  responseBytes: Share | null;
  cpuMs: number | null;
  /** Memory times ms. */
  memory: number | null;
  /** The stretch of the step in which the replica is known to have run, epoch ms. */
  from: number;
  to: number;
  heartbeats: boolean;
  predictions: boolean;
}

/** Identity of a replica as text. */
export const replicaId = (key: ReplicaKey): string => JSON.stringify([key.version, key.deployment, key.replica]);

/**
 * One entry a replica and step. A replica's own count includes what was not tracked, and its predictions may have come before its report: the
 * larger count is the truth known so far, and times and sizes come from the source that has it. `length`: of a step, ms.
 */
export function merge(
  heartbeats: readonly HeartbeatStep[],
  predictions: readonly PredictionStep[],
  length: number,
  now: number,
): ReplicaStep[] {
  const key = (row: ReplicaKey & { step: number }) => `${replicaId(row)}@${row.step}`;
  const tracked = new Map(predictions.map((row) => [key(row), row]));
  const merged = heartbeats.map((row) => mergeOne(row, tracked.get(key(row)) ?? null, length, now));
  const reported = new Set(heartbeats.map(key));
  for (const row of predictions) if (!reported.has(key(row))) merged.push(mergeOne(null, row, length, now));
  return merged.sort((a, b) => a.step - b.step);
}

function mergeOne(
  report: HeartbeatStep | null,
  tracked: PredictionStep | null,
  length: number,
  now: number,
): ReplicaStep {
  const row = report ?? tracked;
  if (row === null) throw new Error('neither a report nor a prediction');
  const reportLeads = (report?.requests ?? 0) >= (tracked?.requests ?? 0);
  const pick = <T>(ofReport: T | null, ofTracked: T | null) =>
    reportLeads ? (ofReport ?? ofTracked) : (ofTracked ?? ofReport);
  const { version, deployment, replica, step } = row;
  const whole = { from: step, to: Math.max(step + 1, Math.min(step + length, now)) };
  const covered = report === null ? whole : { from: report.first_ms, to: report.last_ms };
  return {
    version, deployment, replica, step, ...covered,
    first: Math.min(report?.first_ms ?? Infinity, tracked?.first_ms ?? Infinity),
    last: Math.max(report?.last_ms ?? 0, tracked?.last_ms ?? 0),
    requests: Math.max(report?.requests ?? 0, tracked?.requests ?? 0),
    failed: Math.max(report?.failed ?? 0, tracked?.failed ?? 0),
    dropped: report?.dropped ?? 0,
    latency: pick(share(report?.latency_sum, report?.requests), share(tracked?.latency_sum, tracked?.latency_n)),
    latencyMax: pick(report?.latency_max ?? null, tracked?.latency_max ?? null),
    requestBytes: pick(share(report?.request_bytes, report?.requests), share(tracked?.request_bytes, tracked?.request_n)),
    responseBytes: pick(share(report?.response_bytes, report?.requests), share(tracked?.response_bytes, tracked?.response_n)),
    cpuMs: report?.cpu_ms ?? tracked?.cpu_ms ?? null,
    memory: report?.memory_ms ?? memoryOf(tracked, covered),
    heartbeats: report !== null,
    predictions: tracked !== null,
  }; // prettier-ignore
}

function share(sum: number | null | undefined, of: number | undefined): Share | null {
  return sum === null || sum === undefined || of === undefined || of === 0 ? null : { sum, of };
}

function memoryOf(tracked: PredictionStep | null, { from, to }: { from: number; to: number }): number | null {
  return tracked === null || tracked.memory === null ? null : tracked.memory * (to - from);
}

const present = <T>(values: readonly (T | null)[]): T[] => values.filter((value): value is T => value !== null);
const plus = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Mean of shares; null where there is none. */
function meanOf(shares: readonly (Share | null)[]): number | null {
  const known = present(shares);
  return known.length === 0 ? null : plus(known.map((one) => one.sum)) / plus(known.map((one) => one.of));
}

/** How long steps are known for, ms: replicas that ran one after another in a step share its time. */
function coveredOf(steps: readonly ReplicaStep[]): number {
  const spans = new Map<number, { from: number; to: number }>();
  for (const { step, from, to } of steps) {
    const span = spans.get(step) ?? { from, to };
    spans.set(step, { from: Math.min(span.from, from), to: Math.max(span.to, to) });
  }
  return plus([...spans.values()].map(({ from, to }) => to - from));
}

/** A quantity per ms of the time covered; null where nobody measured it. */
function rateOf(steps: readonly ReplicaStep[], pick: (step: ReplicaStep) => number | null): number | null {
  const measured = steps.filter((step) => pick(step) !== null);
  const covered = coveredOf(measured);
  return covered === 0 ? null : plus(measured.map((step) => pick(step) ?? 0)) / covered;
}

/** Numbers of some steps, of one replica or of all: `seconds` is how long the range is, `latencies` the percentiles 50, 95 and 99. */
export function totalsOf(
  steps: readonly ReplicaStep[],
  seconds: number,
  latencies: readonly number[] | null,
): ReplicaTotals {
  const [p50 = null, p95 = null, p99 = null] = latencies ?? [];
  const requests = plus(steps.map((step) => step.requests));
  const longest = present(steps.map((step) => step.latencyMax));
  return {
    requests,
    requests_per_second: requests / seconds,
    failed_requests: plus(steps.map((step) => step.failed)),
    latency_ms_mean: meanOf(steps.map((step) => step.latency)),
    latency_ms_p50: p50,
    latency_ms_p95: p95,
    latency_ms_p99: p99,
    latency_ms_max: longest.length === 0 ? null : Math.max(...longest),
    cpu_cores: rateOf(steps, (step) => step.cpuMs),
    memory_bytes: rateOf(steps, (step) => step.memory),
    request_bytes_mean: meanOf(steps.map((step) => step.requestBytes)),
    response_bytes_mean: meanOf(steps.map((step) => step.responseBytes)),
    dropped: plus(steps.map((step) => step.dropped)),
  };
}

/** One technical metric over a common axis of time: one number a start, 0 where nothing was asked, null where nobody measured. */
export function seriesOf(
  metric: TechnicalMetric,
  steps: readonly ReplicaStep[],
  axis: readonly { start: number; seconds: number }[],
): (number | null)[] {
  const byStep = new Map<number, ReplicaStep[]>();
  for (const step of steps) byStep.set(step.step, [...(byStep.get(step.step) ?? []), step]);
  return axis.map(({ start, seconds }) => {
    const totals = totalsOf(byStep.get(start) ?? [], seconds, null);
    switch (metric) {
      case 'requests_per_second':
      case 'requests':
      case 'failed_requests':
      case 'cpu_cores':
      case 'memory_bytes':
        return totals[metric];
      case 'latency_ms':
        return totals.latency_ms_mean;
      case 'request_response_bytes':
        return totals.request_bytes_mean === null && totals.response_bytes_mean === null
          ? null
          : (totals.request_bytes_mean ?? 0) + (totals.response_bytes_mean ?? 0);
    }
  });
}

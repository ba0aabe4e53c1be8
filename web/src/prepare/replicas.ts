// Replicas of a model: their rows, and each number of each replica as a line.
import type { Replicas, TechnicalMetric } from '../../../src/domain/contract/replicas.js';
import { versionName } from './format.js';
import type { Line, Point } from './series.js';

export type ReplicaRow = Replicas['replicas'][number];

/** More lines than colours cannot be told apart. */
const MOST = 6;
const DAY = 86_400_000;

/** The charts of the page. */
export const PANELS: readonly { title: string; metric: TechnicalMetric }[] = [
  { title: 'Requests per second', metric: 'requests_per_second' },
  { title: 'Failed requests', metric: 'failed_requests' },
  { title: 'Latency, mean', metric: 'latency_ms' },
  { title: 'CPU cores', metric: 'cpu_cores' },
  { title: 'Memory', metric: 'memory_bytes' },
  { title: 'Request and response size', metric: 'request_response_bytes' },
];

/** A replica's name; the version and deployment too where there are several of them. What did not name itself is one replica. */
export function replicaName(row: Pick<ReplicaRow, 'replica' | 'version' | 'deployment'>, all: Replicas): string {
  const several = (pick: (row: ReplicaRow) => string): boolean => new Set(all.replicas.map(pick)).size > 1;
  return [
    row.replica === '' ? '(not named)' : row.replica,
    several((one) => one.version) ? versionName(row.version) : '',
    several((one) => one.deployment) ? row.deployment : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** The share of requests that failed; null where there were none. */
export function failedShare({ requests, failed_requests: failed }: ReplicaRow): number | null {
  return requests === 0 ? null : failed / requests;
}

/** One line a replica, of those with the most requests. `n` of a point are the requests of the replica in the step. */
export function replicaLines(data: Replicas, metric: TechnicalMetric): Line[] {
  const find = (name: TechnicalMetric) => data.metrics.find((one) => one.metric === name)?.by_replica ?? [];
  const [values, requests] = [find(metric), find('requests')];
  const order = data.replicas
    .map((row, i) => ({ row, i }))
    .sort((a, b) => b.row.requests - a.row.requests)
    .slice(0, MOST);
  return order.map(({ row, i }) => ({
    name: replicaName(row, data),
    metric,
    band: false,
    points: data.times.map((time, step): Point => {
      const value = values[i]?.[step] ?? null;
      return {
        window_start: time,
        window_end: new Date(new Date(time).getTime() + data.step_ms).toISOString(),
        value,
        lower: null,
        upper: null,
        n: requests[i]?.[step] ?? 0,
        coverage: null,
        status: value === null ? 'no_data' : 'ok',
      };
    }),
  }));
}

/** How many replicas have no line. */
export function withoutLine(data: Replicas): number {
  return Math.max(0, data.replicas.length - MOST);
}

/** What is asked for: the range of the address, or the last day of data where it names none, because every step is counted from rows. */
export function replicaRange(chosen: boolean, from: string, to: string): { from: string; to: string } {
  if (chosen) return { from, to };
  const day = new Date(new Date(to).getTime() - DAY).toISOString();
  return { from: day > from ? day : from, to };
}

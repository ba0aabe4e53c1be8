// Replicas of a model: their reports and tracked predictions together give Cloudera's seven technical metrics.
import { iso } from '../domain/contract/common.js';
import { TECHNICAL_METRICS, type Replicas } from '../domain/contract/replicas.js';
import { InvalidInputError } from '../domain/errors.js';
import {
  merge,
  replicaId,
  seriesOf,
  totalsOf,
  type HeartbeatStep,
  type PredictionStep,
  type ReplicaKey,
  type ReplicaStep,
} from '../domain/replica-steps.js';
import type { ReplicaQuery, ReplicasApi } from './api.js';

/** A replica is live when it was heard of in the last minute. */
const LIVE_MS = 60_000;
const HOUR = 3_600_000;
/** Steps to choose from where the caller does not say, ms, and how many there may be then and at all. */
const STEPS = [10_000, 30_000, 60_000, 300_000, 900_000, HOUR, 6 * HOUR, 24 * HOUR];
const WANTED_STEPS = 120;
const MOST_STEPS = 1000;
/** Replicas that are listed; `all` counts the others too. */
const MOST_REPLICAS = 200;

interface Range {
  model: string;
  version: string | null;
  deployment: string | null;
  from: number;
  to: number;
  step: number;
}

export interface ReplicaStore {
  heartbeats(range: Range): Promise<HeartbeatStep[]>;
  predictions(range: Range): Promise<PredictionStep[]>;
  latencies(range: Range): Promise<(ReplicaKey & { every: number; latencies: number[] })[]>;
}

export class ReplicasService implements ReplicasApi {
  constructor(
    private readonly deps: {
      store: ReplicaStore;
      requireModel: (model: string) => Promise<void>;
      clock: () => number;
    },
  ) {}

  async read(model: string, query: ReplicaQuery): Promise<Replicas> {
    const now = this.deps.clock();
    const range = rangeOf(model, query, now);
    const [heartbeats, predictions, latencies] = await Promise.all([
      this.deps.store.heartbeats(range),
      this.deps.store.predictions(range),
      this.deps.store.latencies(range),
    ]);
    const steps = merge(heartbeats, predictions, range.step, Math.min(now, range.to));
    // A model of which only replicas are known has no predictions and no configuration.
    if (steps.length === 0) await this.deps.requireModel(model);
    const percentiles = new Map(
      latencies.filter((row) => row.every === 0).map((row) => [replicaId(row), row.latencies]),
    );
    const replicas = newestFirst(steps);
    const seconds = (range.to - range.from) / 1000;
    const axis = axisOf(range, now);
    return {
      model,
      from: iso(range.from),
      to: iso(range.to),
      step_ms: range.step,
      replicas: replicas.map((mine) => ({
        ...identityOf(mine, now),
        ...totalsOf(mine, seconds, percentiles.get(replicaId(mine[0])) ?? null),
      })),
      all: totalsOf(steps, seconds, latencies.find((row) => row.every === 1)?.latencies ?? null),
      times: axis.map(({ start }) => iso(start)),
      metrics: TECHNICAL_METRICS.map(({ metric, name, unit }) => ({
        metric,
        name,
        unit,
        all: seriesOf(metric, steps, axis),
        by_replica: replicas.map((mine) => seriesOf(metric, mine, axis)),
      })),
    };
  }
}

/** The range with its defaults: the last hour, in steps that make a readable chart. @throws InvalidInputError */
function rangeOf(model: string, query: ReplicaQuery, now: number): Range {
  const to = query.to ?? now;
  const from = query.from ?? to - HOUR;
  if (from >= to)
    throw new InvalidInputError('The range is empty. Give a `from` before `to`.', [
      { code: 'invalid_range', path: 'from', message: 'must be before to' },
    ]);
  const step =
    query.step ?? STEPS.find((one) => (to - from) / one <= WANTED_STEPS) ?? Math.ceil((to - from) / WANTED_STEPS);
  if ((to - from) / step > MOST_STEPS)
    throw new InvalidInputError(`That is more than ${MOST_STEPS} steps. Ask for a shorter range or a longer step.`, [
      {
        code: 'too_many_steps',
        path: 'step',
        message: `at least ${Math.ceil((to - from) / MOST_STEPS)} ms for this range`,
      },
    ]);
  return { model, version: query.version, deployment: query.deployment, from, to, step };
}

/** Starts of the steps, each with the seconds of it that have passed. */
function axisOf(range: Range, now: number): { start: number; seconds: number }[] {
  const steps = Math.ceil((range.to - range.from) / range.step);
  return Array.from({ length: steps }, (_, index) => {
    const start = range.from + index * range.step;
    const end = Math.min(start + range.step, range.to, Math.max(now, start + 1));
    return { start, seconds: (end - start) / 1000 };
  });
}

type Steps = [ReplicaStep, ...ReplicaStep[]];

/** The steps of each replica, the one heard of last first. */
function newestFirst(steps: readonly ReplicaStep[]): Steps[] {
  const groups = new Map<string, Steps>();
  for (const step of steps) {
    const mine = groups.get(replicaId(step));
    if (mine === undefined) groups.set(replicaId(step), [step]);
    else mine.push(step);
  }
  const last = (mine: Steps) => Math.max(...mine.map((step) => step.last));
  return [...groups.values()].sort((a, b) => last(b) - last(a)).slice(0, MOST_REPLICAS);
}

function identityOf(mine: Steps, now: number) {
  const { version, deployment, replica } = mine[0];
  const last = Math.max(...mine.map((step) => step.last));
  const sources: ('heartbeats' | 'predictions')[] = [];
  if (mine.some((step) => step.heartbeats)) sources.push('heartbeats');
  if (mine.some((step) => step.predictions)) sources.push('predictions');
  return {
    version,
    deployment,
    replica,
    first_seen: iso(Math.min(...mine.map((step) => step.first))),
    last_seen: iso(last),
    live: now - last <= LIVE_MS,
    sources,
  };
}

// Comparisons frozen when a version takes over: its numbers beside those of the version it replaced, as they were at that moment.
import { z } from 'zod';
import { iso } from '../../domain/contract/common.js';
import { metricPointSchema, type MetricFilter, type MetricPointJson } from '../../domain/contract/metrics.js';
import type { FrozenComparison } from '../../domain/contract/registry.js';
import { DAY_MS } from '../../domain/duration.js';
import { DriftlineError } from '../../domain/errors.js';
import { CHAMPION, type Change } from '../../domain/registry/model.js';
import type { Outcome } from '../../domain/registry/operation.js';
import type { RegistryState } from '../../domain/registry/state.js';
import type { RegistryEntry, RegistryStore } from './ports.js';
import type { Follower, Registry } from './registry.js';

const KIND = 'comparison';
/** How much of the past is compared. */
const SPAN = 28 * DAY_MS;
const MAX_LISTED = 200;

const comparisonDoc = z.object({
  state: z.enum(['pending', 'done', 'no_data', 'failed']),
  reason: z.string(),
  model: z.string(),
  version: z.string(),
  replaced: z.string(),
  at: z.number(),
  by: z.string(),
  detail: z.string().nullable(),
  points: z.array(metricPointSchema),
});
type Comparison = z.output<typeof comparisonDoc> & { scope: string; item: string };

export interface ComparisonPorts {
  registry: Registry;
  store: RegistryStore;
  metrics: (model: string, filter: MetricFilter) => Promise<MetricPointJson[]>;
  warn: (message: string, error: unknown) => void;
}

/** Freezes comparisons, in the background: a transition does not wait for them. */
export class Comparisons implements Follower {
  readonly kinds: readonly string[] = [];
  private readonly ready: Comparison[] = [];
  private work: Promise<void> = Promise.resolve();

  constructor(private readonly ports: ComparisonPorts) {}

  loaded(): void {
    // Kept in the store only.
  }

  entries(outcome: Outcome, state: RegistryState): RegistryEntry[] {
    const made = outcome.changes.flatMap((change) => {
      const replaced = replacedBy(change, state);
      return replaced === null ? [] : [pending(change, replaced)];
    });
    this.ready.splice(0, this.ready.length, ...made);
    return made.map(entryOf);
  }

  stored(): void {
    this.add(this.ready.splice(0));
  }

  /** Compute what a stop or a crash left open. Call once at start. */
  async resume(): Promise<void> {
    const entries = await this.ports.store.all([KIND]);
    this.add(
      entries
        .map(({ scope, item, doc }) => ({ scope, item, ...comparisonDoc.parse(doc) }))
        .filter(({ state }) => state === 'pending'),
    );
  }

  /** Of a model, newest first. */
  async list(model: string): Promise<FrozenComparison[]> {
    const id = await this.ports.registry.read((state) => state.find(model)?.id ?? null);
    if (id === null) return [];
    const entries = await this.ports.store.newest(KIND, id, MAX_LISTED);
    return entries.map(({ doc }) => {
      const { at, ...comparison } = comparisonDoc.parse(doc);
      return { ...comparison, time: iso(at), from: iso(at - SPAN), to: iso(at) };
    });
  }

  /** Wait until everything is computed. */
  idle(): Promise<void> {
    return this.work;
  }

  private add(comparisons: readonly Comparison[]): void {
    for (const comparison of comparisons) {
      this.work = this.work
        .then(() => this.freeze(comparison))
        .catch((error: unknown) => {
          this.ports.warn('a comparison of versions could not be stored', error);
        });
    }
  }

  private async freeze(comparison: Comparison): Promise<void> {
    const done = { ...comparison, ...(await this.computed(comparison)) };
    await this.ports.store.write([entryOf(done)], comparison.at);
  }

  private async computed({
    model,
    version,
    replaced,
    at,
  }: Comparison): Promise<Pick<Comparison, 'state' | 'detail' | 'points'>> {
    const filter = {
      metrics: [],
      features: [],
      version,
      compare: replaced,
      deployment: null,
      segment: '',
      from: at - SPAN,
      to: at,
      window: 'range',
    };
    try {
      return { state: 'done', detail: null, points: await this.ports.metrics(model, filter) };
    } catch (error) {
      const known = error instanceof DriftlineError && error.status < 500;
      if (!known) this.ports.warn('a comparison of versions could not be computed', error);
      const detail =
        error instanceof DriftlineError ? error.detail : 'it could not be computed; the service log says why';
      return { state: known ? 'no_data' : 'failed', detail, points: [] };
    }
  }
}

function entryOf({ scope, item, ...doc }: Comparison): RegistryEntry {
  return { kind: KIND, scope, item, doc };
}

function pending(change: Change, replaced: string): Comparison {
  const version = String(change.version);
  return {
    scope: change.modelId,
    item: `${String(change.at).padStart(15, '0')}-${version}-${change.action}`,
    state: 'pending',
    reason: change.action === 'alias_set' ? `alias ${CHAMPION}` : 'stage Production',
    model: change.model,
    version,
    replaced,
    at: change.at,
    by: change.by,
    detail: null,
    points: [],
  };
}

/** The version that a change puts out of charge, null where it puts none. `state`: before the change. */
function replacedBy(change: Change, state: RegistryState): string | null {
  if (change.version === null) return null;
  if (change.action === 'alias_set') return change.key === CHAMPION ? change.from : null;
  if (change.action !== 'stage_changed' || change.to !== 'Production') return null;
  const model = state.find(change.model);
  const before = model === null ? undefined : state.latest(model, ['Production'])[0];
  return before === undefined || before.version === change.version ? null : String(before.version);
}

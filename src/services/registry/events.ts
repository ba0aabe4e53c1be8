// Marks on the charts of a model: stages, aliases and versions from the registry's log, baselines, changes of the configuration.
import { z } from 'zod';
import { iso } from '../../domain/contract/common.js';
import type { BaselineSummary } from '../../domain/contract/models.js';
import { EVENT_KINDS, type ModelEvent } from '../../domain/contract/registry.js';
import { describeChange, type Change } from '../../domain/registry/model.js';
import type { Registry } from './registry.js';
import type { RegistryStore, StoredEntry } from './ports.js';

const KIND = 'mark';
const scopeOf = (model: string): string => `model:${model}`;
const markDoc = z.object({
  kind: z.enum(EVENT_KINDS),
  version: z.string().nullable(),
  text: z.string(),
  by: z.string(),
});
/** What a note says. */
export type Mark = z.output<typeof markDoc>;

/** The newest lines of the log that marks are made of. */
const MAX_LINES = 5_000;

export interface EventPorts {
  registry: Registry;
  store: RegistryStore;
  /** First predictions of versions. */
  tracked: (model: string) => Promise<{ version: string; firstSeen: number }[]>;
  baselines: (model: string) => Promise<BaselineSummary[]>;
  clock: () => number;
}

/** What happened to a model, for people who look at its numbers. */
export class ModelEvents {
  private sequence = 0;

  constructor(private readonly ports: EventPorts) {}

  /** Keep something that happened now. */
  async note(model: string, mark: Mark): Promise<void> {
    const now = this.ports.clock();
    this.sequence += 1;
    const item = `${String(now).padStart(15, '0')}-${String(this.sequence).padStart(9, '0')}`;
    await this.ports.store.write([{ kind: KIND, scope: scopeOf(model), item, doc: mark }], now);
  }

  /** Oldest first, in [from, to). */
  async list(model: string, range: { from: number | null; to: number | null }): Promise<ModelEvent[]> {
    const [log, notes, tracked, baselines] = await Promise.all([
      this.ports.registry.history(model, MAX_LINES, Object.keys(MARKED) as Change['action'][]),
      this.ports.store.newest(KIND, scopeOf(model), MAX_LINES),
      this.ports.tracked(model),
      this.ports.baselines(model),
    ]);
    const events = [
      ...log.reverse().flatMap(ofChange),
      ...notes.map(ofNote),
      ...tracked.map(({ version, firstSeen }) => ({
        at: firstSeen,
        event: { kind: 'version' as const, version, text: `first prediction of version ${version}`, by: '' },
      })),
      ...baselines.map((baseline) => ({
        at: Date.parse(baseline.created_at),
        event: {
          kind: 'baseline' as const,
          version: baseline.version,
          text: `baseline ${baseline.name} (${baseline.rows} rows) made from ${baseline.source}`,
          by: '',
        },
      })),
    ];
    return events
      .filter(({ at }) => (range.from === null || at >= range.from) && (range.to === null || at < range.to))
      .sort((a, b) => a.at - b.at)
      .map(({ at, event }) => ({ time: iso(at), ...event }));
  }

  forget(model: string): Promise<void> {
    return this.ports.store.forget(scopeOf(model));
  }
}

type Dated = { at: number; event: Omit<ModelEvent, 'time'> };

const MARKED: Partial<Record<Change['action'], ModelEvent['kind']>> = {
  stage_changed: 'stage',
  alias_set: 'alias',
  alias_deleted: 'alias',
  version_created: 'version',
  version_deleted: 'version',
};

function ofChange(change: Change): Dated[] {
  const kind = MARKED[change.action];
  if (kind === undefined) return [];
  const version = change.version === null ? null : String(change.version);
  return [{ at: change.at, event: { kind, version, text: describeChange(change), by: change.by } }];
}

const ofNote = (entry: StoredEntry): Dated => ({ at: entry.at, event: markDoc.parse(entry.doc) });

// Bin counts of windows whose rows are gone: what the jobs kept of them, merged, in the bins of a baseline.
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { Baseline, BaselineFieldProfile } from '../domain/drift/baseline.js';
import { otherIndex, unseenIndex } from '../domain/drift/bins.js';
import type { GroupKey } from '../domain/selection.js';
import type { ProfileQuery } from '../domain/stored.js';
import { windowOf } from '../domain/window.js';
import { binsOf } from './baselines.js';
import type { BaselineStore, BinCounter, GroupCounts } from './compute-ports.js';
import { retentionCutoff } from './models.js';

export interface ProfileReader {
  merged(
    query: ProfileQuery & { baselineId: string; into: number | null; origin: number },
  ): Promise<(GroupKey & { feature: string; total: number[]; rows: number })[]>;
  versions(model: string): Promise<{ version: string; first: number; last: number }[]>;
  baselines(query: ProfileQuery): Promise<{ baselineId: string; windows: number }[]>;
}

export interface StoredProfileDependencies {
  profiles: ProfileReader;
  baselines: Pick<BaselineStore, 'source' | 'rowsOf' | 'fieldsOf'>;
  bins: BinCounter;
}

/** Counts of windows, and the baseline in the same bins. */
export interface StoredCounts {
  groups: GroupCounts[];
  /** The baseline asked for; where the windows were counted in the bins of another one, its rows counted in those. */
  baseline: Baseline;
  /** Whose bins they are. */
  binsId: string;
  /** Whether the bins are another baseline's. */
  rebinned: boolean;
  /** Counts of rows in the same bins, told apart no further than those of the windows. */
  adjust: (counts: readonly number[], field: BaselineFieldProfile) => number[];
}

export class StoredProfiles {
  constructor(private readonly deps: StoredProfileDependencies) {}

  /**
   * What is kept of the windows in the range, merged into windows of `into` ms (null: one), to be held against a baseline; null where nothing is.
   * Windows are kept in the bins of the baseline that they were compared with. Where that is another one, this one's rows, which do not
   * expire, are counted in the same bins: both sides are exact counts.
   */
  async counts(
    range: ProfileQuery,
    baseline: Baseline,
    into: { length: number | null; origin: number },
  ): Promise<StoredCounts | null> {
    const [first, ...others] = await this.deps.profiles.baselines(range);
    if (first === undefined) return null;
    const own = [first, ...others].find((kept) => kept.baselineId === baseline.id);
    const chosen = own !== undefined && own.windows === first.windows ? own : first;
    const rows = await this.deps.profiles.merged({
      ...range,
      baselineId: chosen.baselineId,
      into: into.length,
      origin: into.origin,
    });
    const groups = grouped(rows);
    const binsId = chosen.baselineId;
    if (binsId === baseline.id) return { groups, baseline, binsId, rebinned: false, adjust: (counts) => [...counts] };
    const fields = await this.deps.baselines.fieldsOf(chosen.baselineId);
    if (fields === null) return null;
    const rebinned = await this.inBinsOf(baseline, chosen.baselineId, fields);
    const folds = groups.map((group) => folded(group, rebinned.fields));
    return { groups: folds, baseline: rebinned, binsId, rebinned: true, adjust: fold };
  }

  /** Versions with kept windows, and the time range of these, epoch ms. */
  versions(model: string): Promise<{ version: string; first: number; last: number }[]> {
    return this.deps.profiles.versions(model);
  }

  /** A baseline whose rows are counted in the bins of other fields. */
  private async inBinsOf(baseline: Baseline, id: string, fields: readonly BaselineFieldProfile[]): Promise<Baseline> {
    const known = new Map(baseline.fields.map((field) => [field.path, field]));
    const shared = fields.filter(
      (field) => field.kind !== 'skipped' && (known.get(field.path)?.kind ?? 'skipped') === field.kind,
    );
    const source = this.deps.baselines.source(baseline.id);
    const binsRows = this.deps.baselines.rowsOf(id);
    const rows = {
      params: source.params,
      from: (columns: readonly string[]) => `(SELECT ${['0 AS w', ...columns].join(', ')} FROM ${source.from})`,
      groups: ['w'],
    };
    const [counted] = await this.deps.bins.count(rows, shared, binsRows);
    return {
      ...baseline,
      fields: shared.map((field) => ({
        ...field,
        counts: fold(counted?.counts.get(field.path) ?? [], field),
        present: known.get(field.path)?.present ?? 0,
        std: known.get(field.path)?.std ?? null,
      })),
    };
  }
}

/**
 * What is not among the listed categories as OTHER, on both sides: whether the other baseline had seen it is not known of a window whose rows are gone.
 */
function fold(counts: readonly number[], field: BaselineFieldProfile): number[] {
  if (field.kind !== 'categorical') return [...counts];
  const bins = binsOf(field);
  const [other, unseen] = [otherIndex(bins) ?? 0, unseenIndex(bins) ?? 0];
  return counts.map((count, bin) => (bin === other ? count + (counts[unseen] ?? 0) : bin === unseen ? 0 : count));
}

function folded(group: GroupCounts, fields: readonly BaselineFieldProfile[]): GroupCounts {
  const counts = fields.flatMap((field): [string, number[]][] => {
    const found = group.counts.get(field.path);
    return found === undefined ? [] : [[field.path, fold(found, field)]];
  });
  return { ...group, counts: new Map(counts) };
}

/**
 * From when on a model's windows are counted from its rows, epoch ms: before, rows are gone or about to go. Where it keeps everything, from
 * its first row on.
 */
export function rowsFrom(config: EffectiveConfig, now: number, series: readonly { firstSlot: number }[]): number {
  const first = Math.min(...series.map((one) => one.firstSlot));
  const start = Number.isFinite(first) ? windowOf(first, config.windowLength).start : Number.POSITIVE_INFINITY;
  return Math.max(start, retentionCutoff(config, now) ?? Number.NEGATIVE_INFINITY);
}

function grouped(rows: readonly (GroupKey & { feature: string; total: number[]; rows: number })[]): GroupCounts[] {
  const groups = new Map<string, GroupCounts>();
  for (const { version, deployment, segment, w, feature, total, rows: n } of rows) {
    const group = { version, deployment, segment, w };
    const key = JSON.stringify(group);
    const found = groups.get(key) ?? { group, n: 0, counts: new Map<string, number[]>() };
    // Ground truth is counted over the labelled rows only.
    if (!feature.startsWith('values.')) found.n = Math.max(found.n, n);
    found.counts.set(feature, total);
    groups.set(key, found);
  }
  return [...groups.values()];
}

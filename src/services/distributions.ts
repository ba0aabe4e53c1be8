// Distributions for plots: a field in the baseline, over a range, and window by window, from rows or from what was kept of them.
import { iso } from '../domain/contract/common.js';
import type { Distribution, DistributionQuery } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { Baseline, BaselineFieldProfile } from '../domain/drift/baseline.js';
import { binLabels, missingIndex, unseenIndex } from '../domain/drift/bins.js';
import { total } from '../domain/drift/counts.js';
import { psiContributions } from '../domain/drift/psi.js';
import { InvalidInputError, NotFoundError } from '../domain/errors.js';
import type { BaselineChooser } from './automatic-baselines.js';
import { binsOf } from './baselines.js';
import type { BinCounter, FieldSource, RowSelector } from './compute-ports.js';
import { TRUTH } from './drift.js';
import type { ModelsService } from './models.js';
import { originOf } from './planning.js';
import { rowsFrom, type StoredCounts, type StoredProfiles } from './stored-profiles.js';

/** Windows of one distribution at the most. */
export const MAX_WINDOWS = 2000;

export interface SeriesRange {
  version: string;
  deployment: string;
  firstSlot: number;
  lastSlot: number;
}

export interface DistributionDependencies {
  models: Pick<ModelsService, 'requireModel' | 'effective'>;
  chooser: BaselineChooser;
  rows: RowSelector;
  bins: BinCounter;
  stored: StoredProfiles;
  baselineRows: (id: string) => FieldSource;
  series: (model: string) => Promise<SeriesRange[]>;
  clock: () => number;
}

interface WindowCounts {
  w: number;
  counts: number[];
}

export class Distributions {
  constructor(private readonly deps: DistributionDependencies) {}

  /** Baseline and current counts of a field over [from, to). @throws NotFoundError where nothing can be compared. */
  async read(model: string, query: DistributionQuery): Promise<Distribution> {
    await this.deps.models.requireModel(model);
    const config = await this.deps.models.effective(model);
    if (query.overTime) requireFewWindows(query, config.windowLength);
    const series = await this.deps.series(model);
    const version = query.version ?? newestVersion(series, query.from, query.to);
    const baseline =
      version === null ? null : await this.deps.chooser.choose(model, version, config, this.deps.clock());
    if (version === null || baseline === null)
      throw new NotFoundError(`Model "${model}" has no predictions to compare in that range.`);
    const asked = fieldOf(baseline, query.feature);
    const boundary = query.stored === true ? Number.POSITIVE_INFINITY : rowsFrom(config, this.deps.clock(), series);
    const old = await this.kept(model, version, baseline, config, query, boundary);
    // In one picture both parts stand in the same bins: those of what cannot be counted again.
    const field = old?.field ?? asked;
    const counted = await this.counted(model, version, old?.binsId ?? baseline.id, field, config, {
      ...query,
      from: old === null ? query.from : Math.max(query.from, boundary),
    });
    const adjusted = counted.map(({ w, counts }) => ({ w, counts: old?.adjust(counts, field) ?? counts }));
    const windows = [...(old?.windows ?? []), ...adjusted].sort((a, b) => a.w - b.w);
    const bins = binsOf(field);
    const current = new Array<number>(field.counts.length).fill(0);
    for (const window of windows) window.counts.forEach((count, bin) => (current[bin] = (current[bin] ?? 0) + count));
    const unseen = unseenIndex(bins);
    const missing = missingIndex(bins);
    return {
      feature: field.path,
      kind: bins.kind,
      version,
      baseline_name: baseline.name,
      edges: bins.kind === 'numeric' ? bins.edges : null,
      categories: bins.kind === 'categorical' ? bins.categories : null,
      labels: binLabels(bins),
      baseline: field.counts,
      current,
      missing: { baseline: field.counts[missing] ?? 0, current: current[missing] ?? 0 },
      unseen: unseen === null ? null : (current[unseen] ?? 0),
      psi_contributions: psiContributions(field.counts, current),
      counts: query.stored === true && old !== null ? 'stored' : 'rows',
      ...(query.overTime
        ? {
            windows: windows.map(({ w, counts }) => ({
              window_start: iso(w),
              window_end: iso(w + config.windowLength),
              n: total(counts),
              counts,
            })),
          }
        : {}),
    };
  }

  /** The part of the range whose rows are gone. */
  private async kept(
    model: string,
    version: string,
    baseline: Baseline,
    config: EffectiveConfig,
    query: DistributionQuery,
    boundary: number,
  ): Promise<
    (Pick<StoredCounts, 'binsId' | 'adjust'> & { windows: WindowCounts[]; field: BaselineFieldProfile }) | null
  > {
    if (query.from >= boundary) return null;
    const length = config.windowLength;
    const stored = await this.deps.stored.counts(
      {
        model,
        features: [query.feature],
        version,
        deployment: null,
        segment: query.segment ?? '',
        from: query.from,
        to: Math.min(query.to, boundary),
        length,
      },
      baseline,
      { length: query.overTime ? length : null, origin: originOf(length) },
    );
    const field = stored?.baseline.fields.find((one) => one.path === query.feature);
    if (stored === null || field === undefined) return null;
    return { ...stored, windows: perWindow(stored.groups, field), field };
  }

  private async counted(
    model: string,
    version: string,
    binsId: string,
    field: BaselineFieldProfile,
    config: EffectiveConfig,
    query: DistributionQuery,
  ): Promise<WindowCounts[]> {
    if (query.from >= query.to) return [];
    const selection = {
      model,
      length: query.overTime ? config.windowLength : null,
      origin: query.overTime ? originOf(config.windowLength) : 0,
      from: query.from,
      to: query.to,
      windows: null,
      version,
      segments: [],
      only: query.segment,
    };
    const rows = field.path.startsWith(TRUTH)
      ? await this.deps.rows.groundTruth(selection)
      : await this.deps.rows.predictions(selection);
    return perWindow(await this.deps.bins.count(rows, [field], this.deps.baselineRows(binsId)), field);
  }
}

/** Counts of one field by window, all deployments together. */
function perWindow(
  groups: readonly { group: { w: number }; counts: ReadonlyMap<string, number[]> }[],
  field: BaselineFieldProfile,
): WindowCounts[] {
  const windows = new Map<number, number[]>();
  for (const { group, counts } of groups) {
    const sums = windows.get(group.w) ?? new Array<number>(field.counts.length).fill(0);
    counts.get(field.path)?.forEach((count, bin) => (sums[bin] = (sums[bin] ?? 0) + count));
    windows.set(group.w, sums);
  }
  return [...windows].map(([w, counts]) => ({ w, counts }));
}

function fieldOf(baseline: Baseline, feature: string): BaselineFieldProfile {
  const compared = baseline.fields.filter((candidate) => candidate.kind !== 'skipped');
  const field = compared.find((candidate) => candidate.path === feature);
  if (field !== undefined) return field;
  const known = compared.map((candidate) => candidate.path).slice(0, 50);
  throw new NotFoundError(
    `Baseline "${baseline.name}" does not compare a field "${feature}". It compares: ${known.join(', ')}.`,
  );
}

function requireFewWindows(query: DistributionQuery, length: number): void {
  const windows = Math.ceil((query.to - query.from) / length);
  if (windows <= MAX_WINDOWS) return;
  throw new InvalidInputError(`That is ${windows} windows; ask for at most ${MAX_WINDOWS}: a shorter range.`, [
    { code: 'too_large', path: 'from', message: `at most ${MAX_WINDOWS} windows` },
  ]);
}

/** The version that appeared last of those with predictions in the range; after them, of those before it. */
function newestVersion(series: readonly SeriesRange[], from: number, to: number): string | null {
  const byAge = [...series].sort((a, b) => b.firstSlot - a.firstSlot || (b.version > a.version ? 1 : -1));
  const active = byAge.find((one) => one.firstSlot < to && one.lastSlot + 900_000 > from);
  return (active ?? byAge[byAge.length - 1])?.version ?? null;
}

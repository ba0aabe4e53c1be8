// What compares the samples themselves: exact where both fit in one place, from fine bins with bounds where they do not.
import type { Baseline, BaselineFieldProfile } from '../domain/drift/baseline.js';
import { binnedKs, binnedWasserstein, type FineCounts } from '../domain/drift/binned.js';
import { missingIndex } from '../domain/drift/bins.js';
import { total } from '../domain/drift/counts.js';
import { EXACT_KS_LIMIT } from '../domain/drift/kolmogorov.js';
import type { Bounds } from '../domain/drift/score.js';
import type { GroupedRows, GroupKey } from '../domain/selection.js';
import { binsOf } from './baselines.js';
import type { FieldSource, FineBinner, GroupCounts, TwoSampleTests } from './compute-ports.js';

/** Rows of baseline and window together up to which the Wasserstein distance is exact: both samples are sorted in one place. */
export const EXACT_WASSERSTEIN_ROWS = 400_000;
/** Rows of baseline and window together up to which the Kolmogorov-Smirnov statistic is exact: both samples are held in memory. */
export const EXACT_KS_ROWS = 5_000_000;
/** Values that one two-sample query may hold: fields, and windows of them, are tested together up to here. */
const VALUES_PER_QUERY = 50_000_000;
/** Baselines whose fine bins are kept in memory. */
const KEPT_BASELINES = 4;

/** Which tests on samples are wanted. */
export interface WantedTests {
  ks: boolean;
  wasserstein: boolean;
}

/** Counts of a group with what the tests on samples gave, per field. */
export interface Measured extends GroupCounts {
  ks: Map<string, { statistic: number; pValue: number | null; bounds: Bounds | null }>;
  wasserstein: Map<string, { value: number; bounds: Bounds | null }>;
}

/** Rows of a baseline: its counts, and where its rows are. */
export interface BaselineSample {
  baseline: Baseline;
  source: FieldSource;
}

interface FineBaseline {
  edges: Map<string, number[]>;
  counts: Map<string, FineCounts>;
}

export class SampleTester {
  private readonly kept = new Map<string, FineBaseline>();

  constructor(
    private readonly tests: TwoSampleTests,
    private readonly fine: FineBinner,
    private readonly limits = { ks: EXACT_KS_ROWS, wasserstein: EXACT_WASSERSTEIN_ROWS },
  ) {}

  /** Add the results of the wanted tests to the groups. */
  async test(
    rows: GroupedRows,
    measured: readonly Measured[],
    fields: readonly BaselineFieldProfile[],
    sample: BaselineSample,
    wanted: WantedTests,
  ): Promise<void> {
    const numeric = fields.filter((field) => field.kind === 'numeric' && field.present > 0);
    if (numeric.length === 0 || measured.length === 0) return;
    const all = sample.baseline.rows;
    const small = (group: GroupCounts, limit: number) => all + group.n <= limit;
    const exactly = measured.filter((group) => wanted.ks && small(group, this.limits.ks));
    const distant = new Set<GroupCounts>(
      measured.filter((group) => wanted.wasserstein && small(group, this.limits.wasserstein)),
    );
    const byKey = new Map(measured.map((group) => [keyOf(group.group), group]));
    const direct = measured.filter((group) => distant.has(group) || exactly.includes(group));
    for (const batch of testBatches(direct, numeric, all, (group) => distant.has(group))) {
      for (const found of await this.tests.compare(rows, batch.groups, batch.paths, sample.source, batch)) {
        const target = byKey.get(keyOf(found.group));
        if (found.d !== null && wanted.ks)
          target?.ks.set(found.path, { statistic: found.d, pValue: found.pValue, bounds: null });
        if (found.distance !== null) target?.wasserstein.set(found.path, { value: found.distance, bounds: null });
      }
    }
    const large = measured.filter(
      (group) =>
        (wanted.ks && !small(group, this.limits.ks)) || (wanted.wasserstein && !small(group, this.limits.wasserstein)),
    );
    if (large.length > 0) await this.binned(rows, large, numeric, sample, wanted);
  }

  private async binned(
    rows: GroupedRows,
    groups: readonly Measured[],
    fields: readonly BaselineFieldProfile[],
    sample: BaselineSample,
    wanted: WantedTests,
  ): Promise<void> {
    const { edges, counts } = await this.fineBaseline(fields, sample);
    const byKey = new Map(groups.map((group) => [keyOf(group.group), group]));
    const keys = groups.map((group) => group.group);
    for (const { group, path, counts: current } of await this.fine.count(rows, keys, edges)) {
      const [target, before, cuts] = [byKey.get(keyOf(group)), counts.get(path), edges.get(path)];
      if (target === undefined || before === undefined || cuts === undefined) continue;
      const ks = wanted.ks && !target.ks.has(path) ? binnedKs(before.counts, current.counts) : null;
      if (ks !== null) target.ks.set(path, { statistic: ks.value, pValue: null, bounds: ks });
      const distance =
        wanted.wasserstein && !target.wasserstein.has(path) ? binnedWasserstein(cuts, before, current) : null;
      if (distance !== null) target.wasserstein.set(path, { value: distance.value, bounds: distance });
    }
  }

  /** A baseline's rows do not change, but for some that are erased: their bins are counted once. */
  private async fineBaseline(fields: readonly BaselineFieldProfile[], sample: BaselineSample): Promise<FineBaseline> {
    const { baseline, source } = sample;
    const paths = fields.map((field) => field.path);
    const key = JSON.stringify([baseline.id, baseline.rows, paths]);
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const edges = await this.fine.edges(source, baseline.rows, paths);
    const nowhere: GroupKey = { version: '', deployment: '', segment: '', w: 0 };
    const rows = {
      params: source.params,
      from: (columns: readonly string[]) => `(SELECT ${['0 AS w', ...columns].join(', ')} FROM ${source.from})`,
      groups: ['w'],
    };
    const samples = await this.fine.count(rows, [nowhere], edges);
    const made = { edges, counts: new Map(samples.map(({ path, counts }) => [path, counts])) };
    if (baseline.id !== '') this.kept.set(key, made);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT_BASELINES && oldest !== undefined) this.kept.delete(oldest);
    return made;
  }
}

interface TestBatch {
  groups: GroupKey[];
  paths: string[];
  exact: boolean;
  distance: boolean;
}

/** Which groups and fields are tested together: exact p-values where the product of both sizes allows it, otherwise only the statistic. */
function testBatches(
  groups: readonly GroupCounts[],
  fields: readonly BaselineFieldProfile[],
  baselineRows: number,
  distanceOf: (group: GroupCounts) => boolean,
): TestBatch[] {
  const batches = new Map<string, TestBatch & { rows: number }>();
  for (const group of groups) {
    for (const exact of [true, false]) {
      const paths = fields
        .filter((field) => field.present * present(group, field) <= EXACT_KS_LIMIT === exact)
        .map((field) => field.path);
      if (paths.length === 0) continue;
      const distance = distanceOf(group);
      const name = JSON.stringify([exact, distance, paths]);
      const batch = batches.get(name) ?? { groups: [], paths, exact, distance, rows: 0 };
      batch.groups.push(group.group);
      batch.rows = Math.max(batch.rows, baselineRows + group.n);
      batches.set(name, batch);
    }
  }
  return [...batches.values()].flatMap(({ rows, ...batch }) => {
    const fieldsAtOnce = Math.max(1, Math.floor(VALUES_PER_QUERY / Math.max(1, rows)));
    const parts = chunks(batch.paths, fieldsAtOnce);
    const groupsAtOnce = Math.max(1, Math.floor(VALUES_PER_QUERY / Math.max(1, rows * (parts[0]?.length ?? 1))));
    return parts.flatMap((paths) =>
      chunks(batch.groups, groupsAtOnce).map((some) => ({ ...batch, paths, groups: some })),
    );
  });
}

function present(group: GroupCounts, field: BaselineFieldProfile): number {
  const counts = group.counts.get(field.path) ?? [];
  return total(counts) - (counts[missingIndex(binsOf(field))] ?? 0);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}

export function keyOf(group: GroupKey): string {
  return JSON.stringify([group.version, group.deployment, group.segment, group.w]);
}

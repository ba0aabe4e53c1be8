// Fields of a model: what they are, whether they are compared and why not, and what happened to them.
import { isoOrNull } from '../domain/contract/common.js';
import type { EffectiveConfig, FieldSummary } from '../domain/contract/models.js';
import {
  fieldKind,
  inForce,
  type Baseline,
  type BaselineFieldProfile,
  type FieldCounts,
} from '../domain/drift/baseline.js';
import { fieldChange, type FieldChange, type TypeTimes, type ValueType } from '../domain/field-change.js';
import type { FieldExplorer, FieldSource } from './compute-ports.js';

/** Values of one type of a field in the newest predictions. */
export interface FieldTimes {
  path: string;
  type: ValueType;
  n: number;
  n_recent: number;
  first_ms: number;
  last_ms: number;
  total: number;
  total_recent: number;
}

export interface FieldReportDependencies {
  catalogue: {
    fieldTimes(model: string, recent: number): Promise<FieldTimes[]>;
    fieldSource(model: string): FieldSource;
  };
  fields: FieldExplorer;
  baselines: { list(model: string): Promise<Baseline[]> };
  series: (model: string) => Promise<readonly { version: string; lastSlot: number }[]>;
}

export class FieldReport {
  constructor(private readonly deps: FieldReportDependencies) {}

  async read(model: string, config: EffectiveConfig): Promise<FieldSummary[]> {
    const [times, counted, baselines, series] = await Promise.all([
      this.deps.catalogue.fieldTimes(model, config.windowLength),
      this.deps.fields.fields(this.deps.catalogue.fieldSource(model)),
      this.deps.baselines.list(model),
      this.deps.series(model),
    ]);
    // What the newest predictions are compared with: a baseline of another version says nothing about them.
    const [newest] = [...series].sort((a, b) => b.lastSlot - a.lastSlot);
    const inUse = newest === undefined ? baselines[0] : inForce(baselines, newest.version);
    const counts = new Map(counted.map((row) => [row.path, row]));
    const baseline = new Map(inUse?.fields.map((field) => [field.path, field]) ?? []);
    const paths = new Map<string, FieldTimes[]>();
    for (const row of times) paths.set(row.path, [...(paths.get(row.path) ?? []), row]);
    const gone = [...baseline.keys()].filter((path) => !paths.has(path) && !path.startsWith('values.'));
    const [some] = times;
    if (some !== undefined) for (const path of gone) paths.set(path, []);
    const since = Math.min(...times.map((row) => row.first_ms));
    return [...paths.keys()].sort().map((path) => {
      const rows = paths.get(path) ?? [];
      const known = (inUse ?? null) === null ? undefined : (baseline.get(path) ?? null);
      const change = fieldChange({
        types: rows.map(typeTimes),
        total: some?.total ?? 0,
        totalRecent: some?.total_recent ?? 0,
        since,
        window: config.windowLength,
        baseline: typeInBaseline(known),
      });
      return summary(path, rows, counts.get(path), config, change, known ?? null, some?.total ?? 0);
    });
  }
}

function typeTimes(row: FieldTimes): TypeTimes {
  return { type: row.type, n: row.n, recent: row.n_recent, first: row.first_ms, last: row.last_ms };
}

/** A baseline keeps how a field is compared: numbers as numeric; strings and booleans are one kind in it. */
function typeInBaseline(field: BaselineFieldProfile | null | undefined): ValueType | 'any' | null | undefined {
  if (field === undefined || field === null) return field;
  return field.kind === 'numeric' ? 'number' : 'any';
}

function summary(
  path: string,
  rows: readonly FieldTimes[],
  found: FieldCounts | undefined,
  config: EffectiveConfig,
  change: FieldChange | null,
  known: BaselineFieldProfile | null,
  total: number,
): FieldSummary {
  const counts = found ?? { path, numbers: 0, strings: 0, booleans: 0, distinct: 0 };
  const typed = counts.numbers + counts.strings + counts.booleans;
  // Bins are frozen with the baseline: where it has the field, it has decided.
  const kind =
    config.features[path]?.ignore !== true && known !== null
      ? known
      : typed > 0
        ? fieldKind(counts, total, config.features[path])
        : { kind: 'skipped', reason: 'neither a number, a string nor a boolean' };
  return {
    path,
    kind: kindName(
      counts,
      rows.some((row) => row.type === 'json'),
    ),
    first_seen: isoOrNull(rows.length === 0 ? null : Math.min(...rows.map((row) => row.first_ms))),
    last_seen: isoOrNull(rows.length === 0 ? null : Math.max(...rows.map((row) => row.last_ms))),
    null_share: total === 0 ? 0 : Math.max(0, 1 - typed / total),
    distinct: counts.distinct,
    compared: kind.kind !== 'skipped',
    reason: kind.reason,
    change: change?.change ?? null,
    changed_at: isoOrNull(change?.at ?? null),
    change_detail: change?.detail ?? null,
  };
}

function kindName(counts: FieldCounts, other: boolean): string {
  const kinds = [
    counts.numbers > 0 ? 'numeric' : '',
    counts.strings > 0 ? 'categorical' : '',
    counts.booleans > 0 ? 'boolean' : '',
    other ? 'json' : '',
  ].filter((kind) => kind !== '');
  return kinds.length === 0 ? 'null' : kinds.length === 1 ? (kinds[0] ?? 'null') : 'mixed';
}

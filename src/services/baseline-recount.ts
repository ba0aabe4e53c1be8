// A baseline that lost rows, counted again in the bins that it has: bins stay frozen, counts and moments follow the rows.
import type { Baseline, BaselineFieldProfile } from '../domain/drift/baseline.js';
import type { BaselineStore, BinCounter, FieldExplorer } from './compute-ports.js';
import type { ModelsService } from './models.js';

export interface RecountDependencies {
  baselines: BaselineStore & { forgetOlder(id: string): Promise<void> };
  fields: FieldExplorer;
  bins: BinCounter;
  models: Pick<ModelsService, 'changed'>;
}

/** Count a baseline's rows again and store the result; every window that is compared with it is computed again. */
export async function recountBaseline(deps: RecountDependencies, id: string): Promise<void> {
  const [baseline] = await deps.baselines.byIds([id]);
  if (baseline === undefined) return;
  const source = deps.baselines.source(id);
  const numeric = baseline.fields.filter((field) => field.kind === 'numeric').map((field) => field.path);
  const found = new Map((await deps.fields.fields(source)).map((row) => [row.path, row]));
  const numbers = new Map((await deps.fields.numbers(source, numeric)).map((row) => [row.path, row]));
  const [counted] = await deps.bins.count(
    {
      params: source.params,
      from: (columns) => `(SELECT ${['0 AS w', ...columns].join(', ')} FROM ${source.from})`,
      groups: ['w'],
    },
    baseline.fields,
    source,
  );
  const recounted: Baseline = {
    ...baseline,
    rows: await deps.baselines.countRows(id),
    fields: baseline.fields.map((field) => {
      const row = found.get(field.path);
      const present =
        row === undefined ? 0 : field.kind === 'numeric' ? row.numbers : row.numbers + row.strings + row.booleans;
      const counts = counted?.counts.get(field.path) ?? field.counts.map(() => 0);
      return { ...field, categories: named(field, counts), present, std: numbers.get(field.path)?.std ?? null, counts };
    }),
  };
  await deps.models.changed(baseline.model);
  await deps.baselines.put(recounted);
  await deps.baselines.forgetOlder(id);
  await deps.models.changed(baseline.model);
}

/** A category that nobody else has may say who it was. Its bin stays, because windows were counted in it. */
function named({ categories, counts: before }: BaselineFieldProfile, counts: readonly number[]): string[] {
  return categories.map((category, index) =>
    counts[index] === 0 && (before[index] ?? 0) > 0 ? `(erased ${index + 1})` : category,
  );
}

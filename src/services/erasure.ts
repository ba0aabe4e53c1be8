// Erasing what is known of a person: by the id of a prediction, or by a tag that says whose predictions they are.
import type { Erased } from '../domain/contract/ingestion.js';
import { NotFoundError } from '../domain/errors.js';
import type { ErasedRows } from '../domain/stored-ingestion.js';
import type { ErasureApi } from './api.js';
import { resolveId } from './ids.js';

export interface ErasureDependencies {
  store: {
    id(id: string, externalId: string, idFields: readonly string[]): Promise<ErasedRows>;
    tag(model: string, key: string, values: readonly string[]): Promise<ErasedRows>;
  };
  /** Count a baseline again that lost rows. */
  recount: (baselineId: string) => Promise<void>;
  requireModel: (model: string) => Promise<void>;
  /** A row as the model's privacy rules store it. */
  clean: (model: string, row: { tags: Record<string, string> }) => { tags: Record<string, string> };
  /** Inputs of logged inferences that name their prediction. */
  idFields: () => readonly string[];
  /** Have alerts read their log again. */
  forget: () => void;
}

export class ErasureService implements ErasureApi {
  constructor(private readonly deps: ErasureDependencies) {}

  async prediction(given: string): Promise<Erased> {
    const { id, externalId } = resolveId(given);
    const erased = await this.finish(await this.deps.store.id(id, externalId, this.deps.idFields()));
    if (Object.values(erased).every((count) => typeof count !== 'number' || count === 0))
      throw new NotFoundError(`Nothing is stored under the prediction id "${given.slice(0, 200)}".`);
    return erased;
  }

  async tagged(model: string, tag: { key: string; value: string }): Promise<Erased> {
    await this.deps.requireModel(model);
    // Rows have it as it was sent before a rule was made, and as a hash since.
    const stored = this.deps.clean(model, { tags: { [tag.key]: tag.value } }).tags[tag.key];
    const values = new Set([tag.value, ...(stored === undefined ? [] : [stored])]);
    return this.finish(await this.deps.store.tag(model, tag.key, [...values]));
  }

  private async finish(rows: ErasedRows): Promise<Erased> {
    for (const id of rows.baselines) await this.deps.recount(id);
    if (rows.alertEvents > 0) this.deps.forget();
    return {
      predictions: rows.predictions,
      labels: rows.labels,
      rejected: rows.rejected,
      inference_halves: rows.inferenceHalves,
      baseline_rows: rows.baselineRows,
      alert_events: rows.alertEvents,
      windows: rows.windows,
      baselines_searched_by_content: rows.searchedByContent,
      baselines_not_searched: rows.notSearched,
    };
  }
}

// Erasing what is known of a person: by the id of a prediction, or by a tag that says whose predictions they are.
import type { Erased } from '../domain/contract/ingestion.js';
import { NotFoundError } from '../domain/errors.js';
import type { ErasureApi } from './api.js';
import { resolveId } from './ids.js';

/** How much a scope held. */
export interface ErasedRows {
  predictions: number;
  labels: number;
  rejected: number;
  baselineRows: number;
  baselines: string[];
  alertEvents: number;
  windows: number;
}

export interface ErasureDependencies {
  store: {
    id(id: string, externalId: string): Promise<ErasedRows>;
    tag(model: string, key: string, value: string): Promise<ErasedRows>;
  };
  /** Count a baseline again that lost rows. */
  recount: (baselineId: string) => Promise<void>;
  requireModel: (model: string) => Promise<void>;
}

export class ErasureService implements ErasureApi {
  constructor(private readonly deps: ErasureDependencies) {}

  async prediction(given: string): Promise<Erased> {
    const { id, externalId } = resolveId(given);
    const erased = await this.finish(await this.deps.store.id(id, externalId));
    if (Object.values(erased).every((count) => count === 0))
      throw new NotFoundError(`Nothing is stored under the prediction id "${given.slice(0, 200)}".`);
    return erased;
  }

  async tagged(model: string, tag: { key: string; value: string }): Promise<Erased> {
    await this.deps.requireModel(model);
    return this.finish(await this.deps.store.tag(model, tag.key, tag.value));
  }

  private async finish({ baselines, baselineRows, alertEvents, ...rest }: ErasedRows): Promise<Erased> {
    for (const id of baselines) await this.deps.recount(id);
    return { ...rest, baseline_rows: baselineRows, alert_events: alertEvents };
  }
}

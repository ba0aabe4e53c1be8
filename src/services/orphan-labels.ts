// Labels that wait for their prediction: read on request, counted now and then for the gauge, removed when their time is over.
import type { OrphanLabels } from '../domain/contract/ingestion.js';
import { DAY_MS } from '../domain/duration.js';
import type { OrphanLabelsApi } from './api.js';

export interface OrphanLabelsDependencies {
  table: {
    count(): Promise<number>;
    list(limit: number): Promise<OrphanLabels['orphans']>;
    expire(before: number): Promise<number>;
  };
  /** Days that a label waits for its prediction; null: for ever. */
  days: number | null;
}

export class OrphanLabelsService implements OrphanLabelsApi {
  constructor(private readonly deps: OrphanLabelsDependencies) {}

  async read(limit: number): Promise<OrphanLabels> {
    const [total, orphans] = await Promise.all([this.deps.table.count(), this.deps.table.list(limit)]);
    return { total, expire_after_days: this.deps.days, orphans };
  }

  count(): Promise<number> {
    return this.deps.table.count();
  }

  /** For the retention job; `now` in epoch ms. Returns how many ids lost their labels. */
  async expire(now: number): Promise<number> {
    return this.deps.days === null ? 0 : this.deps.table.expire(now - this.deps.days * DAY_MS);
  }
}

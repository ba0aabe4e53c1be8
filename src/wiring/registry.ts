// Wires what is built on the model registry: its views for people, and the marks on charts.
import type { BaselineSummary } from '../domain/contract/models.js';
import { NotFoundError } from '../domain/errors.js';
import type { MetricsApi } from '../services/api.js';
import { ModelEvents } from '../services/registry/events.js';
import type { Registry } from '../services/registry/registry.js';
import { RegistryViews } from '../services/registry/views.js';
import type { Tables } from '../store/tables.js';
import type { Computing } from './computing.js';

export interface RegistryParts {
  tables: Tables;
  computing: Computing;
  registry: Registry;
  metrics: MetricsApi;
  clock: () => number;
}

export function wireRegistry({ tables, computing, registry, metrics, clock }: RegistryParts) {
  /** None for a model that is registered and nothing else yet. */
  const baselines = async (model: string): Promise<BaselineSummary[]> => {
    try {
      return await computing.baselines.list(model);
    } catch (error) {
      if (error instanceof NotFoundError) return [];
      throw error;
    }
  };
  const events = new ModelEvents({
    registry,
    store: tables.registry,
    tracked: async (model) => {
      await tables.windows.collect();
      const first = new Map<string, number>();
      for (const { version, firstSlot } of await tables.windows.series(model)) {
        first.set(version, Math.min(firstSlot, first.get(version) ?? Infinity));
      }
      return [...first].map(([version, firstSeen]) => ({ version, firstSeen }));
    },
    baselines,
    clock,
  });
  computing.models.onRemove(async (model) => {
    await registry.forget(model);
    await events.forget(model);
  });
  return {
    registered: new RegistryViews({
      registry,
      tracked: (model) => tables.catalogue.versions(model),
      baselines,
      metrics: (model, filter) => metrics.read(model, filter),
    }),
    events,
  };
}

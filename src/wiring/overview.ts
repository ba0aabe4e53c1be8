// Wires the summaries of many numbers.
import { OverviewService } from '../services/overview.js';
import type { AlertsService } from '../services/alerts.js';
import { modelConfigSchema } from '../domain/contract/models.js';
import type { Registry } from '../services/registry/registry.js';
import type { Tables } from '../store/tables.js';
import type { Computing } from './computing.js';

export function wireOverview(
  tables: Tables,
  { models, baselineQuality, usual }: Computing,
  alerts: AlertsService,
  registry: Registry,
): OverviewService {
  const documents = tables.documents('models', modelConfigSchema);
  return new OverviewService({
    numbers: tables.overview,
    collect: () => tables.windows.collect(),
    models: {
      effective: (model) => models.effective(model),
      baselineMetrics: (model) => models.baselineMetrics(model),
      requireModel: (model) => models.requireModel(model),
      configured: async () => (await documents.list()).map((row) => row.name),
    },
    baselines: (names) => baselineQuality.known(names),
    newestLabels: (model, version, at) => usual.newest(model, version, at),
    alerts: () => alerts.alerts({ state: null, model: null }),
    registered: (name) =>
      registry.read((state) => {
        const model = state.find(name);
        if (model === null) return null;
        const versions = state.versionsOf(model).map((version) => {
          const known = { stage: version.stage, aliases: state.aliasesOf({ model, version }) };
          return [String(version.version), known] as const;
        });
        return { tags: Object.fromEntries(model.tags), versions: new Map(versions) };
      }),
  });
}

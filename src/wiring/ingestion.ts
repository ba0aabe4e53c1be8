// Wires ingestion: tracking, uploads, orphan labels, erasure, audit.
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { recountBaseline } from '../services/baseline-recount.js';
import type { Counters } from '../services/counters.js';
import { ErasureService } from '../services/erasure.js';
import { IngestService } from '../services/ingest.js';
import type { AlertsService } from '../services/alerts.js';
import { ModelGauges } from '../services/model-gauges.js';
import { OrphanLabelsService } from '../services/orphan-labels.js';
import { UploadsService } from '../services/uploads.js';
import type { Tables } from '../store/tables.js';
import type { Computing } from './computing.js';

export function wireIngestion(
  tables: Tables,
  { models, privacy }: Computing,
  config: Config,
  deps: { counters: Counters; forget: () => void; clock: () => number; logger: Logger },
) {
  const { counters, forget, clock, logger } = deps;
  const warn = (message: string, error: unknown) => logger.warn({ err: error }, message);
  return {
    ingest: new IngestService({
      predictions: tables.predictionWriter,
      groundTruth: tables.groundTruth,
      aggregates: tables.aggregates,
      replicas: tables.replicaStats,
      rejected: tables.rejected,
      uploads: tables.groundTruthUpload,
      predictionFiles: tables.predictionUpload,
      counters,
      privacy,
      clock,
      warn,
    }),
    uploads: new UploadsService({ log: tables.uploads, shared: tables.engine.kind === 'server', clock, warn }),
    orphanLabels: new OrphanLabelsService({ table: tables.orphanLabels, days: config.orphanLabelDays }),
    erasure: new ErasureService({
      store: tables.erasure,
      recount: (id) =>
        recountBaseline({ baselines: tables.baselines, fields: tables.fields, bins: tables.bins, models }, id),
      requireModel: (model) => models.requireModel(model),
      idFields: () => models.idFields(),
      clean: (model, row) => privacy.clean(model, row),
      forget,
    }),
  };
}

/** Model numbers, firing alerts, orphan labels and the lag of jobs as gauges. */
export function wireGauges(
  tables: Tables,
  counters: Counters,
  deps: { alerts: AlertsService; orphanLabels: OrphanLabelsService; clock: () => number; logger: Logger },
): void {
  const { alerts, orphanLabels, clock, logger } = deps;
  const gauges = new ModelGauges(counters.registry, {
    numbers: (metrics, now) => tables.newest.numbers(metrics, now),
    firing: () => alerts.alerts({ state: 'firing', model: null }),
    orphanLabels: () => orphanLabels.count(),
    lastSuccesses: () => tables.newest.lastSuccesses(),
    clock,
    warn: (message, error) => logger.warn({ err: error }, message),
  });
  counters.beforeScrape(() => gauges.refresh());
}

// Wires what computes: models, privacy, baselines, planning, and the drift, quality and operations calculators.
import { z } from 'zod';
import type { Config } from '../config.js';
import { modelConfigSchema } from '../domain/contract/models.js';
import { BaselineChooser } from '../services/automatic-baselines.js';
import { BaselineQualities } from '../services/baseline-quality.js';
import { BaselinesService } from '../services/baselines.js';
import { DriftCalculator } from '../services/drift.js';
import { FieldReport } from '../services/field-report.js';
import { SampleTester } from '../services/drift-samples.js';
import { ModelsService } from '../services/models.js';
import { OperationsCalculator } from '../services/operations.js';
import { Planner } from '../services/planning.js';
import { PrivacyGuard } from '../services/privacy.js';
import { QualityCalculator } from '../services/quality.js';
import { UsualCoverage } from '../services/usual-coverage.js';
import type { Tables } from '../store/tables.js';

/** Everything that turns rows into numbers. */
export type Computing = ReturnType<typeof wireComputing>;

export function wireComputing(tables: Tables, config: Config, clock: () => number, switched: (model: string) => void) {
  const report = new FieldReport({
    catalogue: tables.catalogue,
    fields: tables.fields,
    baselines: tables.baselines,
    series: (model) => tables.windows.series(model),
  });
  const models = new ModelsService({
    documents: tables.documents('models', modelConfigSchema),
    catalogue: tables.catalogue,
    fields: tables.fields,
    report: (model, config) => report.read(model, config),
    touch: (model) => tables.windows.touch(model),
  });
  const privacy = new PrivacyGuard(models, tables.documents('settings', z.object({ key: z.string() })), config.hashKey);
  const usual = new UsualCoverage(tables.points);
  const quality = new QualityCalculator({ rows: tables.rows, quality: tables.quality, usual });
  const baselineQuality = new BaselineQualities({
    baselines: tables.baselines,
    stored: tables.baselineQuality,
    quality,
    effective: (model) => models.effective(model),
    clock,
  });
  const baselines = new BaselinesService({
    privacy,
    baselines: tables.baselines,
    fields: tables.fields,
    bins: tables.bins,
    quality: (model, id) => baselineQuality.of(model, id),
    models,
    switched,
    clock,
  });
  return {
    usual,
    models,
    privacy,
    baselines,
    chooser: new BaselineChooser(
      baselines,
      (model) => tables.windows.series(model),
      async (model, version) =>
        (await tables.catalogue.versions(model)).find((row) => row.version === version)?.firstSeen ?? null,
    ),
    planner: new Planner(tables.windows),
    drift: new DriftCalculator({
      rows: tables.rows,
      bins: tables.bins,
      samples: new SampleTester(tables.twoSample, tables.fineBins),
      baselineRows: (id) => tables.baselines.rowsOf(id),
    }),
    quality,
    baselineQuality,
    operations: new OperationsCalculator({ rows: tables.rows, operations: tables.operations }),
  };
}

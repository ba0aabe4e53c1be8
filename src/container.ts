// The composition root: with the files of wiring/, the only code that sees every layer. Used by the service, the jobs, the command line and the tests.
import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config.js';
import type { JobName, JobOptions, JobResult } from './domain/contract/metrics.js';
import { packageRoot } from './package-root.js';
import { AllPoints } from './services/aggregate-points.js';
import type { AlertsService } from './services/alerts.js';
import type { Services } from './services/api.js';
import { AuditService } from './services/audit.js';
import { Counters } from './services/counters.js';
import { EXTERNAL_ID_NAMESPACE } from './services/ids.js';
import type { OwnedKind } from './services/config-document.js';
import type { ConfigFileService } from './services/config-file.js';
import { JobsService } from './services/jobs.js';
import { KeysService, storedKeySchema } from './services/keys.js';
import { MetricsService } from './services/metrics.js';
import type { ModelsService } from './services/models.js';
import type { OrphanLabelsService } from './services/orphan-labels.js';
import { PredictionsService } from './services/predictions.js';
import { ReplicasService } from './services/replicas.js';
import { runRetention } from './services/retention.js';
import { SqlService } from './services/sql.js';
import { WindowJobs } from './services/window-jobs.js';
import { openStore, type Tables } from './store/tables.js';
import { wireAlerts, wireContributions } from './wiring/alerts.js';
import { wireCloudera } from './wiring/cloudera.js';
import { wireComputing } from './wiring/computing.js';
import { wireConfigFile } from './wiring/config-file.js';
import { wireDoctor } from './wiring/doctor.js';
import { wireInferenceLogs } from './wiring/inference-logs.js';
import { wireOverview } from './wiring/overview.js';
import { wireReading } from './wiring/reading.js';
import { wireGauges, wireIngestion } from './wiring/ingestion.js';

import { wireRegistry, wireRegistryCore, type RegistryCore } from './wiring/registry.js';

export interface ContainerOptions {
  clock: () => number;
  logger: Logger;
}

/** Everything that runs, wired. */
export interface Container {
  config: Config;
  clock: () => number;
  logger: Logger;
  services: Services;
  jobs: JobsService;
  tables: Tables;
  /** The registry's moving parts: for tests and for what runs beside the service. */
  registry: RegistryCore;
  /** Apply pending schema files; returns their names. */
  migrate(): Promise<string[]>;
  /** After migrate(): read what is kept in memory, close what a crash left open. */
  start(): Promise<void>;
  /** Read again what other processes may have changed; done regularly after start(). */
  refresh(): Promise<void>;
  /** Wait for running work, then close the store. */
  close(): Promise<void>;
}

/** How much may wait for one insert. */
const MAX_BATCH_ROWS = 50_000;
/** How often privacy rules are read again, ms: another process may have changed them. */
const REFRESH_EVERY = 5_000;

/**
 * Open the store and wire the services; nothing is migrated or scheduled yet.
 * @throws StartupError when the embedded engine cannot open its folder.
 */
export async function openContainer(config: Config, options: ContainerOptions): Promise<Container> {
  const { clock, logger } = options;
  const reports: { flush?: Counters } = {};
  const warn = (message: string, error: unknown) => logger.warn({ err: error }, message);
  const tables = await openStore({
    dataDir: config.dataDir,
    url: config.clickhouseUrl,
    serverTimeout: config.serverTimeout,
    cluster: config.cluster,
    clock,
    schemaFolder: path.join(packageRoot(), 'schema'),
    namespace: EXTERNAL_ID_NAMESPACE,
    batch: { maxRows: MAX_BATCH_ROWS, maxPendingBytes: config.bufferLimit },
    flushed: (report) => reports.flush?.flush(report),
    failed: (statement) => reports.flush?.failed(statement),
    unsettled: (rows, error) =>
      logger.error(
        { err: error, rows },
        'rows of a refused batch could not be removed: sent again, they are there twice',
      ),
    warn: (message, error) => logger.warn({ err: error }, message),
  });
  const counters = new Counters({
    queueBytes: () => tables.predictionWriter.depth,
    unsettledRows: () => tables.predictionWriter.unsettled,
    circuitOpen: () => tables.circuit?.open() ?? false,
    retries: () => tables.circuit?.retries() ?? 0,
  });
  reports.flush = counters;
  // A switch of the baseline starts a run, but the jobs are wired after the baselines.
  const later: { jobs?: JobsService; configFile?: ConfigFileService } = {};
  const computing = wireComputing(tables, config, clock, (model) => later.jobs?.rescore(model));
  const { models, privacy, baselines, chooser, planner, drift, quality, operations } = computing;

  const registryCore = wireRegistryCore({
    tables,
    config,
    clock,
    warn,
  });
  const { registry } = registryCore;
  const contributions = wireContributions(tables, computing);
  const file = {
    isPlanned: (job: string) => later.configFile?.isPlanned(job) ?? true,
    placeOf: (kind: OwnedKind, name: string) => later.configFile?.placeOf(kind, name) ?? null,
  };
  const alerts = wireAlerts(tables, computing, contributions, registryCore.references, config, clock, file);
  const audit = new AuditService({ log: tables.audit, clock });
  const configFile = wireConfigFile(tables, computing, alerts, registryCore.references, config, {
    audit,
    clock,
    logger,
  });
  later.configFile = configFile;
  models.onRemoved(() => alerts.forget());
  const reading = wireReading(tables, computing, clock);
  const windowJobs = new WindowJobs({
    rescorer: reading.rescorer,
    usual: computing.usual,
    baselineQuality: computing.baselineQuality,
    planner,
    models,
    chooser,
    drift,
    quality,
    operations,
    clock,
    warn: (message, error) => logger.warn({ err: error }, message),
    sink: {
      replace: (model, windows, owns, points) => tables.points.replace(model, windows, owns, points),
      profiles: (rows) =>
        tables.profiles.write(
          rows.map(({ group, w: _, ...row }: (typeof rows)[number] & { w?: never }) => ({
            ...row,
            version: group.version,
            deployment: group.deployment,
            segment: group.segment,
            windowStart: group.w,
          })),
        ),
    },
  });
  const ingestion = wireIngestion(tables, computing, config, {
    counters,
    forget: () => alerts.forget(),
    clock,
    logger,
  });
  wireGauges(tables, counters, { alerts, orphanLabels: ingestion.orphanLabels, clock, logger });
  const inferenceLogs = wireInferenceLogs(tables, computing, ingestion.ingest, { counters, clock, logger });
  const jobs = new JobsService({
    runners: runners(windowJobs, alerts, models, tables, ingestion.orphanLabels),
    runs: tables.jobRuns,
    counters,
    requireModel: (model) => models.requireModel(model),
    clock,
    log: (message, facts) => logger.info(facts, message),
  });
  later.jobs = jobs;
  const metrics = new MetricsService({
    points: new AllPoints(tables.points, tables.aggregates),
    models,
    quality,
    ...reading,
  });
  const registered = wireRegistry({ tables, computing, registry, metrics, clock, warn });
  let refresh: NodeJS.Timeout | undefined;
  const services: Services = {
    ...ingestion,
    audit,
    cloudera: wireCloudera(tables, computing, ingestion.ingest, clock, registryCore.records),
    replicas: new ReplicasService({
      store: tables.replicaStats,
      requireModel: (model) => models.requireModel(model),
      clock,
    }),
    predictions: new PredictionsService(
      tables.predictionReader,
      (model) => models.requireModel(model),
      (id) => tables.groundTruth.history(id),
    ),
    models,
    baselines,
    metrics,
    overview: wireOverview(tables, computing, alerts, registry),
    jobs,
    alerts,
    contributions,
    configFile,
    keys: new KeysService({ keys: tables.documents('api_keys', storedKeySchema), clock }),
    registry,
    webhooks: registryCore.webhooks,
    references: registryCore.references,
    records: registryCore.records,
    reviews: registryCore.reviews,
    ...registered,
    sql: new SqlService(tables.sql),
    counters,
    inferenceLogs: inferenceLogs.service,
    doctor: wireDoctor(tables, { jobs, alerts }, config, clock),
    ready: () => tables.ready(),
  };
  /** What other processes may have changed; on a server also how far their row versions are, because their clocks may be ahead. */
  const refreshAll = async (): Promise<void> => {
    await Promise.all([models.refresh(), configFile.refresh()]);
    if (tables.engine.kind === 'server') await tables.startVersions();
  };
  return {
    config,
    clock,
    logger,
    services,
    jobs,
    tables,
    registry: registryCore,
    migrate: () => tables.migrate(),
    refresh: refreshAll,
    start: async () => {
      await tables.start();
      await models.refresh();
      await privacy.start();
      await registryCore.start();
      await registered.comparisons.resume();
      await inferenceLogs.start();
      await tables.jobRuns.closeInterrupted(clock());
      await configFile.start();
      configFile.watch();
      refresh = setInterval(() => {
        refreshAll().catch((error: unknown) => logger.warn({ err: error }, 'configurations could not be read'));
      }, REFRESH_EVERY).unref();
    },
    close: async () => {
      clearInterval(refresh);
      configFile.unwatch();
      await inferenceLogs.idle();
      try {
        await tables.predictionWriter.idle();
      } catch (error) {
        warn('predictions stay in the journal until the next start', error);
      }
      const { unsettled } = tables.predictionWriter;
      if (unsettled > 0) logger.error({ rows: unsettled }, 'stopped before rows of refused batches could be removed');
      await jobs.idle();
      await registered.comparisons.idle();
      await registryCore.stop();
      await tables.close();
    },
  };
}

function runners(
  windowJobs: WindowJobs,
  alerts: AlertsService,
  models: ModelsService,
  tables: Tables,
  orphanLabels: OrphanLabelsService,
): Record<JobName, (options: JobOptions) => Promise<JobResult>> {
  return {
    drift: (options) => windowJobs.run('drift', options),
    quality: (options) => windowJobs.run('quality', options),
    operations: (options) => windowJobs.run('operations', options),
    alerts: (options) => alerts.evaluate(options),
    retention: (options) =>
      runRetention(
        {
          models,
          jobRuns: tables.jobRuns,
          rejected: tables.rejected,
          windows: tables.windows,
          uploads: tables.uploads,
          staged: tables.staged,
          audit: tables.audit,
          orphanLabels,
          replicaStats: tables.replicaStats,
          inferenceHalves: tables.inferenceHalves,

          deliveries: tables.registry,
        },
        options,
      ),
  };
}

// The store as a whole: the engine, opened once, and one object per table or kind of query.
import path from 'node:path';
import { z } from 'zod';
import { AlertEventTable, NotificationTable } from './alert-log.js';
import { AggregateTable } from './aggregates.js';
import { AuditTable } from './audit.js';
import { BaselineQualityTable } from './baseline-quality.js';
import { BaselineTable } from './baselines.js';
import type { BatcherLimits, FlushReport } from './batcher.js';
import { CatalogueTable } from './catalogue.js';
import { CatalogueGuard } from './catalogue-guard.js';
import { CatalogueLease, LeaseTable } from './catalogue-lease.js';
import { openEmbedded, openServer, type Engine } from './client.js';
import { ClusterEngine } from './cluster.js';
import { ContributionQueries } from './contribution-queries.js';
import { DocumentTable, type DocumentTableName } from './documents.js';
import { ErasureTable } from './erasure.js';
import { scopeOfId, scopeOfTag } from './erasure-scopes.js';
import { FieldDiscovery } from './field-discovery.js';
import { FineBinQueries } from './fine-bins.js';
import { GroundTruthUpload } from './ground-truth-upload.js';
import { GroundTruthTable } from './ground-truth.js';
import { InferenceHalfTable } from './inference-halves.js';
import { JobRunTable } from './job-runs.js';
import { MetricPointTable } from './metric-points.js';
import { migrate, pendingMigrations, readMigrations } from './migrations.js';
import { NewestNumbers } from './newest-numbers.js';
import { OrphanLabelTable } from './orphan-labels.js';
import { OperationsQueries } from './operations-queries.js';
import { OverviewTable } from './overview-queries.js';
import { PredictionExport } from './prediction-export.js';
import { PredictionJournal } from './prediction-journal.js';
import { PredictionUpload } from './prediction-upload.js';
import { PredictionWriter } from './prediction-writer.js';
import { PredictionTable } from './predictions.js';
import { ProfileQueries } from './profile-queries.js';
import { ProfileTable } from './profiles.js';
import { QualityCurveQueries } from './quality-curves.js';
import { QualityQueries } from './quality-queries.js';
import { RegistryTable } from './registry.js';
import { RejectedTable } from './rejected.js';
import { ReplicaStatsTable } from './replica-stats.js';
import { SqlTable } from './sql.js';
import { ResilientEngine, type CircuitReport } from './resilience.js';
import { SettlingEngine } from './settling-engine.js';
import { Store } from './store.js';
import { TwoSampleQueries } from './two-sample.js';
import { WatchdogQueries } from './watchdog.js';
import { WatchedSeriesTable } from './watched-series.js';
import { UploadTable } from './upload-log.js';
import { dropStaged } from './upload-source.js';
import { WindowRows } from './window-rows.js';
import { WindowTable } from './windows.js';

/** How the store is opened. Without a URL, the embedded engine on `dataDir`. */
export interface StoreOptions {
  dataDir: string;
  url: string | null;
  /** The cluster that tables are made on; null or absent: one server. */
  cluster?: string | null;
  /** How long a server may take for an insert of the ingest lane, ms. */
  serverTimeout?: number;
  clock: () => number;
  schemaFolder: string;
  /** Namespace of external ids. */
  namespace: string;
  batch: BatcherLimits;
  flushed: (report: FlushReport) => void;
  /** Told the name of every statement that failed. */
  failed?: (statement: string) => void;
  /** Told how many rows of refused batches could not be removed. */
  unsettled?: (rows: number, error: unknown) => void;
  warn?: (message: string, error: unknown) => void;
}

/** Concurrent inserts of a server become visible in any order: arrivals of the last two minutes are read again (microseconds). */
const SERVER_SETTLE = 120_000_000;

/** @throws StartupError */
export async function openStore(options: StoreOptions) {
  const engine =
    options.url === null
      ? await openEmbedded(options.dataDir)
      : onCluster(new ResilientEngine(openServer(options.url, options.serverTimeout)), options.cluster ?? null);
  const direct = new Store(engine, options.clock, options.failed);
  const predictionWriter = new PredictionWriter(direct, {
    limits: options.batch,
    flushed: options.flushed,
    givenUp: options.unsettled,
    journal: engine.kind === 'embedded' ? journalOf(direct, options) : null,
    warn: options.warn,
  });
  const store = engine.kind === 'embedded' ? direct.over(new SettlingEngine(engine, predictionWriter)) : direct;
  const startVersions = async () => store.versions.atLeast(await newestVersion(store));
  if (engine.kind === 'server') {
    store.guard = new CatalogueGuard({
      lease: new CatalogueLease(new LeaseTable(store)),
      atLeast: (version) => store.versions.atLeast(version),
      recover: startVersions,
    });
  }
  const groundTruth = new GroundTruthTable(store);
  const predictions = new PredictionTable(store, groundTruth);
  const exports = new PredictionExport(store);
  const erasure = new ErasureTable(store);
  const windows = new WindowTable(store, engine.kind === 'embedded' ? 0 : SERVER_SETTLE);
  let migrated = false;
  return {
    engine: store.engine,
    store,
    /** What is known of the way to a server; null where there is none. */
    circuit: circuitOf(engine),
    groundTruth,
    predictionWriter,
    predictionReader: {
      page: predictions.page.bind(predictions),
      byId: predictions.byId.bind(predictions),
      file: exports.file.bind(exports),
    },
    groundTruthUpload: new GroundTruthUpload(store, engine, options.namespace, (first, last) =>
      windows.markLabels(first, last),
    ),
    predictionUpload: new PredictionUpload(store, engine),
    uploads: new UploadTable(store),
    staged: { expire: (before: number) => dropStaged(store, before) },
    orphanLabels: new OrphanLabelTable(store, groundTruth),
    audit: new AuditTable(store),
    erasure: {
      id: (id: string, externalId: string, idFields: readonly string[]) =>
        erasure.erase(scopeOfId(id, externalId, idFields)),
      tag: (model: string, key: string, values: readonly string[]) => erasure.erase(scopeOfTag(model, key, values)),
    },
    aggregates: new AggregateTable(store),
    replicaStats: new ReplicaStatsTable(store),
    rejected: new RejectedTable(store),
    catalogue: new CatalogueTable(store),
    fields: new FieldDiscovery(store),
    baselines: new BaselineTable(store, engine),
    baselineQuality: new BaselineQualityTable(store),
    bins: new ProfileQueries(store),
    rows: new WindowRows(store),
    fineBins: new FineBinQueries(store),
    twoSample: new TwoSampleQueries(store),
    quality: new QualityQueries(store),
    curves: new QualityCurveQueries(store),
    operations: new OperationsQueries(store),
    overview: new OverviewTable(store),
    windows,
    newest: new NewestNumbers(store),
    points: new MetricPointTable(store),
    contributions: new ContributionQueries(store),
    watchdog: new WatchdogQueries(store),
    watchedSeries: new WatchedSeriesTable(store, engine.kind === 'embedded' ? 0 : SERVER_SETTLE),
    profiles: new ProfileTable(store),
    alertEvents: new AlertEventTable(store),
    notifications: new NotificationTable(store),
    jobRuns: new JobRunTable(store),
    registry: new RegistryTable(store),
    inferenceHalves: new InferenceHalfTable(store),
    sql: new SqlTable(store),
    documents: <S extends z.ZodType>(table: DocumentTableName, schema: S) => new DocumentTable(store, table, schema),
    /** Go on above every version that is stored. */
    startVersions,
    /** Whoever changes the catalogue does it in here. */
    guard: store.guard,
    /** After migrating, once: store what a crash left in the journal, and go on above every version that is stored. */
    start: async () => {
      await startVersions();
      if ((await predictionWriter.recover()) > 0) await startVersions();
    },
    migrate: () => migrate(store, options.schemaFolder, options.cluster ?? null),
    /** Whether the store answers and has every schema file applied. */
    ready: async (): Promise<boolean> => {
      if (!(await engine.ping().catch(() => false))) return false;
      migrated ||=
        (await pendingMigrations(store, readMigrations(options.schemaFolder), options.cluster ?? null)).length === 0;
      return migrated;
    },
    close: async () => {
      await store.guard.idle();
      await engine.close();
    },
  };
}

function journalOf(store: Store, { schemaFolder, batch }: StoreOptions): PredictionJournal {
  return new PredictionJournal(
    store,
    path.join(schemaFolder, 'embedded', 'prediction_journal.sql'),
    batch.maxPendingBytes,
  );
}

function onCluster(engine: ResilientEngine, cluster: string | null): Engine {
  return cluster === null ? engine : new ClusterEngine(engine, cluster);
}

function circuitOf(engine: Engine): CircuitReport | null {
  if (engine instanceof ClusterEngine) return circuitOf(engine.engine);
  return engine instanceof ResilientEngine ? engine : null;
}

/** Small tables, read whole; of predictions and labels only what no job has seen yet is looked at, by their indexes. */
const VERSIONED = [
  'inference_halves',
  'window_marks',
  'computed_windows',
  'baselines',
  'baseline_quality',
  'models',
  'alert_rules',
  'channels',
  'silences',
  'api_keys',
  'settings',
  'job_runs',
  'registry',
  'uploads',
];

async function newestVersion(store: Store): Promise<number> {
  const seen = '(SELECT max(position) FROM watermarks)';
  const tables = VERSIONED.map((table) => `(SELECT max(row_version) FROM ${table})`);
  const arrivals = ['predictions', 'label_arrivals'].map(
    (table) => `(SELECT max(row_version) FROM ${table} WHERE row_version > ${seen})`,
  );
  const { newest } = await store.one({
    name: 'newest_version',
    sql: `SELECT greatest(${[seen, ...tables, ...arrivals].join(', ')}) AS newest`,
    row: z.object({ newest: z.number() }),
  });
  return newest;
}

export type Tables = Awaited<ReturnType<typeof openStore>>;

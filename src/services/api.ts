// What the outer layers (HTTP, jobs, CLI) may ask of the services. Answers are the contract's documents, in snake_case.
import type { AlertRule } from '../domain/alerts/rule.js';
import type {
  Alert,
  ApiKey,
  ApiKeyRequest,
  Backtest,
  Channel,
  Notification,
  Scope,
  Silence,
} from '../domain/contract/alerts.js';
import type {
  Calibration,
  Confusion,
  ConfusionQuery,
  RangeNumber,
  SummaryQuery,
  CurveQuery,
  Distribution,
  DistributionQuery,
  JobInfo,
  JobName,
  JobOptions,
  JobRun,
  JobRunAnswer,
  MetricFilter,
  MetricPointJson,
  Roc,
} from '../domain/contract/metrics.js';
import type {
  BaselineCreated,
  BaselineDetail,
  BaselineSummary,
  FieldSummary,
  FreezeBaseline,
  ModelConfig,
  ModelDetail,
  ModelSummary,
  TrackedVersion,
  VersionSummary,
} from '../domain/contract/models.js';
import type { BuiltinAlerts } from '../domain/contract/builtin-alerts.js';
import type { ConfigStatus } from '../domain/contract/config-file.js';
import type { ContributionAnswer, ContributionQuery, Explanation } from '../domain/contract/explanation.js';
import type { Proposals } from '../domain/contract/proposals.js';
import type { Grid, Overview } from '../domain/contract/overview.js';
import type {
  Challenger,
  FrozenComparison,
  ModelEvent,
  RegisteredModelDetail,
  RegisteredModelSummary,
  RegistryChange,
  VersionDetail,
} from '../domain/contract/registry.js';
import type { Change } from '../domain/registry/model.js';
import type { Operation } from '../domain/registry/operations.js';
import type { RegistryState } from '../domain/registry/state.js';
import type { Webhook, WebhookKind } from '../domain/registry/webhook.js';
import type { ClouderaBuild, ClouderaDeployment, ClouderaModel, DeploymentState } from '../domain/registry/cloudera.js';
import type { NewClouderaBuild, NewClouderaDeployment, NewClouderaModel } from './registry/cloudera-records.js';
import type { Delivery } from './registry/dispatcher.js';
import type { Comment, RequestTarget, TransitionRequest } from './registry/reviews.js';
import type { TestAnswer, WebhookFields } from './registry/webhooks.js';
import type { AuditRow, Erased, LabelValue, OrphanLabels, Upload, UploadKind } from '../domain/contract/ingestion.js';
import type { Halves, Logged } from '../domain/contract/integrations.js';
import type { LoggedEvent } from '../domain/logs/events.js';
import type { DoctorReport } from '../domain/contract/doctor.js';
import type { ClouderaRead, ClouderaRow } from '../domain/contract/cloudera.js';
import type {
  Accepted,
  RejectedItem,
  Replayed,
  ReplayRequest,
  StoredPrediction,
  Tracked,
} from '../domain/contract/tracking.js';
import type { CrnTarget } from '../domain/crn.js';
import type { Replicas } from '../domain/contract/replicas.js';

import type { OwnedKind } from './config-document.js';

/** Who calls: scopes, and the models a key is limited to (null: all). */
export interface Principal {
  id: string;
  name: string;
  scopes: readonly Scope[];
  models: readonly string[] | null;
  /** Requests a minute; null or absent: the general limit. */
  rateLimit?: number | null;
}

/** An upload that was spooled to a file. `csv` has a header row. */
export interface UploadedFile {
  path: string;
  format: 'csv' | 'parquet';
  /** CSV columns that stay text whatever they look like. */
  strings: string[];
}

export interface PredictionFilter {
  model: string;
  version: string | null;
  deployment: string | null;
  from: number | null;
  to: number | null;
  /** `path=value`, e.g. `tags.region=EU`. */
  segment: string | null;
  labelled: boolean | null;
}

export type ExportFormat = 'ndjson' | 'csv' | 'parquet';

/** How a batch of predictions is told apart from others. */
export interface BatchOptions {
  /** Makes the ids of items that have none: the same batch under the same token has the same ids, so that a retry replaces its rows. */
  token?: string | null;
  /** Without a token: ids are counted through from this new one. */
  base?: string | undefined;
  /** The index of the first item, where the batch is part of a file. */
  first?: number;
  /** Whether refused items are kept for `GET /v1/rejected`; yes unless said otherwise. */
  keepRejected?: boolean;
  /** Paths of private fields whose values are hashes already. */
  hashed?: readonly string[];
  /** The earliest time that is believed, epoch ms; by default the year 2000, before which a time is a mistake of unit. */
  earliest?: number;
}

/** Where the rows of a file of predictions go that do not say it themselves. */
export interface PredictionDefaults {
  model: string | null;
  version: string | null;
  deployment: string | null;
}

export interface IngestApi {
  /** Store predictions; each item is validated on its own. `allowed` limits models (others are rejected per item with code `forbidden`). Never throws for bad items. */
  predictions(items: readonly unknown[], allowed: readonly string[] | null, options?: BatchOptions): Promise<Tracked>;
  groundTruth(items: readonly unknown[], allowed: readonly string[] | null, options?: BatchOptions): Promise<Tracked>;
  delayedMetrics(
    items: readonly unknown[],
    allowed: readonly string[] | null,
    options?: BatchOptions,
  ): Promise<Tracked>;
  aggregateMetrics(
    items: readonly unknown[],
    allowed: readonly string[] | null,
    options?: BatchOptions,
  ): Promise<Accepted>;
  /** The same with values of any kind, and from 1970 on. */
  aggregateDocuments(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted>;
  /** What replicas report of themselves. */
  replicaStats(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted>;
  /** Ground truth from a CSV or Parquet file, through the engine's own reader. */
  groundTruthFile(file: UploadedFile): Promise<Accepted>;
  /**
   * Predictions from a CSV or Parquet file, with flat columns by prefix; every row goes the way of a single item. `token`: see BatchOptions.
   * @throws InvalidInputError when the file cannot be read or its columns contradict one another.
   */
  predictionsFile(
    file: UploadedFile,
    defaults: PredictionDefaults,
    caller: { allowed: readonly string[] | null; token: string | null },
    progress: (rows: number, rejected: number) => void,
  ): Promise<Accepted>;
  /**
   * Send a refused item again, as it was kept or as `item`; where it is stored, it leaves the list.
   * @throws NotFoundError, ConflictError when what was kept is not the whole item.
   */
  replay(id: string, item: unknown, allowed: readonly string[] | null): Promise<Tracked | Accepted>;
  /** Many of them as they were kept; at most `limit`, then `next` says where to go on. Running it twice changes nothing. */
  replayMany(request: ReplayRequest, allowed: readonly string[] | null): Promise<Replayed>;
  rejected(filter: { model: string | null; limit: number }): Promise<RejectedItem[]>;
}

/** A running upload, as the route that receives it reports it. */
export interface RunningUpload {
  readonly id: string;
  received(bytes: number): void;
  /** Everything arrived. */
  storing(): void;
  progress(rows: number, rejected: number): void;
  done(rows: number, rejected: number): Promise<void>;
  failed(error: unknown): Promise<void>;
}

export interface UploadsApi {
  /** @throws ConflictError while an upload of this id runs. `id` null: a new one. */
  begin(start: {
    id: string | null;
    kind: UploadKind;
    model: string | null;
    bytesTotal: number | null;
  }): Promise<RunningUpload>;
  /** @throws NotFoundError */
  get(id: string, allowed: readonly string[] | null): Promise<Upload>;
  list(limit: number, allowed: readonly string[] | null): Promise<Upload[]>;
}

export interface OrphanLabelsApi {
  read(limit: number): Promise<OrphanLabels>;
}

export interface AuditApi {
  append(entry: Omit<AuditRow, 'id' | 'at'>): Promise<void>;
  list(filter: { actor: string | null; target: string | null; limit: number }): Promise<AuditRow[]>;
}

/** Erasing what is known of people. What is gone is gone from every answer when the call returns. */
export interface ErasureApi {
  /** @throws NotFoundError when nothing is stored under the id. `id` is a UUID or an external id. */
  prediction(id: string): Promise<Erased>;
  /** Everything of the predictions of a model that carry a tag. @throws NotFoundError for an unknown model. */
  tagged(model: string, tag: { key: string; value: string }): Promise<Erased>;
}

/** Which replicas, over which range, in steps of how many ms; null: chosen by the service. Epoch ms. */
export interface ReplicaQuery {
  version: string | null;
  deployment: string | null;
  from: number | null;
  to: number | null;
  step: number | null;
}

export interface ReplicasApi {
  /** @throws NotFoundError for a model of which nothing is known, InvalidInputError for an empty range or too many steps. */
  read(model: string, query: ReplicaQuery): Promise<Replicas>;
}

/** Cloudera's model metrics. Each batch call validates item by item, as the tracking routes do. */
export interface ClouderaApi {
  predictions(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked>;
  delayed(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked>;
  aggregates(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted>;
  /** As `IngestApi.replicaStats`, where a deployment that is a CRN also says which model and version it is of. */
  replicaStats(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted>;
  /** What a read asks for. */
  target(body: ClouderaRead): Promise<CrnTarget>;
  /** Predictions ascending by start, then aggregates; nothing for what is not known. */
  read(body: ClouderaRead, target: CrnTarget): AsyncIterable<ClouderaRow>;
}

export interface PredictionsApi {
  list(
    filter: PredictionFilter,
    page: { limit: number; cursor: string | null },
  ): Promise<{ predictions: StoredPrediction[]; next_cursor: string | null }>;
  /** @throws NotFoundError. `id` is a UUID or an external id. */
  get(id: string, allowed: readonly string[] | null): Promise<StoredPrediction>;
  /** Every value that the prediction's ground truth had. Asked for after `get`. */
  history(id: string): Promise<LabelValue[]>;
  /** The whole range, in chunks of bytes. */
  export(filter: PredictionFilter, format: ExportFormat): AsyncIterable<Buffer>;
}

export interface ModelsApi {
  list(allowed: readonly string[] | null): Promise<ModelSummary[]>;
  /** @throws NotFoundError when the model has neither rows nor a configuration. */
  get(model: string): Promise<ModelDetail>;
  versions(model: string): Promise<TrackedVersion[]>;
  fields(model: string): Promise<FieldSummary[]>;
  configure(model: string, config: ModelConfig): Promise<ModelDetail>;
  /** Removes every row of the model. */
  remove(model: string): Promise<void>;
}

export interface BaselinesApi {
  fromRows(
    model: string,
    target: { name: string; version: string | null },
    rows: readonly unknown[],
  ): Promise<BaselineCreated>;
  fromFile(
    model: string,
    target: { name: string; version: string | null },
    file: UploadedFile,
  ): Promise<BaselineCreated>;
  freeze(model: string, request: FreezeBaseline): Promise<BaselineCreated>;
  list(model: string): Promise<BaselineSummary[]>;
  get(model: string, name: string, version: string | null): Promise<BaselineDetail>;
  activate(model: string, name: string, version: string | null): Promise<BaselineSummary>;
}

export interface MetricsApi {
  read(model: string, filter: MetricFilter): Promise<MetricPointJson[]>;
  distribution(model: string, query: DistributionQuery): Promise<Distribution>;
  confusion(model: string, query: ConfusionQuery): Promise<Confusion>;
  /** From stored windows. @throws NotFoundError */
  summary(model: string, query: SummaryQuery): Promise<RangeNumber[]>;
  calibration(model: string, query: CurveQuery): Promise<Calibration>;
  roc(model: string, query: CurveQuery): Promise<Roc>;
}

export interface OverviewApi {
  /** Models, worst first. `allowed` limits them (null: all). @throws NotFoundError for a model that is not known. */
  overview(query: {
    model: string | null;
    version: string | null;
    /** null: 30 days that end with the newest data. */
    from: number | null;
    to: number | null;
    now: number;
    allowed: readonly string[] | null;
  }): Promise<Overview>;
  /** @throws NotFoundError. */
  grid(
    model: string,
    query: {
      metric: string;
      version: string | null;
      segment: string;
      from: number;
      to: number;
      columns: number;
      limit: number;
    },
  ): Promise<Grid>;
}

export interface JobsApi {
  list(): Promise<JobInfo[]>;
  runs(filter: { job: JobName | null; limit: number }): Promise<JobRun[]>;
  run(job: JobName, options: JobOptions, trigger: 'api' | 'cli' | 'schedule'): Promise<JobRunAnswer>;
}

export interface AlertsApi {
  putChannel(name: string, channel: Channel): Promise<void>;
  listChannels(): Promise<{ name: string; channel: Channel }[]>;
  removeChannel(name: string): Promise<void>;
  testChannel(name: string): Promise<Notification>;
  putRule(name: string, rule: AlertRule): Promise<void>;
  listRules(): Promise<{ name: string; rule: AlertRule }[]>;
  removeRule(name: string): Promise<void>;
  backtest(name: string, range: { from: number; to: number }): Promise<Backtest>;
  /** Rules for a start, from the model's own history. @throws NotFoundError without numbers. */
  proposals(model: string, range: { from: number | null; to: number | null }): Promise<Proposals>;
  /** The same for a rule that is not saved. */
  backtestRule(rule: AlertRule, range: { from: number; to: number }): Promise<Backtest>;
  alerts(filter: { state: string | null; model: string | null }): Promise<Alert[]>;
  alert(id: string): Promise<Alert>;
  /** The alert with all that explains it. @throws NotFoundError. */
  explain(id: string): Promise<Explanation>;
  history(filter: { model: string | null; rule: string | null; limit: number }): Promise<Alert[]>;
  acknowledge(id: string, by: string): Promise<Alert>;
  /** What a mail's link would do. @throws NotFoundError for one that was not made here, ConflictError for one that is too old. */
  openLink(token: string, now: number): Promise<{ kind: 'acknowledge' | 'silence'; rule: string; model: string }>;
  /** Do it; what was done, in a sentence. */
  followLink(token: string, now: number): Promise<string>;
  builtinAlerts(): Promise<BuiltinAlerts>;
  putBuiltinAlerts(settings: BuiltinAlerts): Promise<void>;
  putSilence(name: string, silence: Silence): Promise<void>;
  listSilences(): Promise<{ name: string; silence: Silence }[]>;
  removeSilence(name: string): Promise<void>;
  notifications(filter: { model: string | null; limit: number }): Promise<Notification[]>;
}

/** What comes from a configuration file. */
export interface ConfigFileApi {
  status(): ConfigStatus;
  /** The mark of what comes from the file. */
  sourceOf(kind: OwnedKind, name: string): { source?: 'file' };
  /** @throws ConflictError for what comes from the file. */
  assertFree(kind: OwnedKind, name: string): void;
  schedules(): ReadonlyMap<JobName, string>;
  onChange(listener: () => void): void;
}

export interface ContributionsApi {
  /** @throws NotFoundError, InvalidInputError for a metric that is not a mean over rows. */
  read(model: string, query: ContributionQuery): Promise<ContributionAnswer>;
}

export interface KeysApi {
  create(request: ApiKeyRequest): Promise<{ id: string; key: string }>;
  list(): Promise<ApiKey[]>;
  /** @throws NotFoundError. */
  remove(id: string): Promise<void>;
  /** null: not a key of ours. Constant-time. */
  authenticate(key: string): Promise<Principal | null>;
  /** Who a key's id belongs to, for sessions; null when the key was removed. */
  principal(id: string): Promise<Principal | null>;
}

export interface SqlApi {
  run(request: { sql: string; params: Record<string, unknown>; format: 'json' | 'csv' | 'parquet' }): Promise<{
    contentType: string;
    body: Buffer;
    /** More rows than the limit: the rest was left out. */ truncated: boolean;
  }>;
}

export interface InferenceLogsApi {
  /** Halves of logged inferences; null for an event that is no inference, an Error for one that cannot be read. */
  events(events: readonly (LoggedEvent | null | Error)[], allowed: readonly string[] | null): Promise<Logged>;
  /** Inferences with both sides. */
  pairs(items: readonly unknown[], allowed: readonly string[] | null): Promise<Logged>;
  /** Lines of SageMaker's data capture and ground truth. */
  sagemaker(
    lines: readonly unknown[],
    place: { model: string; version: string | null; deployment: string | null },
    allowed: readonly string[] | null,
  ): Promise<Logged>;
  waiting(models: readonly string[] | null, limit: number): Promise<Halves>;
}

export interface DoctorApi {
  /** Look at everything that the service needs. Never throws for what it finds. */
  report(): Promise<DoctorReport>;
}

/** Counters for `/metrics`, kept by the process. */
export interface CountersApi {
  /** Prometheus text. */
  render(): Promise<{ contentType: string; body: string }>;
}

/** The model registry: questions about its present state, operations on it, its log. */
export interface RegistryApi {
  read<T>(question: (state: RegistryState) => T): Promise<T>;
  /** Stored when it resolves; `answer` is asked of the state with it. @throws RegistryError */
  change<T>(operation: Operation, by: string, answer: (state: RegistryState) => T): Promise<T>;
  /** Newest first; `name` null: of every model. */
  history(name: string | null, limit: number): Promise<Change[]>;
}

/** The registry as people see it. */
export interface RegisteredApi {
  list(allowed: readonly string[] | null): Promise<RegisteredModelSummary[]>;
  /** @throws NotFoundError */
  get(model: string): Promise<RegisteredModelDetail>;
  /** @throws NotFoundError */
  version(model: string, version: string, range: { from: number | null; to: number | null }): Promise<VersionDetail>;
  history(model: string | null, limit: number): Promise<RegistryChange[]>;
  /** Versions that stand by, held against the champion. @throws NotFoundError */
  challengers(model: string, range: { from: number; to: number }): Promise<Challenger[]>;
  /** Tracked versions with what the registry says of them. */
  annotate(model: string, versions: readonly TrackedVersion[]): Promise<VersionSummary[]>;
}

/** Models, builds and deployments of Cloudera APIv2. Everything throws NotFoundError for what is not there. */
export interface RecordsApi {
  models(projectId: string): Promise<ClouderaModel[]>;
  model(projectId: string, id: string): Promise<ClouderaModel>;
  /** The name under which the model's rows are tracked. */
  trackedName(model: ClouderaModel): Promise<string>;
  createModel(input: NewClouderaModel, by: string): Promise<ClouderaModel>;
  updateModel(projectId: string, id: string, fields: Partial<NewClouderaModel>): Promise<ClouderaModel>;
  deleteModel(projectId: string, id: string): Promise<void>;
  builds(projectId: string, modelId: string): Promise<ClouderaBuild[]>;
  build(projectId: string, modelId: string, id: string): Promise<ClouderaBuild>;
  createBuild(input: NewClouderaBuild, by: string): Promise<ClouderaBuild>;
  deleteBuild(projectId: string, modelId: string, id: string): Promise<void>;
  deployments(projectId: string, modelId: string, buildId: string): Promise<ClouderaDeployment[]>;
  deployment(projectId: string, modelId: string, buildId: string, id: string): Promise<ClouderaDeployment>;
  createDeployment(input: NewClouderaDeployment, by: string): Promise<ClouderaDeployment>;
  /** `event` null: whoever runs it says so itself, and is not told. */
  changeDeployment(
    path: { projectId: string; modelId: string; buildId: string; id: string },
    fields: { status?: DeploymentState | undefined; replicas?: number | undefined },
    event: 'deployment.restarted' | 'deployment.stopped' | null,
  ): Promise<ClouderaDeployment>;
}

/** Comments on versions and requests for transitions. Everything throws RegistryError. */
export interface ReviewsApi {
  comment(name: string, version: number, text: string, by: string): Promise<Comment>;
  /** `reach` refuses a model that the caller's key does not reach. */
  editComment(id: string, text: string, reach: (modelId: string) => Promise<void>, now: number): Promise<Comment>;
  deleteComment(id: string, reach: (modelId: string) => Promise<void>): Promise<void>;
  request(target: RequestTarget, by: string): Promise<TransitionRequest>;
  list(name: string, version: number): Promise<TransitionRequest[]>;
  /** Answers the request that was decided. */
  decide(
    action: 'transition_approved' | 'transition_rejected' | 'transition_withdrawn',
    target: RequestTarget & { archiveExisting: boolean; creator: string | null },
    by: string,
  ): Promise<TransitionRequest>;
}

/** References to versions. */
export interface ReferencesApi {
  /** The text itself, or the version that `@stage` or `@alias` names now. @throws NotFoundError */
  resolve(model: string, version: string): Promise<string>;
}

/** Comparisons frozen when versions took over. */
export interface ComparisonsApi {
  /** Newest first. */
  list(model: string): Promise<FrozenComparison[]>;
  /** Wait until those that were begun are computed. */
  idle(): Promise<void>;
}

/** What happened to a model. */
export interface EventsApi {
  /** Oldest first. */
  list(model: string, range: { from: number | null; to: number | null }): Promise<ModelEvent[]>;
  /** Keep something that happened now. */
  note(model: string, mark: Omit<ModelEvent, 'time'>): Promise<void>;
}

/** Webhooks of the registry. */
export interface WebhooksApi {
  /** @throws RegistryError, also below. */
  get(kind: WebhookKind, id: string): Promise<Webhook>;
  list(kind: WebhookKind): Promise<Webhook[]>;
  create(kind: WebhookKind, fields: WebhookFields): Promise<Webhook>;
  update(kind: WebhookKind, id: string, fields: WebhookFields): Promise<Webhook>;
  remove(kind: WebhookKind, id: string): Promise<void>;
  /** `event` null: its first. */
  test(kind: WebhookKind, id: string, event: string | null): Promise<TestAnswer>;
  /** Newest first. */
  deliveries(filter: { state: string | null; webhook: string | null; limit: number }): Promise<Delivery[]>;
}

/** Everything the HTTP layer is built on. */
export interface Services {
  ingest: IngestApi;
  uploads: UploadsApi;
  orphanLabels: OrphanLabelsApi;
  erasure: ErasureApi;
  audit: AuditApi;
  cloudera: ClouderaApi;
  replicas: ReplicasApi;
  predictions: PredictionsApi;
  models: ModelsApi;
  baselines: BaselinesApi;
  metrics: MetricsApi;
  overview: OverviewApi;
  jobs: JobsApi;
  alerts: AlertsApi;
  contributions: ContributionsApi;
  configFile: ConfigFileApi;
  keys: KeysApi;
  registry: RegistryApi;
  webhooks: WebhooksApi;
  registered: RegisteredApi;
  events: EventsApi;
  references: ReferencesApi;
  records: RecordsApi;
  reviews: ReviewsApi;
  comparisons: ComparisonsApi;
  sql: SqlApi;
  counters: CountersApi;
  doctor: DoctorApi;
  inferenceLogs: InferenceLogsApi;
  /** Store reachable and migrated. */
  ready(): Promise<boolean>;
}

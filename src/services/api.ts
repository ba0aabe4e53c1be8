// What the outer layers (HTTP, jobs, CLI) may ask of the services, by area in api/. Answers are the contract's documents, in snake_case.
import type { ApiKey, ApiKeyRequest, Scope } from '../domain/contract/alerts.js';
import type { DoctorReport } from '../domain/contract/doctor.js';
import type { AuditRow } from '../domain/contract/ingestion.js';
import type { AlertsApi, ConfigFileApi, ContributionsApi } from './api/alerts.js';
import type { BaselinesApi, JobsApi, MetricsApi, ModelsApi, OverviewApi } from './api/models.js';
import type {
  ComparisonsApi,
  EventsApi,
  RecordsApi,
  ReferencesApi,
  RegisteredApi,
  RegistryApi,
  ReviewsApi,
  WebhooksApi,
} from './api/registry.js';
import type {
  ClouderaApi,
  ErasureApi,
  InferenceLogsApi,
  IngestApi,
  OrphanLabelsApi,
  PredictionsApi,
  ReplicasApi,
  UploadsApi,
} from './api/tracking.js';

export type * from './api/alerts.js';
export type * from './api/models.js';
export type * from './api/registry.js';
export type * from './api/tracking.js';

/** Who calls: scopes, and the models a key is limited to (null: all). */
export interface Principal {
  id: string;
  name: string;
  scopes: readonly Scope[];
  models: readonly string[] | null;
  /** Requests a minute; null or absent: the general limit. */
  rateLimit?: number | null;
}

export interface AuditApi {
  append(entry: Omit<AuditRow, 'id' | 'at'>): Promise<void>;
  list(filter: { actor: string | null; target: string | null; limit: number }): Promise<AuditRow[]>;
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

export interface DoctorApi {
  /** Look at everything that the service needs. Never throws for what it finds. */
  report(): Promise<DoctorReport>;
}

/** Counters for `/metrics`, kept by the process. */
export interface CountersApi {
  /** Prometheus text. */
  render(): Promise<{ contentType: string; body: string }>;
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

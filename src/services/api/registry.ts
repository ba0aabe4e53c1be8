// What may be asked of the model registry: its state, reviews, records, comparisons, marks and webhooks.
import type {
  Challenger,
  FrozenComparison,
  ModelEvent,
  RegisteredModelDetail,
  RegisteredModelSummary,
  RegistryChange,
  VersionDetail,
} from '../../domain/contract/registry.js';
import type {
  ClouderaBuild,
  ClouderaDeployment,
  ClouderaModel,
  DeploymentState,
} from '../../domain/registry/cloudera.js';
import type { TrackedVersion, VersionSummary } from '../../domain/contract/models.js';
import type { Change } from '../../domain/registry/model.js';
import type { Operation } from '../../domain/registry/operation.js';
import type { RegistryState } from '../../domain/registry/state.js';
import type { Webhook, WebhookKind } from '../../domain/registry/webhook.js';
import type { NewClouderaBuild, NewClouderaDeployment, NewClouderaModel } from '../registry/cloudera-documents.js';
import type { RecordPath } from '../registry/cloudera-held.js';
import type { Delivery } from '../registry/dispatcher.js';
import type { Comment, RequestTarget, TransitionRequest } from '../registry/reviews.js';
import type { WebhookFields } from '../registry/webhook-documents.js';
import type { TestAnswer } from '../registry/webhooks.js';

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
  /** Of a project, of all of them for null. */
  models(projectId: string | null): Promise<ClouderaModel[]>;
  model(projectId: string, id: string): Promise<ClouderaModel>;
  /** The name under which the model's rows are tracked. */
  trackedName(model: ClouderaModel): Promise<string>;
  createModel(input: NewClouderaModel, by: string): Promise<ClouderaModel>;
  /** `change`: the new fields of the model as it is. */
  updateModel(
    projectId: string,
    id: string,
    change: (known: ClouderaModel) => Omit<NewClouderaModel, 'projectId'>,
  ): Promise<ClouderaModel>;
  deleteModel(projectId: string, id: string): Promise<void>;
  builds(projectId: string, modelId: string): Promise<ClouderaBuild[]>;
  build(path: RecordPath): Promise<ClouderaBuild>;
  createBuild(input: NewClouderaBuild, by: string): Promise<ClouderaBuild>;
  deleteBuild(path: RecordPath): Promise<void>;
  deployments(path: RecordPath): Promise<ClouderaDeployment[]>;
  deployment(path: RecordPath): Promise<ClouderaDeployment>;
  createDeployment(input: NewClouderaDeployment, by: string): Promise<ClouderaDeployment>;
  /** `event` null: whoever runs it says so itself, and is not told. */
  changeDeployment(
    path: RecordPath,
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

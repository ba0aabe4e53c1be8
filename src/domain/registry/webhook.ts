// Webhooks of the registry in three kinds of protocol: Databricks', MLflow's and our own; which changes they are told, and with what body.
import type { Change, ModelVersion, Stage } from './model.js';

export type WebhookKind = 'databricks' | 'mlflow' | 'driftline';
/** TEST_MODE fires by a test only. */
export const WEBHOOK_STATUSES = ['ACTIVE', 'DISABLED', 'TEST_MODE'] as const;
export type WebhookStatus = (typeof WEBHOOK_STATUSES)[number];

/** A webhook as it is stored. Secrets are sealed. Times in epoch milliseconds. */
export interface Webhook {
  id: string;
  kind: WebhookKind;
  name: string;
  /** The id of the one model it is about, null: all of them. */
  modelId: string | null;
  description: string;
  status: WebhookStatus;
  events: readonly string[];
  /** null for a job. */
  url: string | null;
  secret: string | null;
  authorization: string | null;
  verifyTls: boolean;
  job: { jobId: string; workspaceUrl: string; accessToken: string } | null;
  createdAt: number;
  updatedAt: number;
}

export const DATABRICKS_EVENTS = [
  'MODEL_VERSION_CREATED',
  'MODEL_VERSION_TRANSITIONED_STAGE',
  'TRANSITION_REQUEST_CREATED',
  'COMMENT_CREATED',
  'REGISTERED_MODEL_CREATED',
  'MODEL_VERSION_TAG_SET',
  'MODEL_VERSION_TRANSITIONED_TO_STAGING',
  'MODEL_VERSION_TRANSITIONED_TO_PRODUCTION',
  'MODEL_VERSION_TRANSITIONED_TO_ARCHIVED',
  'TRANSITION_REQUEST_TO_STAGING_CREATED',
  'TRANSITION_REQUEST_TO_PRODUCTION_CREATED',
  'TRANSITION_REQUEST_TO_ARCHIVED_CREATED',
] as const;
export type DatabricksEvent = (typeof DATABRICKS_EVENTS)[number];

/** MLflow's events, as `entity.action`. */
export const MLFLOW_EVENTS = [
  'registered_model.created',
  'model_version.created',
  'model_version_tag.set',
  'model_version_tag.deleted',
  'model_version_alias.created',
  'model_version_alias.deleted',
  'prompt.created',
  'prompt_version.created',
  'prompt_tag.set',
  'prompt_tag.deleted',
  'prompt_version_tag.set',
  'prompt_version_tag.deleted',
  'prompt_alias.created',
  'prompt_alias.deleted',
  // Of MLflow's gateway, which is not here: a webhook may name it, and its test sends an example.
  'budget_policy.exceeded',
] as const;
export type MlflowEvent = (typeof MLFLOW_EVENTS)[number];

/** Tags by which MLflow knows a prompt; they are not told. */
const PROMPT_TEXT = 'mlflow.prompt.text';
const INTERNAL_TAGS: readonly string[] = ['mlflow.prompt.is_prompt', '_mlflow_prompt_type', PROMPT_TEXT];

/** What the records of deployments say to whatever runs containers. */
export const DRIFTLINE_EVENTS = [
  'build.created',
  'deployment.created',
  'deployment.restarted',
  'deployment.stopped',
  'deployment.deleted',
] as const;

/** What a body is made of. */
export interface Happening {
  change: Change;
  /** The version as it is after the change, where the change is about one that is there. */
  version: ModelVersion | null;
  /** Tags and description of a model that was made. */
  tags: ReadonlyMap<string, string>;
  description: string | null;
  isPrompt: boolean;
}

const TO: Partial<Record<Stage, string>> = { Staging: 'STAGING', Production: 'PRODUCTION', Archived: 'ARCHIVED' };

/** The events of Databricks that a change is. */
export function databricksEvents({ action, to }: Change): DatabricksEvent[] {
  const stage = TO[to as Stage];
  switch (action) {
    case 'model_created':
      return ['REGISTERED_MODEL_CREATED'];
    case 'version_created':
      return ['MODEL_VERSION_CREATED'];
    case 'stage_changed':
      return stage === undefined
        ? ['MODEL_VERSION_TRANSITIONED_STAGE']
        : ['MODEL_VERSION_TRANSITIONED_STAGE', `MODEL_VERSION_TRANSITIONED_TO_${stage}` as DatabricksEvent];
    case 'version_tag_set':
      return ['MODEL_VERSION_TAG_SET'];
    case 'comment':
      return ['COMMENT_CREATED'];
    case 'transition_requested':
      return stage === undefined
        ? ['TRANSITION_REQUEST_CREATED']
        : ['TRANSITION_REQUEST_CREATED', `TRANSITION_REQUEST_TO_${stage}_CREATED` as DatabricksEvent];
    default:
      return [];
  }
}

/** A sentence about a change in Databricks' words; it makes the body fit for Slack. */
function databricksText({ action, model, version, from, to, key, by, comment }: Change): string {
  const named = `Registered model '${model}'`;
  switch (action) {
    case 'model_created':
      return `${named} created.`;
    case 'version_created':
      return `${named} version ${version ?? ''} created.`;
    case 'stage_changed':
      return `${named} version ${version ?? ''} transitioned from ${from ?? ''} to ${to ?? ''}.`;
    case 'version_tag_set':
      return `${by} set version tag(s) '${key ?? ''}' => '${to ?? ''}' for registered model '${model}' version ${version ?? ''}.`;
    case 'comment':
      return `${by} commented on registered model '${model}' version ${version ?? ''}: "${comment ?? ''}"`;
    default:
      return `${by} requested that registered model '${model}' version ${version ?? ''} transition from ${from ?? ''} to ${to ?? ''}.`;
  }
}

/** The body that Databricks sends for an event, its fields in Databricks' order. */
export function databricksBody(event: DatabricksEvent, webhookId: string, { change }: Happening): string {
  const { action, version } = change;
  return JSON.stringify({
    event,
    webhook_id: webhookId,
    event_timestamp: change.at,
    model_name: change.model,
    ...(version === null ? {} : { version: String(version) }),
    ...(action === 'stage_changed' || action === 'transition_requested'
      ? { to_stage: change.to, from_stage: change.from }
      : {}),
    ...(action === 'version_tag_set' ? { tags: [{ key: change.key, value: change.to }] } : {}),
    ...(change.comment === null ? {} : { comment: change.comment }),
    text: databricksText(change),
  });
}

/** MLflow's event of a change, or null. */
export function mlflowEvent({ change, isPrompt }: Happening): string | null {
  const model = isPrompt ? 'prompt' : 'registered_model';
  const version = isPrompt ? 'prompt_version' : 'model_version';
  switch (change.action) {
    case 'model_created':
      return `${model}.created`;
    case 'version_created':
      return `${version}.created`;
    case 'model_tag_set':
      return isPrompt ? 'prompt_tag.set' : null;
    case 'model_tag_deleted':
      return isPrompt ? 'prompt_tag.deleted' : null;
    case 'version_tag_set':
      return `${version}_tag.set`;
    case 'version_tag_deleted':
      return `${version}_tag.deleted`;
    case 'alias_set':
      return isPrompt ? 'prompt_alias.created' : 'model_version_alias.created';
    case 'alias_deleted':
      return isPrompt ? 'prompt_alias.deleted' : 'model_version_alias.deleted';
    default:
      return null;
  }
}

/** Epoch milliseconds as Python writes a time with microseconds. */
const pythonIso = (time: number): string => new Date(time).toISOString().replace(/\.(\d{3})Z$/, '.$1000+00:00');

const ownTags = (tags: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...tags].filter(([key]) => !INTERNAL_TAGS.includes(key)));

function mlflowData(event: string, { change, version, tags, description }: Happening): Record<string, unknown> {
  const { model: name, key, to } = change;
  const number = String(change.version ?? '');
  switch (event) {
    case 'registered_model.created':
      return { name, tags: Object.fromEntries(tags), description: description ?? '' };
    case 'prompt.created':
      return { name, tags: ownTags(tags), description: description ?? '' };
    case 'model_version.created':
      return {
        name,
        version: number,
        source: version?.source ?? '',
        run_id: version?.runId ?? '',
        tags: Object.fromEntries(version?.tags ?? []),
        description: version?.description ?? '',
      };
    case 'prompt_version.created': {
      const held = version?.tags ?? new Map<string, string>();
      const template = held.get(PROMPT_TEXT) ?? '';
      return { name, version: number, template, tags: ownTags(held), description: version?.description ?? '' };
    }
    case 'prompt_tag.set':
      return { name, key, value: to };
    case 'prompt_tag.deleted':
      return { name, key };
    case 'model_version_tag.set':
    case 'prompt_version_tag.set':
      return { name, version: number, key, value: to };
    case 'model_version_tag.deleted':
    case 'prompt_version_tag.deleted':
      return { name, version: number, key };
    case 'model_version_alias.created':
    case 'prompt_alias.created':
      return { name, alias: key, version: number };
    default:
      return { name, alias: key };
  }
}

/** The body of MLflow around what an event tells. */
export function mlflowEnvelope(event: string, at: number, data: Record<string, unknown>): string {
  const [entity, action] = event.split('.');
  return JSON.stringify({ entity, action, timestamp: pythonIso(at), data });
}

/** The body that MLflow sends for an event. */
export const mlflowBody = (event: string, happening: Happening): string =>
  mlflowEnvelope(event, happening.change.at, mlflowData(event, happening));

/** Whether a webhook is to be told something about a model. */
export function isAbout(webhook: Webhook, modelId: string): boolean {
  return webhook.status === 'ACTIVE' && (webhook.modelId === null || webhook.modelId === modelId);
}

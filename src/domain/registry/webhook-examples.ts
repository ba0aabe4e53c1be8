// What the test of a webhook sends: an example of each event.
import type { Change } from './model.js';
import { databricksBody, mlflowEnvelope, type DatabricksEvent, type MlflowEvent } from './webhook.js';

const TAGS = { example_key: 'example_value' };
const model = { name: 'example_model' };
const prompt = { name: 'example_prompt' };
const version = { version: '1' };
const key = { key: 'example_key' };
const value = { value: 'example_value' };
const alias = { alias: 'example_alias' };

/** The examples that MLflow itself sends. */
const MLFLOW: Record<MlflowEvent, Record<string, unknown>> = {
  'registered_model.created': { ...model, tags: TAGS, description: 'An example registered model' },
  'model_version.created': {
    ...model,
    ...version,
    source: 'models:/123',
    run_id: 'abcd1234abcd5678',
    tags: TAGS,
    description: 'An example model version',
  },
  'model_version_tag.set': { ...model, ...version, ...key, ...value },
  'model_version_tag.deleted': { ...model, ...version, ...key },
  'model_version_alias.created': { ...model, ...alias, ...version },
  'model_version_alias.deleted': { ...model, ...alias },
  'prompt.created': { ...prompt, tags: TAGS, description: 'An example prompt' },
  'prompt_version.created': {
    ...prompt,
    ...version,
    template: 'Hello {{name}}!',
    tags: TAGS,
    description: 'An example prompt version',
  },
  'prompt_tag.set': { ...prompt, ...key, ...value },
  'prompt_tag.deleted': { ...prompt, ...key },
  'prompt_version_tag.set': { ...prompt, ...version, ...key, ...value },
  'prompt_version_tag.deleted': { ...prompt, ...version, ...key },
  'prompt_alias.created': { ...prompt, ...alias, ...version },
  'prompt_alias.deleted': { ...prompt, ...alias },
  'budget_policy.exceeded': { budget_policy_id: 'bp-abc123', budget_unit: 'USD', budget_amount: 100 },
};

export const mlflowExample = (event: string, at: number): string =>
  mlflowEnvelope(event, at, MLFLOW[event as MlflowEvent]);

const ACTIONS: readonly [RegExp, Change['action']][] = [
  [/^REGISTERED_MODEL_CREATED$/, 'model_created'],
  [/^MODEL_VERSION_TRANSITIONED/, 'stage_changed'],
  [/^TRANSITION_REQUEST/, 'transition_requested'],
  [/^COMMENT/, 'comment'],
  [/TAG_SET$/, 'version_tag_set'],
];

export function databricksExample(event: DatabricksEvent, webhookId: string, at: number): string {
  const action: Change['action'] = ACTIONS.find(([pattern]) => pattern.test(event))?.[1] ?? 'version_created';
  const stage = event.includes('STAGING') ? 'Staging' : event.includes('ARCHIVED') ? 'Archived' : 'Production';
  const moves = action === 'stage_changed' || action === 'transition_requested';
  const change: Change = {
    at,
    by: 'driftline',
    action,
    modelId: '',
    model: 'example_model',
    version: action === 'model_created' ? null : 1,
    key: 'example_key',
    from: moves ? 'None' : null,
    to: moves ? stage : 'example_value',
    comment: action === 'comment' ? 'This is a test.' : null,
  };
  return databricksBody(event, webhookId, {
    change,
    version: null,
    tags: new Map(),
    description: null,
    isPrompt: false,
  });
}

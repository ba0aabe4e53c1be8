// What Databricks has beside MLflow's calls: its registry webhooks, and its own forms of a model, a transition and a listing.
import { z } from 'zod';
import { ForbiddenError } from '../../domain/errors.js';
import { pageOf, pageOffset, pageSize } from '../../domain/registry/paging.js';
import { checkModelName, invalidParameter, missingParameter } from '../../domain/registry/rules.js';
import type { RegistryState } from '../../domain/registry/state.js';
import { DATABRICKS_EVENTS, WEBHOOK_STATUSES, type Webhook } from '../../domain/registry/webhook.js';
import type { Principal } from '../../services/api.js';
import type { WebhookFields } from '../../services/registry/webhook-documents.js';
import { assertModel, mayReach } from '../plugins/auth.js';
import { modelJson, pageJson, versionJson } from './answers.js';
import { required, text, texts, whole } from './inputs.js';
import { call } from './protocol.js';
import { stageChange, stageInput, versionOf } from './version-calls.js';

const TAG = 'registry webhooks';
const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;

const eventList = z.array(z.enum(DATABRICKS_EVENTS));
const statusSchema = z.enum(WEBHOOK_STATUSES).optional().describe('ACTIVE (default), DISABLED or TEST_MODE');
const httpUrlSpec = z.object({
  url: required('where it sends to'),
  secret: text('signs what is sent; never shown again'),
  authorization: text('sent as Authorization; never shown again'),
  enable_ssl_verification: z.boolean().optional().describe('true by default'),
});
const jobSpec = z.object({
  job_id: z.union([z.string().min(1), z.int().transform(String)]).describe('the job to start'),
  workspace_url: text('the workspace it runs in'),
  access_token: required('a token of that workspace; never shown again'),
});
const fields = z.object({
  description: text('what it is for'),
  status: statusSchema,
  http_url_spec: httpUrlSpec.optional(),
  job_spec: jobSpec.optional(),
});
type Fields = z.output<typeof fields>;

function webhookFields({ description, status, http_url_spec: http, job_spec: job }: Fields): WebhookFields {
  if (http !== undefined && job !== undefined) {
    throw invalidParameter('Give one of http_url_spec and job_spec, not both.');
  }
  if (job !== undefined && (job.workspace_url ?? '') === '') throw missingParameter('job_spec.workspace_url');
  return {
    description,
    status,
    url: http?.url,
    secret: http?.secret,
    authorization: http?.authorization,
    verifyTls: http?.enable_ssl_verification,
    job:
      job === undefined
        ? undefined
        : { jobId: job.job_id, workspaceUrl: job.workspace_url ?? '', accessToken: job.access_token },
  };
}

/** The name of the model that a webhook is about; null: of all. */
function modelName(state: RegistryState, { modelId }: Webhook): string | null {
  return modelId === null ? null : (state.byId(modelId)?.name ?? null);
}

function webhookJson(webhook: Webhook, model: string | null): Record<string, unknown> {
  return {
    id: webhook.id,
    ...(model === null ? {} : { model_name: model }),
    description: webhook.description,
    events: webhook.events,
    status: webhook.status,
    creation_timestamp: webhook.createdAt,
    last_updated_timestamp: webhook.updatedAt,
    ...(webhook.url === null
      ? {}
      : { http_url_spec: { url: webhook.url, enable_ssl_verification: webhook.verifyTls } }),
    ...(webhook.job === null
      ? {}
      : { job_spec: { job_id: webhook.job.jobId, workspace_url: webhook.job.workspaceUrl } }),
  };
}

/** A key that is limited to models has to do with webhooks about those. @throws ForbiddenError */
function assertReach(principal: Principal, model: string | null): void {
  if (model !== null) return assertModel(principal, model);
  if (principal.models !== null) {
    throw new ForbiddenError('This key is limited to some models, and this webhook is about all of them.');
  }
}

function checkEvents(events: readonly string[], model: string | null): void {
  if (model !== null && events.includes('REGISTERED_MODEL_CREATED')) {
    throw invalidParameter('REGISTERED_MODEL_CREATED is an event of the whole registry; leave model_name out.');
  }
}

const withId = z.object({ id: required('the id of the webhook') });

export const DATABRICKS_CALLS = [
  call({
    method: 'POST',
    path: '/registry-webhooks/create',
    scope: 'admin',
    tag: TAG,
    summary: 'Make a webhook of the registry',
    input: fields.extend({
      events: eventList.min(1).describe('what it is told'),
      model_name: text('the one model it is about; all where left out'),
    }),
    run: async (input, { services, principal }) => {
      const model = input.model_name === undefined || input.model_name === '' ? null : checkModelName(input.model_name);
      assertReach(principal, model);
      checkEvents(input.events, model);
      if (input.http_url_spec === undefined && input.job_spec === undefined) throw missingParameter('http_url_spec');
      const webhook = await services.webhooks.create('databricks', {
        ...webhookFields(input),
        events: input.events,
        model: model ?? undefined,
      });
      return { webhook: webhookJson(webhook, model) };
    },
  }),
  call({
    method: 'GET',
    path: '/registry-webhooks/list',
    scope: 'admin',
    tag: TAG,
    summary: 'Webhooks of the registry',
    input: z.object({
      model_name: text('those about this model'),
      events: texts('those that are told any of these'),
      max_results: whole(`1 to ${MAX_PAGE}, ${DEFAULT_PAGE} by default`),
      page_token: text('next_page_token of the page before'),
    }),
    run: async (input, { services, principal }) => {
      const max = pageSize(input.max_results ?? null, DEFAULT_PAGE, MAX_PAGE);
      const offset = pageOffset(input.page_token ?? null);
      const events = eventList.safeParse(input.events);
      if (!events.success) throw invalidParameter(`Invalid events: ${input.events.join(', ')}.`);
      const all = await services.webhooks.list('databricks');
      return services.registry.read((state) => {
        const found = all
          .map((webhook) => ({ webhook, model: modelName(state, webhook) }))
          .filter(({ model }) => (model === null ? principal.models === null : mayReach(principal, model)))
          .filter(({ model }) => input.model_name === undefined || model === input.model_name)
          .filter(
            ({ webhook }) => events.data.length === 0 || events.data.some((event) => webhook.events.includes(event)),
          );
        const page = pageOf(found, offset, max);
        const items = page.items.map(({ webhook, model }) => webhookJson(webhook, model));
        return pageJson('webhooks', items, page.nextPageToken);
      });
    },
  }),
  call({
    method: 'PATCH',
    path: '/registry-webhooks/update',
    scope: 'admin',
    tag: TAG,
    summary: 'Change a webhook of the registry',
    input: fields.extend({ id: required('the id of the webhook'), events: eventList.optional() }),
    run: async (input, { services, principal }) => {
      const known = await services.webhooks.get('databricks', input.id);
      const model = await services.registry.read((state) => modelName(state, known));
      assertReach(principal, model);
      const events = input.events === undefined || input.events.length === 0 ? undefined : input.events;
      checkEvents(events ?? [], known.modelId);
      const webhook = await services.webhooks.update('databricks', input.id, { ...webhookFields(input), events });
      return { webhook: webhookJson(webhook, model) };
    },
  }),
  call({
    method: 'DELETE',
    path: '/registry-webhooks/delete',
    scope: 'admin',
    tag: TAG,
    summary: 'Delete a webhook of the registry',
    input: withId,
    run: async (input, { services, principal }) => {
      const known = await services.webhooks.get('databricks', input.id);
      assertReach(principal, await services.registry.read((state) => modelName(state, known)));
      await services.webhooks.remove('databricks', input.id);
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/registry-webhooks/test',
    scope: 'admin',
    tag: TAG,
    summary: 'Send an example to a webhook of the registry, whatever its status',
    input: withId.extend({ event: z.enum(DATABRICKS_EVENTS).optional().describe('its first event where left out') }),
    run: async (input, { services, principal }) => {
      const known = await services.webhooks.get('databricks', input.id);
      assertReach(principal, await services.registry.read((state) => modelName(state, known)));
      const answer = await services.webhooks.test('databricks', input.id, input.event ?? null);
      const status = answer.status ?? 0;
      const body = answer.error ?? answer.body;
      // Three forms are in the field: that of the documentation, and those of older and newer clients.
      return { status, body, status_code: status, webhook: { status_code: status, body } };
    },
  }),
  call({
    method: 'GET',
    path: '/databricks/registered-models/get',
    scope: 'read',
    summary: 'A registered model, as Databricks answers it',
    input: z.object({ name: required("the model's name") }),
    models: (input) => [input.name],
    run: (input, { services, principal }) =>
      services.registry.read((state) => {
        const model = state.model(checkModelName(input.name));
        const id = model.id.replaceAll('-', '');
        const permission = principal.scopes.includes('admin') ? 'CAN_MANAGE' : 'CAN_READ';
        return { registered_model_databricks: { ...modelJson(state, model), id, permission_level: permission } };
      }),
  }),
  call({
    method: 'POST',
    path: '/databricks/model-versions/transition-stage',
    scope: 'admin',
    summary: 'Move a version to a stage, as Databricks answers it',
    input: stageInput,
    models: (input) => [input.name],
    run: (input, { services, principal }) =>
      services.registry.change(stageChange(input), principal.name, (state) => ({
        model_version_databricks: { ...versionJson(state, versionOf(state, input)), permission_level: 'CAN_MANAGE' },
      })),
  }),
  call({
    method: 'GET',
    path: '/registered-models/list',
    scope: 'read',
    summary: 'Registered models by name; search does more',
    input: z.object({
      max_results: whole(`1 to ${MAX_PAGE}, ${DEFAULT_PAGE} by default`),
      page_token: text('next_page_token of the page before'),
    }),
    run: (input, { services, principal }) => {
      const max = pageSize(input.max_results ?? null, DEFAULT_PAGE, MAX_PAGE);
      const offset = pageOffset(input.page_token ?? null);
      return services.registry.read((state) => {
        const found = state
          .searchModels([], [{ field: 'name', ascending: true }])
          .filter((model) => mayReach(principal, model.name));
        const page = pageOf(found, offset, max);
        return pageJson(
          'registered_models',
          page.items.map((model) => modelJson(state, model)),
          page.nextPageToken,
        );
      });
    },
  }),
];

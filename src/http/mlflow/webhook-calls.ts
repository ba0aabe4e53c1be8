// MLflow's own webhooks: made, listed, changed, deleted, tested.
import { z } from 'zod';
import { ForbiddenError } from '../../domain/errors.js';
import { pageOf, pageOffset, pageSize } from '../../domain/registry/paging.js';
import { invalidParameter } from '../../domain/registry/rules.js';
import { MLFLOW_EVENTS, type Webhook } from '../../domain/registry/webhook.js';
import type { Principal } from '../../services/api.js';
import { pageJson } from './answers.js';
import { required, text, whole } from './inputs.js';
import { call } from './protocol.js';

const NAME = /^(?=.{1,63}$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i;
const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;
const TAG = 'registry webhooks';

const eventSchema = z.object({ entity: z.string().min(1), action: z.string().min(1) });
const statusSchema = z.enum(['ACTIVE', 'DISABLED']).optional().describe('ACTIVE (default) or DISABLED');

/** An event as `entity.action`. @throws RegistryError in MLflow's words */
function eventName({ entity, action }: z.output<typeof eventSchema>): string {
  const [thing, deed] = [entity.toLowerCase(), action.toLowerCase()];
  const valid = MLFLOW_EVENTS.filter((event) => event.startsWith(`${thing}.`)).map((event) => event.split('.')[1]);
  if (valid.length === 0) {
    const entities = [...new Set(MLFLOW_EVENTS.map((event) => `'${event.split('.')[0]}'`))].join(', ');
    throw invalidParameter(`Invalid entity '${thing}'. Valid entities are: [${entities}]`);
  }
  if (valid.includes(deed)) return `${thing}.${deed}`;
  const actions = valid.map((one) => `'${one}'`).join(', ');
  throw invalidParameter(`Invalid action '${deed}' for entity '${thing}'. Valid actions are: [${actions}]`);
}

function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw invalidParameter(
    `Webhook name '${name}' is invalid. It must start and end with a letter or digit, be less than 63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).`,
  );
}

/** MLflow's webhooks are about every model. @throws ForbiddenError */
function assertEveryModel(principal: Principal): void {
  if (principal.models === null) return;
  throw new ForbiddenError('This key is limited to some models, and this webhook is about all of them.');
}

/** Without its secret, which is never shown. */
function webhookJson(webhook: Webhook): Record<string, unknown> {
  return {
    webhook_id: webhook.id,
    name: webhook.name,
    ...(webhook.description === '' ? {} : { description: webhook.description }),
    url: webhook.url,
    events: webhook.events.map((event) => {
      const [entity = '', action = ''] = event.toUpperCase().split('.');
      return { entity, action };
    }),
    status: webhook.status,
    creation_timestamp: webhook.createdAt,
    last_updated_timestamp: webhook.updatedAt,
  };
}

const events = z.array(eventSchema);

export const WEBHOOK_CALLS = [
  call({
    method: 'POST',
    path: '/webhooks',
    scope: 'admin',
    tag: TAG,
    summary: "Make a webhook of MLflow's kind",
    input: z.object({
      name: required('letters, digits, dots, underscores and hyphens'),
      url: required('where it sends to'),
      events: events.min(1).describe('such as [{"entity": "MODEL_VERSION", "action": "CREATED"}]'),
      description: text('what it is for'),
      secret: text('signs what is sent; never shown again'),
      status: statusSchema,
    }),
    run: async (input, { services, principal }) => {
      assertEveryModel(principal);
      const webhook = await services.webhooks.create('mlflow', {
        ...input,
        name: checkName(input.name),
        events: input.events.map(eventName),
      });
      return { webhook: webhookJson(webhook) };
    },
  }),
  call({
    method: 'GET',
    path: '/webhooks',
    scope: 'admin',
    tag: TAG,
    summary: "Webhooks of MLflow's kind",
    input: z.object({
      max_results: whole(`1 to ${MAX_PAGE}, ${DEFAULT_PAGE} by default`),
      page_token: text('of the page before'),
    }),
    run: async (input, { services, principal }) => {
      assertEveryModel(principal);
      const max = pageSize(input.max_results ?? null, DEFAULT_PAGE, MAX_PAGE);
      const page = pageOf(await services.webhooks.list('mlflow'), pageOffset(input.page_token ?? null), max);
      return pageJson('webhooks', page.items.map(webhookJson), page.nextPageToken);
    },
  }),
  call({
    method: 'GET',
    path: '/webhooks/:webhook_id',
    scope: 'admin',
    tag: TAG,
    summary: "A webhook of MLflow's kind",
    input: z.object({}),
    run: async (_input, { services, principal, params }) => {
      assertEveryModel(principal);
      return { webhook: webhookJson(await services.webhooks.get('mlflow', params.webhook_id ?? '')) };
    },
  }),
  call({
    method: 'PATCH',
    path: '/webhooks/:webhook_id',
    scope: 'admin',
    tag: TAG,
    summary: "Change a webhook of MLflow's kind",
    input: z.object({
      name: text('the new name'),
      url: text('the new address'),
      events: events.optional(),
      description: text('the new description'),
      secret: text('the new secret; empty removes it'),
      status: statusSchema,
    }),
    run: async (input, { services, principal, params }) => {
      assertEveryModel(principal);
      // What is empty stays as it is, as MLflow has it; the description and the secret may be emptied.
      const webhook = await services.webhooks.update('mlflow', params.webhook_id ?? '', {
        ...input,
        name: input.name === undefined || input.name === '' ? undefined : checkName(input.name),
        url: input.url === '' ? undefined : input.url,
        events: input.events === undefined || input.events.length === 0 ? undefined : input.events.map(eventName),
      });
      return { webhook: webhookJson(webhook) };
    },
  }),
  call({
    method: 'DELETE',
    path: '/webhooks/:webhook_id',
    scope: 'admin',
    tag: TAG,
    summary: "Delete a webhook of MLflow's kind",
    input: z.object({}),
    run: async (_input, { services, principal, params }) => {
      assertEveryModel(principal);
      await services.webhooks.remove('mlflow', params.webhook_id ?? '');
      return {};
    },
  }),
  call({
    method: 'POST',
    path: '/webhooks/:webhook_id/test',
    scope: 'admin',
    tag: TAG,
    summary: 'Send an example to a webhook',
    input: z.object({ event: eventSchema.optional().describe('its first event where left out') }),
    run: async (input, { services, principal, params }) => {
      assertEveryModel(principal);
      const event = input.event === undefined ? null : eventName(input.event);
      const answer = await services.webhooks.test('mlflow', params.webhook_id ?? '', event);
      if (answer.error !== null) return { result: { success: false, error_message: answer.error } };
      return {
        result: { success: answer.status < 400, response_status: answer.status, response_body: answer.body },
      };
    },
  }),
];

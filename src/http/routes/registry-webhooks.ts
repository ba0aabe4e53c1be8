// Driftline's own webhooks: what records of deployments say to whoever runs containers; and the log of every registry webhook's deliveries.
import { z } from 'zod';
import { deliverySchema, ownWebhookRequestSchema, ownWebhookSchema } from '../../domain/contract/registry.js';
import { iso } from '../../domain/contract/common.js';
import { DRIFTLINE_EVENTS, type Webhook } from '../../domain/registry/webhook.js';
import { json, nothing, problemAnswer } from '../schemas/answers.js';
import { emptyQuery, limitOf, optionalChoice, optionalText } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const MISSING = { response: { 404: problemAnswer('There is no such webhook.') } };
const idParams = z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/, 'expected the id of a webhook') });
const TAGS = ['registry webhooks'];

const shown = (webhook: Webhook) => ({
  id: webhook.id,
  url: webhook.url ?? '',
  events: [...webhook.events],
  description: webhook.description,
  enabled: webhook.status === 'ACTIVE',
  created_at: iso(webhook.createdAt),
});

/** /v1/registry/webhooks and /v1/registry/deliveries. */
export function registryWebhookRoutes(app: App, { services }: RouteContext): void {
  const config = { scope: 'admin' as const, everyModel: true };

  app.route({
    method: 'POST',
    url: '/v1/registry/webhooks',
    config,
    schema: {
      tags: TAGS,
      summary: 'Tell a system that runs containers about builds and deployments',
      description:
        'Signed as webhooks of alerts are: X-Driftline-Signature: t=<unix>,v1=<hex HMAC-SHA256 of "t.body">. The secret is not shown again.',
      querystring: emptyQuery,
      body: ownWebhookRequestSchema,
      response: { 201: json('The webhook.', ownWebhookSchema) },
    },
    handler: async (request, reply) => {
      const { url, secret, events, description, enabled } = request.body;
      const webhook = await services.webhooks.create('driftline', {
        url,
        secret,
        events: events.length === 0 ? DRIFTLINE_EVENTS : events,
        description,
        status: enabled ? 'ACTIVE' : 'DISABLED',
      });
      return reply.code(201).send(shown(webhook));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/registry/webhooks',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: TAGS,
      summary: 'Webhooks about builds and deployments',
      querystring: emptyQuery,
      response: { 200: json('Without their secrets.', z.array(ownWebhookSchema)) },
    },
    handler: async (_request, reply) => reply.send((await services.webhooks.list('driftline')).map(shown)),
  });

  app.route({
    method: 'DELETE',
    url: '/v1/registry/webhooks/:id',
    config: { ...config, docs: MISSING },
    schema: {
      tags: TAGS,
      summary: 'Remove a webhook about builds and deployments',
      params: idParams,
      querystring: emptyQuery,
      response: { 204: nothing('Removed.') },
    },
    handler: async (request, reply) => {
      await services.webhooks.remove('driftline', request.params.id);
      return reply.code(204).send();
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/registry/deliveries',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: TAGS,
      summary: 'What was sent to webhooks of the registry and what is still to be, newest first',
      querystring: z.strictObject({
        state: optionalChoice(['pending', 'sent', 'failed'], 'only these'),
        webhook: optionalText('only of the webhook of this id'),
        limit: limitOf(1000, 100),
      }),
      response: { 200: json('The deliveries.', z.array(deliverySchema)) },
    },
    handler: async (request, reply) => {
      const deliveries = await services.webhooks.deliveries(request.query);
      return reply.send(
        deliveries.map((one) => ({
          id: one.deliveryId,
          webhook: one.webhook,
          event: one.event,
          model: one.model,
          state: one.state,
          attempts: one.attempts,
          error: one.error,
          time: iso(one.at),
          ended_at: one.endedAt === null ? null : iso(one.endedAt),
        })),
      );
    },
  });
}

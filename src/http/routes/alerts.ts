// What alert rules found: alerts as they stand, their history and explanation, acknowledgements, and what was sent.
import { z } from 'zod';
import { alertSchema, notificationSchema } from '../../domain/contract/alerts.js';
import { explanationSchema } from '../../domain/contract/explanation.js';
import { assertModel, mayReach, overReachable } from '../plugins/auth.js';
import { json, problemAnswer } from '../schemas/answers.js';
import { emptyQuery, limitOf, optionalChoice, optionalModel, optionalName } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const idParams = z.strictObject({ id: z.guid('expected the UUID of an alert') });
const STATES = alertSchema.shape.state.options;

/** Alerts and notifications. */
export function alertRoutes(app: App, { services }: RouteContext): void {
  const missing = { response: { 404: problemAnswer('There is no such alert.') } };
  const lists = z.array(alertSchema);

  app.route({
    method: 'GET',
    url: '/v1/alerts',
    config: { scope: 'read' },
    schema: {
      tags: ['alerts'],
      summary: 'Alerts as they stand',
      querystring: z.strictObject({ state: optionalChoice(STATES, 'the state'), model: optionalModel }),
      response: { 200: json('The alerts.', lists) },
    },
    handler: async (request, reply) => {
      const { principal, query } = request;
      if (query.model !== null) assertModel(principal, query.model);
      const alerts = await services.alerts.alerts(query);
      return reply.send(alerts.filter((alert) => mayReach(principal, alert.model)));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/alerts/history',
    config: { scope: 'read', docs: { response: { 200: json('Newest first.', lists) } } },
    schema: {
      tags: ['alerts'],
      summary: 'Every change of state',
      querystring: z.strictObject({
        model: optionalModel,
        rule: optionalName('the rule'),
        limit: limitOf(1000, 100),
      }),
    },
    handler: async (request, reply) => {
      const { model, rule, limit } = request.query;
      const fetch = (name: string | null) => services.alerts.history({ model: name, rule, limit });
      return reply.send(await overReachable(request.principal, model, limit, fetch, (alert) => alert.updated_at));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/alerts/:id',
    config: { scope: 'read', slow: true, docs: missing },
    schema: {
      tags: ['alerts'],
      summary: 'One alert, explained',
      description:
        'Its numbers, the bins that moved, the segments it comes from (mix: their share of the rows changed; rate: their own value did), up to 20 predictions that show it, and statements for POST /v1/query.',
      params: idParams,
      querystring: emptyQuery,
      response: { 200: json('The alert and what explains it.', explanationSchema) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      if (request.principal.models !== null) assertModel(request.principal, (await services.alerts.alert(id)).model);
      return reply.send(await services.alerts.explain(id));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/alerts/:id/acknowledge',
    config: { scope: 'admin', docs: missing },
    schema: {
      tags: ['alerts'],
      summary: 'Say that someone looks after it: no more repeats',
      params: idParams,
      querystring: emptyQuery,
      response: { 200: json('The alert.', alertSchema) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      if (request.principal.models !== null) {
        assertModel(request.principal, (await services.alerts.alert(id)).model);
      }
      return reply.send(await services.alerts.acknowledge(id, request.principal.name));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/notifications',
    config: { scope: 'read', docs: { response: { 200: json('Newest first.', z.array(notificationSchema)) } } },
    schema: {
      tags: ['alerts'],
      summary: 'What was sent, or failed to be',
      querystring: z.strictObject({ model: optionalModel, limit: limitOf(1000, 100) }),
    },
    handler: async (request, reply) => {
      const { model, limit } = request.query;
      const fetch = (name: string | null) => services.alerts.notifications({ model: name, limit });
      return reply.send(await overReachable(request.principal, model, limit, fetch, (sent) => sent.at));
    },
  });
}

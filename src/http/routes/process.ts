// The process itself: probes, counters, the API's description.
import { z } from 'zod';
import { configStatusSchema } from '../../domain/contract/config-file.js';
import { StoreUnavailableError } from '../../domain/errors.js';
import { json, problemAnswer } from '../schemas/answers.js';
import { emptyQuery } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const okSchema = z.object({ status: z.literal('ok') });

/** /healthz, /readyz, /metrics, /openapi.json. */
export function processRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/healthz',
    config: { scope: 'open' },
    schema: {
      tags: ['process'],
      summary: 'Whether the process is alive',
      response: { 200: json('It is.', okSchema) },
    },
    handler: async (_request, reply) => reply.send({ status: 'ok' }),
  });

  app.route({
    method: 'GET',
    url: '/readyz',
    config: { scope: 'open', docs: { response: { 503: problemAnswer('It is not.') } } },
    schema: {
      tags: ['process'],
      summary: 'Whether the store answers and is migrated',
      response: { 200: json('It is.', okSchema) },
    },
    handler: async (_request, reply) => {
      if (await services.ready()) return reply.send({ status: 'ok' });
      throw new StoreUnavailableError('The store does not answer or is not migrated yet. Ask again later.');
    },
  });

  app.route({
    method: 'GET',
    url: '/metrics',
    config: {
      scope: 'read',
      // Numbers of every model are among them.
      everyModel: true,
      docs: {
        response: { 200: { description: 'The counters.', content: { 'text/plain': { schema: z.string() } } } },
      },
    },
    schema: { tags: ['process'], summary: 'Counters of the service, as Prometheus text' },
    handler: async (_request, reply) => {
      const { contentType, body } = await services.counters.render();
      return reply.type(contentType).send(body);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/config',
    config: { scope: 'read', everyModel: true },
    schema: {
      tags: ['process'],
      summary: 'The configuration file: what comes from it, and what is wrong with it',
      querystring: emptyQuery,
      response: { 200: json('Its state.', configStatusSchema) },
    },
    handler: async (_request, reply) => reply.send(services.configFile.status()),
  });

  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { scope: 'open' },
    schema: { hide: true },
    handler: async (_request, reply) => reply.send(app.swagger()),
  });
}

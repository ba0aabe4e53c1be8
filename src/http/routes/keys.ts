// API keys. A key that is limited to models may not manage keys: it could make itself a wider one.
import { z } from 'zod';
import { apiKeyRequestSchema, apiKeySchema } from '../../domain/contract/alerts.js';
import { json, nothing, problemAnswer } from '../schemas/answers.js';
import { emptyQuery } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const createdSchema = z.object({ id: z.string(), key: z.string().describe('shown here and nowhere else') });

/** /v1/api-keys. */
export function keyRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'POST',
    url: '/v1/api-keys',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: ['keys'],
      summary: 'Make a key',
      description: '`admin` includes the other scopes. With `models`, the key reaches only those.',
      querystring: emptyQuery,
      body: apiKeyRequestSchema,
      response: { 201: json('The key.', createdSchema) },
    },
    handler: async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      return reply.code(201).send(await services.keys.create(request.body));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/api-keys',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: ['keys'],
      summary: 'Keys, without their secrets',
      querystring: emptyQuery,
      response: { 200: json('The keys.', z.array(apiKeySchema)) },
    },
    handler: async (_request, reply) => reply.send(await services.keys.list()),
  });

  app.route({
    method: 'DELETE',
    url: '/v1/api-keys/:id',
    config: {
      scope: 'admin',
      everyModel: true,
      docs: { response: { 404: problemAnswer('There is no such key.') } },
    },
    schema: {
      tags: ['keys'],
      summary: 'Remove a key',
      params: z.strictObject({ id: z.string().regex(/^[\w-]{1,100}$/, 'expected the id of a key') }),
      querystring: emptyQuery,
      response: { 204: nothing('Removed.') },
    },
    handler: async (request, reply) => {
      await services.keys.remove(request.params.id);
      return reply.code(204).send();
    },
  });
}

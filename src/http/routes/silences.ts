// Silences: while one lasts, what it matches sends nothing.
import { z } from 'zod';
import { silenceSchema, type Silence } from '../../domain/contract/alerts.js';
import { iso } from '../../domain/contract/common.js';
import { mayReach } from '../plugins/auth.js';
import { json, nothing, problemAnswer, sourceSchema } from '../schemas/answers.js';
import { emptyQuery, nameParams } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const namedSilenceSchema = z.object({
  name: z.string(),
  matchers: silenceSchema.shape.matchers,
  starts: z.string(),
  ends: z.string(),
  comment: z.string(),
  source: sourceSchema,
});

const showSilence = (name: string, silence: Silence, source: { source?: 'file' } = {}) => ({
  name,
  ...source,
  ...silence,
  starts: iso(silence.starts),
  ends: iso(silence.ends),
});

/** Silences. They may match any model, so a key that is limited to models may only read those of its models. */
export function silenceRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/silences',
    config: { scope: 'read' },
    schema: {
      tags: ['alerts'],
      summary: 'Silences',
      querystring: emptyQuery,
      response: { 200: json('By name.', z.array(namedSilenceSchema)) },
    },
    handler: async (request, reply) => {
      const { principal } = request;
      const silences = await services.alerts.listSilences();
      const reachable = silences.filter(
        ({ silence: { matchers } }) => principal.models === null || mayReach(principal, matchers.model ?? ''),
      );
      return reply.send(
        reachable.map(({ name, silence }) =>
          showSilence(name, silence, services.configFile.sourceOf('silences', name)),
        ),
      );
    },
  });

  app.route({
    method: 'PUT',
    url: '/v1/silences/:name',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: ['alerts'],
      summary: 'Create or replace a silence',
      description:
        'While it lasts, alerts that match send nothing. Matchers compare for equality; `*` stands for anything.',
      params: nameParams,
      querystring: emptyQuery,
      body: silenceSchema,
      response: { 200: json('The silence.', namedSilenceSchema) },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      services.configFile.assertFree('silences', name);
      await services.alerts.putSilence(name, request.body);
      return reply.send(showSilence(name, request.body));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/silences/:name',
    config: {
      scope: 'admin',
      everyModel: true,
      docs: { response: { 404: problemAnswer('There is no such silence.') } },
    },
    schema: {
      tags: ['alerts'],
      summary: 'Remove a silence',
      params: nameParams,
      querystring: emptyQuery,
      response: { 204: nothing('Removed.') },
    },
    handler: async (request, reply) => {
      services.configFile.assertFree('silences', request.params.name);
      await services.alerts.removeSilence(request.params.name);
      return reply.code(204).send();
    },
  });
}

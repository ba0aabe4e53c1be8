// The alerts that nobody has to set up: which are on, after how long, and where they go.
import { isDeepStrictEqual } from 'node:util';
import { BUILTIN_KINDS, builtinAlertsSchema } from '../../domain/contract/builtin-alerts.js';
import { json } from '../schemas/answers.js';
import { emptyQuery } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

/** The alerts that nobody has to set up. */
export function builtinAlertRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/builtin-alerts',
    config: { scope: 'read', everyModel: true },
    schema: {
      tags: ['alerts'],
      summary: 'Feeds that dry up, jobs that stop, channels that cannot be reached: what is watched over by itself',
      querystring: emptyQuery,
      response: { 200: json('What is on, and where it goes.', builtinAlertsSchema) },
    },
    handler: async (_request, reply) => reply.send(await services.alerts.builtinAlerts()),
  });

  app.route({
    method: 'PUT',
    url: '/v1/builtin-alerts',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: ['alerts'],
      summary: 'Switch them on or off, or send them elsewhere',
      querystring: emptyQuery,
      body: builtinAlertsSchema,
      response: { 200: json('As it is now.', builtinAlertsSchema) },
    },
    handler: async (request, reply) => {
      const before = await services.alerts.builtinAlerts();
      for (const kind of BUILTIN_KINDS)
        if (!isDeepStrictEqual(before[kind], request.body[kind]))
          services.configFile.assertFree('builtin_alerts', kind);
      await services.alerts.putBuiltinAlerts(request.body);
      return reply.send(request.body);
    },
  });
}

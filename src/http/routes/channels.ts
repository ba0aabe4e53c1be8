// Notification channels. Their secrets go in and never come out.
import { z } from 'zod';
import { channelSchema, notificationSchema } from '../../domain/contract/alerts.js';
import { json, nothing, problemAnswer } from '../schemas/answers.js';
import { refuseMasked, showChannel, shownChannelSchema } from '../schemas/channel.js';
import { emptyQuery, nameParams } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

/** /v1/channels. */
export function channelRoutes(app: App, { services }: RouteContext): void {
  const missing = { response: { 404: problemAnswer('There is no such channel.') } };

  app.route({
    method: 'GET',
    url: '/v1/channels',
    config: { scope: 'read', everyModel: true },
    schema: {
      tags: ['alerts'],
      summary: 'Channels, without their secrets',
      querystring: emptyQuery,
      response: { 200: json('By name.', z.array(shownChannelSchema)) },
    },
    handler: async (_request, reply) => {
      const channels = await services.alerts.listChannels();
      return reply.send(
        channels.map(({ name, channel }) => showChannel(name, channel, services.configFile.sourceOf('channels', name))),
      );
    },
  });

  app.route({
    method: 'PUT',
    url: '/v1/channels/:name',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: ['alerts'],
      summary: 'Create or replace a channel',
      params: nameParams,
      querystring: emptyQuery,
      body: channelSchema,
      response: { 200: json('The channel, without its secrets.', shownChannelSchema) },
    },
    handler: async (request, reply) => {
      const { name } = request.params;
      services.configFile.assertFree('channels', name);
      refuseMasked(request.body);
      await services.alerts.putChannel(name, request.body);
      return reply.send(showChannel(name, request.body));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/channels/:name',
    config: { scope: 'admin', everyModel: true, docs: missing },
    schema: {
      tags: ['alerts'],
      summary: 'Remove a channel',
      params: nameParams,
      querystring: emptyQuery,
      response: { 204: nothing('Removed.') },
    },
    handler: async (request, reply) => {
      services.configFile.assertFree('channels', request.params.name);
      await services.alerts.removeChannel(request.params.name);
      return reply.code(204).send();
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/channels/:name/test',
    config: { scope: 'admin', everyModel: true, slow: true, docs: missing },
    schema: {
      tags: ['alerts'],
      summary: 'Send a test message',
      description: 'Answers 200 when the attempt was made: `outcome` says whether it worked.',
      params: nameParams,
      querystring: emptyQuery,
      response: { 200: json('What was sent.', notificationSchema) },
    },
    handler: async (request, reply) => reply.send(await services.alerts.testChannel(request.params.name)),
  });
}

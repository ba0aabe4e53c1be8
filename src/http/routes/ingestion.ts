// Around ingestion: uploads and their progress, labels that wait for their prediction, refused items sent again, the audit log.
import { z } from 'zod';
import { auditRowSchema, orphanLabelsSchema, uploadIdSchema, uploadSchema } from '../../domain/contract/ingestion.js';
import { replayedSchema, replayRequestSchema, trackedSchema } from '../../domain/contract/tracking.js';
import { assertModel } from '../plugins/auth.js';
import { json, problemAnswer } from '../schemas/answers.js';
import { emptyQuery, limitOf, optionalText } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';
import { answerBatch } from './tracking.js';

/** /v1/uploads, /v1/orphan-labels, /v1/rejected/{id}/replay, /v1/audit. */
export function ingestionRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/uploads',
    config: { scope: 'read' },
    schema: {
      tags: ['tracking'],
      summary: 'Uploaded files of the last 90 days, the newest first',
      description: 'A key that is limited to models sees the uploads that name one of them.',
      querystring: z.strictObject({ limit: limitOf(1000, 100) }),
      response: { 200: json('Newest first.', z.array(uploadSchema)) },
    },
    handler: async (request, reply) =>
      reply.send(await services.uploads.list(request.query.limit, request.principal.models)),
  });

  app.route({
    method: 'GET',
    url: '/v1/uploads/:id',
    config: { scope: 'read', docs: { response: { 404: problemAnswer('There is no such upload.') } } },
    schema: {
      tags: ['tracking'],
      summary: 'How far an upload is',
      description:
        '`id` is the `upload_id` that the client chose, or the `x-upload-id` of the answer. `bytes` and `rows` grow while the request runs.',
      params: z.strictObject({ id: uploadIdSchema }),
      querystring: emptyQuery,
      response: { 200: json('The upload.', uploadSchema) },
    },
    handler: async (request, reply) =>
      reply.send(await services.uploads.get(request.params.id, request.principal.models)),
  });

  app.route({
    method: 'GET',
    url: '/v1/orphan-labels',
    config: { scope: 'read', everyModel: true, slow: true },
    schema: {
      tags: ['tracking'],
      summary: 'Labels that wait for their prediction',
      description: 'A label is joined whenever its prediction comes. `DRIFTLINE_ORPHAN_LABEL_DAYS` bounds the wait.',
      querystring: z.strictObject({ limit: limitOf(1000, 100) }),
      response: { 200: json('How many, and the newest.', orphanLabelsSchema) },
    },
    handler: async (request, reply) => reply.send(await services.orphanLabels.read(request.query.limit)),
  });

  app.route({
    method: 'POST',
    url: '/v1/rejected/:id/replay',
    config: {
      scope: 'ingest',
      optionalBody: true,
      docs: {
        response: {
          201: json('It is stored, and no longer among the refused items.', trackedSchema),
          404: problemAnswer('There is no such item.'),
          409: problemAnswer('What was kept is not the whole item: send it as `item`.'),
        },
      },
    },
    schema: {
      tags: ['tracking'],
      summary: 'Send a refused item again',
      description:
        'As it was kept, or as the corrected `item`, the way it came. Where it is refused again the answer is 400 with the reasons, and it stays in the list.',
      params: z.strictObject({ id: z.uuid('expected the id of a refused item') }),
      querystring: emptyQuery,
      body: z.strictObject({ item: z.unknown().optional().describe('in place of the kept item') }),
    },
    handler: async (request, reply) => {
      const { params, body, principal } = request;
      return answerBatch(reply, await services.ingest.replay(params.id, body.item, principal.models));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/rejected/replay',
    config: { scope: 'ingest', slow: true },
    schema: {
      tags: ['tracking'],
      summary: 'Send many refused items again',
      description:
        'After the service or the configuration of a model was corrected: every refused item, or those of a model, of a reason (`code`) or of a list, as they were kept, the oldest first. At most `limit` in one call: send `next` as `after` to go on. What is stored leaves the list, what is refused again stays; the same call again stores nothing twice. A key that is limited to models sends those of its models.',
      querystring: emptyQuery,
      body: replayRequestSchema,
      response: { 200: json('What became of them.', replayedSchema) },
    },
    handler: async (request, reply) => {
      const { body, principal } = request;
      if (body.model !== undefined) assertModel(principal, body.model);
      return reply.send(await services.ingest.replayMany(body, principal.models));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/audit',
    config: { scope: 'admin', everyModel: true },
    schema: {
      tags: ['process'],
      summary: 'Administrative changes: who, what, when, before and after',
      description: 'Kept for two years. Secrets are masked before they are written down.',
      querystring: z.strictObject({
        limit: limitOf(1000, 100),
        actor: optionalText('the id of the key that made the change'),
        target: optionalText('the path that was changed, e.g. `/v1/models/parcels`'),
      }),
      response: { 200: json('Newest first.', z.array(auditRowSchema)) },
    },
    handler: async (request, reply) => reply.send(await services.audit.list(request.query)),
  });
}

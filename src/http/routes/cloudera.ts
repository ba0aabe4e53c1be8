// Cloudera's model metrics: its four calls with its own JSON, at its own addresses.
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  clouderaAggregateSchema,
  clouderaDelayedSchema,
  clouderaPredictionSchema,
  clouderaReadSchema,
  clouderaRowSchema,
  type ClouderaRow,
} from '../../domain/contract/cloudera.js';
import type { Accepted, Tracked } from '../../domain/contract/tracking.js';
import { assertModel } from '../plugins/auth.js';
import { MAX_ITEMS, acceptNdjson, itemsOf } from '../plugins/bodies.js';
import { JSON_TYPE, NDJSON, json, problemAnswer } from '../schemas/answers.js';
import { emptyQuery } from '../schemas/query.js';
import { streamOf } from '../streams.js';
import type { App, RouteContext, RouteDocs } from '../types.js';
import { answerBatch } from './tracking.js';

const storedSchema = z.object({ accepted: z.number() });

function docsOf(item: z.ZodType): RouteDocs {
  return {
    body: {
      [JSON_TYPE]: z.union([item, z.array(item)]),
      [NDJSON]: z.string().describe(`one a line, at most ${MAX_ITEMS}`),
    },
    response: {
      200: json('Stored.', storedSchema),
      207: json('Some are stored; `errors` has the others by index.', z.unknown()),
      400: problemAnswer('Nothing was stored, or the body is not understood.'),
    },
  };
}

/** 200 where everything is stored, as Cloudera's client expects; otherwise as the tracking routes answer. */
function answer(reply: FastifyReply, result: Tracked | Accepted): FastifyReply {
  if ((result.rejected ?? 0) > 0) return answerBatch(reply, result);
  return reply.code(200).send({ accepted: result.accepted });
}

/** `{"metrics": [...]}` while it is read; some rows a chunk, so that a long answer is not written row by row. */
async function* document(rows: AsyncIterable<ClouderaRow>): AsyncIterable<Buffer> {
  let chunk = '{"metrics":[';
  let first = true;
  for await (const row of rows) {
    chunk += `${first ? '' : ','}${JSON.stringify(row)}`;
    first = false;
    if (chunk.length < 65_536) continue;
    yield Buffer.from(chunk);
    chunk = '';
  }
  yield Buffer.from(`${chunk}]}`);
}

/** Cloudera's four routes, in a scope of their own: the first three also take many at once, as NDJSON or an array. */
export function clouderaRoutes(app: App, { services, config }: RouteContext): void {
  acceptNdjson(app, config.bodyLimit, MAX_ITEMS);

  app.route({
    method: 'POST',
    url: '/track-metrics',
    config: { scope: 'ingest', bareKey: true, docs: docsOf(clouderaPredictionSchema) },
    schema: {
      tags: ['cloudera'],
      summary: 'A prediction, as Cloudera model metrics send it',
      description:
        'The key may also stand alone in the Authorization header, plain or in base64. The same deployment and UUID again replace the row.',
      querystring: emptyQuery,
    },
    handler: async (request, reply) =>
      answer(
        reply,
        await services.cloudera.predictions(itemsOf(request.body, ['predictions']), request.principal.models),
      ),
  });

  app.route({
    method: 'POST',
    url: '/track-delayed-metrics',
    config: { scope: 'ingest', bareKey: true, docs: docsOf(clouderaDelayedSchema) },
    schema: {
      tags: ['cloudera'],
      summary: 'Metrics for a prediction, before or after it',
      description: 'Merged key by key; the last value of a key wins.',
      querystring: emptyQuery,
    },
    handler: async (request, reply) =>
      answer(
        reply,
        await services.cloudera.delayed(itemsOf(request.body, ['delayed_metrics']), request.principal.models),
      ),
  });

  app.route({
    method: 'POST',
    url: '/track-aggregate-metrics',
    config: { scope: 'ingest', bareKey: true, docs: docsOf(clouderaAggregateSchema) },
    schema: {
      tags: ['cloudera'],
      summary: 'Metrics over a range of time, with no prediction',
      description: 'Start and end may be equal. The same range of the same deployment again replaces key by key.',
      querystring: emptyQuery,
    },
    handler: async (request, reply) =>
      answer(
        reply,
        await services.cloudera.aggregates(itemsOf(request.body, ['aggregate_metrics']), request.principal.models),
      ),
  });

  app.route({
    method: 'POST',
    url: '/read-metrics',
    config: {
      scope: 'read',
      bareKey: true,
      slow: true,
      docs: {
        response: {
          200: json('Predictions by their start, then aggregates.', z.object({ metrics: z.array(clouderaRowSchema) })),
        },
      },
    },
    schema: {
      tags: ['cloudera'],
      summary: 'Predictions and aggregates of a deployment, build or model',
      description:
        'By one CRN and a range of start times, both ends included; all of it in one answer, sent while it is read.',
      querystring: emptyQuery,
      body: clouderaReadSchema,
    },
    handler: async (request, reply) => {
      const target = await services.cloudera.target(request.body);
      assertModel(request.principal, target.model);
      const rows = services.cloudera.read(request.body, target);
      return reply.type(JSON_TYPE).send(await streamOf(document(rows)));
    },
  });
}

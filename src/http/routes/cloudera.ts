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
import { JSON_TYPE, json } from '../schemas/answers.js';
import { emptyQuery } from '../schemas/query.js';
import { streamOf } from '../streams.js';
import type { App, RouteContext } from '../types.js';
import type { ClouderaApi } from '../../services/api.js';
import { batchDocs } from '../schemas/batch-docs.js';
import { answerBatch } from './tracking.js';

const storedSchema = z.object({ accepted: z.number() });

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

type Batch = Parameters<ClouderaApi['predictions']>;

/** The calls that store something. */
const WRITES = [
  {
    url: '/track-metrics',
    item: clouderaPredictionSchema,
    wrapper: 'predictions',
    store: (cloudera: ClouderaApi, ...batch: Batch) => cloudera.predictions(...batch),
    summary: 'A prediction, as Cloudera model metrics send it',
    description:
      'The key may also stand alone in the Authorization header, plain or in base64. The same deployment and UUID again replace the row.',
  },
  {
    url: '/track-delayed-metrics',
    item: clouderaDelayedSchema,
    wrapper: 'delayed_metrics',
    store: (cloudera: ClouderaApi, ...batch: Batch) => cloudera.delayed(...batch),
    summary: 'Metrics for a prediction, before or after it',
    description: 'Merged key by key; the last value of a key wins.',
  },
  {
    url: '/track-aggregate-metrics',
    item: clouderaAggregateSchema,
    wrapper: 'aggregate_metrics',
    store: (cloudera: ClouderaApi, ...batch: Batch) => cloudera.aggregates(...batch),
    summary: 'Metrics over a range of time, with no prediction',
    description: 'Start and end may be equal. The same range of the same deployment again replaces key by key.',
  },
];

/** Cloudera's four routes, in a scope of their own: the first three also take many at once, as NDJSON or an array. */
export function clouderaRoutes(app: App, { services, config }: RouteContext): void {
  acceptNdjson(app, config.bodyLimit, MAX_ITEMS);

  for (const { url, item, wrapper, store, summary, description } of WRITES) {
    app.route({
      method: 'POST',
      url,
      config: {
        scope: 'ingest',
        bareKey: true,
        docs: batchDocs({ item, wrapper, answer: storedSchema, stored: 200 }),
      },
      schema: { tags: ['cloudera'], summary, description, querystring: emptyQuery },
      handler: async (request, reply) =>
        answer(reply, await store(services.cloudera, itemsOf(request.body, [wrapper]), request.principal.models)),
    });
  }

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

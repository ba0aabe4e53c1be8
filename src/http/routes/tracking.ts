// POST of predictions, ground truth, delayed and aggregate metrics: batches in, one verdict an item out.
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { DriftlineError, ForbiddenError } from '../../domain/errors.js';
import {
  acceptedSchema,
  aggregateItemSchema,
  delayedMetricsItemSchema,
  groundTruthItemSchema,
  predictionItemSchema,
  trackedSchema,
  type Accepted,
  type Tracked,
} from '../../domain/contract/tracking.js';
import { MAX_ITEMS, UploadBody, acceptNdjson, acceptUploads, itemsOf } from '../plugins/bodies.js';
import { CSV, JSON_TYPE, NDJSON, PARQUET, json, problemAnswer } from '../schemas/answers.js';
import { PROBLEM_TYPE, problemSchema, toProblem } from '../schemas/problem.js';
import { columnList, emptyQuery } from '../schemas/query.js';
import type { App, RouteContext, RouteDocs } from '../types.js';
import { withUpload } from '../uploads.js';

/**
 * 201 where every item was stored, 207 where some were, and 400 (403 where the key may not write to any of their models) where none was: then the document is the same and a problem
 * document at once.
 */
function answerBatch(reply: FastifyReply, answer: Tracked | Accepted): FastifyReply {
  const rejected = answer.rejected ?? 0;
  if (rejected === 0) return reply.code(201).send(answer);
  if (answer.accepted > 0) return reply.code(207).send(answer);
  const detail = `None of the ${rejected} items was stored; errors says why for each. Correct them and send them again.`;
  const forbidden = answer.errors?.every((error) => error.code === 'forbidden') === true;
  const problem = forbidden
    ? new ForbiddenError('This key may not write to the models of these items; errors names them.')
    : new DriftlineError(400, 'all_rejected', 'Invalid input', detail);
  return reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify({ ...toProblem(problem), ...answer }));
}

function docsOf(item: z.ZodType, wrapper: string, answer: z.ZodType, files: readonly string[] = []): RouteDocs {
  const wrapped = z.object({ [wrapper]: z.array(item) });
  const file = z.string().describe('a file, of any size up to the upload limit');
  const none = z.intersection(problemSchema, answer);
  return {
    body: {
      [JSON_TYPE]: z.union([item, z.array(item), wrapped]),
      [NDJSON]: z.string().describe(`one item a line, at most ${MAX_ITEMS}`),
      ...Object.fromEntries(files.map((type) => [type, file])),
    },
    response: {
      201: json('All items are stored.', answer),
      207: json('Some items are stored; `errors` has the others by index.', answer),
      400: {
        description: 'No item was stored, or the body is not understood.',
        content: { [PROBLEM_TYPE]: { schema: none } },
      },
      429: problemAnswer('The ingest buffer is full; send the same again after Retry-After.'),
    },
  };
}

const GZIP = 'The body may be gzipped (`Content-Encoding: gzip`).';

/** The tracking routes, in a scope of their own: only they read NDJSON, CSV and Parquet. */
export function trackingRoutes(app: App, { services, config }: RouteContext): void {
  acceptNdjson(app, config.bodyLimit, MAX_ITEMS);

  app.route({
    method: 'POST',
    url: '/v1/predictions',
    config: { scope: 'ingest', docs: docsOf(predictionItemSchema, 'predictions', trackedSchema) },
    schema: {
      tags: ['tracking'],
      summary: 'Track predictions',
      description: `One prediction, an array of them, \`{"predictions": [...]}\` or NDJSON. ${GZIP} The answer comes after the rows are stored. The same \`prediction_id\` again replaces the row.`,
      querystring: emptyQuery,
    },
    handler: async (request, reply) => {
      const items = itemsOf(request.body, ['predictions']);
      return answerBatch(reply, await services.ingest.predictions(items, request.principal.models));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/delayed-metrics',
    config: { scope: 'ingest', docs: docsOf(delayedMetricsItemSchema, 'delayed_metrics', trackedSchema) },
    schema: {
      tags: ['tracking'],
      summary: 'Add metrics to predictions, later',
      description: `Ground truth under another name: \`{prediction_id, metrics}\`. ${GZIP}`,
      querystring: emptyQuery,
    },
    handler: async (request, reply) => {
      const items = itemsOf(request.body, ['delayed_metrics']);
      return answerBatch(reply, await services.ingest.delayedMetrics(items, request.principal.models));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/aggregate-metrics',
    config: { scope: 'ingest', docs: docsOf(aggregateItemSchema, 'aggregate_metrics', acceptedSchema) },
    schema: {
      tags: ['tracking'],
      summary: 'Send numbers computed elsewhere, over a range of time',
      description: GZIP,
      querystring: emptyQuery,
    },
    handler: async (request, reply) => {
      const items = itemsOf(request.body, ['aggregate_metrics']);
      return answerBatch(reply, await services.ingest.aggregateMetrics(items, request.principal.models));
    },
  });
}

/** Ground truth, which also comes as a file. */
export function groundTruthRoutes(app: App, { services, config }: RouteContext): void {
  acceptNdjson(app, config.bodyLimit, MAX_ITEMS);
  acceptUploads(app);

  app.route({
    method: 'POST',
    url: '/v1/ground-truth',
    config: {
      scope: 'ingest',
      docs: docsOf(groundTruthItemSchema, 'ground_truth', trackedSchema, [CSV, PARQUET]),
    },
    schema: {
      tags: ['tracking'],
      summary: 'Send ground truth',
      description: `Records \`{prediction_id, values, timestamp?}\` as JSON or NDJSON, or a CSV or Parquet file with a column \`prediction_id\` whose other columns are values. ${GZIP} A label may come before its prediction; a later one for the same key replaces it. A file is answered without \`prediction_ids\`, and takes a key that reaches every model.`,
      querystring: z.strictObject({
        strings: columnList('CSV columns that stay text whatever they look like, separated by commas'),
      }),
    },
    handler: async (request, reply) => {
      const { body, principal, query } = request;
      if (!(body instanceof UploadBody)) {
        const items = itemsOf(body, ['ground_truth', 'records', 'predictions']);
        return answerBatch(reply, await services.ingest.groundTruth(items, principal.models));
      }
      // Which models' predictions a file labels is not known before it is stored.
      if (principal.models !== null) {
        throw new ForbiddenError('This key is limited to some models. Send the records as JSON or NDJSON.');
      }
      const answer = await withUpload(request, body, { limit: config.uploadLimit, strings: query.strings }, (file) =>
        services.ingest.groundTruthFile(file),
      );
      return answerBatch(reply, answer);
    },
  });
}

// POST of predictions, ground truth, delayed and aggregate metrics: batches in, one verdict an item out.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { deploymentNameSchema, modelNameSchema, versionNameSchema } from '../../domain/contract/common.js';
import { uploadIdSchema } from '../../domain/contract/ingestion.js';
import { DriftlineError, ForbiddenError, InvalidInputError } from '../../domain/errors.js';
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
import type { UploadedFile } from '../../services/api.js';
import { assertModel } from '../plugins/auth.js';
import { MAX_ITEMS, UploadBody, acceptNdjson, acceptUploads, itemsOf } from '../plugins/bodies.js';
import { CSV, PARQUET } from '../schemas/answers.js';
import { PROBLEM_TYPE, toProblem } from '../schemas/problem.js';
import { columnList, emptyQuery } from '../schemas/query.js';
import { batchDocs } from '../schemas/batch-docs.js';
import type { App, RouteContext } from '../types.js';
import { withUpload } from '../uploads.js';

/**
 * 201 where every item was stored, 207 where some were, and 400 (403 where the key may not write to any of their models) where none was: then the document is the same and a problem
 * document at once.
 */
export function answerBatch(reply: FastifyReply, answer: Tracked | Accepted): FastifyReply {
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

const GZIP = 'The body may be gzipped (`Content-Encoding: gzip`).';

/** The query of a route that takes files. */
const fileQuery = {
  strings: columnList('CSV columns that stay text whatever they look like, separated by commas'),
  upload_id: uploadIdSchema
    .describe('a name for an uploaded file, under which GET /v1/uploads/{id} shows its progress')
    .optional(),
};

const counted = (answer: Accepted) => ({ rows: answer.accepted, rejected: answer.rejected ?? 0 });

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

/**
 * The caller's name for a batch, from the header `Idempotency-Key`; one key's names are not another's.
 * @throws InvalidInputError for a name that cannot be used.
 */
function tokenOf(request: FastifyRequest): string | null {
  const given = request.headers['idempotency-key'];
  if (given === undefined) return null;
  if (typeof given === 'string' && IDEMPOTENCY_KEY.test(given)) return `${request.principal.id}:${given}`;
  throw new InvalidInputError('Idempotency-Key has 1 to 200 visible ASCII characters.');
}

/** Predictions: as items, and as files. */
export function predictionTrackingRoutes(app: App, { services, config }: RouteContext): void {
  acceptNdjson(app, config.bodyLimit, MAX_ITEMS);
  acceptUploads(app);

  app.route({
    method: 'POST',
    url: '/v1/predictions',
    config: {
      scope: 'ingest',
      docs: batchDocs({
        item: predictionItemSchema,
        wrapper: 'predictions',
        answer: trackedSchema,
        files: [CSV, PARQUET],
      }),
    },
    schema: {
      tags: ['tracking'],
      summary: 'Track predictions',
      description: `One prediction, an array of them, \`{"predictions": [...]}\` or NDJSON. ${GZIP} The answer comes after the rows are stored. The same \`prediction_id\` again replaces the row; items without one get ids of the header \`Idempotency-Key\` where it is sent, so that the same batch again replaces its rows too.

A CSV or Parquet file has a column per field: \`model\`, \`version\`, \`prediction_id\`, \`timestamp\` and the other fields by their names, \`inputs.age\`, \`outputs.score\`, \`metrics.cost\`, \`tags.region\` and \`values.late\` (ground truth) by their prefix, any other column an input. It is answered without \`prediction_ids\`; with \`upload_id\`, rows without an id get the same one when the file is sent again.`,
      querystring: z.strictObject({
        ...fileQuery,
        model: modelNameSchema.describe("a file's model, for rows that name none").optional(),
        version: versionNameSchema.describe("a file's version, for rows that name none").optional(),
        deployment: deploymentNameSchema.describe("a file's deployment, for rows that name none").optional(),
      }),
    },
    handler: async (request, reply) => {
      const { body, principal, query } = request;
      const token = tokenOf(request);
      if (!(body instanceof UploadBody)) {
        if (Object.values(query).flat().length > 0)
          throw new InvalidInputError('The parameters of the address are for CSV and Parquet files. Leave them out.');
        const items = itemsOf(body, ['predictions']);
        return answerBatch(reply, await services.ingest.predictions(items, principal.models, { token }));
      }
      const { model = null, version = null, deployment = null, upload_id: id = null, strings } = query;
      if (model !== null) assertModel(principal, model);
      const target = { kind: 'predictions' as const, model, id, limit: config.uploadLimit, strings };
      const caller = {
        allowed: principal.models,
        token: token ?? (id === null ? null : `${principal.id}:upload:${id}`),
      };
      const answer = await withUpload(
        request,
        reply,
        services.uploads,
        target,
        (file, running) =>
          services.ingest.predictionsFile(file, { model, version, deployment }, caller, (rows, rejected) =>
            running.progress(rows, rejected),
          ),
        counted,
      );
      return answerBatch(reply, answer);
    },
  });
}

/** The other tracking routes, in a scope of their own: only they read NDJSON. */
export function trackingRoutes(app: App, { services, config }: RouteContext): void {
  acceptNdjson(app, config.bodyLimit, MAX_ITEMS);

  app.route({
    method: 'POST',
    url: '/v1/delayed-metrics',
    config: {
      scope: 'ingest',
      docs: batchDocs({ item: delayedMetricsItemSchema, wrapper: 'delayed_metrics', answer: trackedSchema }),
    },
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
    config: {
      scope: 'ingest',
      docs: batchDocs({ item: aggregateItemSchema, wrapper: 'aggregate_metrics', answer: acceptedSchema }),
    },
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
      docs: batchDocs({
        item: groundTruthItemSchema,
        wrapper: 'ground_truth',
        answer: trackedSchema,
        files: [CSV, PARQUET],
      }),
    },
    schema: {
      tags: ['tracking'],
      summary: 'Send ground truth',
      description: `Records \`{prediction_id, values, timestamp?}\` as JSON or NDJSON, or a CSV or Parquet file with a column \`prediction_id\` whose other columns are values. ${GZIP} A label may come before its prediction; a later one for the same key replaces it. A file is answered without \`prediction_ids\`, and takes a key that reaches every model.`,
      querystring: z.strictObject(fileQuery),
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
      const { strings, upload_id: id = null } = query;
      const target = { kind: 'ground_truth' as const, model: null, id, limit: config.uploadLimit, strings };
      const store = (file: UploadedFile) => services.ingest.groundTruthFile(file);
      const answer = await withUpload(request, reply, services.uploads, target, store, counted);
      return answerBatch(reply, answer);
    },
  });
}

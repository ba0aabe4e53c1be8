// Predictions read back: pages, whole ranges as files, one by its id; and the items that were refused.
import { Readable } from 'node:stream';
import { z } from 'zod';
import { InvalidInputError } from '../../domain/errors.js';
import { modelNameSchema } from '../../domain/contract/common.js';
import { rejectedItemSchema, storedPredictionSchema } from '../../domain/contract/tracking.js';
import type { ExportFormat } from '../../services/api.js';
import { negotiate } from '../negotiate.js';
import { assertModel, overReachable } from '../plugins/auth.js';
import { CSV, JSON_TYPE, NDJSON, PARQUET, forms, json, problemAnswer } from '../schemas/answers.js';
import {
  RANGE_ERROR,
  emptyQuery,
  isForward,
  limitOf,
  optionalDeployment,
  optionalFlag,
  optionalLimit,
  optionalModel,
  optionalText,
  optionalTime,
  optionalVersion,
} from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const pageSchema = z.object({ predictions: z.array(storedPredictionSchema), next_cursor: z.string().nullable() });
const EXPORTS: Record<string, ExportFormat> = { [NDJSON]: 'ndjson', [CSV]: 'csv', [PARQUET]: 'parquet' };

const PAGE = 100;

const listQuery = z
  .strictObject({
    model: modelNameSchema.describe('the model'),
    version: optionalVersion,
    deployment: optionalDeployment,
    from: optionalTime('predictions at or after this time'),
    to: optionalTime('predictions before this time'),
    segment: optionalText('`path=value`, e.g. `tags.region=EU`'),
    labelled: optionalFlag('true: only predictions with ground truth; false: only those without'),
    limit: optionalLimit(1000, `1 to 1000, ${PAGE} by default`),
    cursor: optionalText('`next_cursor` of the page before'),
  })
  .refine(isForward, RANGE_ERROR);

/**
 * The chunks as a stream. The first is awaited before the answer starts, so that a query that fails at once is still answered
 * with a problem document.
 */
async function streamOf(chunks: AsyncIterable<Buffer>): Promise<Readable> {
  const iterator = chunks[Symbol.asyncIterator]();
  let ahead: IteratorResult<Buffer> | null = await iterator.next();
  const resumed: AsyncIterableIterator<Buffer> = {
    [Symbol.asyncIterator]: () => resumed,
    next: async () => {
      const result = ahead ?? (await iterator.next());
      ahead = null;
      return result;
    },
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  };
  return Readable.from(resumed, { objectMode: false });
}

/** GET of predictions and refused items. */
export function predictionRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/predictions',
    config: {
      scope: 'read',
      slow: true,
      docs: { response: { 200: forms('Ascending by time.', pageSchema, [NDJSON, CSV, PARQUET]) } },
    },
    schema: {
      tags: ['predictions'],
      summary: 'Predictions of a model',
      description:
        'JSON comes in pages: pass `next_cursor` as `cursor` until it is null. Any other `Accept` streams the whole range at once.',
      querystring: listQuery,
    },
    handler: async (request, reply) => {
      const { limit, cursor, ...filter } = request.query;
      assertModel(request.principal, filter.model);
      const type = negotiate(request.headers.accept, [JSON_TYPE, NDJSON, CSV, PARQUET]);
      const format = EXPORTS[type];
      if (format === undefined)
        return reply.send(await services.predictions.list(filter, { limit: limit ?? PAGE, cursor }));
      if (cursor !== null || limit !== null) {
        throw new InvalidInputError(
          `Leave cursor and limit out: ${type} is the whole range. Pages come as ${JSON_TYPE}.`,
        );
      }
      return reply.type(type).send(await streamOf(services.predictions.export(filter, format)));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/predictions/:prediction_id',
    config: {
      scope: 'read',
      docs: {
        response: {
          200: json('The prediction.', storedPredictionSchema),
          404: problemAnswer('No prediction has this id.'),
        },
      },
    },
    schema: {
      tags: ['predictions'],
      summary: 'One prediction, by its UUID or the id it was sent with',
      params: z.strictObject({ prediction_id: z.string().min(1).max(200, 'at most 200 characters') }),
      querystring: emptyQuery,
    },
    handler: async (request, reply) =>
      reply.send(await services.predictions.get(request.params.prediction_id, request.principal.models)),
  });

  app.route({
    method: 'GET',
    url: '/v1/rejected',
    config: {
      scope: 'read',
      docs: { response: { 200: json('Newest first.', z.array(rejectedItemSchema)) } },
    },
    schema: {
      tags: ['predictions'],
      summary: 'Refused items of the last seven days',
      querystring: z.strictObject({ model: optionalModel, limit: limitOf(1000, 100) }),
    },
    handler: async (request, reply) => {
      const { model, limit } = request.query;
      const fetch = (name: string | null) => services.ingest.rejected({ model: name, limit });
      return reply.send(await overReachable(request.principal, model, limit, fetch, (item) => item.received_at));
    },
  });
}

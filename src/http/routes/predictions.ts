// Predictions read back: pages, whole ranges as files, one by its id; and the items that were refused.
import { z } from 'zod';
import { InvalidInputError } from '../../domain/errors.js';
import { modelNameSchema } from '../../domain/contract/common.js';
import { erasedSchema, labelValueSchema } from '../../domain/contract/ingestion.js';
import { rejectedItemSchema, storedPredictionSchema } from '../../domain/contract/tracking.js';
import type { ExportFormat } from '../../services/api.js';
import { negotiate } from '../negotiate.js';
import { streamOf } from '../streams.js';
import { assertModel, overReachable } from '../plugins/auth.js';
import { CSV, JSON_TYPE, NDJSON, PARQUET, forms, json, problemAnswer } from '../schemas/answers.js';
import {
  RANGE_ERROR,
  emptyQuery,
  isForward,
  limitOf,
  optionalChoice,
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
const predictionParams = z.strictObject({ prediction_id: z.string().min(1).max(200, 'at most 200 characters') });
const ERASURE =
  'Gone when the answer comes: predictions, ground truth and its history, refused originals, copies in baselines (which are counted again), example ids in alerts. The windows that they were in are computed again by the next jobs.';

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
    order: optionalChoice(['asc', 'desc'], '`desc`: newest first; `asc`, the default: oldest first'),
  })
  .refine(isForward, RANGE_ERROR);

/** GET of predictions and refused items. */
export function predictionRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/predictions',
    config: {
      scope: 'read',
      slow: true,
      docs: { response: { 200: forms('Ascending by time, unless `order=desc`.', pageSchema, [NDJSON, CSV, PARQUET]) } },
    },
    schema: {
      tags: ['predictions'],
      summary: 'Predictions of a model',
      description:
        'JSON comes in pages: pass `next_cursor` as `cursor` until it is null. Any other `Accept` streams the whole range at once.',
      querystring: listQuery,
    },
    handler: async (request, reply) => {
      const { limit, cursor, order, ...filter } = request.query;
      assertModel(request.principal, filter.model);
      const type = negotiate(request.headers.accept, [JSON_TYPE, NDJSON, CSV, PARQUET]);
      const format = EXPORTS[type];
      if (format === undefined)
        return reply.send(await services.predictions.list(filter, { limit: limit ?? PAGE, cursor, order }));
      if (cursor !== null || limit !== null || order !== null) {
        throw new InvalidInputError(
          `Leave cursor, limit and order out: ${type} is the whole range, ascending. Pages come as ${JSON_TYPE}.`,
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
          200: json(
            'The prediction.',
            storedPredictionSchema.extend({ ground_truth_history: z.array(labelValueSchema).optional() }),
          ),
          404: problemAnswer('No prediction has this id.'),
        },
      },
    },
    schema: {
      tags: ['predictions'],
      summary: 'One prediction, by its UUID or the id it was sent with',
      description:
        'With `history=true` it has `ground_truth_history`: every value that a key of its ground truth had, in the order of arrival. A value that was only sent again is listed once.',
      params: predictionParams,
      querystring: z.strictObject({ history: optionalFlag('true: with every value that its ground truth had') }),
    },
    handler: async (request, reply) => {
      const { prediction_id: id } = request.params;
      const prediction = await services.predictions.get(id, request.principal.models);
      if (request.query.history !== true) return reply.send(prediction);
      return reply.send({ ...prediction, ground_truth_history: await services.predictions.history(id) });
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/predictions/:prediction_id',
    config: {
      scope: 'admin',
      everyModel: true,
      slow: true,
      docs: { response: { 404: problemAnswer('Nothing is stored under this id.') } },
    },
    schema: {
      tags: ['predictions'],
      summary: 'Erase a prediction and everything that was kept of it',
      description: ERASURE,
      params: predictionParams,
      querystring: emptyQuery,
      response: { 200: json('What was removed.', erasedSchema) },
    },
    handler: async (request, reply) => reply.send(await services.erasure.prediction(request.params.prediction_id)),
  });

  app.route({
    method: 'DELETE',
    url: '/v1/predictions',
    config: {
      scope: 'admin',
      slow: true,
      docs: { response: { 404: problemAnswer('There is no such model.') } },
    },
    schema: {
      tags: ['predictions'],
      summary: "Erase a person's predictions, by a tag",
      description: `Every prediction of the model that has, or ever had, this value of this tag. ${ERASURE}`,
      querystring: z.strictObject({
        model: modelNameSchema.describe('the model'),
        tag: z
          .string()
          .regex(/^[^=]+=[\s\S]+$/, 'expected key=value, e.g. user=4711')
          .describe('`key=value`, e.g. `user=4711`'),
      }),
      response: { 200: json('What was removed.', erasedSchema) },
    },
    handler: async (request, reply) => {
      const { model, tag } = request.query;
      assertModel(request.principal, model);
      const at = tag.indexOf('=');
      return reply.send(await services.erasure.tagged(model, { key: tag.slice(0, at), value: tag.slice(at + 1) }));
    },
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

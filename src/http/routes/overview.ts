// Summaries of many numbers at once: the state of every model, and a grid of one metric over fields and time.
import { z } from 'zod';
import { gridSchema, overviewSchema } from '../../domain/contract/overview.js';
import { assertModel } from '../plugins/auth.js';
import { json, problemAnswer } from '../schemas/answers.js';
import {
  RANGE_ERROR,
  isForward,
  limitOf,
  modelParams,
  optionalModel,
  optionalText,
  optionalTime,
  optionalVersion,
  requiredTime,
} from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

/** /v1/overview and /v1/models/{model}/grid. */
export function overviewRoutes(app: App, { services, clock }: RouteContext): void {
  const missing = { response: { 404: problemAnswer('There is no such model.') } };

  app.route({
    method: 'GET',
    url: '/v1/overview',
    config: { scope: 'read', slow: true, docs: missing },
    schema: {
      tags: ['metrics'],
      summary: 'The state of every model over a range, worst first',
      description:
        'From stored numbers: counts are added, shares and means are weighted by their rows, and intervals come from those of the windows. `previous` is the same number over the range of equal length before. Each model by the version with the newest predictions, unless `version` is given.',
      querystring: z
        .strictObject({
          model: optionalModel,
          version: optionalVersion,
          from: optionalTime('windows that start at or after this time; 30 days before `to` by default'),
          to: optionalTime(
            'windows that start before this time; by default the end of the newest window with predictions',
          ),
        })
        .refine(isForward, RANGE_ERROR),
      response: { 200: json('The models.', overviewSchema) },
    },
    handler: async (request, reply) => {
      const { model } = request.query;
      if (model !== null) assertModel(request.principal, model);
      const allowed = request.principal.models;
      return reply.send(await services.overview.overview({ ...request.query, now: clock(), allowed }));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/grid',
    config: { scope: 'read', slow: true, docs: missing },
    schema: {
      tags: ['metrics'],
      summary: 'A metric of every field over time: the worst value of each column',
      description:
        'For heatmaps. A column holds one window or several. Fields with the newest breach of their limit first.',
      params: modelParams,
      querystring: z
        .strictObject({
          metric: optionalText('the metric; psi by default'),
          version: optionalVersion,
          segment: optionalText('`path=value`; empty for the whole model'),
          from: requiredTime('the start of the range'),
          to: requiredTime('the end of the range, exclusive'),
          columns: limitOf(200, 60),
          limit: limitOf(2000, 500),
        })
        .refine(isForward, RANGE_ERROR),
      response: { 200: json('The grid.', gridSchema) },
    },
    handler: async (request, reply) => {
      const { metric, segment, ...query } = request.query;
      return reply.send(
        await services.overview.grid(request.params.model, {
          ...query,
          metric: metric ?? 'psi',
          segment: segment ?? '',
        }),
      );
    },
  });
}

// Which segments a change of a metric comes from.
import { z } from 'zod';
import { contributionAnswerSchema } from '../../domain/contract/explanation.js';
import { json, problemAnswer } from '../schemas/answers.js';
import { isForward, modelParams, optionalTime, optionalVersion, RANGE_ERROR, requiredTime } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

/** /v1/models/{model}/contributions. */
export function contributionRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/models/:model/contributions',
    config: { scope: 'read', slow: true, docs: { response: { 404: problemAnswer('There is no such model.') } } },
    schema: {
      tags: ['metrics'],
      summary: 'What each segment contributed to a change',
      description:
        'A metric that is a mean over rows, in [from, to) against the range as long before it. `mix_effect`: the share of the segment changed; `rate_effect`: its own value did. Over the segments of one path they add up to the change. Segments are those of the model, else tags and inputs with few values.',
      params: modelParams,
      querystring: z
        .strictObject({
          metric: z.string().min(1).max(200).describe('such as accuracy, precision, recall, brier, mae or error_rate'),
          from: requiredTime('start of the range'),
          to: requiredTime('end of the range'),
          version: optionalVersion,
          before_from: optionalTime('start of what it is compared with; left out: as long before'),
          before_to: optionalTime('end of what it is compared with; left out: `from`'),
        })
        .refine(isForward, RANGE_ERROR),
      response: { 200: json('Largest effect first.', contributionAnswerSchema) },
    },
    handler: async (request, reply) => {
      const { metric, from, to, version, before_from: beforeFrom, before_to: beforeTo } = request.query;
      const query = { metric, from, to, version, beforeFrom, beforeTo };
      return reply.send(await services.contributions.read(request.params.model, query));
    },
  });
}

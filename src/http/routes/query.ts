// POST /v1/query: one read-only SELECT over the documented views.
import { z } from 'zod';
import { negotiate } from '../negotiate.js';
import { CSV, JSON_TYPE, PARQUET, forms } from '../schemas/answers.js';
import { emptyQuery } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const FORMATS = { [JSON_TYPE]: 'json', [CSV]: 'csv', [PARQUET]: 'parquet' } as const;

const bodySchema = z.strictObject({
  sql: z.string().min(1, 'must not be empty').max(100_000, 'at most 100,000 characters'),
  params: z.record(z.string(), z.unknown()).optional().describe('values for {name:Type} in the SQL'),
  format: z.enum(['json', 'csv', 'parquet']).optional().describe('by default what Accept asks for'),
});

/** `true`: the answer holds as many rows as one answer may, and there were more. */
const TRUNCATED = 'x-driftline-truncated';

/** The SQL route. */
export function queryRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'POST',
    url: '/v1/query',
    config: {
      scope: 'read',
      everyModel: true,
      slow: true,
      docs: { response: { 200: forms('The rows.', z.array(z.record(z.string(), z.unknown())), [CSV, PARQUET]) } },
    },
    schema: {
      tags: ['metrics'],
      summary: 'One read-only SELECT',
      description:
        'With bound parameters and limits of rows, time and memory; the header x-driftline-truncated says whether rows were left out. Takes a key that reaches every model.',
      querystring: emptyQuery,
      body: bodySchema,
    },
    handler: async (request, reply) => {
      const { sql, params = {}, format } = request.body;
      const wanted = format ?? FORMATS[negotiate(request.headers.accept, [JSON_TYPE, CSV, PARQUET])];
      const answer = await services.sql.run({ sql, params, format: wanted });
      return reply.header(TRUNCATED, String(answer.truncated)).type(answer.contentType).send(answer.body);
    },
  });
}

// GET /v1/doctor: what this service needs to work, looked at one by one.
import { doctorReportSchema } from '../../domain/contract/doctor.js';
import { json } from '../schemas/answers.js';
import { emptyQuery } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

/** /v1/doctor. */
export function doctorRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/doctor',
    config: { scope: 'admin', everyModel: true, slow: true },
    schema: {
      tags: ['process'],
      summary: 'Whether everything works that the service needs',
      description:
        'Engine, schema, disks, clock, scheduler, mail server and channels. Nothing is sent: mail servers are greeted, receivers of webhooks connected to. `POST /v1/channels/{name}/test` sends.',
      querystring: emptyQuery,
      response: { 200: json('What was found; the status of the whole is the worst.', doctorReportSchema) },
    },
    handler: async (_request, reply) => reply.send(await services.doctor.report()),
  });
}

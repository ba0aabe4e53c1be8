// Jobs: their schedule, their past runs, and a run on request.
import { z } from 'zod';
import { modelNameSchema, timeSchema } from '../../domain/contract/common.js';
import { JOB_NAMES, jobInfoSchema, jobRunAnswerSchema, jobRunSchema } from '../../domain/contract/metrics.js';
import { ForbiddenError } from '../../domain/errors.js';
import { assertModel, mayReach } from '../plugins/auth.js';
import { json } from '../schemas/answers.js';
import { emptyQuery, limitOf, optionalChoice } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const runSchema = z
  .strictObject({
    model: modelNameSchema.optional(),
    from: timeSchema.optional(),
    to: timeSchema.optional(),
    now: timeSchema.optional().describe('the time to run as of; by default the present'),
  })
  .refine((body) => (body.from === undefined) === (body.to === undefined), {
    path: ['to'],
    message: 'give both from and to, or neither',
  })
  .refine((body) => body.from === undefined || body.to === undefined || body.from < body.to, {
    path: ['to'],
    message: 'must be after from',
  });

/** /v1/jobs and /v1/job-runs. */
export function jobRoutes(app: App, { services, clock }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/jobs',
    config: { scope: 'read' },
    schema: {
      tags: ['jobs'],
      summary: 'Jobs, with their last and next run',
      querystring: emptyQuery,
      response: { 200: json('The jobs.', z.array(jobInfoSchema)) },
    },
    handler: async (request, reply) => {
      const jobs = await services.jobs.list();
      // A run may name other models than the key reaches.
      return reply.send(request.principal.models === null ? jobs : jobs.map((job) => ({ ...job, last_run: null })));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/job-runs',
    config: { scope: 'read', docs: { response: { 200: json('Newest first.', z.array(jobRunSchema)) } } },
    schema: {
      tags: ['jobs'],
      summary: 'Past runs',
      description: 'A key limited to models sees the runs for those models.',
      querystring: z.strictObject({ job: optionalChoice(JOB_NAMES, 'the job'), limit: limitOf(1000, 100) }),
    },
    handler: async (request, reply) => {
      const runs = await services.jobs.runs(request.query);
      const { principal } = request;
      if (principal.models === null) return reply.send(runs);
      return reply.send(runs.filter((run) => run.model !== null && mayReach(principal, run.model)));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/jobs/:job/run',
    config: { scope: 'admin', slow: true, optionalBody: true },
    schema: {
      tags: ['jobs'],
      summary: 'Run a job now, and wait for it',
      description:
        'Without `from` and `to`: what is due or dirty. With them: that range, recomputed. No body means `{}`.',
      params: z.strictObject({ job: z.enum(JOB_NAMES) }),
      querystring: emptyQuery,
      body: runSchema,
      response: { 200: json('What was done.', jobRunAnswerSchema) },
    },
    handler: async (request, reply) => {
      const { model = null, from = null, to = null, now = clock() } = request.body;
      if (model !== null) assertModel(request.principal, model);
      else if (request.principal.models !== null) {
        throw new ForbiddenError('This key is limited to some models: name one of them as model.');
      }
      return reply.send(await services.jobs.run(request.params.job, { model, from, to, now }, 'api'));
    },
  });
}

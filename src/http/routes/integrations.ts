// Inference logs: CloudEvents of model servers, whole inferences, SageMaker's lines; and the halves that wait.
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { halvesSchema, inferencePairSchema, loggedSchema, type Logged } from '../../domain/contract/integrations.js';
import { DriftlineError } from '../../domain/errors.js';
import { deploymentNameSchema, modelNameSchema, versionNameSchema } from '../../domain/contract/common.js';
import { eventsOf } from '../cloudevents.js';
import { assertModel } from '../plugins/auth.js';
import { MAX_ITEMS, acceptNdjson, acceptText, itemsOf } from '../plugins/bodies.js';
import { JSON_TYPE, NDJSON, json } from '../schemas/answers.js';
import { PROBLEM_TYPE, toProblem } from '../schemas/problem.js';
import { emptyQuery, limitOf } from '../schemas/query.js';
import type { App, RouteContext, RouteDocs } from '../types.js';

const place = {
  version: versionNameSchema
    .optional()
    .describe("the version; where left out, what the log or the model's `integration` says"),
  deployment: deploymentNameSchema.optional().describe('the deployment, likewise'),
};
const eventQuery = z.strictObject({
  model: modelNameSchema.optional().describe("by default the event's inferenceservicename"),
  ...place,
});
const lineQuery = z.strictObject({ model: modelNameSchema.describe('the model'), ...place });

const docs = (body: RouteDocs['body']): RouteDocs => ({
  ...(body === undefined ? {} : { body }),
  response: {
    200: json('All is kept.', loggedSchema),
    207: json('Some is; `errors` has the rest by index.', loggedSchema),
  },
});

/** 200 where everything was kept, 207 where some was, 400 where nothing was. Loggers do not look further than that. */
function answer(reply: FastifyReply, logged: Logged): FastifyReply {
  const rejected = logged.rejected ?? 0;
  if (rejected === 0) return reply.code(200).send(logged);
  if (logged.accepted > 0) return reply.code(207).send(logged);
  const detail = 'Nothing of this could be used; errors says why for each.';
  const problem = new DriftlineError(400, 'all_rejected', 'Invalid input', detail);
  return reply
    .code(400)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify({ ...toProblem(problem), ...logged }));
}

/** CloudEvents, in a scope of their own: a logger passes on whatever content type its caller had. */
export function cloudEventRoutes(app: App, { services, config }: RouteContext): void {
  acceptText(app, config.bodyLimit);
  app.route({
    method: 'POST',
    url: '/v1/integrations/cloudevents',
    config: {
      scope: 'ingest',
      docs: docs({
        [JSON_TYPE]: z.unknown().describe('binary mode: the body of the inference, with ce- headers'),
        'application/cloudevents+json': z.unknown().describe('structured mode'),
        'application/cloudevents-batch+json': z.array(z.unknown()).describe('batched mode'),
      }),
    },
    schema: {
      tags: ['integrations'],
      summary: 'Logged requests and responses of KServe and Seldon',
      description:
        'CloudEvents 1.0, one a request or batched. A request and its response (the same `ce-id`, in Seldon `ce-requestid`) may come in any order; with both, each instance becomes a prediction with the id `ce-id#index`. A half that comes again changes nothing. Events of other types are ignored.',
      querystring: eventQuery,
    },
    handler: async (request, reply) => {
      const { model = null, version = null, deployment = null } = request.query;
      const events = eventsOf(request.headers, typeof request.body === 'string' ? request.body : '', {
        model,
        version,
        deployment,
      });
      return answer(reply, await services.inferenceLogs.events(events, request.principal.models));
    },
  });
}

/** The other logs. */
export function inferenceLogRoutes(app: App, { services, config }: RouteContext): void {
  acceptNdjson(app, config.bodyLimit, MAX_ITEMS);

  app.route({
    method: 'POST',
    url: '/v1/integrations/inference',
    config: { scope: 'ingest', docs: docs({ [JSON_TYPE]: inferencePairSchema, [NDJSON]: z.string() }) },
    schema: {
      tags: ['integrations'],
      summary: 'Inferences with request and response',
      description:
        'For middleware in front of a model: bodies as the model server takes and gives them, in KServe v1, Open Inference v2, MLflow scoring (`dataframe_split`, `dataframe_records`, `instances`, `inputs`) or Seldon form. Each instance becomes a prediction.',
      querystring: emptyQuery,
    },
    handler: async (request, reply) => {
      const items = itemsOf(request.body, ['inferences']);
      return answer(reply, await services.inferenceLogs.pairs(items, request.principal.models));
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/integrations/sagemaker',
    config: {
      scope: 'ingest',
      docs: docs({ [NDJSON]: z.string().describe('lines of data capture or ground truth'), [JSON_TYPE]: z.unknown() }),
    },
    schema: {
      tags: ['integrations'],
      summary: 'Data capture and ground truth of SageMaker',
      description:
        "JSON Lines as SageMaker writes them to S3, capture and ground truth also mixed. A prediction's id is the inferenceId, else the eventId; of several instances in one request `id#index`.",
      querystring: lineQuery,
    },
    handler: async (request, reply) => {
      const { model, version = null, deployment = null } = request.query;
      assertModel(request.principal, model);
      const lines = itemsOf(request.body, ['lines']);
      const answered = await services.inferenceLogs.sagemaker(
        lines,
        { model, version, deployment },
        request.principal.models,
      );
      return answer(reply, answered);
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/integrations/halves',
    config: { scope: 'read' },
    schema: {
      tags: ['integrations'],
      summary: 'Requests without a response, responses without a request',
      description:
        'Newest first. A half that has waited a day counts as missing; it is kept a week longer, and still joins.',
      querystring: z.strictObject({ limit: limitOf(1000, 100) }),
      response: { 200: json('What waits, what is missing, what was joined.', halvesSchema) },
    },
    handler: async (request, reply) =>
      reply.send(await services.inferenceLogs.waiting(request.principal.models, request.query.limit)),
  });
}

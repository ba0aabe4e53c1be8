// What serves a model: replicas report of themselves, and what is known of them is read.
import { z } from 'zod';
import { replicaStatsSchema, replicasSchema } from '../../domain/contract/replicas.js';
import { acceptedSchema } from '../../domain/contract/tracking.js';
import { parseDuration } from '../../domain/duration.js';
import { MAX_ITEMS, acceptNdjson, itemsOf } from '../plugins/bodies.js';
import { json } from '../schemas/answers.js';
import {
  emptyQuery,
  modelParams,
  optionalDeployment,
  optionalStep,
  optionalTime,
  optionalVersion,
} from '../schemas/query.js';
import { batchDocs } from '../schemas/batch-docs.js';
import type { App, RouteContext } from '../types.js';
import { answerBatch } from './tracking.js';

/** `POST /v1/replica-stats` and `GET /v1/models/{model}/replicas`. */
export function replicaRoutes(app: App, { services, config }: RouteContext): void {
  acceptNdjson(app, config.bodyLimit, MAX_ITEMS);

  app.route({
    method: 'POST',
    url: '/v1/replica-stats',
    config: {
      scope: 'ingest',
      docs: batchDocs({ item: replicaStatsSchema, wrapper: 'replica_stats', answer: acceptedSchema }),
    },
    schema: {
      tags: ['replicas'],
      summary: 'What a replica reports of itself',
      description:
        'Counts and sums over an interval of at most 15 minutes; the clients send one every ten seconds. The same replica and start again replace the report.',
      querystring: emptyQuery,
    },
    handler: async (request, reply) =>
      answerBatch(
        reply,
        await services.cloudera.replicaStats(itemsOf(request.body, ['replica_stats']), request.principal.models),
      ),
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/replicas',
    config: { scope: 'read' },
    schema: {
      tags: ['replicas'],
      summary: 'Technical metrics of a model, per replica and over all of them',
      description:
        "Cloudera's seven technical metrics on a common axis of time, from the reports of the replicas and from tracked predictions; and the totals of each replica. The last hour where no range is given.",
      params: modelParams,
      querystring: z.strictObject({
        version: optionalVersion,
        deployment: optionalDeployment,
        from: optionalTime('from this time on'),
        to: optionalTime('before this time'),
        step: optionalStep,
      }),
      response: { 200: json('Replicas, the one heard of last first.', replicasSchema) },
    },
    handler: async (request, reply) => {
      const { step, ...query } = request.query;
      return reply.send(
        await services.replicas.read(request.params.model, {
          ...query,
          step: step === null ? null : parseDuration(step),
        }),
      );
    },
  });
}

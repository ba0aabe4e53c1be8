// Driftline's own reads of the registry, its log, and the marks on a model's charts. Registering and promoting is done by MLflow's calls.
import { z } from 'zod';
import {
  challengerSchema,
  frozenComparisonSchema,
  modelEventSchema,
  registeredModelDetailSchema,
  registeredModelSchema,
  registryChangeSchema,
  versionDetailSchema,
} from '../../domain/contract/registry.js';
import { modelNameSchema, versionNameSchema } from '../../domain/contract/common.js';
import { DAY_MS } from '../../domain/duration.js';
import { json, problemAnswer } from '../schemas/answers.js';
import { emptyQuery, isForward, limitOf, modelParams, optionalTime, RANGE_ERROR } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';
import { ofKnownModel } from './models.js';

const NOT_REGISTERED = problemAnswer('No such model or version is registered.');
const MAX_HISTORY = 1000;
const CHALLENGE_SPAN = 28 * DAY_MS;
const historyQuery = z.strictObject({ limit: limitOf(MAX_HISTORY, 100) });
const rangeQuery = z
  .strictObject({ from: optionalTime('from this time'), to: optionalTime('before this time') })
  .refine(isForward, RANGE_ERROR);

/** /v1/registry and /v1/models/{model}/events. */
export function registryRoutes(app: App, { services, clock }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/registry/models',
    config: { scope: 'read' },
    schema: {
      tags: ['registry'],
      summary: 'Registered models',
      querystring: emptyQuery,
      response: { 200: json('By name.', z.array(registeredModelSchema)) },
    },
    handler: async (request, reply) => reply.send(await services.registered.list(request.principal.models)),
  });

  app.route({
    method: 'GET',
    url: '/v1/registry/models/:model',
    config: { scope: 'read', docs: { response: { 404: NOT_REGISTERED } } },
    schema: {
      tags: ['registry'],
      summary: 'A registered model with its versions, newest first',
      params: modelParams,
      querystring: emptyQuery,
      response: { 200: json('With lineage and training metrics.', registeredModelDetailSchema) },
    },
    handler: async (request, reply) => reply.send(await services.registered.get(request.params.model)),
  });

  app.route({
    method: 'GET',
    url: '/v1/registry/models/:model/versions/:version',
    config: { scope: 'read', slow: true, docs: { response: { 404: NOT_REGISTERED } } },
    schema: {
      tags: ['registry'],
      summary: 'A version, with its measured quality beside what training reported',
      description: 'Measured over the range; over all that was tracked of the version where none is given.',
      params: z.strictObject({ model: modelNameSchema, version: versionNameSchema }),
      querystring: rangeQuery,
      response: { 200: json('The version.', versionDetailSchema) },
    },
    handler: async (request, reply) => {
      const { model, version } = request.params;
      return reply.send(await services.registered.version(model, version, request.query));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/registry/models/:model/history',
    config: { scope: 'read' },
    schema: {
      tags: ['registry'],
      summary: 'Who changed what of a registered model, newest first',
      description: 'Also of a model that was deleted from the registry.',
      params: modelParams,
      querystring: historyQuery,
      response: { 200: json('The changes.', z.array(registryChangeSchema)) },
    },
    handler: async (request, reply) =>
      reply.send(await services.registered.history(request.params.model, request.query.limit)),
  });

  app.route({
    method: 'GET',
    url: '/v1/registry/history',
    config: { scope: 'read', everyModel: true },
    schema: {
      tags: ['registry'],
      summary: 'Who changed what in the registry, newest first',
      querystring: historyQuery,
      response: { 200: json('The changes.', z.array(registryChangeSchema)) },
    },
    handler: async (request, reply) => reply.send(await services.registered.history(null, request.query.limit)),
  });

  app.route({
    method: 'GET',
    url: '/v1/registry/models/:model/comparisons',
    config: { scope: 'read' },
    schema: {
      tags: ['registry'],
      summary: 'Comparisons frozen when a version took over, newest first',
      description:
        'Made when a version moves to Production or becomes the champion in place of another: the 28 days up to then, as they were known then.',
      params: modelParams,
      querystring: emptyQuery,
      response: { 200: json('The comparisons.', z.array(frozenComparisonSchema)) },
    },
    handler: async (request, reply) => reply.send(await services.comparisons.list(request.params.model)),
  });

  app.route({
    method: 'GET',
    url: '/v1/registry/models/:model/challengers',
    config: { scope: 'read', slow: true, docs: { response: { 404: NOT_REGISTERED } } },
    schema: {
      tags: ['registry'],
      summary: 'Versions that stand by, held against the champion',
      description:
        'Versions in Staging, or with an alias that begins with challenger, shadow, candidate or canary; over the last 28 days unless told otherwise.',
      params: modelParams,
      querystring: rangeQuery,
      response: { 200: json('The challengers.', z.array(challengerSchema)) },
    },
    handler: async (request, reply) => {
      const to = request.query.to ?? clock();
      const from = request.query.from ?? to - CHALLENGE_SPAN;
      return reply.send(await services.registered.challengers(request.params.model, { from, to }));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/events',
    config: { scope: 'read', docs: { response: { 404: problemAnswer('There is no such model.') } } },
    schema: {
      tags: ['models'],
      summary: 'What happened to a model, oldest first: marks for charts',
      description:
        'Stages, aliases and versions of the registry, first predictions, baselines, changes of the configuration.',
      params: modelParams,
      querystring: rangeQuery,
      response: { 200: json('The marks.', z.array(modelEventSchema)) },
    },
    handler: async (request, reply) => {
      const { model } = request.params;
      const events = await services.events.list(model, request.query);
      if (events.length === 0 && (await services.registry.read((state) => state.find(model))) !== null)
        return reply.send([]);
      return reply.send(await ofKnownModel(services.models, model, events));
    },
  });
}

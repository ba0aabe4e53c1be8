// Models: what was seen of them, how they are configured, and their removal.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  fieldSummarySchema,
  modelConfigSchema,
  modelDetailSchema,
  modelSummarySchema,
  versionSummarySchema,
  type ModelConfig,
} from '../../domain/contract/models.js';
import type { ModelsApi } from '../../services/api.js';
import { json, nothing, problemAnswer } from '../schemas/answers.js';
import { emptyQuery, modelParams } from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const NO_MODEL = problemAnswer('There is no such model.');

/**
 * The rows of a model, none of which exist for one that nobody knows: that is a 404.
 * @throws NotFoundError.
 */
export async function ofKnownModel<T>(models: ModelsApi, model: string, rows: T[]): Promise<T[]> {
  if (rows.length === 0) await models.get(model);
  return rows;
}

/** What differs between the configuration before, which is null for a model that nobody knew, and after. */
function changedKeys(known: ModelConfig | null, after: ModelConfig): string[] {
  const before = known ?? {};
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof ModelConfig>;
  return [...keys].filter((key) => !isDeepStrictEqual(before[key], after[key])).sort();
}

/** /v1/models and below, except baselines and numbers. */
export function modelRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/models',
    config: { scope: 'read' },
    schema: {
      tags: ['models'],
      summary: 'Models that have predictions or a configuration',
      querystring: emptyQuery,
      response: { 200: json('By name.', z.array(modelSummarySchema)) },
    },
    handler: async (request, reply) => reply.send(await services.models.list(request.principal.models)),
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model',
    config: { scope: 'read', docs: { response: { 404: NO_MODEL } } },
    schema: {
      tags: ['models'],
      summary: 'One model, with its configuration as given and as used',
      params: modelParams,
      querystring: emptyQuery,
      response: { 200: json('`effective.inferred` names what nobody set.', modelDetailSchema) },
    },
    handler: async (request, reply) => reply.send(await services.models.get(request.params.model)),
  });

  app.route({
    method: 'PUT',
    url: '/v1/models/:model',
    config: { scope: 'admin' },
    schema: {
      tags: ['models'],
      summary: 'Configure a model',
      description:
        'Replaces the whole configuration. Everything is optional; what is left out is inferred and reported.',
      params: modelParams,
      querystring: emptyQuery,
      body: modelConfigSchema,
      response: { 200: json('The model as it is now.', modelDetailSchema) },
    },
    handler: async (request, reply) => {
      const { model } = request.params;
      services.configFile.assertFree('models', model);
      const answer = await services.models.configure(model, request.body);
      const changed = changedKeys(request.auditBefore as ModelConfig | null, request.body);
      if (changed.length > 0) {
        const text = `configuration changed: ${changed.join(', ')}`;
        await services.events.note(model, { kind: 'config', version: null, text, by: request.principal.name });
      }
      return reply.send(answer);
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/models/:model',
    config: { scope: 'admin', slow: true, docs: { response: { 404: NO_MODEL } } },
    schema: {
      tags: ['models'],
      summary: 'Remove every row of a model',
      params: modelParams,
      querystring: emptyQuery,
      response: { 204: nothing('Removed.') },
    },
    handler: async (request, reply) => {
      services.configFile.assertFree('models', request.params.model);
      await services.models.remove(request.params.model);
      return reply.code(204).send();
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/versions',
    config: { scope: 'read', docs: { response: { 404: NO_MODEL } } },
    schema: {
      tags: ['models'],
      summary: 'Versions of a model',
      params: modelParams,
      querystring: emptyQuery,
      response: { 200: json('The versions.', z.array(versionSummarySchema)) },
    },
    handler: async (request, reply) => {
      const { model } = request.params;
      return reply.send(await services.registered.annotate(model, await services.models.versions(model)));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/fields',
    config: {
      scope: 'read',
      docs: { response: { 200: json('The fields.', z.array(fieldSummarySchema)), 404: NO_MODEL } },
    },
    schema: {
      tags: ['models'],
      summary: 'Fields discovered in predictions and ground truth',
      params: modelParams,
      querystring: emptyQuery,
    },
    handler: async (request, reply) => {
      const { model } = request.params;
      return reply.send(await ofKnownModel(services.models, model, await services.models.fields(model)));
    },
  });
}

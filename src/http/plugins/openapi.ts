// The OpenAPI description, made from the routes' zod schemas, and its pages at /docs.
import swagger, { type SwaggerTransformObject } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyContextConfig, FastifySchema } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { problemAnswer } from '../schemas/answers.js';
import type { App, RouteDocs } from '../types.js';

const TAGS = [
  { name: 'tracking', description: 'Predictions, ground truth and metrics in.' },
  { name: 'predictions', description: 'Predictions and refused items out.' },
  { name: 'models', description: 'Models, their versions, fields and configuration.' },
  { name: 'baselines', description: 'What drift is measured against.' },
  { name: 'metrics', description: 'Computed numbers, distributions, SQL.' },
  { name: 'jobs', description: 'The jobs that compute them.' },
  { name: 'alerts', description: 'Rules, alerts, silences, channels and what was sent.' },
  {
    name: 'registry',
    description: 'Registered models and their versions, as MLflow, Databricks and Cloudera have them.',
  },
  { name: 'registry webhooks', description: 'Who is told about changes of the registry.' },
  { name: 'keys', description: 'API keys.' },
  { name: 'process', description: 'The service itself.' },
];

const DESCRIPTION = `Errors are \`application/problem+json\`: \`code\` is stable and for programs, \`detail\` says what to do.
Times in: ISO 8601 with an offset, or epoch milliseconds. Times out: ISO 8601 UTC with milliseconds.
Nothing is converted: \`"1"\` is a string. A missing value is \`null\`, never 0.`;

/** Swagger UI styles elements inline and draws its icons from data URLs. */
const DOCS_CSP =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'self'; object-src 'none'; frame-ancestors 'none'";

/** The errors that a route may answer besides its own, by what it declares. */
function generalProblems(config: FastifyContextConfig, hasBody: boolean): Record<string, unknown> {
  const guarded = config.scope !== 'open';
  const answer = config.docs?.error ?? problemAnswer;
  return {
    400: answer('The request is not understood; `errors` names the fields.'),
    ...(guarded ? { 401: answer('No key, or one that is not known.') } : {}),
    ...(guarded ? { 403: answer("Beyond the key's scopes or models.") } : {}),
    ...(hasBody ? { 413: answer('More than a limit; `detail` names it.') } : {}),
    ...(hasBody ? { 415: answer('A content type or coding that is not read here.') } : {}),
    500: answer('A fault of the service; its log has the details.'),
    503: answer('The store does not answer; send the same again after Retry-After.'),
  };
}

function withBodies(schema: Record<string, unknown>, bodies: NonNullable<RouteDocs['body']>, toJson: ToJson): void {
  const content = Object.entries(bodies).map(([type, body]) => [type, { schema: toJson(body) }]);
  schema.body = { content: Object.fromEntries(content) as unknown };
}

/**
 * What zod says otherwise than a reader needs: an answer without a body, a time. Given in place of the library's own rule, which drops the branches of
 * a union that are transformed, such as the ISO form of a time.
 */
function override({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}) {
  if (zodSchema._zod.def.type === 'undefined') jsonSchema.type = 'null';
  // `format` says it; the pattern is longer than the rest of the document.
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}

const zodToJsonConfig = { override };
const jsonSchemaTransform = createJsonSchemaTransform({ zodToJsonConfig });
const addDocuments = createJsonSchemaTransformObject({ zodToJsonConfig });
const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g;

/** The named documents in their input and output form, without those that nothing refers to. */
const addUsedDocuments: SwaggerTransformObject = (document) => {
  const whole = addDocuments(document) as { components: { schemas: Record<string, unknown> }; paths: unknown };
  const { schemas } = whole.components;
  const used = new Set<string>();
  const collect = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(REFERENCE)) {
      if (used.has(name)) continue;
      used.add(name);
      collect(schemas[name]);
    }
  };
  collect(whole.paths);
  whole.components.schemas = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return whole as ReturnType<SwaggerTransformObject>;
};

type ToJson = (schema: NonNullable<RouteDocs['body']>[string]) => unknown;
type Transform = typeof jsonSchemaTransform;
type Document = Parameters<Transform>[0];

/** One route's schemas as JSON Schema, with what its `config` adds. */
function describeRoute(document: Document): ReturnType<Transform> {
  const config = document.route.config ?? {};
  const given = document.schema as (FastifySchema & { description?: string }) | undefined;
  if (given === undefined || given.hide === true) return jsonSchemaTransform(document);
  const { docs = {}, scope = 'admin' } = config;
  const hasBody = given.body !== undefined || docs.body !== undefined;
  const response = {
    ...generalProblems(config, hasBody),
    ...(given.response as object | undefined),
    ...docs.response,
  };
  const needs = scope === 'open' ? 'Needs no key.' : `Needs the scope \`${scope}\`.`;
  const described = {
    ...given,
    response,
    description: [given.description, needs].filter(Boolean).join('\n\n'),
    security: scope === 'open' ? [] : [{ key: [] }],
  };
  const result = jsonSchemaTransform({ ...document, schema: described });
  if (docs.body !== undefined) {
    const toJson: ToJson = (body) => jsonSchemaTransform({ ...document, schema: { body } }).schema.body;
    withBodies(result.schema as Record<string, unknown>, docs.body, toJson);
  }
  return result;
}

/** Install the description and /docs. Call it before the routes it describes. */
export async function registerOpenapi(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Driftline', description: DESCRIPTION, version, license: { name: 'Apache-2.0' } },
      tags: TAGS,
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    },
    transform: describeRoute,
    transformObject: addUsedDocuments,
  });
  app.addHook('onRoute', (route) => {
    if (route.url === '/docs' || route.url.startsWith('/docs/')) route.config = { ...route.config, scope: 'open' };
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    theme: { title: 'Driftline API' },
    uiConfig: { docExpansion: 'none', deepLinking: true, tryItOutEnabled: true, persistAuthorization: false },
  });
}

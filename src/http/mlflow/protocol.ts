// Routes that answer in MLflow's way: its errors as JSON, bodies of any content type from programs, one declaration a call under both prefixes.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Scope } from '../../domain/contract/alerts.js';
import { DriftlineError, RegistryError } from '../../domain/errors.js';
import type { Principal } from '../../services/api.js';
import { assertModel } from '../plugins/auth.js';
import { parseJson, plainBody } from '../plugins/bodies.js';
import { json } from '../schemas/answers.js';
import type { App, RouteContext, RouteDocs } from '../types.js';
import { readInput } from './inputs.js';

/** What a call works with. */
export interface CallContext extends RouteContext {
  principal: Principal;
  /** Parameters of the path. */
  params: Readonly<Record<string, string>>;
}

/** One call of the protocol. */
export interface Call<S extends z.ZodType> {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  scope: Scope;
  summary: string;
  tag?: string;
  input: S;
  /** The models a call names: a key that is limited to models must reach them. */
  models?: (input: z.output<S>) => readonly string[];
  run: (input: z.output<S>, context: CallContext) => unknown;
}

const errorSchema = z.object({ error_code: z.string(), message: z.string() });

/** What the API's description says of a call's answers: the protocol's own documentation has their fields. */
const DOCS: RouteDocs = {
  response: { 200: json('As the protocol has it.', z.record(z.string(), z.unknown())) },
  error: (description) => json(description, errorSchema),
};

/** Declares a call; its input's type stays with it. */
export const call = <S extends z.ZodType>(declared: Call<S>): Call<z.ZodType> => declared;

/** MLflow's error code of an error of ours. */
function errorCode(error: DriftlineError): string {
  if (error instanceof RegistryError) return error.code.toUpperCase();
  switch (error.status) {
    case 400:
    case 415:
      return error.status === 400 ? 'INVALID_PARAMETER_VALUE' : 'BAD_REQUEST';
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'RESOURCE_DOES_NOT_EXIST';
    case 409:
      return 'RESOURCE_CONFLICT';
    case 413:
      return 'INVALID_PARAMETER_VALUE';
    case 429:
      return 'REQUEST_LIMIT_EXCEEDED';
    case 503:
      return 'TEMPORARILY_UNAVAILABLE';
    default:
      return error.status >= 500 ? 'INTERNAL_ERROR' : 'BAD_REQUEST';
  }
}

/** How a protocol writes an error down. `status` is the HTTP status. */
export type ErrorBody = (status: number, errorCode: string, message: string) => Record<string, unknown>;

/** MLflow's form, and Databricks'. */
export const mlflowError: ErrorBody = (_status, errorCode, message) => ({ error_code: errorCode, message });

/** The error as an answer of the protocol; a fault of ours is logged and hidden. */
function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply, form: ErrorBody): FastifyReply {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const framework = (error as { statusCode?: number }).statusCode;
  const known =
    error instanceof DriftlineError
      ? error
      : framework !== undefined && framework >= 400 && framework < 500
        ? new DriftlineError(framework, 'refused', 'Refused', error.message)
        : null;
  if (known === null || known.status >= 500)
    request.log[known?.status === 503 ? 'warn' : 'error']({ err: error }, 'request failed');
  if (known?.retryAfterSeconds !== undefined) void reply.header('retry-after', String(known.retryAfterSeconds));
  if (known?.status === 401) void reply.header('www-authenticate', 'Bearer');
  const status = known?.status ?? 500;
  const body =
    known === null
      ? form(
          status,
          'INTERNAL_ERROR',
          `Something unexpected happened. The service log has the details under the request id ${request.id}.`,
        )
      : form(status, errorCode(known), known.detail);
  return reply.code(status).type('application/json').send(JSON.stringify(body));
}

/**
 * Bodies are JSON whatever their content type says: the documentation of these protocols shows curl without one. Not from a browser: a page of
 * another site could send a form, which needs no permission.
 */
function acceptAnyType(scope: App, bodyLimit: number): void {
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined) {
      throw new RegistryError(400, 'BAD_REQUEST', "Bad Request. Content-Type must be 'application/json'.");
    }
    return parseJson(await plainBody(request, body, bodyLimit));
  });
}

/** Register calls under a prefix. Those of a `hidden` prefix stay out of the API's description. */
export async function registerCalls(
  app: App,
  context: RouteContext,
  options: { prefix: string; calls: readonly Call<z.ZodType>[]; hidden: boolean; unknown: string; form: ErrorBody },
): Promise<void> {
  await app.register(
    async (plain) => {
      const scope = plain as unknown as App;
      acceptAnyType(scope, context.config.bodyLimit);
      scope.setErrorHandler((error, request, reply) => sendError(error, request, reply, options.form));
      scope.setNotFoundHandler((request, reply) =>
        sendError(
          new RegistryError(
            404,
            'ENDPOINT_NOT_FOUND',
            `${request.method} ${request.url.split('?', 1)[0]}: ${options.unknown}`,
          ),
          request,
          reply,
          options.form,
        ),
      );
      for (const one of options.calls) addRoute(scope, context, one, options.hidden);
    },
    { prefix: options.prefix },
  );
}

function addRoute(scope: App, context: RouteContext, one: Call<z.ZodType>, hidden: boolean): void {
  const inQuery = one.method === 'GET';
  scope.route({
    method: one.method,
    url: one.path,
    config: {
      docs: DOCS,
      scope: one.scope,
      optionalBody: true,
    },
    // The schemas describe; `readInput` checks, with the protocol's own messages.
    validatorCompiler: () => (value: unknown) => ({ value }),
    schema: {
      tags: [one.tag ?? 'registry'],
      summary: one.summary,
      hide: hidden,
      ...(inQuery ? { querystring: one.input } : { body: one.input }),
    },
    handler: async (request, reply) => {
      const input: unknown = readInput(request, one.input);
      for (const model of one.models?.(input) ?? []) assertModel(request.principal, model);
      const { principal } = request;
      const params = request.params as Record<string, string>;
      const answer: unknown = await one.run(input, { ...context, principal, params });
      return reply.type('application/json').send(JSON.stringify(answer ?? {}));
    },
  });
}

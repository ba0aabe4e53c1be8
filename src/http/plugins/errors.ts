// Every error as application/problem+json: ours, zod's, Fastify's, unknown routes and methods, and what nobody expected.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import {
  DriftlineError,
  InvalidInputError,
  NotFoundError,
  TooLargeError,
  UnsupportedMediaTypeError,
} from '../../domain/errors.js';
import { issuesToErrors, keysAt } from '../../domain/validation.js';
import { PROBLEM_TYPE, problem, toProblem } from '../schemas/problem.js';
import type { App } from '../types.js';
import { sendPage, type Dashboard } from './dashboard.js';

const PARTS: Record<string, string> = { body: 'body', querystring: 'query', params: 'path', headers: 'headers' };

/** What is wrong with one part of a request. Where a key is unknown, the message names the known ones. */
export function invalidPart(part: string, schema: z.core.$ZodType, error: z.core.$ZodError): InvalidInputError {
  const errors = issuesToErrors(error.issues);
  for (const item of errors) {
    const known = item.code === 'unknown_field' ? keysAt(schema, item.path.split('.')) : null;
    if (known !== null)
      item.message = `unknown; ${known.length === 0 ? 'none is taken here' : `known are ${known.join(', ')}`}`;
  }
  const first = errors[0];
  const where = first === undefined || first.path === '' ? '' : ` at ${first.path}`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more in errors)` : '';
  const name = PARTS[part] ?? part;
  return new InvalidInputError(
    `Correct the ${name}${where}: ${first?.message ?? 'it is not understood'}${more}.`,
    errors,
  );
}

/** Nothing came where something must. */
export const emptyBody = (): InvalidInputError =>
  new InvalidInputError(
    'The body is empty. Send a document, with its Content-Type (application/json in most cases).',
    undefined,
    'empty_body',
  );

/** Fastify's validator for zod schemas. It converts nothing that the schema does not. */
const validatorCompiler: FastifySchemaCompiler<z.core.$ZodType> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    const parsed = z.core.safeParse(schema, data);
    if (parsed.success) return { value: parsed.data };
    return { error: invalidPart(httpPart ?? 'body', schema, parsed.error) };
  };

/** The content types that the route of a request reads. */
function readTypes(request: FastifyRequest): string {
  const types = Object.keys(request.routeOptions.config.docs?.body ?? { 'application/json': null });
  return types.join(' or ');
}

/** Fastify's own errors in our words; null for an error that is not one of them. */
function fromFramework(error: FastifyError, request: FastifyRequest, bodyLimit: number): DriftlineError | null {
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': {
      const given = request.headers['content-type'];
      const instead = given === undefined ? 'with a Content-Type that says so' : `not ${given.slice(0, 100)}`;
      return new UnsupportedMediaTypeError(`Send ${readTypes(request)}, ${instead}.`);
    }
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new TooLargeError(`The body is over ${bodyLimit} bytes. Send it in smaller parts.`);
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new InvalidInputError(
        'The body is not as long as Content-Length says. Send the whole of it.',
        undefined,
        'incomplete_body',
      );
    case 'FST_ERR_BAD_URL':
      return new InvalidInputError(
        'The path has a bad percent-encoding. Encode each name with encodeURIComponent or its like.',
        undefined,
        'bad_url',
      );
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new DriftlineError(414, 'uri_too_long', 'URI too long', 'A name in the path is too long.');
    default: {
      const status = error.statusCode ?? 500;
      if (status < 400 || status > 499) return null;
      return new DriftlineError(status, 'refused', STATUS_CODES[status] ?? 'Refused', error.message);
    }
  }
}

/** Answer with the error's document. */
function sendProblem(reply: FastifyReply, error: DriftlineError): FastifyReply {
  if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', String(error.retryAfterSeconds));
  if (error.status === 401) void reply.header('www-authenticate', 'Bearer');
  return reply
    .code(error.status)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(toProblem(error)));
}

/** A fault of ours: the caller learns only under which id the log has it. */
function hidden(request: FastifyRequest): DriftlineError {
  return new DriftlineError(
    500,
    'internal',
    'Internal error',
    `Something unexpected happened. The service log has the details under the request id ${request.id}.`,
  );
}

/** Whether part of the body is still on its way: the connection cannot be used again then. */
function isUnread(request: FastifyRequest): boolean {
  const { headers, raw } = request;
  return (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) && !raw.complete;
}

function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply, bodyLimit: number): FastifyReply {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const known = error instanceof DriftlineError ? error : fromFramework(error as FastifyError, request, bodyLimit);
  if (isUnread(request)) void reply.header('connection', 'close');
  if (known === null || known.status >= 500) {
    // A store that is down says so on every call until it is back: a warning each, not a fault each.
    request.log[known?.status === 503 ? 'warn' : 'error']({ err: error }, 'request failed');
  }
  return sendProblem(reply, known ?? hidden(request));
}

/** Which methods each path has: for telling an unknown path from a wrong method. */
class RouteTable {
  private readonly routes: { pattern: RegExp; method: string }[] = [];
  private readonly starts = new Set<string>();

  add(url: string, methods: readonly string[]): void {
    const source = url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace('*', '.*')));
    this.starts.add(url.split('/', 2)[1] ?? '');
    const pattern = new RegExp(`^${source.join('/')}$`);
    for (const method of methods) this.routes.push({ pattern, method });
  }

  /** Whether any route begins with the same segment: then the path is the API's, known or not. */
  sharesStart(path: string): boolean {
    return this.starts.has(path.split('/', 2)[1] ?? '');
  }

  methodsOf(path: string): string[] {
    return [...new Set(this.routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
  }
}

/** Install the validator, the error handler and the answer for unknown routes. Call it before any route is added. */
export function registerErrors(app: App, bodyLimit: number, dashboard: Dashboard | null): void {
  const table = new RouteTable();
  app.addHook('onRoute', (route) => table.add(route.url, [route.method].flat()));
  app.setValidatorCompiler(validatorCompiler);
  app.addHook('preValidation', async (request) => {
    const { config, schema } = request.routeOptions;
    if (request.body !== undefined || schema?.body === undefined) return;
    if (config.optionalBody !== true) throw emptyBody();
    request.body = {};
  });
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, bodyLimit));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = table.methodsOf(path);
    // A file that is not there is found missing by its own route.
    if (methods.length === 0 || methods.includes(request.method)) {
      if (dashboard !== null && !table.sharesStart(path) && sendPage(dashboard, request, reply)) return reply;
      return sendProblem(reply, new NotFoundError(`There is nothing at ${path}. GET /docs shows what there is.`));
    }
    const allow = methods.join(', ');
    const detail = `${request.method} is not possible here; use ${allow}.`;
    return sendProblem(
      reply.header('allow', allow),
      new DriftlineError(405, 'method_not_allowed', 'Method not allowed', detail),
    );
  });
}

/** For Fastify's `frameworkErrors`: errors before any route is found. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('x-request-id', request.id);
  answerError(error, request, reply, 0);
}

/** For Fastify's `clientErrorHandler`: what is not HTTP at all, or too slow, or has too many headers. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const [status, detail] = clientProblem(error.code);
    const title = STATUS_CODES[status] ?? 'Bad Request';
    const body = JSON.stringify(problem(status, 'bad_request', title, detail));
    socket.write(
      `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroy(error);
}

function clientProblem(code: string | undefined): [number, string] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'The request took too long to arrive. Send it again.'];
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'The headers are too large. Send fewer or shorter ones.'];
  return [400, 'This is not a well-formed HTTP request.'];
}

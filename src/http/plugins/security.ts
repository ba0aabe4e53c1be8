// What every answer carries and every connection obeys: security headers, a request id, one log line, time-outs, a graceful end.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import helmet from '@fastify/helmet';
import type { FastifyRequest } from 'fastify';
import { DriftlineError } from '../../domain/errors.js';
import type { App } from '../types.js';
import { UploadBody } from './bodies.js';

/** How long a connection may be silent (ms); routes marked `slow` wait as long as their work takes. */
export const CONNECTION_TIMEOUT = 120_000;
/** How long a request may take to arrive (ms): an upload of gigabytes over a slow line. */
export const REQUEST_TIMEOUT = 3_600_000;

const REQUEST_ID = /^[\w.:-]{1,100}$/;
/** Probes and scrapes come every few seconds: their log lines would bury the others. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

/** The caller's own request id where it is harmless, else a new one. */
export function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** From now on the connection may be silent as long as the answer takes. For when the whole request is there. */
export function keepOpen(request: FastifyRequest): void {
  // Calls without a connection (`inject`) have a stand-in for one.
  if (request.socket instanceof Socket) request.socket.setTimeout(0);
}

/** Install headers, logging and time-outs. */
export async function registerSecurity(app: App): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
      },
    },
    // The service speaks plain HTTP; whoever puts TLS in front of it sets this there.
    strictTransportSecurity: false,
  });
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
    if (closing) {
      const detail = 'The service is stopping. Send the same request again after the time in Retry-After.';
      throw new DriftlineError(503, 'stopping', 'Service unavailable', detail, { retryAfterSeconds: 5 });
    }
  });
  app.addHook('preHandler', async (request) => {
    if (request.routeOptions.config.slow === true && !(request.body instanceof UploadBody)) keepOpen(request);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? '(none)';
    const line = {
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    };
    request.log[QUIET.has(route) ? 'debug' : 'info'](line, 'request');
  });
}

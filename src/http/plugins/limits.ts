// How much one key may ask for, and which other sites' pages may ask at all.
import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { RateLimitError } from '../../domain/errors.js';
import type { Principal } from '../../services/api.js';
import type { App } from '../types.js';

const MINUTE = 60_000;

/** Install CORS where origins are given. Call it before authentication: a browser asks first, and without a key. */
export async function registerCors(app: App, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'content-encoding', 'idempotency-key', 'x-request-id'],
    exposedHeaders: ['retry-after', 'x-request-id', 'x-upload-id'],
    // Keys come in a header that the page sets itself; a session belongs to our own pages.
    credentials: false,
    maxAge: 600,
  });
}

/**
 * Install the limit of requests. Call it after authentication, whose principal is counted: open routes have none. Counts are per process.
 * @param general requests a minute of a key without a limit of its own, 0 for any number.
 */
export async function registerRateLimit(app: App, general: number): Promise<void> {
  /** Open routes have no principal. */
  const caller = (request: FastifyRequest): Principal | undefined => request.principal;
  await app.register(rateLimit, {
    timeWindow: MINUTE,
    keyGenerator: (request) => caller(request)?.id ?? '',
    max: (request) => caller(request)?.rateLimit ?? general,
    allowList: (request) => caller(request) === undefined || (caller(request)?.rateLimit ?? general) === 0,
    errorResponseBuilder: (_request, { max, ttl }) => new RateLimitError(max, Math.max(1, Math.ceil(ttl / 1000))),
  });
}

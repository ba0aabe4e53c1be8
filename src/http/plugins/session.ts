// Sign-in of people: a key is exchanged for a cookie that scripts cannot read and other sites cannot send.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { scopeSchema } from '../../domain/contract/alerts.js';
import { DriftlineError, ForbiddenError, UnauthorizedError } from '../../domain/errors.js';
import { json, nothing, problemAnswer } from '../schemas/answers.js';
import { emptyQuery } from '../schemas/query.js';
import type { App } from '../types.js';
import type { Access } from './auth.js';

/** The name of the cookie. */
export const COOKIE = 'driftline_session';
/** How long a session lasts, ms. */
const LIFETIME = 12 * 3_600_000;
/** Sign-ins of one address in a minute: keys cannot be guessed, but a short admin key must not be tried at speed. */
const ATTEMPTS = 20;
const TOKEN = /^([\w-]{1,100})\.(\d{13})\.([\w-]{43})$/;

/**
 * Makes and reads session tokens: the id of a key, when the session ends, and a signature. The key itself is not in it. The signing key comes from
 * the admin key, so processes that share one accept each other's sessions, and a new admin key ends all of them.
 */
export class SessionSeal {
  private readonly key: Buffer;

  constructor(adminKey: string) {
    this.key = Buffer.from(hkdfSync('sha256', adminKey, '', 'driftline session', 32));
  }

  /** A token for the holder of a key. */
  seal(id: string, now: number): string {
    const content = `${id}.${now + LIFETIME}`;
    return `${content}.${this.sign(content)}`;
  }

  /** The id of the key behind a token; null where it is over or not ours. */
  open(token: string, now: number): string | null {
    const [, id = '', ends = '', signature = ''] = TOKEN.exec(token) ?? [];
    if (id === '') return null;
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(this.sign(`${id}.${ends}`)))) return null;
    return Number(ends) > now ? id : null;
  }

  private sign(content: string): string {
    return createHmac('sha256', this.key).update(content).digest('base64url');
  }
}

/**
 * A browser sends the cookie by itself, so a call that changes something must come from a page of ours. `SameSite=Strict` says so too; this holds in
 * browsers that do not keep it and for other services on the same site.
 * @throws ForbiddenError.
 */
export function assertOwnPage(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const { origin, host } = request.headers;
  if (request.headers['sec-fetch-site'] === 'same-origin') return;
  if (origin !== undefined && URL.canParse(origin) && new URL(origin).host === host) return;
  throw new ForbiddenError(
    'A session is for the dashboard: this call comes from another site. Send a key in the Authorization header instead.',
  );
}

const sessionSchema = z.object({
  authentication: z.boolean().describe('false: no key is needed'),
  principal: z
    .object({ name: z.string(), scopes: z.array(scopeSchema), models: z.array(z.string()).nullable() })
    .nullable()
    .describe('who is signed in; null: nobody'),
});

/** /v1/session. */
export async function sessionRoutes(app: App, access: Access, options: { secure: boolean }): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: () =>
      new DriftlineError(429, 'too_many_attempts', 'Too many attempts', 'Wait a minute, then sign in again.'),
  });
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure: options.secure } as const;

  app.route({
    method: 'GET',
    url: '/v1/session',
    config: { scope: 'open' },
    schema: {
      tags: ['keys'],
      summary: 'Whether keys are needed, and who is signed in',
      querystring: emptyQuery,
      response: { 200: json('The session.', sessionSchema) },
    },
    handler: async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      const found = await access.identify(request).catch((error: unknown) => {
        if (error instanceof UnauthorizedError) return null;
        throw error;
      });
      const principal =
        found === null
          ? null
          : { name: found.name, scopes: [...found.scopes], models: found.models === null ? null : [...found.models] };
      return reply.send({ authentication: access.seal !== null, principal });
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/session',
    config: {
      scope: 'open',
      rateLimit: { max: ATTEMPTS, timeWindow: '1 minute' },
      docs: {
        response: {
          401: problemAnswer('The key is not known.'),
          429: problemAnswer('Too many attempts; try again after Retry-After.'),
        },
      },
    },
    schema: {
      tags: ['keys'],
      summary: 'Sign in with a key: sets a session cookie for the dashboard',
      description:
        'The cookie is `HttpOnly` and `SameSite=Strict`, lasts twelve hours, and ends when the key is removed.',
      querystring: emptyQuery,
      body: z.strictObject({ key: z.string().min(1).max(512) }),
      response: { 200: json('The session.', sessionSchema) },
    },
    handler: async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      if (request.headers.origin !== undefined) assertOwnPage(request);
      const principal = await access.ofKey(request.body.key);
      if (principal === null) throw new UnauthorizedError();
      if (access.seal !== null)
        void reply.setCookie(COOKIE, access.seal.seal(principal.id, access.now()), {
          ...cookie,
          maxAge: LIFETIME / 1000,
        });
      const { name, scopes, models } = principal;
      return reply.send({
        authentication: access.seal !== null,
        principal: { name, scopes: [...scopes], models: models === null ? null : [...models] },
      });
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/session',
    config: { scope: 'open' },
    schema: {
      tags: ['keys'],
      summary: 'Sign out',
      querystring: emptyQuery,
      response: { 204: nothing('Signed out.') },
    },
    handler: async (request, reply) => {
      assertOwnPage(request);
      return reply.clearCookie(COOKIE, cookie).code(204).send();
    },
  });
}

// Who calls, and whether they may: API keys in the Authorization header or a session's cookie, scopes, and the models a key is limited to.
import { createHash, timingSafeEqual } from 'node:crypto';
import cookie from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import { ForbiddenError, UnauthorizedError } from '../../domain/errors.js';
import type { Scope } from '../../domain/contract/alerts.js';
import type { KeysApi, Principal } from '../../services/api.js';
import type { App } from '../types.js';
import { assertOwnPage, COOKIE, SessionSeal } from './session.js';

/** The holder of the admin key; everyone, where authentication is off. */
const ADMIN: Principal = { id: 'admin', name: 'admin', scopes: ['ingest', 'read', 'admin'], models: null };
const BEARER = /^Bearer +([\x21-\x7e]{1,512})$/i;

const BARE = /^[\x21-\x7e]{1,800}$/;

/** What a header that is nothing but a key may mean: the key itself, or its base64. */
function bareKeys(header: string): string[] {
  return [header, Buffer.from(header, 'base64').toString('latin1')].filter((key) => BARE.test(key));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether a principal may use a scope; `admin` includes the others. */
function hasScope(principal: Principal, scope: Scope): boolean {
  return principal.scopes.includes(scope) || principal.scopes.includes('admin');
}

/**
 * Refuse a model that the caller's key does not reach.
 * @throws ForbiddenError.
 */
export function assertModel(principal: Principal, model: string): void {
  if (mayReach(principal, model)) return;
  throw new ForbiddenError(`This key does not reach the model ${model}. Use a key that does.`);
}

/** Whether the caller's key reaches a model. */
export function mayReach(principal: Principal, model: string): boolean {
  return principal.models === null || principal.models.includes(model);
}

/**
 * What a limited key sees of a log that can be filtered by one model: the newest `limit` rows over its models.
 * @param newest the time of a row, ISO 8601.
 * @throws ForbiddenError when `model` is named and out of reach.
 */
export async function overReachable<T>(
  principal: Principal,
  model: string | null,
  limit: number,
  fetch: (model: string | null) => Promise<T[]>,
  newest: (row: T) => string,
): Promise<T[]> {
  if (model !== null) assertModel(principal, model);
  if (model !== null || principal.models === null) return fetch(model);
  const rows = (await Promise.all(principal.models.map((name) => fetch(name)))).flat();
  return rows.sort((a, b) => (newest(a) < newest(b) ? 1 : newest(a) > newest(b) ? -1 : 0)).slice(0, limit);
}

/** How callers are recognised. */
export interface Access {
  /** @throws UnauthorizedError, ForbiddenError where another site uses a session. */
  identify(request: FastifyRequest): Promise<Principal>;
  /** Whose key this is; null: nobody's. */
  ofKey(key: string): Promise<Principal | null>;
  /** null: authentication is off. */
  seal: SessionSeal | null;
  now: () => number;
}

function refuse(): never {
  throw new UnauthorizedError();
}

function accessOf(options: { adminKey: string | null; keys: KeysApi; clock: () => number }): Access {
  const { keys, clock } = options;
  const adminDigest = options.adminKey === null ? null : digest(options.adminKey);
  const seal = options.adminKey === null ? null : new SessionSeal(options.adminKey);

  async function ofKey(key: string): Promise<Principal | null> {
    return adminDigest === null || timingSafeEqual(digest(key), adminDigest) ? ADMIN : keys.authenticate(key);
  }

  async function ofSession(request: FastifyRequest): Promise<Principal | null> {
    const id = seal?.open(request.cookies[COOKIE] ?? '', clock()) ?? null;
    if (id === null) return null;
    assertOwnPage(request);
    return id === ADMIN.id ? ADMIN : keys.principal(id);
  }

  async function identify(request: FastifyRequest): Promise<Principal> {
    if (adminDigest === null) return ADMIN;
    const { authorization } = request.headers;
    if (authorization === undefined) return (await ofSession(request)) ?? refuse();
    const bearer = BEARER.exec(authorization)?.[1];
    const bare = bearer === undefined && request.routeOptions.config.bareKey === true ? bareKeys(authorization) : [];
    for (const key of bearer === undefined ? bare : [bearer]) {
      const principal = await ofKey(key);
      if (principal !== null) return principal;
    }
    return refuse();
  }

  return { identify, ofKey, seal, now: clock };
}

/** Install the check on every route. Routes say what they need in `config`; one that says nothing needs `admin`. */
export async function registerAuth(
  app: App,
  options: { adminKey: string | null; keys: KeysApi; clock: () => number },
): Promise<Access> {
  const access = accessOf(options);
  await app.register(cookie);
  app.decorateRequest('principal');
  app.addHook('onRequest', async (request) => {
    const { scope = 'admin', everyModel = false } = request.routeOptions.config;
    if (request.is404 || scope === 'open') return;
    const principal = await access.identify(request);
    request.principal = principal;
    if (!hasScope(principal, scope)) {
      throw new ForbiddenError(`This key has the scopes ${principal.scopes.join(', ')}; this call needs ${scope}.`);
    }
    if (everyModel && principal.models !== null) {
      throw new ForbiddenError('This key is limited to some models, and this call reaches all of them.');
    }
    const { model } = request.params as { model?: string };
    if (model !== undefined) assertModel(principal, model);
  });
  return access;
}

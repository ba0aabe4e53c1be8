// The audit of administrative changes: every call that changes what people set, or removes rows, leaves a row before it is answered.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal, Services } from '../../services/api.js';
import { auditedOf, type Asked, type Audited } from '../audited.js';
import type { App } from '../types.js';

/** Administrative calls that change nothing that stays. */
const HARMLESS = /\/(test|backtest)$/;
const CHANGING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const MOST_TEXT = 100_000;

/** Who follows the link of a mail: whoever has it. */
const LINK = { id: 'link', name: 'a link of a mail' };

declare module 'fastify' {
  interface FastifyRequest {
    /** The document as it was before the call. */
    auditBefore: unknown;
  }
  interface FastifyInstance {
    /** Calls that change something and of which the audit does not know what. */
    auditGaps: readonly string[];
  }
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

function askedOf(request: FastifyRequest, answer: Asked['answer']): Asked {
  const { params, query, body } = request;
  return { params: params as Record<string, string>, query: record(query), body: record(body), answer };
}

/** What is audited of a call; a call that nobody described is described by its body. Null: it changes nothing, or only what it tracks. */
function auditOf(request: FastifyRequest): Audited | null {
  const { config, url = '' } = request.routeOptions;
  if (request.is404) return null;
  const described = auditedOf(request.method, url);
  if (described !== null) return described.when?.(askedOf(request, null)) === false ? null : described;
  return isAdministrative(request.method, url, config.scope) ? { read: (_services, { body }) => body } : null;
}

function isAdministrative(method: string, url: string, scope: string | undefined): boolean {
  return CHANGING.has(method) && !HARMLESS.test(url) && (scope ?? 'admin') === 'admin';
}

async function read({ read: reader }: Audited, services: Services, asked: Asked): Promise<unknown> {
  if (reader === 'answer') return bounded(asked.answer);
  try {
    return bounded(await reader(services, asked));
  } catch {
    // There is none.
    return null;
  }
}

/** The path without its query, whose values may be a person's; a tag is named without its value, the secret of a mail's link not at all. */
function targetOf(request: FastifyRequest): string {
  const [path = ''] = request.url.split('?', 1);
  if (path.startsWith('/alert-links/')) return '/alert-links';
  const { model, tag } = request.query as { model?: unknown; tag?: unknown };
  // MLflow's calls name what they are about in the body.
  const { name, version } = path.includes('/mlflow/') ? record(request.body) : {};
  const words = Object.entries({
    model,
    tag: typeof tag === 'string' ? tag.split('=', 1)[0] : undefined,
    name,
    version,
  })
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([word, value]) => `${word}=${String(value)}`)
    .join('&');
  return words === '' ? decode(path) : `${decode(path)}?${words}`;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function bounded(document: unknown): unknown {
  const text = JSON.stringify(document ?? null) ?? 'null';
  return text.length > MOST_TEXT ? `${text.slice(0, 1000)}... (${text.length} characters)` : (document ?? null);
}

/** The answer's document, where it is one. */
function answerOf(reply: FastifyReply, payload: unknown): Record<string, unknown> {
  if (typeof payload !== 'string' || !String(reply.getHeader('content-type')).includes('json')) return {};
  return record(JSON.parse(payload));
}

/** Install the audit. Call it after authentication. */
export function registerAudit(app: App, services: Services): void {
  const gaps: string[] = [];
  app.decorate('auditGaps', gaps);
  app.decorateRequest('auditBefore', null);
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const one of [method].flat())
      if (isAdministrative(one, url, config?.scope) && auditedOf(one, url) === null) gaps.push(`${one} ${url}`);
  });
  app.addHook('preHandler', async (request) => {
    const audited = auditOf(request);
    if (audited !== null && audited.read !== 'answer')
      request.auditBefore = await read(audited, services, askedOf(request, null));
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const audited = reply.statusCode >= 400 ? null : auditOf(request);
    if (audited === null) return payload;
    const { id } = request;
    const principal = (request as { principal?: Principal }).principal ?? LINK;
    try {
      await services.audit.append({
        actor: principal.id,
        actor_name: principal.name,
        action: `${request.method} ${request.routeOptions.url ?? ''}`,
        target: targetOf(request),
        before: request.auditBefore,
        after: await read(audited, services, askedOf(request, answerOf(reply, payload))),
        request_id: id,
      });
    } catch (error) {
      // The change is made: an answer that denies it would be wrong. The log has what the table lacks.
      request.log.error(
        { err: error, actor: principal.id, target: targetOf(request) },
        'a change could not be audited',
      );
    }
    return payload;
  });
}

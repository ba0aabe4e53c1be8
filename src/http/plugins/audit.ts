// The audit of administrative changes: every call that needs `admin` and changes something leaves a row before it is answered.
import type { FastifyRequest } from 'fastify';
import type { Services } from '../../services/api.js';
import type { App } from '../types.js';

/** Administrative calls that change nothing that stays. */
const HARMLESS = /\/(test|backtest|run)$/;
const CHANGING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const MOST_TEXT = 100_000;

declare module 'fastify' {
  interface FastifyRequest {
    /** The document as it was before the call, where the route says how to read it. */
    auditBefore: unknown;
  }
  interface FastifyContextConfig {
    /** Reads what the call is about to change, for the audit; a missing document reads as null. */
    audited?: (services: Services, params: Record<string, string>) => Promise<unknown>;
  }
}

function isChange(request: FastifyRequest): boolean {
  const { config, url = '' } = request.routeOptions;
  if (request.is404 || !CHANGING.has(request.method) || HARMLESS.test(url)) return false;
  return (config.scope ?? 'admin') === 'admin';
}

async function read(request: FastifyRequest, services: Services): Promise<unknown> {
  const { audited } = request.routeOptions.config;
  if (audited === undefined) return null;
  return (await audited(services, request.params as Record<string, string>).catch(() => null)) ?? null;
}

/** The path without its query, whose values may be a person's; a tag is named without its value. */
function targetOf(request: FastifyRequest): string {
  const [path = ''] = request.url.split('?', 1);
  const { model, tag } = request.query as { model?: unknown; tag?: unknown };
  const words = [
    typeof model === 'string' ? `model=${model}` : '',
    typeof tag === 'string' ? `tag=${tag.split('=', 1)[0]}` : '',
  ];
  const named = words.filter((word) => word !== '').join('&');
  return named === '' ? decode(path) : `${decode(path)}?${named}`;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function bounded(body: unknown): unknown {
  const text = JSON.stringify(body ?? null);
  return text.length > MOST_TEXT ? `${text.slice(0, 1000)}... (${text.length} characters)` : (body ?? null);
}

/** Install the audit. Call it after authentication. */
export function registerAudit(app: App, services: Services): void {
  app.decorateRequest('auditBefore', null);
  app.addHook('preHandler', async (request) => {
    if (isChange(request)) request.auditBefore = await read(request, services);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isChange(request) || reply.statusCode >= 400) return payload;
    const { audited } = request.routeOptions.config;
    const after = audited === undefined ? bounded(request.body) : await read(request, services);
    const { principal, id } = request;
    try {
      await services.audit.append({
        actor: principal.id,
        actor_name: principal.name,
        action: `${request.method} ${request.routeOptions.url ?? ''}`,
        target: targetOf(request),
        before: request.auditBefore,
        after: request.method === 'DELETE' && audited === undefined ? null : after,
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

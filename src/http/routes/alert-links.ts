// Where the links of mails lead: a page that says what would be done, and does it only when its button is pressed.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ConflictError, NotFoundError } from '../../domain/errors.js';
import { html, Html } from '../../domain/html.js';
import type { App, RouteContext } from '../types.js';

const params = z.strictObject({ token: z.string().min(1).max(1500) });
const STYLE = `:root{color-scheme:light dark;--bg:#f7f8fa;--card:#fff;--line:#d8dee4;--text:#1b1f24;--muted:#57606a;--accent:#0f6e66;--on:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#0f1419;--card:#171d24;--line:#2a323c;--text:#e6edf3;--muted:#9aa7b4;--accent:#3fb8a9;--on:#0f1419}}
body{margin:0;background:var(--bg);color:var(--text);font:14px/1.45 -apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}
main{max-width:520px;margin:48px auto;padding:24px;background:var(--card);border:1px solid var(--line);border-radius:6px;overflow-wrap:anywhere}
h1{margin:0 0 12px;font-size:16px}p{margin:0 0 16px}small{color:var(--muted)}
button{padding:8px 16px;border:0;border-radius:6px;background:var(--accent);color:var(--on);font:inherit;font-weight:600;cursor:pointer}`;

function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`.text;
}

/** What is wrong with a link, for whoever pressed it: as a page where a person reads it, and as a problem document elsewhere. */
async function orPage(request: FastifyRequest, reply: FastifyReply, work: () => Promise<FastifyReply>) {
  try {
    return await work();
  } catch (error) {
    if (
      !(error instanceof NotFoundError || error instanceof ConflictError) ||
      request.headers.accept?.includes('text/html') !== true
    )
      throw error;
    return asPage(reply.code(error.status)).send(page('This link does not work', html`<p>${error.detail}</p>`));
  }
}

/** A page of its own style and nothing else; never kept. */
function asPage(reply: FastifyReply): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
}

/** `GET` shows, `POST` acts: whatever scans the links of a mail does nothing. The address itself is the permission, so no key is asked for. */
export function alertLinkRoutes(app: App, { services, clock }: RouteContext): void {
  // A form without fields is sent as this type; its content does not matter.
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 1024 },
    (_request, _body, done) => done(null, undefined),
  );

  app.route({
    method: 'GET',
    url: '/alert-links/:token',
    config: { scope: 'open' },
    schema: { hide: true, params },
    handler: (request, reply) =>
      orPage(request, reply, async () => {
        const action = await services.alerts.openLink(request.params.token, clock());
        const title = action.kind === 'acknowledge' ? 'Acknowledge these alerts?' : 'Silence this rule for 24 hours?';
        const what =
          action.kind === 'acknowledge'
            ? 'Somebody looks after them: no more reminders, until they are over or get worse.'
            : 'Nothing is sent about it until then. What is still wrong afterwards is sent then.';
        const body = html`<p>
            Rule <strong>${action.rule}</strong> on the model <strong>${action.model}</strong>. ${what}
          </p>
          <form method="post">
            <button type="submit">${action.kind === 'acknowledge' ? 'Acknowledge' : 'Silence'}</button>
          </form>`;
        return asPage(reply).send(page(title, body));
      }),
  });

  app.route({
    method: 'POST',
    url: '/alert-links/:token',
    config: { scope: 'open' },
    schema: { hide: true, params },
    handler: (request, reply) =>
      orPage(request, reply, async () => {
        const done = await services.alerts.followLink(request.params.token, clock());
        return asPage(reply).send(page('Done', html`<p>${done}</p>`));
      }),
  });
}

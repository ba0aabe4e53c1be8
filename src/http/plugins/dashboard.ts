// The dashboard's files: one page for every address that is not the API's, and its assets, which carry their content in their names.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../types.js';

/** The built dashboard. */
export interface Dashboard {
  folder: string;
  page: string;
}

const ASSETS = '/assets/';
const HTML = 'text/html; charset=utf-8';
/** First segments of the addresses that the dashboard shows something for; under others it says that there is no such page. */
const PAGES = new Set([
  '',
  'models',
  'alerts',
  'rules',
  'silences',
  'channels',
  'notifications',
  'predictions',
  'jobs',
  'data',
  'keys',
  'registry',
  'welcome',
]);

/** Without the dashboard's files: what there is instead. */
const BARE_PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Driftline</title></head>
<body>
<h1>Driftline</h1>
<p>A model-monitoring and metrics store. The service is running; its dashboard is not built: <code>npm run build:web</code> builds it.</p>
<ul>
<li><a href="/docs">The API, browsable</a> (<a href="/openapi.json">OpenAPI</a>)</li>
<li><a href="/v1/models">Models</a></li>
<li><a href="/metrics">Counters of the service</a></li>
</ul>
</body>
</html>
`;

/** The dashboard in a folder; null where it is not built. */
export function findDashboard(folder: string | null): Dashboard | null {
  if (folder === null) return null;
  const file = path.join(folder, 'index.html');
  return existsSync(file) ? { folder, page: readFileSync(file, 'utf8') } : null;
}

/** Answer with the page where a browser asks for one; whether it did. The page itself looks at the address. */
export function sendPage(dashboard: Dashboard, request: FastifyRequest, reply: FastifyReply): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  if (request.headers.accept?.includes('text/html') !== true) return false;
  const first = request.url.split(/[/?]/, 2)[1] ?? '';
  void reply
    .code(PAGES.has(first) ? 200 : 404)
    .type(HTML)
    .header('cache-control', 'no-cache')
    .send(dashboard.page);
  return true;
}

/** Install `/` and the assets. */
export async function registerDashboard(app: App, dashboard: Dashboard | null): Promise<void> {
  app.route({
    method: 'GET',
    url: '/',
    config: { scope: 'open' },
    schema: { hide: true },
    handler: async (_request, reply) =>
      reply
        .type(HTML)
        .header('cache-control', 'no-cache')
        .send(dashboard?.page ?? BARE_PAGE),
  });
  if (dashboard === null) return;
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith(ASSETS)) route.config = { ...route.config, scope: 'open' };
  });
  await app.register(fastifyStatic, {
    root: path.join(dashboard.folder, 'assets'),
    prefix: ASSETS,
    immutable: true,
    maxAge: '1y',
    preCompressed: true,
    decorateReply: false,
  });
}

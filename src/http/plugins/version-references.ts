// `version=@Production` and `compare=@champion` in queries: replaced by the version they name before the route sees them.
import type { ReferencesApi } from '../../services/api.js';
import type { App } from '../types.js';

/** Install the replacement on every route with a query. Call it after the routes' validators, before their handlers. */
export function registerVersionReferences(app: App, references: ReferencesApi): void {
  app.addHook('preHandler', async (request) => {
    const query = request.query as Record<string, unknown>;
    const model = (request.params as { model?: string }).model ?? query.model;
    if (typeof model !== 'string') return;
    for (const name of ['version', 'compare']) {
      const given = query[name];
      if (typeof given === 'string' && given.startsWith('@')) query[name] = await references.resolve(model, given);
    }
  });
}

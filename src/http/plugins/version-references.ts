// `version=@Production` and `compare=@champion`, in queries and in paths: replaced by the version they name before the route sees them.
import type { ReferencesApi } from '../../services/api.js';
import type { App } from '../types.js';

/** Install the replacement on every route. Call it after the routes' validators, before their handlers. */
export function registerVersionReferences(app: App, references: ReferencesApi): void {
  app.addHook('preHandler', async (request) => {
    const query = request.query as Record<string, unknown>;
    const params = request.params as Record<string, unknown>;
    const model = params.model ?? query.model;
    if (typeof model !== 'string') return;
    for (const part of [query, params]) {
      for (const name of ['version', 'compare']) {
        const given = part[name];
        if (typeof given === 'string' && given.startsWith('@')) part[name] = await references.resolve(model, given);
      }
    }
  });
}

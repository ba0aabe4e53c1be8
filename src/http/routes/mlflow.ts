// MLflow's model registry, under its two prefixes, and its probes.
import { z } from 'zod';
import { DATABRICKS_CALLS } from '../mlflow/databricks-calls.js';
import { MODEL_CALLS } from '../mlflow/model-calls.js';
import { mlflowError, registerCalls } from '../mlflow/protocol.js';
import { REVIEW_CALLS } from '../mlflow/review-calls.js';
import { VERSION_CALLS } from '../mlflow/version-calls.js';
import { WEBHOOK_CALLS } from '../mlflow/webhook-calls.js';
import type { App, RouteContext, RouteDocs } from '../types.js';

/** The release of MLflow whose registry protocol is spoken, for clients that ask. */
export const MLFLOW_VERSION = '3.17.2';

const UNKNOWN =
  'Driftline is a model registry of MLflow and nothing else of it; give runs and artifacts to a tracking server.';

const PLAIN_TEXT: RouteDocs = {
  response: { 200: { description: 'One word.', content: { 'text/plain': { schema: z.string() } } } },
};

const CALLS = [...MODEL_CALLS, ...VERSION_CALLS, ...DATABRICKS_CALLS, ...REVIEW_CALLS, ...WEBHOOK_CALLS];

/** /api/2.0/mlflow, /ajax-api/2.0/mlflow, /health, /version. */
export async function mlflowRoutes(app: App, context: RouteContext): Promise<void> {
  for (const [prefix, hidden] of [
    ['/api/2.0/mlflow', false],
    ['/ajax-api/2.0/mlflow', true],
  ] as const) {
    await registerCalls(app, context, { prefix, hidden, calls: CALLS, unknown: UNKNOWN, form: mlflowError });
  }
  for (const [url, body, summary] of [
    ['/health', 'OK', 'Process alive, as MLflow answers it'],
    ['/version', MLFLOW_VERSION, 'The release of MLflow whose registry protocol is spoken'],
  ] as const) {
    app.route({
      method: 'GET',
      url,
      config: { scope: 'open', docs: PLAIN_TEXT },
      schema: { tags: ['registry'], summary },
      handler: async (_request, reply) => reply.type('text/plain').send(body),
    });
  }
}

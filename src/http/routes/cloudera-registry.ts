// Cloudera APIv2 for registered models, and for models, builds and deployments as records.
import { clouderaError } from '../cloudera/answers.js';
import { BUILD_CALLS } from '../cloudera/build-calls.js';
import { DEPLOYMENT_CALLS } from '../cloudera/deployment-calls.js';
import { MODEL_CALLS } from '../cloudera/model-calls.js';
import { REGISTRY_CALLS } from '../cloudera/registry-calls.js';
import { registerCalls } from '../mlflow/protocol.js';
import type { App, RouteContext } from '../types.js';

/** /api/v2/registry and /api/v2/projects. */
export async function clouderaRegistryRoutes(app: App, context: RouteContext): Promise<void> {
  await registerCalls(app, context, {
    prefix: '/api/v2',
    hidden: false,
    calls: [...REGISTRY_CALLS, ...MODEL_CALLS, ...BUILD_CALLS, ...DEPLOYMENT_CALLS],
    unknown: 'Driftline has the model registry of Cloudera APIv2, and its models, builds and deployments as records.',
    form: clouderaError,
  });
}

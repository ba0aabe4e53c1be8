// The HTTP server: plugins in order, then routes. It listens nowhere; the caller does that.
import Fastify, { LogController, type FastifyBaseLogger } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Services } from '../services/api.js';
import { registerAudit } from './plugins/audit.js';
import { registerAuth } from './plugins/auth.js';
import { registerBodies } from './plugins/bodies.js';
import { findDashboard, registerDashboard } from './plugins/dashboard.js';
import { answerClientError, answerFrameworkError, registerErrors } from './plugins/errors.js';
import { registerCors, registerRateLimit } from './plugins/limits.js';
import { registerOpenapi } from './plugins/openapi.js';
import { registerVersionReferences } from './plugins/version-references.js';
import { CONNECTION_TIMEOUT, REQUEST_TIMEOUT, registerSecurity, requestId } from './plugins/security.js';
import { sessionRoutes } from './plugins/session.js';
import { alertLinkRoutes } from './routes/alert-links.js';
import { backtestRoutes, proposalRoutes, ruleRoutes } from './routes/alert-rules.js';
import { alertRoutes } from './routes/alerts.js';
import { baselineRoutes, baselineUploadRoutes } from './routes/baselines.js';
import { builtinAlertRoutes } from './routes/builtin-alerts.js';
import { channelRoutes } from './routes/channels.js';
import { clouderaRegistryRoutes } from './routes/cloudera-registry.js';
import { clouderaRoutes } from './routes/cloudera.js';
import { ingestionRoutes } from './routes/ingestion.js';
import { doctorRoutes } from './routes/doctor.js';
import { cloudEventRoutes, inferenceLogRoutes } from './routes/integrations.js';
import { jobRoutes } from './routes/job-runs.js';
import { contributionRoutes } from './routes/contributions.js';
import { keyRoutes } from './routes/keys.js';
import { mlflowRoutes } from './routes/mlflow.js';
import { metricRoutes } from './routes/metrics.js';
import { modelRoutes } from './routes/models.js';
import { overviewRoutes } from './routes/overview.js';
import { predictionRoutes } from './routes/predictions.js';
import { processRoutes } from './routes/process.js';
import { queryRoutes } from './routes/query.js';
import { registryWebhookRoutes } from './routes/registry-webhooks.js';
import { registryRoutes } from './routes/registry.js';
import { replicaRoutes } from './routes/replicas.js';
import { silenceRoutes } from './routes/silences.js';
import { groundTruthRoutes, predictionTrackingRoutes, trackingRoutes } from './routes/tracking.js';
import type { App, HttpConfig, RouteContext } from './types.js';
import { sweepSpool } from '../spool.js';

export type { App } from './types.js';

/** What the server is built from. */
export interface AppOptions {
  services: Services;
  config: HttpConfig;
  logger: FastifyBaseLogger;
  clock: () => number;
  /** The release, for the API's description. */
  version: string;
}

/** The longest name in a path, as it stands there: 200 characters of three bytes each, percent-encoded. */
const MAX_PARAM_LENGTH = 1800;

const ROUTES: readonly ((app: App, context: RouteContext) => void | Promise<void>)[] = [
  processRoutes,
  predictionTrackingRoutes,
  trackingRoutes,
  groundTruthRoutes,
  cloudEventRoutes,
  inferenceLogRoutes,
  clouderaRoutes,
  replicaRoutes,
  predictionRoutes,
  ingestionRoutes,
  modelRoutes,
  baselineUploadRoutes,
  baselineRoutes,
  metricRoutes,
  overviewRoutes,
  queryRoutes,
  doctorRoutes,
  jobRoutes,
  ruleRoutes,
  backtestRoutes,
  proposalRoutes,
  alertLinkRoutes,
  builtinAlertRoutes,
  contributionRoutes,
  alertRoutes,
  silenceRoutes,
  channelRoutes,
  keyRoutes,
  mlflowRoutes,
  registryRoutes,
  registryWebhookRoutes,
  clouderaRegistryRoutes,
];

/** Build the server, ready to `listen` or `inject`. */
export async function buildApp(options: AppOptions): Promise<App> {
  const { services, config, clock } = options;
  const app: App = Fastify({
    loggerInstance: options.logger,
    // One line a request is written by the security plugin, with the route instead of the address.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestId,
    bodyLimit: config.bodyLimit,
    connectionTimeout: CONNECTION_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
  }).withTypeProvider<ZodTypeProvider>();
  app.setSerializerCompiler(serializerCompiler);
  const dashboard = findDashboard(config.dashboard ?? null);
  registerErrors(app, config.bodyLimit, dashboard);
  await registerSecurity(app);
  await registerCors(app, config.corsOrigins ?? []);
  const access = await registerAuth(app, { adminKey: config.adminKey, keys: services.keys, clock });
  await registerRateLimit(app, config.rateLimit ?? 0);
  registerAudit(app, services);
  registerVersionReferences(app, services.references);
  registerBodies(app, config.bodyLimit);
  await registerOpenapi(app, options.version);
  await registerDashboard(app, dashboard);
  await app.register(async (scope) =>
    sessionRoutes(scope.withTypeProvider<ZodTypeProvider>(), access, { secure: config.secureCookies ?? false }),
  );
  await sweepSpool();
  for (const routes of ROUTES) {
    // A scope each: what one group reads as a body, the others do not.
    await app.register(async (scope) => routes(scope.withTypeProvider<ZodTypeProvider>(), { services, clock, config }));
  }
  await app.ready();
  return app;
}

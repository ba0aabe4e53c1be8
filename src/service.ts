// The service: container, schema, HTTP, scheduler; and a stop that drains, flushes and closes. Used by src/main.ts and by the command line.
import path from 'node:path';
import closeWithGrace from 'close-with-grace';
import pino, { type Logger } from 'pino';
import { startScheduler, type Scheduler } from '../jobs/schedule.js';
import { systemClock } from './clock.js';
import type { Config } from './config.js';
import { openContainer, type Container } from './container.js';
import { DriftlineError, StartupError } from './domain/errors.js';
import { buildApp, type App } from './http/app.js';
import { packageRoot, packageVersion } from './package-root.js';

/** How long a stop may take before the process ends anyway, ms. */
const STOP_DELAY = 20_000;
/** How often idle connections are looked for while stopping, ms. */
const IDLE_CHECK = 100;

function createLogger(config: Config): Logger {
  const options = {
    level: config.logLevel,
    base: undefined,
    redact: ['req.headers.authorization', 'headers.authorization'],
  };
  if (!config.interactive) return pino(options);
  return pino({
    ...options,
    transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss' } },
  });
}

/** A service that answers at `url`. */
export interface RunningService {
  url: string;
  container: Container;
  /** Drain, flush and close. */
  stop(): Promise<void>;
}

/** What has to be ended. */
interface Parts {
  container: Container;
  app: App;
  requests: () => number;
  scheduler: Scheduler | null;
}

/**
 * Start everything; it answers when this is done.
 * @throws StartupError when the store cannot be opened or the address is taken.
 */
export async function startService(config: Config, logger: Logger): Promise<RunningService> {
  const container = await openContainer(config, { clock: systemClock, logger });
  const applied = await container.migrate();
  if (applied.length > 0) logger.info({ applied }, 'schema brought up to date');
  await container.start();
  const runsJobs = config.scheduler && config.role !== 'api';
  const scheduler = runsJobs ? startScheduler(container) : null;
  const { adminKey, bodyLimit, uploadLimit, rateLimit, corsOrigins } = config;
  const app = await buildApp({
    services: container.services,
    config: {
      adminKey,
      bodyLimit,
      uploadLimit,
      rateLimit,
      corsOrigins,
      dashboard: path.join(packageRoot(), 'dist', 'web'),
      secureCookies: config.publicUrl?.startsWith('https:') ?? false,
    },
    logger,
    clock: systemClock,
    version: packageVersion(),
  });
  const requests = countRequests(app);
  const url = await app
    .listen({ host: config.host, port: config.port, listenTextResolver: () => 'listening' })
    .catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StartupError(
        `Cannot listen on ${config.host}:${config.port} (DRIFTLINE_HOST, DRIFTLINE_PORT): ${reason}.`,
        cause,
      );
    });
  const parts = { container, app, scheduler, requests };
  return { url, container, stop: () => stop(parts) };
}

async function stop(parts: Parts): Promise<void> {
  await parts.scheduler?.stop();
  await stopListening(parts);
  await parts.container.close();
}

/** How many requests are being answered. */
function countRequests(app: App): () => number {
  let running = 0;
  app.server.on('request', (_request, response) => {
    running += 1;
    response.once('close', () => (running -= 1));
  });
  return () => running;
}

/**
 * Stop taking requests and wait for those that run. A client that keeps its connection open, or opened one that it never used, would hold
 * the stop up for ever: connections are closed when nothing runs, and in any case when the time is over.
 */
async function stopListening({ app, requests }: Parts): Promise<void> {
  const idle = setInterval(() => {
    if (requests() === 0) app.server.closeAllConnections();
    else app.server.closeIdleConnections();
  }, IDLE_CHECK);
  const rest = setTimeout(() => app.server.closeAllConnections(), STOP_DELAY / 2);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(rest);
  }
}

/** Serve until a signal or an error ends the process; the exit code is 1 where it cannot start. */
export async function serve(readConfig: () => Config): Promise<void> {
  try {
    const config = readConfig();
    const logger = createLogger(config);
    const service = await startService(config, logger);
    // The one line that says where the service is, whatever the log level.
    process.stdout.write(`Driftline is ready: ${service.url}\n`);
    closeWithGrace({ delay: STOP_DELAY, logger }, async ({ err }) => {
      if (err !== undefined) logger.error({ err }, 'stopping after an error');
      await service.stop();
    });
  } catch (error) {
    if (!(error instanceof DriftlineError)) throw error;
    if (error.status === 503) process.stderr.write('The ClickHouse server of CLICKHOUSE_URL does not answer.\n');
    else process.stderr.write(`${error.detail}\n`);
    process.exit(1);
  }
}

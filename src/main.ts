// The service: settings, container, schema, HTTP, scheduler; and a stop that drains, flushes and closes.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import closeWithGrace from 'close-with-grace';
import pino, { type Logger } from 'pino';
import { startScheduler, type Scheduler } from '../jobs/schedule.js';
import { systemClock } from './clock.js';
import { loadConfig, type Config } from './config.js';
import { openContainer, type Container } from './container.js';
import { DriftlineError, StartupError } from './domain/errors.js';
import { buildApp, type App } from './http/app.js';
import { packageRoot } from './package-root.js';

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

function version(): string {
  const manifest = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

/** What a running process holds. */
interface Running {
  container: Container;
  app: App;
  requests: () => number;
  scheduler: Scheduler | null;
}

async function start(config: Config, logger: Logger): Promise<Running> {
  const container = await openContainer(config, { clock: systemClock, logger });
  const applied = await container.migrate();
  if (applied.length > 0) logger.info({ applied }, 'schema brought up to date');
  await container.start();
  const runsJobs = config.scheduler && config.role !== 'api';
  const scheduler = runsJobs ? startScheduler(container) : null;
  const { adminKey, bodyLimit, uploadLimit } = config;
  const app = await buildApp({
    services: container.services,
    config: { adminKey, bodyLimit, uploadLimit },
    logger,
    clock: systemClock,
    version: version(),
  });
  const requests = countRequests(app);
  const url = await app.listen({ host: config.host, port: config.port }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartupError(
      `Cannot listen on ${config.host}:${config.port} (DRIFTLINE_HOST, DRIFTLINE_PORT): ${reason}.`,
      cause,
    );
  });
  // The one line that says where the service is, whatever the log level.
  process.stdout.write(`Driftline is ready: ${url}\n`);
  return { container, app, scheduler, requests };
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
async function stopListening({ app, requests }: Running): Promise<void> {
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

try {
  const config = loadConfig();
  const logger = createLogger(config);
  const running = await start(config, logger);
  closeWithGrace({ delay: STOP_DELAY, logger }, async ({ err }) => {
    if (err !== undefined) logger.error({ err }, 'stopping after an error');
    await running.scheduler?.stop();
    await stopListening(running);
    await running.container.close();
  });
} catch (error) {
  if (!(error instanceof DriftlineError)) throw error;
  if (error.status === 503) process.stderr.write('The ClickHouse server of CLICKHOUSE_URL does not answer.\n');
  else process.stderr.write(`${error.detail}\n`);
  process.exit(1);
}

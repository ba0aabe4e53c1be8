// A whole service for tests: the embedded engine in a temporary folder, the real services, the HTTP app, and a clock that stands.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { loadConfig, type Config } from '../../src/config.js';
import { openContainer, type Container } from '../../src/container.js';
import { buildApp, type App } from '../../src/http/app.js';
import type { Services } from '../../src/services/api.js';

const HOUR = 3_600_000;
/** Where the clock of a test service stands at first: the last whole hour, because the engine drops old rows by its own clock. */
export const TEST_NOW = Math.floor(Date.now() / HOUR) * HOUR;

/** A running service. `logs` are its log lines, parsed. */
export interface TestService {
  app: App;
  services: Services;
  container: Container;
  clock: { now: () => number; set: (time: number) => void };
  logs: Record<string, unknown>[];
  /** Listen on a free port of the loopback; answers the address. */
  listen: () => Promise<string>;
  close: () => Promise<void>;
}

/** Start a service; a process can hold one at a time. It serves by `app.inject`; call `listen` where a socket matters. */
export async function startTestService(overrides: Partial<Config> = {}): Promise<TestService> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'driftline-test-'));
  const config: Config = {
    ...loadConfig({ DRIFTLINE_DATA_DIR: dataDir, DRIFTLINE_SCHEDULER: 'off' }),
    interactive: false,
    ...overrides,
  };
  let time = TEST_NOW;
  const clock = { now: () => time, set: (next: number) => void (time = next) };
  const logs: Record<string, unknown>[] = [];
  const sink = { write: (line: string) => void logs.push(JSON.parse(line) as Record<string, unknown>) };
  const logger = pino({ level: 'debug' }, sink);
  const container = await openContainer(config, { clock: clock.now, logger });
  await container.migrate();
  await container.start();
  const app = await buildApp({ services: container.services, config, logger, clock: clock.now, version: '0.0.0-test' });
  return {
    app,
    services: container.services,
    container,
    clock,
    logs,
    listen: () => app.listen({ host: '127.0.0.1', port: 0 }),
    close: async () => {
      await app.close();
      await container.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

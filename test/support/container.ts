// A real container on the embedded engine in a temporary folder, with a clock that the test may set.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { loadConfig, type Config } from '../../src/config.js';
import { openContainer, type Container } from '../../src/container.js';

export interface TestContainer {
  container: Container;
  folder: string;
  clock: { now: number };
  close(): Promise<void>;
}

/** Open, migrate and start. `folder`: reuse one (it is then not removed). Without a set clock the time is the machine's. */
export async function openTestContainer(
  options: { folder?: string; config?: Partial<Config>; now?: number } = {},
): Promise<TestContainer> {
  const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'driftline-test-'));
  const clock = { now: options.now ?? 0 };
  const config = { ...loadConfig({ DRIFTLINE_DATA_DIR: folder }), ...options.config };
  const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'fatal' });
  const container = await openContainer(config, { clock: () => (clock.now === 0 ? Date.now() : clock.now), logger });
  await container.migrate();
  await container.start();
  return {
    container,
    folder,
    clock,
    close: async () => {
      await container.close();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

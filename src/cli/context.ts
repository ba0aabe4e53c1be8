// What every command works with: its output, its bars, and the service, whether one is running or has to be opened for the command.
import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import pino, { type Logger } from 'pino';
import { loadClientConfig, loadConfig, type Config } from '../config.js';
import { StoreUnavailableError } from '../domain/errors.js';
import type { Container } from '../container.js';
import { Api } from './api.js';
import { Output } from './output.js';

/** Where a command writes: answers to stdout; bars, notes and errors to stderr. */
export interface Streams {
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/** The options that every command has. */
export interface GlobalFlags {
  url?: string;
  key?: string;
  json?: boolean;
}

/** One run of the command line. */
export class Context {
  /** What the process ends with where nothing is thrown: 1 for a command that worked and found something wrong. */
  exitCode = 0;
  private readonly cleanups: (() => Promise<void>)[] = [];

  constructor(readonly streams: Streams) {}

  /** Where the answer of a command goes. */
  output(command: Command): Output {
    return new Output(this.streams, command.optsWithGlobals<GlobalFlags>().json === true);
  }

  /**
   * The service: the one at --url or DRIFTLINE_URL; else the one that listens where these settings say; else the store is opened and served to
   * this command alone, on a port and with a key of its own.
   * @throws StoreUnavailableError when nothing answers and there is no store to open.
   */
  async api(command: Command): Promise<Api> {
    const flags = command.optsWithGlobals<GlobalFlags>();
    const set = loadClientConfig();
    const key = flags.key ?? set.key;
    const url = flags.url ?? set.url;
    if (url !== null) return new Api(url, key);
    if (await isDriftline(set.fallbackUrl)) return new Api(set.fallbackUrl, key);
    return this.openService(loadConfig(), set.fallbackUrl);
  }

  /** Whether a service answers where these settings say one would, or at the address that is named. */
  async running(command: Command): Promise<Api | null> {
    const flags = command.optsWithGlobals<GlobalFlags>();
    const set = loadClientConfig();
    const named = flags.url ?? set.url;
    if (named === null && !(await isDriftline(set.fallbackUrl))) return null;
    return new Api(named ?? set.fallbackUrl, flags.key ?? set.key);
  }

  /** The store itself, for work that no request does. Closed when the command ends. */
  async container(config: Config = loadConfig()): Promise<Container> {
    const [{ openContainer }, { systemClock }] = await Promise.all([import('../container.js'), import('../clock.js')]);
    const container = await openContainer(config, { clock: systemClock, logger: this.logger() });
    this.cleanups.push(() => container.close());
    return container;
  }

  /** Close what was opened, last first. */
  async close(): Promise<void> {
    for (const cleanup of this.cleanups.splice(0).reverse()) await cleanup();
  }

  private async openService(config: Config, tried: string): Promise<Api> {
    if (config.clickhouseUrl === null && !existsSync(config.dataDir)) {
      throw new StoreUnavailableError(
        `No service answers at ${tried}, and there is no data folder ${config.dataDir}. Start one with \`driftline serve\`, or say where it is with --url.`,
      );
    }
    const { startService } = await import('../service.js');
    const key = randomBytes(32).toString('base64url');
    const own = { host: '127.0.0.1', port: 0, adminKey: key, role: 'api' as const, scheduler: false };
    const service = await startService({ ...config, ...own }, this.logger());
    this.cleanups.push(() => service.stop());
    return new Api(service.url, key);
  }

  private logger(): Logger {
    return pino(
      { level: 'warn', base: undefined },
      this.streams.stderr as NodeJS.WritableStream & pino.DestinationStream,
    );
  }
}

const PROBE_MS = 2_000;

/** Whether a Driftline answers here: something else may listen on the port. */
async function isDriftline(url: string): Promise<boolean> {
  try {
    const answer = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(PROBE_MS) });
    return answer.ok && (await answer.text()).includes('"ok"');
  } catch {
    return false;
  }
}

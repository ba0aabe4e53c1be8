// The service as a child process: started on a free port and a fresh folder, waited for, stopped.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What the service is started with. */
export interface ServiceOptions {
  dataDir: string;
  port: number;
  smtpUrl: string;
  /** More of the environment. */
  environment?: Record<string, string>;
}

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const READY_WITHIN = 60_000;
const STOP_WITHIN = 15_000;
const KEPT_LINES = 40;

/** Ask the system for a free TCP port on the loopback interface. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A running service. */
export class Service {
  private readonly output: string[] = [];
  private readonly ended: Promise<void>;
  private hasEnded = false;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    const keep = (chunk: Buffer): void => {
      this.output.push(...chunk.toString().split('\n').filter(Boolean));
      this.output.splice(0, this.output.length - KEPT_LINES);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.hasEnded = true;
        resolve();
      };
      child.once('exit', end);
      child.once('error', (error) => {
        this.output.push(error.message);
        end();
      });
    });
  }

  /** Start the service and wait until it answers /readyz. @throws Error with the service's last words */
  static async start({ dataDir, port, smtpUrl, environment = {} }: ServiceOptions): Promise<Service> {
    const url = `http://127.0.0.1:${port}`;
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
      cwd: ROOT,
      // A process group of its own: Ctrl-C reaches the demo only, which then stops the service once and in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...foreignEnvironment(),
        DRIFTLINE_DATA_DIR: dataDir,
        DRIFTLINE_PORT: String(port),
        DRIFTLINE_SCHEDULER: 'off',
        DRIFTLINE_MAIL_FROM: 'driftline@localhost',
        DRIFTLINE_LOG_LEVEL: 'warn',
        SMTP_URL: smtpUrl,
        UV_THREADPOOL_SIZE: '12',
        ...environment,
      },
    });
    const service = new Service(child, url);
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    void service.ended.then(() => process.off('exit', kill));
    try {
      await service.untilReady();
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  /** Whether the process is gone. */
  get stopped(): boolean {
    return this.hasEnded;
  }

  /** The last lines that the service printed. */
  lastWords(): string {
    return this.output.join('\n');
  }

  /** Ask it to stop in order; kill it when it does not. */
  async stop(): Promise<void> {
    if (this.hasEnded) return;
    this.child.kill('SIGTERM');
    await Promise.race([this.ended, sleep(STOP_WITHIN, undefined, { ref: false })]);
    if (!this.hasEnded) this.child.kill('SIGKILL');
    await this.ended;
  }

  /** End the process at once, as a crash would. */
  async crash(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private async untilReady(): Promise<void> {
    const polls = READY_WITHIN / 100;
    for (let poll = 0; poll < polls && !this.hasEnded; poll++) {
      const ready = await fetch(`${this.url}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
      if (ready) return;
      await Promise.race([sleep(100), this.ended]);
    }
    const what = this.hasEnded ? 'ended before it was ready' : `was not ready within ${READY_WITHIN / 1000} s`;
    throw new Error(`The service ${what}. Its last words:\n${this.lastWords() || '(none)'}`);
  }
}

/** The environment without settings of another Driftline: the demo always uses the embedded engine. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(DRIFTLINE_|CLICKHOUSE_|SMTP_URL$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !ours.test(key)));
}

// The service in a process of its own, as users run it, and requests to it over keep-alive connections.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { cleanEnvironment, ROOT } from './support.js';

/** How the service is started: from its sources, or from what `npm run build` makes. */
export const FROM_SOURCE = ['--import', 'tsx', 'src/main.ts'];
export const FROM_BUILD = ['dist/src/main.js'];

/** A running service. */
export interface Service {
  url: string;
  pid: number;
  /** Ask it to stop and wait until it is gone. */
  stop(): Promise<void>;
}

/**
 * Start it on a free port, authentication and scheduler off, and wait until /readyz answers 200.
 * @throws Error when it ends before that.
 */
export async function startService(dataDir: string, command: readonly string[] = FROM_SOURCE): Promise<Service> {
  const child = spawn(process.execPath, command, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...cleanEnvironment(),
      DRIFTLINE_DATA_DIR: dataDir,
      DRIFTLINE_PORT: '0',
      DRIFTLINE_SCHEDULER: 'off',
      DRIFTLINE_LOG_LEVEL: 'warn',
    },
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const url = await readUrl(child);
  await untilReady(url);
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      process.off('exit', kill);
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function readUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the service has no output to read');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Driftline is ready: (\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return url;
  }
  throw new Error('the service ended before it was ready');
}

/** The line with the address is printed when it listens: one question is enough, a service that is not ready is a failure. */
async function untilReady(url: string): Promise<void> {
  const response = await fetch(`${url}/readyz`);
  if (response.status !== 200) throw new Error(`/readyz answered ${response.status}`);
  await response.arrayBuffer();
}

/** Sends bodies to one route. */
export class Sender {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    private readonly type: string,
    /** Requests in flight. */
    private readonly width: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: width });
  }

  /** Send all bodies, `width` at a time, in order; the latency of each in ms. @throws Error for any answer but 201. */
  async send(bodies: readonly Buffer[]): Promise<number[]> {
    const latencies: number[] = [];
    let next = 0;
    const worker = async () => {
      for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) latencies.push(await this.post(body));
    };
    await Promise.all(Array.from({ length: this.width }, worker));
    return latencies;
  }

  /** Send one body; its latency in ms. @throws Error for any answer but 201. */
  post(body: Buffer): Promise<number> {
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': this.type, 'content-length': body.length };
      const sent = request(this.url, { method: 'POST', agent: this.agent, headers }, (response) => {
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 201) resolve(performance.now() - started);
          else reject(new Error(`${this.url} answered ${response.statusCode}`));
        });
        response.resume();
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

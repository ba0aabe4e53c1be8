// What the benchmarks share: folders that go away, medians, the CPU time of a process, a container in this process, and how each file starts.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { systemClock } from '../src/clock.js';
import { loadConfig } from '../src/config.js';
import { openContainer, type Container } from '../src/container.js';
import { table, type Result } from './report.js';

/** The repository's folder. */
export const ROOT = path.resolve(import.meta.dirname, '..');
/** Kernel ticks a second in /proc: USER_HZ, the same on every Linux that Node runs on. */
const TICKS = 100;

/** The environment without settings of a Driftline: a benchmark always runs on the embedded engine, in a folder of its own. Their sizes (DRIFTLINE_BENCH_...) stay. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(DRIFTLINE_(?!BENCH_)|CLICKHOUSE_|SMTP_URL$)/;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([key]) => !ours.test(key))),
    UV_THREADPOOL_SIZE: '12',
  };
}

/** Run `work` with a new folder, which is removed afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'driftline-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Run `work` with a container on a folder of its own, in this process. The engine holds one folder a process: call it once. */
export function withContainer<T>(work: (container: Container) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const config = loadConfig({ DRIFTLINE_DATA_DIR: folder });
    const container = await openContainer(config, { clock: systemClock, logger: pino({ level: 'error' }) });
    await container.migrate();
    await container.start();
    try {
      return await work(container);
    } finally {
      await container.close();
    }
  });
}

/** The middle value; of an even number of them, the mean of both in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The quantile by linear interpolation. @throws Error without values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) throw new Error('a quantile of nothing');
  return low + (high - low) * (at - Math.floor(at));
}

/** How long `work` takes, ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** The median time of `times` runs after one that warms up, ms. */
export async function medianTime(times: number, work: () => Promise<unknown>): Promise<number> {
  await work();
  const taken: number[] = [];
  for (let i = 0; i < times; i++) taken.push(await timed(work));
  return median(taken);
}

/** CPU time of a process so far, all of its threads, in seconds. Linux only. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the command in parentheses, which may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** How much else runs: the load average of the last minute. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

const BUSY_SAMPLE = 500;
const MOST_WAITS = 40;

/** Wait until the machine has a whole processor idle for a moment; at most 20 seconds. Linux only. */
export async function quiet(): Promise<void> {
  for (let wait = 0; wait < MOST_WAITS; wait++) {
    const before = idleSeconds();
    await sleep(BUSY_SAMPLE);
    if (idleSeconds() - before >= ((availableParallelism() - 0.5) * BUSY_SAMPLE) / 1000) return;
  }
  say(`the machine does not get quiet: load ${load()}`);
}

/** Idle time of all processors so far. */
function idleSeconds(): number {
  const [, , , , idle = '0', waiting = '0'] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/ +/) ?? [];
  return (Number(idle) + Number(waiting)) / TICKS;
}

/** A line about what happens, for whoever waits. */
export function say(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

/** Run a file of this folder in a process of its own, because the engine holds one folder a process; its answer. @throws Error when it fails. */
export async function inChild<Answer>(file: string, order: unknown = null): Promise<Answer> {
  const child = fork(path.join(import.meta.dirname, `${file}.ts`), {
    execArgv: ['--import', 'tsx'],
    env: cleanEnvironment(),
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.send({ order });
  const answers: Answer[] = [];
  child.on('message', (answer) => answers.push(answer as Answer));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('exit', kill);
  const [answer] = answers;
  if (answer === undefined) throw new Error(`${file} failed with ${code}`);
  return answer;
}

/** The main part of a file that `inChild` runs: take the order, answer, end. */
export async function answering<Order, Answer>(work: (order: Order) => Promise<Answer>): Promise<void> {
  const [{ order }] = (await once(process, 'message')) as [{ order: Order }];
  const answer = await work(order);
  await new Promise((resolve) => process.send?.(answer, undefined, undefined, resolve));
  process.disconnect();
}

/** The main part of a benchmark: hand the result to `npm run bench`; started by hand, print it. */
export async function main(run: () => Promise<Result>): Promise<void> {
  if (process.send === undefined) console.log(table(await run()));
  else await answering(run);
}

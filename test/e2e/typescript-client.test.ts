// The TypeScript client in real processes against a real service: ends of every kind, a service that is killed, reading back, the built package.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../../clients/typescript/src/node.js';
import { freePort, Service } from '../../demo/service.js';
import { packageRoot } from '../../src/package-root.js';

const folder = mkdtempSync(path.join(tmpdir(), 'driftline-ts-client-'));
const SOURCE = path.join(packageRoot(), 'clients/typescript/src/node.ts');
let service: Service;
let port: number;
const start = () => Service.start({ dataDir: path.join(folder, 'data'), port, smtpUrl: 'smtp://127.0.0.1:1' });

beforeAll(async () => {
  port = await freePort();
  service = await start();
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
}

/** Run a script with a client called `client` of a model called as the script is. `onLine`: what to do when it prints a line. */
function run(
  model: string,
  script: string,
  options: string,
  onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  const text = `
    import { Client, trackMetric } from ${JSON.stringify(SOURCE)};
    const client = new Client({ url: ${JSON.stringify(service.url)}, model: ${JSON.stringify(model)}, warn: () => {}, ...${options} });
    const predict = client.model(${JSON.stringify(model)}, '1')((x) => { trackMetric('n', x.n); return x.n % 2 === 0; });
    ${script}`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', text], {
    cwd: packageRoot(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += String(chunk);
    for (const line of String(chunk).split('\n').filter(Boolean)) onLine(line, (signal) => void child.kill(signal));
  });
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, out })));
}

async function countOf(model: string): Promise<number> {
  const reader = new Client({ url: service.url, heartbeat: 0, flushAtExit: false });
  let count = 0;
  const seen = new Set<unknown>();
  for await (const prediction of reader.predictions(model)) {
    seen.add(prediction.inputs['n']);
    count++;
  }
  await reader.close(0);
  expect(seen.size).toBe(count);
  return count;
}

describe('the end of a process', () => {
  const track = 'for (let n = 0; n < 50; n++) predict({ n });';

  test('by itself, by process.exit and by SIGTERM: everything is sent', async () => {
    expect(await run('by-itself', track, '{}')).toMatchObject({ code: 0 });
    expect(await run('by-exit', `${track} process.exit(3);`, '{}')).toMatchObject({ code: 3 });
    const stopped = await run(
      'by-signal',
      `${track} console.log('ready'); setInterval(() => {}, 1000);`,
      '{ flushInterval: 60000 }',
      (_line, kill) => kill('SIGTERM'),
    );
    expect(stopped).toMatchObject({ signal: 'SIGTERM' });
    expect([await countOf('by-itself'), await countOf('by-exit'), await countOf('by-signal')]).toEqual([50, 50, 50]);
  });

  test('by SIGKILL: with a spool, everything tracked before the turn it dies in is sent by the next process', async () => {
    const spool = path.join(folder, 'spool');
    const options = `{ flushInterval: 60000, spool: ${JSON.stringify(spool)} }`;
    const killed = await run(
      'killed',
      `${track} setImmediate(() => setImmediate(() => console.log('on disk'))); setInterval(() => {}, 1000);`,
      options,
      (_line, kill) => kill('SIGKILL'),
    );
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    expect(await run('killed', 'await client.flush(10000);', options)).toMatchObject({ code: 0 });
    expect(await countOf('killed')).toBe(50);
    expect(readdirSync(spool)).toEqual([]);
  });
});

describe('a service that is killed and comes back', () => {
  test('every prediction is there once, none twice', async () => {
    const script = `
      for (let n = 0; n < 2000; n++) {
        predict({ n });
        if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
        if (n === 500) console.log('kill');
        if (n === 1500) console.log('start');
      }
      while (!(await client.flush(1000)));
      console.log(JSON.stringify(client.stats()));`;
    let restarted: Promise<unknown> = Promise.resolve();
    const ended = await run('survivor', script, `{ flushInterval: 20, requestTimeout: 2000 }`, (line) => {
      if (line === 'kill') restarted = service.crash();
      if (line === 'start') restarted = restarted.then(async () => void (service = await start()));
    });
    await restarted;
    expect(JSON.parse(ended.out.trim().split('\n').at(-1) ?? '{}')).toMatchObject({
      tracked: 2000,
      accepted: 2000,
      dropped: 0,
      rejected: 0,
    });
    expect(await countOf('survivor')).toBe(2000);
  });
});

describe('reading', () => {
  test("metrics, labels and Cloudera's rows come back as they were sent", async () => {
    const client = new Client({ url: service.url, model: 'reading', version: '1', heartbeat: 0, flushAtExit: false });
    const id = client.track({ a: 1 }, { late: true, probability: 0.75 }, { metrics: { margin: 2 } });
    client.trackGroundTruth(id, { late: false });
    expect(await client.trackGroundTruths(new Blob([`prediction_id,minutes\n${id},31\n`]))).toBe(1);
    client.trackAggregateMetrics({ accuracy: 0.5 }, 0 + Date.now() - 1000, new Date());
    expect(await client.flush()).toBe(true);
    const rows = [];
    for await (const row of client.predictions('reading', { labelled: true })) rows.push(row);
    expect(rows).toMatchObject([
      {
        prediction_id: id,
        outputs: { late: true, probability: 0.75 },
        metrics: { margin: 2 },
        ground_truth: { late: false, minutes: 31 },
      },
    ]);
    expect(await client.metrics('reading', { metric: ['aggregate.accuracy'] })).toMatchObject([
      { metric: 'aggregate.accuracy', value: 0.5 },
    ]);
    await expect(client.metrics('nobody')).rejects.toMatchObject({ status: 404, code: 'not_found' });
    await client.close();
  });
});

describe('the built package', () => {
  test('driftline/client is the client on Node, has types, and a page gets one that needs no module of Node', () => {
    const built = path.join(folder, 'dist');
    const tsc = path.join(packageRoot(), 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '-p', 'clients/typescript/tsconfig.json', '--outDir', built], {
      cwd: packageRoot(),
    });
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, name = ''] of readText(file).matchAll(/^(?:import|export) [^;]*?from '([^']+)'/gm)) {
        if (name.startsWith('.')) visit(path.resolve(path.dirname(file), name));
        else seen.add(name);
      }
    };
    visit(path.join(built, 'clients/typescript/src/browser.js'));
    expect([...seen].filter((name) => !path.isAbsolute(name))).toEqual(['uuid']);
    expect(readText(path.join(built, 'clients/typescript/src/node.d.ts'))).toContain('export declare class Client');
  });
});

const readText = (file: string): string => readFileSync(file, 'utf8');

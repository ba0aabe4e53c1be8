// The README's examples, run in order against a fresh service, and what the texts say about settings, tables and files.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SETTING_NAMES } from '../../src/config.js';

const ROOT = path.join(import.meta.dirname, '..', '..');
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const TEXTS = ['README.md', 'CONTRIBUTING.md', 'docs/operations.md', 'schema/README.md'];
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** A fenced block with a word after its language: ```bash run, ```ts run=name.ts, ```json output, ```json output=part, ```bash start. */
interface Block {
  line: number;
  role: string;
  option: string;
  language: string;
  code: string;
}

/** A block to run, with the output that the README shows for it. */
interface Example extends Block {
  output: Block | null;
}

function markedBlocks(markdown: string): Block[] {
  const block = /^```(\w+) (start|run|output)(?:=([\w.]+))?\n([\s\S]*?)^```$/gm;
  return [...markdown.matchAll(block)].map((match) => ({
    line: markdown.slice(0, match.index).split('\n').length,
    language: match[1] ?? '',
    role: match[2] ?? '',
    option: match[3] ?? '',
    code: match[4] ?? '',
  }));
}

function examplesOf(blocks: readonly Block[]): Example[] {
  return blocks.flatMap((block, index) => {
    if (block.role !== 'run') return [];
    const next = blocks[index + 1];
    return [{ ...block, output: next?.role === 'output' ? next : null }];
  });
}

/** Values that differ from run to run; they must be there and of the same type. `points` grows with every new metric. */
const VOLATILE = new Set(['run_id', 'computed_at', 'received_at', 'ground_truth_at', 'points']);
const CLOSE = 1e-9;

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Where `actual` is not what the README shows. With `part`, objects may have more keys than are shown. */
function differences(shown: unknown, actual: unknown, part: boolean, at = '$'): string[] {
  const differ = [`${at}: shown ${JSON.stringify(shown)}, got ${JSON.stringify(actual)}`];
  if (typeof shown === 'number' && typeof actual === 'number')
    return Math.abs(shown - actual) <= CLOSE * Math.max(Math.abs(shown), Math.abs(actual)) ? [] : differ;
  if (typeof shown !== 'object' || typeof actual !== 'object' || shown === null || actual === null)
    return shown === actual ? [] : differ;
  const mine = shown as Record<string, unknown>;
  const theirs = actual as Record<string, unknown>;
  if (Array.isArray(shown) !== Array.isArray(actual)) return differ;
  const surplus = part && !Array.isArray(shown) ? [] : Object.keys(theirs).filter((key) => !(key in mine));
  return [
    ...surplus.map((key) => `${at}.${key}: not shown, got ${JSON.stringify(theirs[key])}`),
    ...Object.keys(mine).flatMap((key) => {
      if (VOLATILE.has(key) && typeof mine[key] === typeof theirs[key] && theirs[key] !== null) return [];
      return differences(mine[key], theirs[key], part, `${at}.${key}`);
    }),
  ];
}

/** A line as it is compared: a JSON document, or its words, with the numbers among them as numbers. */
function comparable(line: string): unknown {
  return parsed(line) ?? line.split(/[\s,]+/).map((word) => (/^-?\d+\.\d+$/.test(word) ? Number(word) : word));
}

/** The same for a whole output: one JSON document, or line by line. */
function outputDifferences(shown: string, actual: string, part: boolean): string[] {
  const whole = parsed(shown);
  if (whole !== undefined) return differences(whole, parsed(actual), part);
  const shownLines = shown.trim().split('\n');
  const lines = actual.trim().split('\n');
  if (shownLines.length !== lines.length) return [`${shownLines.length} lines shown, ${lines.length} printed`];
  return shownLines.flatMap((line, index) =>
    differences(comparable(line), comparable(lines[index] ?? ''), part, `line ${index + 1}`),
  );
}

/** Run a program to its end. */
function run(command: string, args: string[], cwd: string): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: cleanEnvironment() });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** The environment without settings of Driftline, and without a proxy that would stand between curl and the service. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(DRIFTLINE_|CLICKHOUSE_|SMTP_URL$)|_proxy$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** A service that runs: its address, and all that it has printed so far. */
interface Started {
  child: ChildProcess;
  url: string;
  printed: () => string;
}

/** Start the service; answers its address when it prints it. */
function startService(settings: Record<string, string>): Promise<Started> {
  const env = { ...cleanEnvironment(), UV_THREADPOOL_SIZE: '12', ...settings };
  const child = spawn(process.execPath, ['--import', TSX, 'src/main.ts'], { cwd: ROOT, env });
  return new Promise((resolve, reject) => {
    let text = '';
    const listen = (chunk: Buffer): void => {
      text += chunk.toString();
      const url = /Driftline is ready: (\S+)/.exec(text)?.[1];
      if (url !== undefined) resolve({ child, url, printed: () => text });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', reject);
    child.on('close', () => reject(new Error(`the service ended before it was ready:\n${text}`)));
  });
}

const blocks = markedBlocks(read('README.md'));
const examples = examplesOf(blocks);
const absent = ['bash', 'curl'].filter((name) => spawnSync(name, ['--version']).status !== 0);
if (absent.length > 0) process.stderr.write(`skipped: the README's examples need ${absent.join(' and ')}\n`);

describe.skipIf(absent.length > 0)('the examples of the README', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'driftline-readme-'));
  let service: ChildProcess | null = null;
  let printed = (): string => '';
  /** What the README's addresses are here. */
  let here: (text: string) => string = (text) => text;

  beforeAll(async () => {
    const [start] = blocks.filter((block) => block.role === 'start');
    const assignments = [...(start?.code ?? '').matchAll(/\b([A-Z_]+)=(\S+)/g)];
    const settings = Object.fromEntries(assignments.map(([, name = '', value = '']) => [name, value]));
    const started = await startService({
      ...settings,
      DRIFTLINE_PORT: '0',
      DRIFTLINE_DATA_DIR: path.join(folder, 'data'),
    });
    const { child, url } = started;
    service = child;
    printed = started.printed;
    const receiver = await freePort();
    here = (text) => text.replaceAll('http://127.0.0.1:8080', url).replaceAll('9099', String(receiver));
    // As in the folder of the repository: modules, so that await may stand at the top.
    writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
  });
  afterAll(async () => {
    if (service !== null && service.exitCode === null) {
      const ended = new Promise((resolve) => service?.on('close', resolve));
      service.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test('are found: shell and TypeScript, each with its output', () => {
    expect(examples.filter((example) => example.language === 'bash').length).toBeGreaterThanOrEqual(8);
    expect(examples.filter((example) => example.language === 'ts').length).toBeGreaterThanOrEqual(2);
    expect(examples.filter((example) => example.output === null)).toEqual([]);
  });

  test.each(examples.map((example): [string, Example] => [`README.md:${example.line}`, example]))(
    '%s runs and prints what is shown',
    async (_name, { language, option, code, output }) => {
      const file = path.join(folder, option);
      if (language === 'ts') writeFileSync(file, here(code));
      const {
        code: exit,
        out,
        err,
      } = await (language === 'ts'
        ? run(process.execPath, ['--import', TSX, file], folder)
        : run('bash', ['-euo', 'pipefail', '-c', here(code)], folder));
      expect({ exit, err }).toEqual({ exit: 0, err: '' });
      expect(outputDifferences(here(output?.code ?? ''), out, output?.option === 'part'), out).toEqual([]);
    },
  );

  test('after all that, one line of what the service printed says where it is', () => {
    const lines = printed().split('\n');
    expect(lines.filter((line) => /https?:\/\//.test(line))).toEqual([
      `Driftline is ready: ${here('http://127.0.0.1:8080')}`,
    ]);
  });

  test('docs/operations.md names metrics that /metrics has', async () => {
    const named = [...read('docs/operations.md').matchAll(/`(driftline_\w+)/g)].map(([, name]) => name);
    const { out } = await run('curl', ['-s', here('http://127.0.0.1:8080/metrics')], folder);
    expect(named.length).toBeGreaterThanOrEqual(10);
    expect(named.filter((name) => !out.includes(`# TYPE ${name} `))).toEqual([]);
  });
});

describe('the texts', () => {
  test.each(TEXTS)('%s links only to files that exist', (text) => {
    const links = [...read(text).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = '']) => target);
    expect(links.filter((target) => !existsSync(path.join(ROOT, path.dirname(text), target)))).toEqual([]);
  });

  test('README.md lists every setting and no other', () => {
    const listed = [...read('README.md').matchAll(/^\| `([A-Z_]+)` /gm)].map(([, name]) => name);
    expect([...listed].sort()).toEqual([...SETTING_NAMES].sort());
  });

  test('schema/README.md has every table and view under its name, with its sort key', () => {
    const sql = readdirSync(path.join(ROOT, 'schema'))
      .filter((file) => file.endsWith('.sql'))
      .map((file) => read(`schema/${file}`))
      .join('\n');
    const text = read('schema/README.md').replace(/\s+/g, ' ');
    const names = [...sql.matchAll(/^CREATE (?:TABLE|VIEW|MATERIALIZED VIEW) IF NOT EXISTS (\w+)/gm)].map(
      ([, name]) => name,
    );
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
    const keys = [...sql.matchAll(/^ORDER BY ([^;]+?)(?:;|\nSETTINGS|\nTTL)/gm)].map(([, key = '']) =>
      key.replace(/^\((.*)\)$/, '$1'),
    );
    expect(keys.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
  });
});

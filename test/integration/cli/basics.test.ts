// The command line against a running service: answers, forms, exit codes, what it says when something is wrong.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands/index.js';
import { buildProgram } from '../../../src/cli/program.js';
import { Context } from '../../../src/cli/context.js';
import { cli } from '../../support/cli.js';
import { startTestService, type TestService } from '../../support/service.js';

let on: TestService;
let url: string;
const folder = mkdtempSync(path.join(tmpdir(), 'driftline-cli-'));
const ADMIN = 'a-key-of-the-administrator';

beforeAll(async () => {
  on = await startTestService({ adminKey: ADMIN });
  url = await on.listen();
});
afterAll(async () => {
  await on.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (...args: string[]) => cli(['--url', url, '--key', ADMIN, ...args]);

describe('query', () => {
  test('prints a table on a terminal, CSV elsewhere, JSON with --json', async () => {
    const sql = "SELECT toInt64(9007199254740993) AS big, 'x' AS text, NULL AS nothing";
    const shown = await cli(['--url', url, '--key', ADMIN, 'query', sql], { terminal: true });
    expect(shown).toEqual({ code: 0, err: '', out: 'big               text  nothing\n9007199254740993  x\n' });
    expect((await at('query', sql)).out).toBe('"big","text","nothing"\n9007199254740993,"x",\n');
    expect((await at('query', sql, '--json')).out).toBe('[{"big":9007199254740993,"text":"x","nothing":null}]\n');
  });

  test('writes Parquet to a file that names it, and refuses it on a terminal', async () => {
    const file = path.join(folder, 'one.parquet');
    expect((await at('query', 'SELECT 1 AS one', '--output', file)).code).toBe(0);
    expect(readFileSync(file).subarray(0, 4).toString()).toBe('PAR1');
    const refused = await cli(['--url', url, '--key', ADMIN, 'query', 'SELECT 1', '--format', 'parquet'], {
      terminal: true,
    });
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('--output') as string });
    expect(await at('query', 'SELECT 1', '--output', path.join(folder, 'one'))).toMatchObject({ code: 1, out: '' });
  });

  test('binds parameters: JSON as it is, anything else as text', async () => {
    const sql = 'SELECT {a:String} AS a, {b:Int64} + 1 AS b';
    expect((await at('query', sql, '--param', "a=O'Hara", '--param', 'b=41', '--json')).out).toBe(
      '[{"a":"O\'Hara","b":42}]\n',
    );
    expect(await at('query', sql, '--param', 'nonsense')).toMatchObject({ code: 2 });
  });

  test('says in one line why a statement is refused', async () => {
    const { code, out, err } = await at('query', 'SELECT * FROM system.tables');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^[^\n]*not allowed here[^\n]*\n$/);
  });
});

describe('keys', () => {
  test('are made, listed without their secrets, used, and removed', async () => {
    const made = JSON.parse((await at('keys', 'create', 'reader', '--scope', 'read', '--json')).out) as {
      id: string;
      key: string;
    };
    const listed = await at('keys', 'list');
    expect(listed.out).toContain(made.id);
    expect(listed.out).not.toContain(made.key);
    expect(await cli(['--url', url, '--key', made.key, 'query', 'SELECT 1'])).toMatchObject({ code: 0 });
    expect(await cli(['--url', url, '--key', made.key, 'keys', 'list'])).toMatchObject({ code: 1, out: '' });
    expect(await at('keys', 'remove', made.id)).toEqual({ code: 0, err: '', out: `removed ${made.id}\n` });
    expect(await at('keys', 'remove', made.id)).toMatchObject({ code: 1, out: '' });
  });
});

describe('job', () => {
  test('runs in the service that answers, and fails with what the service says', async () => {
    expect(await at('job', 'operations')).toEqual({ code: 0, err: '', out: 'operations: ok, 0 windows, 0 numbers\n' });
    expect(JSON.parse((await at('job', 'quality', '--json')).out)).toMatchObject({ status: 'ok', windows: 0 });
    expect(await at('job', 'quality', '--model', 'nobody')).toMatchObject({ code: 1 });
    expect(await at('job', 'quality', '--from', '2001-01-01')).toMatchObject({ code: 1 });
    expect(await at('job', 'cook')).toMatchObject({ code: 2 });
    expect(await at('job', 'quality', '--from', '2001-02-30')).toMatchObject({ code: 2 });
  });
});

describe('what goes wrong', () => {
  test('a wrong key, no service and wrong usage are told apart by their exit codes, each in one line', async () => {
    const wrong = await cli(['--url', url, '--key', 'x', 'query', 'SELECT 1']);
    expect(wrong).toEqual({ code: 1, out: '', err: 'Send a valid key as `Authorization: Bearer KEY`.\n' });
    const nobody = await cli(['--url', 'http://127.0.0.1:1', 'query', 'SELECT 1']);
    expect(nobody).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringMatching(/^No service answers at [^\n]+\n$/) as string,
    });
    expect(await cli(['fly'])).toMatchObject({ code: 2, out: '' });
  });
});

describe('help and completion', () => {
  test('every command is described, and every one but groups has an example or needs none', async () => {
    const program = buildProgram(new Context({ stdout: process.stdout, stderr: process.stderr }));
    const own = program.commands.filter((command) => !['completion', 'complete'].includes(command.name()));
    expect(own.length).toBe(COMMANDS.length);
    for (const command of own)
      expect([command.name(), command.description()]).toEqual([command.name(), expect.stringMatching(/.{8}/)]);
    expect((await cli(['--help'])).out).toContain('Examples:');
    expect(await cli(['query', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--param') as string,
    });
  });

  test('there is a script for each shell', async () => {
    const write = process.stdout.write.bind(process.stdout);
    for (const shell of ['bash', 'zsh', 'fish']) {
      let script = '';
      const log = console.log;
      console.log = (text: string) => void (script += text);
      try {
        await cli(['completion', shell]);
      } finally {
        console.log = log;
        process.stdout.write = write;
      }
      expect(script, shell).toContain('driftline complete --');
    }
  });
});

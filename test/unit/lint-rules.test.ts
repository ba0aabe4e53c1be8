// The rules that keep the layers, the clock, the environment and the engine's settings where they belong, as ESLint applies them.
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.js';

// Without type information, so that files need not exist; the rules under test need none.
const eslint = new ESLint({ cwd: packageRoot(), overrideConfig: [tseslint.configs.disableTypeChecked] });

/** The rules that refuse a text in a file. */
async function refusals(filePath: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

const SYNTAX = 'no-restricted-syntax';
const IMPORTS = 'no-restricted-imports';

describe('the lint rules', () => {
  const everywhere = [
    'src/domain/x.ts',
    'src/services/x.ts',
    'src/store/x.ts',
    'src/http/x.ts',
    'src/notify/x.ts',
    'src/cli/x.ts',
    'jobs/x.ts',
  ];

  test('settings of a single call are refused in every layer: they stay on the embedded connection', async () => {
    const text = `export const call = (client: { query: (a: object) => void }) => client.query({ query: 'SELECT 1', clickhouse_settings: { max_threads: 1 } });\n`;
    for (const file of everywhere) expect(await refusals(file, text), file).toEqual([SYNTAX]);
  });

  test('the clock is read in src/clock.ts only', async () => {
    for (const text of ['export const now = Date.now();\n', 'export const now = new Date();\n']) {
      for (const file of [...everywhere, 'src/main.ts', 'src/container.ts', 'src/store/client.ts']) {
        expect(await refusals(file, text), file).toEqual([SYNTAX]);
      }
      expect(await refusals('src/clock.ts', text)).toEqual([]);
    }
    expect(await refusals('src/domain/x.ts', 'export const at = (ms: number) => new Date(ms);\n')).toEqual([]);
  });

  test('the environment is read in src/config.ts only', async () => {
    const text = 'export const home = process.env.HOME;\n';
    for (const file of [...everywhere, 'src/main.ts', 'src/container.ts', 'src/store/client.ts']) {
      expect(await refusals(file, text), file).toEqual([SYNTAX]);
    }
    expect(await refusals('src/config.ts', text)).toEqual([]);
  });

  const forbidden: Record<string, string[]> = {
    'src/domain/x.ts': [
      '../services/api.js',
      '../store/store.js',
      '../http/app.js',
      '../notify/mail.js',
      '../container.js',
      '../config.js',
      '../clock.js',
      'fastify',
      '@clickhouse/client',
      'chdb/connection',
      'nodemailer',
      'pino',
    ],
    'src/services/x.ts': [
      '../store/store.js',
      '../http/app.js',
      '../notify/mail.js',
      '../container.js',
      '../config.js',
      '../clock.js',
      'fastify',
      '@clickhouse/client',
      'chdb',
      'nodemailer',
    ],
    'src/store/x.ts': [
      '../services/api.js',
      '../http/app.js',
      '../notify/mail.js',
      '../container.js',
      '../config.js',
      '../clock.js',
      'fastify',
      'nodemailer',
    ],
    'src/notify/x.ts': [
      '../services/api.js',
      '../store/store.js',
      '../http/app.js',
      '../container.js',
      '../config.js',
      '../clock.js',
      'fastify',
      '@clickhouse/client',
      'chdb',
    ],
    'src/http/x.ts': [
      '../store/store.js',
      '../notify/mail.js',
      '../config.js',
      '../clock.js',
      '@clickhouse/client',
      'chdb',
      'nodemailer',
    ],
    'src/http/routes/x.ts': ['../../store/store.js', '../../notify/mail.js', '../../config.js'],
    'src/cli/commands/x.ts': [
      '../../store/store.js',
      '../../http/app.js',
      '../../notify/mail.js',
      '../../wiring/alerts.js',
      'fastify',
      '@clickhouse/client',
      'chdb',
      'nodemailer',
      'node-cron',
    ],
    'jobs/x.ts': [
      '../src/store/store.js',
      '../src/http/app.js',
      '../src/notify/mail.js',
      'fastify',
      '@clickhouse/client',
      'chdb',
      'nodemailer',
    ],
  };
  for (const [file, modules] of Object.entries(forbidden)) {
    test(`${file} must not import ${modules.length} modules of other layers`, async () => {
      for (const name of modules) expect(await refusals(file, `import '${name}';\n`), name).toEqual([IMPORTS]);
      for (const name of modules)
        expect(await refusals(file, `export type * from '${name}';\n`), name).toEqual([IMPORTS]);
    });
  }

  test('what a layer may import is not refused', async () => {
    const allowed: Record<string, string[]> = {
      'src/domain/x.ts': ['zod', './errors.js', './contract/common.js'],
      'src/services/x.ts': ['../domain/errors.js', './ports.js', 'zod'],
      'src/store/x.ts': ['../domain/errors.js', './store.js', '@clickhouse/client', 'chdb/connection'],
      'src/notify/x.ts': ['../domain/errors.js', 'nodemailer'],
      'src/http/x.ts': ['../services/api.js', '../domain/errors.js', 'fastify'],
      'src/cli/commands/x.ts': [
        '../../services/api.js',
        '../../container.js',
        '../../config.js',
        '../context.js',
        'commander',
      ],
      'src/container.ts': ['./store/store.js', './services/api.js', './notify/mail.js', './config.js'],
    };
    for (const [file, modules] of Object.entries(allowed)) {
      for (const name of modules) expect(await refusals(file, `import '${name}';\n`), `${file}: ${name}`).toEqual([]);
    }
  });
});

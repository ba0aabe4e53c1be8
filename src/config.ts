// The only reader of process.env: settings are validated once, with one clear message per bad key.
import path from 'node:path';
import { z } from 'zod';
import { StartupError } from './domain/errors.js';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const flag = (fallback: 'on' | 'off') => z.enum(['on', 'off']).default(fallback);
const positive = (fallback: number) => z.coerce.number().int().positive().default(fallback);

const environmentSchema = z.object({
  DRIFTLINE_HOST: z.string().min(1).default('127.0.0.1'),
  DRIFTLINE_PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  DRIFTLINE_PUBLIC_URL: z.url().optional(),
  DRIFTLINE_DATA_DIR: z.string().min(1).default('./driftline-data'),
  CLICKHOUSE_URL: z.url({ protocol: /^https?$/ }).optional(),
  DRIFTLINE_ROLE: z.enum(['all', 'api', 'scheduler']).default('all'),
  DRIFTLINE_ADMIN_KEY: z.string().min(16, 'use at least 16 characters').optional(),
  DRIFTLINE_SCHEDULER: flag('on'),
  DRIFTLINE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  DRIFTLINE_BODY_LIMIT_MB: positive(64),
  DRIFTLINE_UPLOAD_LIMIT_MB: positive(4096),
  DRIFTLINE_BUFFER_MB: positive(256),
  CLICKHOUSE_TIMEOUT_S: positive(30),
  CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[A-Za-z_]\w{0,63}$/, "expected the name of a cluster of the server's configuration")
    .optional(),
  DRIFTLINE_RATE_LIMIT: z.coerce.number().int().min(0).default(0),
  DRIFTLINE_CORS_ORIGINS: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ''),
    )
    .pipe(
      z.array(
        z
          .url({ protocol: /^https?$/ })
          .refine((text) => new URL(text).origin === text, 'expected origins such as https://example.org'),
      ),
    )
    .default([]),
  DRIFTLINE_ORPHAN_LABEL_DAYS: z.coerce.number().int().positive().optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  DRIFTLINE_ALLOW_PRIVATE_WEBHOOKS: flag('off'),
  DRIFTLINE_CONFIG: z.string().min(1).optional(),
  DRIFTLINE_HASH_KEY: z.string().min(16, 'use at least 16 characters').optional(),
  DRIFTLINE_SECRET_KEY: z.string().min(16, 'use at least 16 characters').optional(),
  DRIFTLINE_MAIL_FROM: z.string().min(3).default('driftline@localhost'),
});

/** The environment variables that are read. */
export const SETTING_NAMES: readonly string[] = Object.keys(environmentSchema.shape);

/** A value of the environment, for `${NAME}` in a configuration file that is checked without a service. */
export function configVariable(name: string): string | undefined {
  return process.env[name];
}

/** The service's settings, as the rest of the code sees them. Sizes in bytes. */
export interface Config {
  host: string;
  port: number;
  /** The address people reach the service at, for links in mail; null: derived from host and port. */
  publicUrl: string | null;
  dataDir: string;
  clickhouseUrl: string | null;
  role: 'all' | 'api' | 'scheduler';
  adminKey: string | null;
  scheduler: boolean;
  logLevel: string;
  bodyLimit: number;
  uploadLimit: number;
  bufferLimit: number;
  /** The cluster that tables are made on; null: one server. */
  cluster: string | null;
  /** How long a server may take for an insert, ms. */
  serverTimeout: number;
  /** Requests a minute of one key, 0: any number. A key may have its own. */
  rateLimit: number;
  /** Origins whose pages may call the API. */
  corsOrigins: string[];
  /** Days that a label waits for its prediction; null: for ever. */
  orphanLabelDays: number | null;
  smtpUrl: string | null;
  mailFrom: string;
  allowPrivateWebhooks: boolean;
  /** Key of the hashed fields of privacy rules. */
  hashKey: string | null;
  /** Key that secrets of webhooks are sealed with. */
  secretKey: string | null;
  /** The YAML file with models, rules, channels, silences and schedules; null: none. */
  configFile: string | null;
  /** A value of the environment, for `${NAME}` in that file. */
  variable: (name: string) => string | undefined;
  interactive: boolean;
}

/** What the command line needs to reach a running service. */
export interface ClientConfig {
  /** The address that was set, null: none was, and `fallbackUrl` is where a service of these settings would listen. */
  url: string | null;
  fallbackUrl: string;
  key: string | null;
}

/** Settings of the command line: where the service is and the key for it. @throws StartupError for an address that is none. */
export function loadClientConfig(environment: NodeJS.ProcessEnv = process.env): ClientConfig {
  const set = (name: string) => environment[name] || null;
  const url = set('DRIFTLINE_URL');
  if (url !== null && !z.url({ protocol: /^https?$/ }).safeParse(url).success)
    throw new StartupError('Bad settings:\n  DRIFTLINE_URL: use an http or https URL, such as http://127.0.0.1:8080');
  return {
    url,
    fallbackUrl: `http://${bracketed(set('DRIFTLINE_HOST') ?? '127.0.0.1')}:${set('DRIFTLINE_PORT') ?? '8080'}`,
    key: set('DRIFTLINE_API_KEY') ?? set('DRIFTLINE_ADMIN_KEY'),
  };
}

/** A host as it stands in a URL. The address "everywhere" is reached on this machine. */
function bracketed(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

const MIB = 1024 * 1024;

/**
 * Read and check the settings. `over`: settings that go before the environment's.
 * @throws StartupError naming every bad key, and when the host is not loopback while authentication is off.
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env, over: NodeJS.ProcessEnv = {}): Config {
  // An empty variable means "not set": compose files pass them that way.
  const given = Object.fromEntries(Object.entries({ ...environment, ...over }).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new StartupError(`Bad settings:\n  ${lines.join('\n  ')}`);
  }
  const env = parsed.data;
  const adminKey = env.DRIFTLINE_ADMIN_KEY ?? null;
  if (adminKey === null && !LOOPBACK.has(env.DRIFTLINE_HOST)) {
    throw new StartupError(
      `DRIFTLINE_HOST is ${env.DRIFTLINE_HOST}, but authentication is off: set DRIFTLINE_ADMIN_KEY, or listen on 127.0.0.1.`,
    );
  }
  if (env.CLICKHOUSE_CLUSTER !== undefined && env.CLICKHOUSE_URL === undefined)
    throw new StartupError('CLICKHOUSE_CLUSTER names a cluster of the server at CLICKHOUSE_URL: set that too.');
  return {
    host: env.DRIFTLINE_HOST,
    port: env.DRIFTLINE_PORT,
    publicUrl: env.DRIFTLINE_PUBLIC_URL?.replace(/\/$/, '') ?? null,
    dataDir: path.resolve(env.DRIFTLINE_DATA_DIR),
    clickhouseUrl: env.CLICKHOUSE_URL ?? null,
    role: env.DRIFTLINE_ROLE,
    adminKey,
    scheduler: env.DRIFTLINE_SCHEDULER === 'on',
    logLevel: env.DRIFTLINE_LOG_LEVEL,
    bodyLimit: env.DRIFTLINE_BODY_LIMIT_MB * MIB,
    uploadLimit: env.DRIFTLINE_UPLOAD_LIMIT_MB * MIB,
    bufferLimit: env.DRIFTLINE_BUFFER_MB * MIB,
    cluster: env.CLICKHOUSE_CLUSTER ?? null,
    serverTimeout: env.CLICKHOUSE_TIMEOUT_S * 1000,
    rateLimit: env.DRIFTLINE_RATE_LIMIT,
    corsOrigins: env.DRIFTLINE_CORS_ORIGINS,
    orphanLabelDays: env.DRIFTLINE_ORPHAN_LABEL_DAYS ?? null,
    smtpUrl: env.SMTP_URL ?? null,
    mailFrom: env.DRIFTLINE_MAIL_FROM,
    allowPrivateWebhooks: env.DRIFTLINE_ALLOW_PRIVATE_WEBHOOKS === 'on',
    hashKey: env.DRIFTLINE_HASH_KEY ?? null,
    secretKey: env.DRIFTLINE_SECRET_KEY ?? null,
    configFile: env.DRIFTLINE_CONFIG === undefined ? null : path.resolve(env.DRIFTLINE_CONFIG),
    variable: (name) => given[name],
    interactive: process.stdout.isTTY,
  };
}

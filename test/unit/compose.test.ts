// docker-compose.yml and Dockerfile against the code: every setting is known and valid, every address names a service, nothing copied is missing.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig, SETTING_NAMES } from '../../src/config.js';
import { packageRoot } from '../../src/package-root.js';

interface Service {
  image?: string;
  build?: string;
  environment?: Record<string, string>;
  ports?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}
const file = (name: string) => readFileSync(path.join(packageRoot(), name), 'utf8');
const { services, volumes } = parse(file('docker-compose.yml')) as {
  services: Record<string, Service>;
  volumes: object;
};
const ADMIN_KEY = 'a key that is long enough';

/** A value as Compose fills it in: ${NAME}, ${NAME:-default}, ${NAME:?message}. */
function interpolate(value: string, environment: Record<string, string>): string {
  return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string | undefined, text: string) => {
    const given = environment[name] ?? '';
    if (given !== '') return given;
    if (kind === '?') throw new Error(`${name}: ${text}`);
    return kind === '-' ? text : '';
  });
}

function settings(
  service: string,
  environment: Record<string, string> = { DRIFTLINE_ADMIN_KEY: ADMIN_KEY },
): Record<string, string> {
  const given = Object.entries(services[service]?.environment ?? {});
  return Object.fromEntries(given.map(([name, value]) => [name, interpolate(String(value), environment)]));
}

describe('docker-compose.yml', () => {
  test('every setting of the service is one that the configuration reads', () => {
    const names = Object.keys(services.driftline?.environment ?? {});
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !SETTING_NAMES.includes(name))).toEqual([]);
  });

  test('with nothing but an admin key the settings load, and the service talks to the server and the mailbox of the file', () => {
    const config = loadConfig(settings('driftline'));
    expect(config).toMatchObject({ host: '0.0.0.0', adminKey: ADMIN_KEY, role: 'all', scheduler: true });
    const server = new URL(config.clickhouseUrl ?? '');
    const { CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password, CLICKHOUSE_DB: database } = settings('clickhouse');
    expect([server.username, server.password, server.pathname]).toEqual([user, password, `/${database}`]);
    expect(password).not.toBe('');
    expect(server.port).toBe('8123');
    const hosts = [server.hostname, new URL(config.smtpUrl ?? '').hostname];
    expect(hosts.filter((host) => services[host] === undefined)).toEqual([]);
  });

  test('a password from the environment reaches both sides', () => {
    const environment = { DRIFTLINE_ADMIN_KEY: ADMIN_KEY, CLICKHOUSE_PASSWORD: 'another0password' };
    expect(settings('clickhouse', environment).CLICKHOUSE_PASSWORD).toBe('another0password');
    expect(new URL(settings('driftline', environment).CLICKHOUSE_URL ?? '').password).toBe('another0password');
  });

  test('without an admin key nothing starts, and the message says what to set', () => {
    expect(() => settings('driftline', {})).toThrow('set DRIFTLINE_ADMIN_KEY to a secret of at least 16 characters');
    expect(() => loadConfig({ ...settings('driftline'), DRIFTLINE_ADMIN_KEY: '' })).toThrow('set DRIFTLINE_ADMIN_KEY');
  });

  test('ports are published on this machine only, and the service’s is the one it listens on', () => {
    const published = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(published.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
    const { port, publicUrl } = loadConfig(settings('driftline'));
    expect(services.driftline?.ports).toEqual([`127.0.0.1:${port}:${port}`]);
    expect(publicUrl).toBe(`http://127.0.0.1:${port}`);
  });

  test('the service waits for a server that answers, and every image has a version', () => {
    for (const [name, { condition }] of Object.entries(services.driftline?.depends_on ?? {})) {
      expect(services[name]).toBeDefined();
      if (condition === 'service_healthy') expect(services[name]?.healthcheck?.test[0]).toBe('CMD');
    }
    expect(services.driftline?.depends_on?.clickhouse?.condition).toBe('service_healthy');
    const pulled = Object.values(services).filter((service) => service.build === undefined);
    expect(pulled.map((service) => service.image).filter((image) => !/:v?\d+\.\d+/.test(image ?? ''))).toEqual([]);
    expect(Object.keys(volumes)).toEqual(['uploads', 'clickhouse-data']);
  });
});

describe('Dockerfile', () => {
  const lines = file('Dockerfile').split('\n');
  const sources = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1));

  test('everything that is copied exists and passes .dockerignore', () => {
    const passed = file('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(new Set(sources)).toEqual(new Set(passed));
    expect(sources.filter((source) => !existsSync(path.join(packageRoot(), source)))).toEqual([]);
  });

  test('everything that the build reads is copied', () => {
    const { scripts } = JSON.parse(file('package.json')) as { scripts: { build: string } };
    const read = scripts.build.split(/\s+/).filter((word) => /\.(json|ts)$/.test(word));
    expect(read).toContain('tsconfig.build.json');
    const isCopied = (name: string) => sources.some((source) => name === source || name.startsWith(`${source}/`));
    expect(read.filter((name) => !isCopied(name))).toEqual([]);
    // And what their own settings begin with.
    const extended = read.filter((name) => name.endsWith('.json')).map((name) => path.join(path.dirname(name), (JSON.parse(file(name)) as { extends: string }).extends)); // prettier-ignore
    expect(extended.filter((name) => !isCopied(name))).toEqual([]);
  });

  test('the image starts the entry point of package.json, as a user without rights, without optional dependencies', () => {
    const { main } = JSON.parse(file('package.json')) as { main: string };
    expect(lines.at(-2)).toBe(`CMD ["node", "${main}"]`);
    expect(existsSync(path.join(packageRoot(), main.replace(/^dist\//, '').replace(/\.js$/, '.ts')))).toBe(true);
    expect(lines).toContain('USER node');
    expect(lines.find((line) => line.includes('--omit=dev'))).toContain('--omit=optional');
    expect(lines.find((line) => line.startsWith('ENV '))).toContain('UV_THREADPOOL_SIZE=12');
  });
});

// Two service processes on one server, one of them killed while it has the lease of the catalogue: the other goes on, without a gap or a repeat.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, Service } from '../../demo/service.js';
import { startLoopbackClickHouse, type LoopbackClickHouse } from '../support/loopback-clickhouse.js';

const REGISTRY = '/api/2.0/mlflow/';
let server: LoopbackClickHouse;
let folder: string;

beforeAll(async () => {
  server = await startLoopbackClickHouse();
  folder = mkdtempSync(path.join(tmpdir(), 'driftline-shared-'));
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (): Promise<Service> =>
  Service.start({
    dataDir: folder,
    port: await freePort(),
    smtpUrl: 'smtp://127.0.0.1:1',
    environment: { CLICKHOUSE_URL: server.url, DRIFTLINE_ROLE: 'api' },
  });

/** Null where there was no answer. */
async function create(service: Service, source: string): Promise<{ version: string; source: string } | null> {
  const response = await fetch(`${service.url}${REGISTRY}model-versions/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'churn', source }),
  }).catch(() => null);
  if (response?.ok !== true) return null;
  return ((await response.json()) as { model_version: { version: string; source: string } }).model_version;
}

async function versions(service: Service): Promise<{ version: string; source: string }[]> {
  const query = new URLSearchParams({ filter: "name = 'churn'", order_by: 'version_number ASC' });
  const response = await fetch(`${service.url}${REGISTRY}model-versions/search?${query.toString()}`);
  return ((await response.json()) as { model_versions: { version: string; source: string }[] }).model_versions;
}

test('fifty versions through two processes, and more after one of them was killed with the lease', async () => {
  const [first, second] = await Promise.all([start(), start()]);
  const client = createClient({ url: server.url });
  let third: Service | null = null;
  try {
    const body = JSON.stringify({ name: 'churn' });
    await fetch(`${first.url}${REGISTRY}registered-models/create`, { method: 'POST', body });
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, index) => create(index % 2 === 0 ? first : second, `s3://churn/${index}`)),
    );
    expect(made.map((one) => Number(one?.version)).sort((a, b) => a - b)).toEqual(made.map((_, index) => index + 1));

    // The next write of the registry stays on its way: its sender has the lease when it dies.
    await server.faults.set({ kind: 'slow', ms: 15_000, count: 1, only: /INSERT INTO registry\b/ });
    const lost = create(first, 's3://churn/lost');
    const holds = async (): Promise<boolean> => {
      const rows = await client.query({
        query: 'SELECT held FROM catalogue_lease ORDER BY generation DESC LIMIT 1',
        format: 'JSONEachRow',
      });
      return (await rows.json<{ held: number }>())[0]?.held === 1;
    };
    while (!(await holds())) await sleep(20);
    await first.crash();
    expect(await lost).toBeNull();

    const after = await create(second, 's3://churn/after');
    expect(after?.version).toBe('51');
    await server.faults.clear();
    third = await start();
    const more = await Promise.all(
      [second, third, second, third, third, second].map((service, index) => create(service, `s3://more/${index}`)),
    );
    expect(more.map((one) => Number(one?.version)).sort((a, b) => a - b)).toEqual(more.map((_, index) => 52 + index));
    const acknowledged = [...made, after, ...more];
    for (const service of [second, third]) {
      const found = await versions(service);
      expect(found.map(({ version }) => Number(version))).toEqual(found.map((_, index) => index + 1));
      expect(found).toHaveLength(acknowledged.length);
      for (const one of acknowledged) {
        expect(found.find(({ version }) => version === one?.version)?.source).toBe(one?.source);
      }
    }
  } finally {
    await client.close();
    for (const service of [first, second, third]) await service?.stop();
  }
});

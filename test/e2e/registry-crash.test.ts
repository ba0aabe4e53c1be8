// A registry that is killed while versions are made: what was acknowledged is there, numbers have no gap and no repeat, and webhooks are told of each.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { freePort, Service } from '../../demo/service.js';
import { startReceiver } from '../support/receiver.js';

const registry = '/api/2.0/mlflow/';

async function ask(
  url: string,
  method: string,
  call: string,
  document: object,
): Promise<Record<string, unknown> | null> {
  const query = method === 'GET' ? `?${new URLSearchParams(document as Record<string, string>).toString()}` : '';
  const init =
    method === 'GET' ? {} : { body: JSON.stringify(document), headers: { 'content-type': 'application/json' } };
  const response = await fetch(`${url}${registry}${call}${query}`, { method, ...init }).catch(() => null);
  return response?.ok === true ? ((await response.json().catch(() => null)) as Record<string, unknown> | null) : null;
}

it('killed with SIGKILL in the middle, it goes on where it stopped', async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'driftline-registry-crash-'));
  const receiver = await startReceiver();
  const start = async () =>
    Service.start({
      dataDir,
      port: await freePort(),
      smtpUrl: 'smtp://127.0.0.1:1',
      environment: { DRIFTLINE_ALLOW_PRIVATE_WEBHOOKS: 'on' },
    });
  let service = await start();
  try {
    await ask(service.url, 'POST', 'registered-models/create', { name: 'churn' });
    const webhook = { name: 'told', url: receiver.url, events: [{ entity: 'MODEL_VERSION', action: 'CREATED' }] };
    await ask(service.url, 'POST', 'webhooks', webhook);
    const acknowledged: { version: string; tag: string }[] = [];
    const create = async (index: number) => {
      const tag = `made-${index}`;
      const document = { name: 'churn', source: `s3://churn/${index}`, tags: [{ key: 'tag', value: tag }] };
      const answer = await ask(service.url, 'POST', 'model-versions/create', document);
      if (answer !== null) acknowledged.push({ version: (answer.model_version as { version: string }).version, tag });
      if (acknowledged.length === 40) await service.crash();
    };
    await Promise.all(Array.from({ length: 100 }, (_, index) => create(index)));
    expect(acknowledged.length).toBeGreaterThanOrEqual(40);
    expect(acknowledged.length).toBeLessThan(100);

    service = await start();
    const found = (
      await ask(service.url, 'GET', 'model-versions/search', {
        filter: "name = 'churn'",
        order_by: 'version_number ASC',
      })
    )?.model_versions as { version: string; tags: { value: string }[] }[];
    const byVersion = new Map(found.map(({ version, tags }) => [version, tags[0]?.value]));
    for (const { version, tag } of acknowledged) expect(byVersion.get(version)).toBe(tag);
    expect(found.map(({ version }) => Number(version))).toEqual(found.map((_, index) => index + 1));
    const next = await ask(service.url, 'POST', 'model-versions/create', { name: 'churn', source: 's3://churn/next' });
    expect(next).toMatchObject({ model_version: { version: String(found.length + 1) } });

    const told = new Set<string>();
    while (told.size < found.length + 1) {
      const [request] = await receiver.next(1);
      told.add((JSON.parse(request?.body ?? '') as { data: { version: string } }).data.version);
    }
    expect(told).toEqual(new Set(Array.from({ length: found.length + 1 }, (_, index) => String(index + 1))));
  } finally {
    await service.stop();
    await receiver.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

// Webhooks of the registry across starts: the outbox after an orderly end, and addresses that are refused where private ones are not allowed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModel } from '../../../src/domain/registry/model-operations.js';
import { openTestContainer } from '../../support/container.js';
import { startReceiver, type Received, type Receiver } from '../../support/receiver.js';

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

const bodies = (requests: Received[]) => requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

describe('where private addresses are not allowed', () => {
  it('webhooks to them, and to plain http, are refused', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'driftline-hooks-'));
    const opened = await openTestContainer({ folder });
    const webhooks = opened.container.services.webhooks;
    const events = ['MODEL_VERSION_CREATED'];
    await expect(webhooks.create('mlflow', { events, url: 'http://hooks.example' })).rejects.toThrow(
      "Invalid webhook URL scheme: 'http'. Allowed schemes are: https.",
    );
    for (const [host, shown] of [
      ['127.0.0.1', '127.0.0.1'],
      ['10.1.2.3', '10.1.2.3'],
      ['[::1]', '::1'],
      ['169.254.169.254', '169.254.169.254'],
      ['[::ffff:10.0.0.1]', '::ffff:a00:1'],
      ['localhost', null],
    ] as const) {
      const attempt = webhooks.create('mlflow', { events, url: `https://${host}/x` });
      await expect(attempt).rejects.toMatchObject({ status: 400, code: 'invalid_parameter_value' });
      await expect(attempt).rejects.toThrow('Webhook URL must not resolve to a non-public IP address.');
      if (shown !== null) await expect(attempt).rejects.toThrow(`resolves to ${shown}.`);
    }
    await opened.close();
    rmSync(folder, { recursive: true });
  });
});

describe('the outbox', () => {
  it('gets what was in the outbox when the service ended, after the next start', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'driftline-outbox-'));
    const first = await openTestContainer({ folder, config: { allowPrivateWebhooks: true } });
    await first.container.services.webhooks.create('databricks', {
      events: ['REGISTERED_MODEL_CREATED'],
      url: `${receiver.url}/outbox`,
    });
    receiver.answers.push(...Array<number>(50).fill(503));
    const model = { name: 'kept', tags: [], description: null, deploymentJobId: null };
    await first.container.services.registry.change(createModel(model), 'me', () => null);
    await receiver.next(1);
    await first.close();
    receiver.answers.length = 0;
    const before = receiver.received.length;
    const second = await openTestContainer({ folder, config: { allowPrivateWebhooks: true } });
    await second.container.registry.dispatcher.idle();
    const after = receiver.received.slice(before);
    // An attempt that the first service had begun may arrive as well: a receiver tells by the delivery's id.
    expect(bodies(after)).toContainEqual(
      expect.objectContaining({ event: 'REGISTERED_MODEL_CREATED', model_name: 'kept' }),
    );
    const ids = receiver.received.map((request) => request.headers['x-driftline-delivery']);
    expect(new Set(ids.slice(before))).toEqual(new Set([ids[before - 1]]));
    const [delivery] = await second.container.services.webhooks.deliveries({ state: null, webhook: null, limit: 5 });
    expect(delivery).toMatchObject({ state: 'sent' });
    await second.close();
    rmSync(folder, { recursive: true });
  });
});

describe('records of deployments', () => {
  it('are there after a restart, and still resolve', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'driftline-records-'));
    const first = await openTestContainer({ folder });
    const { records } = first.container.services;
    const made = {
      projectId: 'p',
      name: 'm',
      description: '',
      registeredModelId: null,
      authEnabled: true,
      visibility: '',
      runAs: 0,
      defaultResources: { cpuMillicores: 500, memoryMb: 512, nvidiaGpus: 0 },
      defaultReplicas: 2,
      placement: { acceleratorLabelId: '7', resourceGroupId: 8, resourceProfileId: 9 },
    };
    const model = await records.createModel(made, 'me');
    const fields = {
      comment: '',
      filePath: '',
      functionName: '',
      kernel: '',
      runtimeIdentifier: '',
      runtimeAddonIdentifiers: [],
      modelRootDir: 'src',
      buildScriptPath: '',
    };
    const build = await records.createBuild(
      { projectId: 'p', modelId: model.id, registeredVersionId: null, ...fields },
      'me',
    );
    const { placement } = made;
    const size = { cpu: 1, memory: 1, nvidiaGpus: 0, replicas: 1, environment: { A: 'b' }, placement };
    const deployment = await records.createDeployment(
      { projectId: 'p', modelId: model.id, buildId: build.id, ...size },
      'me',
    );
    await first.close();
    const second = await openTestContainer({ folder });
    const again = second.container.registry.records;
    const where = { projectId: 'p', modelId: model.id, buildId: build.id, id: deployment.id };
    expect(await again.model('p', model.id)).toEqual(model);
    expect(await again.build(where)).toEqual(build);
    expect(await again.deployment(where)).toEqual(deployment);
    expect(await again.resolve(`crn:x/${deployment.id}`)).toEqual({
      kind: 'deployment',
      model: 'm',
      version: 'build-1',
      deployment: `crn:x/${deployment.id}`,
    });
    await second.close();
    rmSync(folder, { recursive: true });
  });
});

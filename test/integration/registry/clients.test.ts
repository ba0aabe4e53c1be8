// Clients that people have, unchanged, against a running service: MLflow's for Python, Databricks' for npm.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { WorkspaceClient } from '@databricks/sdk-experimental';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mlflowPython } from '../../support/mlflow-python.js';
import { startReceiver } from '../../support/receiver.js';
import { startTestService, type TestService } from '../../support/service.js';

const run = promisify(execFile);
const script = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../clients/mlflow_registry.py');
const python = mlflowPython();
if (python === null) {
  console.warn('skipped: the Python client of MLflow is not here; .ci/run installs it into .venv-mlflow');
}

let service: TestService;
let url: string;
beforeAll(async () => {
  service = await startTestService({ allowPrivateWebhooks: true });
  url = await service.listen();
});
afterAll(() => service.close());

describe('the Python client of MLflow', () => {
  it.skipIf(python === null)(
    'registers, versions, promotes, aliases, copies, searches, deletes, keeps prompts and webhooks, and is refused at once',
    async () => {
      const env = {
        ...process.env,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '3',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        DO_NOT_TRACK: 'true',
      };
      // Each call happens later than the one before: the clock of a test stands otherwise.
      const ticking = setInterval(() => service.clock.set(service.clock.now() + 1), 1);
      try {
        const { stdout } = await run(python ?? '', [script, url], { env, timeout: 50_000 });
        expect(stdout.trim().split('\n')).toEqual([
          'models',
          'versions',
          'stages',
          'aliases',
          'copies',
          'searches',
          'deletions',
          'functions',
          'prompts',
          'webhooks',
        ]);
      } finally {
        clearInterval(ticking);
      }
    },
  );
});

describe('the npm client of Databricks', () => {
  const registry = () => new WorkspaceClient({ host: url, token: 'x', authType: 'pat' }).modelRegistry;
  const all = async <T>(items: AsyncIterable<T>) => {
    const list: T[] = [];
    for await (const item of items) list.push(item);
    return list;
  };

  it('registers, versions, tags, promotes and finds', async () => {
    const client = registry();
    const created = await client.createModel({ name: 'npm', description: 'd', tags: [{ key: 'team', value: 'crm' }] });
    expect(created.registered_model).toMatchObject({ name: 'npm', tags: [{ key: 'team', value: 'crm' }] });
    for (const index of [1, 2]) {
      const made = await client.createModelVersion({ name: 'npm', source: `s3://npm/${index}` });
      expect(made.model_version).toMatchObject({ version: String(index), status: 'READY' });
    }
    await client.setModelTag({ name: 'npm', key: 'k', value: 'v' });
    await client.deleteModelTag({ name: 'npm', key: 'team' });
    await client.setModelVersionTag({ name: 'npm', version: '1', key: 'k', value: 'v' });
    await client.deleteModelVersionTag({ name: 'npm', version: '1', key: 'k' });
    expect((await client.getModelVersion({ name: 'npm', version: '2' })).model_version).toMatchObject({
      current_stage: 'None',
    });
    expect((await client.getModelVersionDownloadUri({ name: 'npm', version: '2' })).artifact_uri).toBe('s3://npm/2');
    const moved = await client.transitionStage({
      name: 'npm',
      version: '2',
      stage: 'Production',
      archive_existing_versions: true,
      comment: 'good',
    });
    expect(moved.model_version_databricks).toMatchObject({ name: 'npm', version: '2', current_stage: 'Production' });
    const model = (await client.getModel({ name: 'npm' })).registered_model_databricks;
    expect(model).toMatchObject({ name: 'npm', tags: [{ key: 'k', value: 'v' }], permission_level: 'CAN_MANAGE' });
    expect(model?.id).toMatch(/^[0-9a-f]{32}$/);
    const latest = await all(client.getLatestVersions({ name: 'npm', stages: ['Production'] }));
    expect(latest.map((version) => version.version)).toEqual(['2']);
    const models = await all(
      client.searchModels({ filter: "name LIKE 'np%'", max_results: 1, order_by: ['name ASC'] }),
    );
    expect(models.map((found) => found.name)).toEqual(['npm']);
    const versions = await all(client.searchModelVersions({ filter: "name = 'npm'", max_results: 1 }));
    expect(versions.map((version) => version.version).sort()).toEqual(['1', '2']);
    expect((await all(client.listModels({ max_results: 1 }))).map((found) => found.name)).toContain('npm');
    await client.renameModel({ name: 'npm', new_name: 'npm2' });
    await client.deleteModelVersion({ name: 'npm2', version: '1' });
    await client.deleteModel({ name: 'npm2' });
    await expect(client.getModel({ name: 'npm2' })).rejects.toMatchObject({
      errorCode: 'RESOURCE_DOES_NOT_EXIST',
      statusCode: 404,
    });
  });

  it('archives, copies, finds in order over pages, and makes, lists, tests and deletes webhooks', async () => {
    const client = registry();
    const receiver = await startReceiver();
    await client.createModel({ name: 'ordered' });
    for (const index of [1, 2, 3])
      await client.createModelVersion({ name: 'ordered', source: `s3://ordered/${index}` });
    const move = (version: string) =>
      client.transitionStage({ name: 'ordered', version, stage: 'Production', archive_existing_versions: true });
    await move('1');
    const made = await client.createWebhook({
      model_name: 'ordered',
      events: ['MODEL_VERSION_TRANSITIONED_TO_ARCHIVED'],
      http_url_spec: { url: receiver.url, secret: 's3cr3t-webhook' },
    });
    const id = made.webhook?.id ?? '';
    expect(made.webhook).toMatchObject({ status: 'ACTIVE', http_url_spec: { url: receiver.url } });
    await move('2');
    const [told] = await receiver.next(1);
    expect(JSON.parse(told?.body ?? '')).toMatchObject({ version: '1', to_stage: 'Archived' });
    expect((await client.getModelVersion({ name: 'ordered', version: '1' })).model_version).toMatchObject({
      current_stage: 'Archived',
    });
    const listed = await all(client.listWebhooks({ model_name: 'ordered', max_results: 1 }));
    expect(listed.map((webhook) => webhook.id)).toEqual([id]);
    expect(JSON.stringify([made, listed])).not.toContain('s3cr3t');
    expect(await client.testRegistryWebhook({ id, event: 'MODEL_VERSION_TRANSITIONED_TO_ARCHIVED' })).toMatchObject({
      status_code: 200,
      body: 'OK',
    });
    await client.deleteWebhook({ id });
    expect(await all(client.listWebhooks({ model_name: 'ordered' }))).toEqual([]);
    await client.createModelVersion({ name: 'ordered', source: 'models:/ordered/Production' });
    expect((await client.getModelVersionDownloadUri({ name: 'ordered', version: '4' })).artifact_uri).toBe(
      's3://ordered/2',
    );
    const found = await all(
      client.searchModelVersions({ filter: "name = 'ordered'", order_by: ['version_number DESC'], max_results: 3 }),
    );
    expect(found.map((version) => version.version)).toEqual(['4', '3', '2', '1']);
    await expect(
      client.transitionStage({ name: 'ordered', version: '1', stage: 'Prod', archive_existing_versions: false }),
    ).rejects.toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE', statusCode: 400 });
    await receiver.close();
  });

  it('comments, and asks for transitions that are approved, rejected or withdrawn', async () => {
    const client = registry();
    await client.createModel({ name: 'asked' });
    await client.createModelVersion({ name: 'asked', source: 's3://asked/1' });
    const version = { name: 'asked', version: '1' };
    const { comment } = await client.createComment({ ...version, comment: 'looks good' });
    expect(comment).toMatchObject({ comment: 'looks good', user_id: 'admin' });
    await client.deleteComment({ id: comment?.id ?? '' });
    await expect(client.deleteComment({ id: comment?.id ?? '' })).rejects.toMatchObject({ statusCode: 404 });
    const ask = (stage: string) => client.createTransitionRequest({ ...version, stage, comment: 'please' });
    const { request } = await ask('Staging');
    expect(request).toMatchObject({ to_stage: 'Staging', user_id: 'admin', comment: 'please' });
    await expect(ask('staging')).rejects.toMatchObject({ errorCode: 'RESOURCE_ALREADY_EXISTS' });
    await ask('Production');
    await ask('Archived');
    const open = async () => (await all(client.listTransitionRequests(version))).map((one) => one.to_stage);
    expect(await open()).toEqual(['Staging', 'Production', 'Archived']);
    const approved = await client.approveTransitionRequest({
      ...version,
      stage: 'Staging',
      archive_existing_versions: true,
    });
    expect(approved.activity).toMatchObject({ activity_type: 'APPROVED_REQUEST', to_stage: 'Staging' });
    expect((await client.getModelVersion(version)).model_version).toMatchObject({ current_stage: 'Staging' });
    await client.rejectTransitionRequest({ ...version, stage: 'Production', comment: 'not yet' });
    await client.deleteTransitionRequest({ ...version, stage: 'Archived', creator: 'admin' });
    expect(await open()).toEqual([]);
    await expect(client.rejectTransitionRequest({ ...version, stage: 'Production' })).rejects.toMatchObject({
      statusCode: 404,
    });
  });

  it('gets its errors by their codes', async () => {
    const client = registry();
    await client.createModel({ name: 'taken' });
    await expect(client.createModel({ name: 'taken' })).rejects.toMatchObject({
      errorCode: 'RESOURCE_ALREADY_EXISTS',
      statusCode: 400,
    });
  });
});

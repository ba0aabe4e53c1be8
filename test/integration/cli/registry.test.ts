// `driftline registry`: a model's life on the command line, as tables and as JSON, with the errors of the registry in words.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../../support/cli.js';
import { startReceiver, type Receiver } from '../../support/receiver.js';
import { startTestService, type TestService } from '../../support/service.js';

let service: TestService;
let receiver: Receiver;
let url: string;
let folder: string;
beforeAll(async () => {
  service = await startTestService({ allowPrivateWebhooks: true });
  receiver = await startReceiver();
  url = await service.listen();
  folder = mkdtempSync(path.join(tmpdir(), 'driftline-cli-registry-'));
});
afterAll(async () => {
  await service.close();
  await receiver.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => service.clock.set(service.clock.now() + 1000));

const registry = (...args: string[]) => cli(['--url', url, 'registry', ...args]);
const json = async (...args: string[]): Promise<unknown> => {
  const { out, code, err } = await cli(['--url', url, '--json', 'registry', ...args]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
};

describe('a model', () => {
  it('is registered with versions, promoted, aliased, tagged, shown', async () => {
    expect((await registry('list')).out).toBe('Nothing is registered.\n');
    expect((await registry('register', 'churn', '--description', 'who leaves')).out).toBe('registered churn\n');
    expect((await registry('register', 'churn')).out).toBe('churn is registered already\n');
    const version = [
      'register',
      'churn',
      '--source',
      's3://churn/1',
      '--run',
      'r1',
      '--tag',
      'git_commit=c0ffee',
      '--metric',
      'accuracy=0.91',
    ];
    expect((await registry(...version)).out).toBe('registered version 1 of churn\n');
    expect(await json('register', 'churn', '--source', 's3://churn/2')).toEqual({ model: 'churn', version: '2' });
    expect((await registry('promote', 'churn', '1', 'production', '--comment', 'first')).out).toBe(
      'version 1 of churn is Production\n',
    );
    await registry('promote', 'churn', '2', 'Production', '--archive');
    expect((await registry('alias', 'churn', 'champion', '2')).out).toBe('champion of churn is version 2\n');
    expect((await registry('tag', 'churn', 'tier=1', 'team=crm')).out).toBe('2 set, 0 removed\n');
    expect((await registry('tag', 'churn', 'ok=y', '--version-number', '2', '--remove', 'absent')).out).toBe(
      '1 set, 1 removed\n',
    );
    expect(await json('list')).toMatchObject([{ model: 'churn', stages: { Archived: '1', Production: '2' } }]);
    const nothing = await cli(['--url', url, 'registry', 'tag', 'churn']);
    expect(nothing).toMatchObject({ code: 1, out: '', err: expect.stringContaining('--remove KEY') });
    expect(await json('show', 'churn')).toMatchObject({
      tags: { tier: '1', team: 'crm' },
      versions: [
        { version: '2', stage: 'Production', aliases: ['champion'], tags: { ok: 'y' } },
        {
          version: '1',
          stage: 'Archived',
          lineage: { git_commit: 'c0ffee', run_id: 'r1' },
          training_metrics: { accuracy: 0.91 },
        },
      ],
    });
    const table = (await registry('show', 'churn')).out.split('\n');
    expect(table[0]).toMatch(/^version\s+stage\s+aliases/);
    expect(table[1]).toMatch(/^2\s+Production\s+champion/);
    expect((await registry('list')).out).toContain('Production=2 Archived=1');
  });

  it('is found, described, copied, with its source and its quality in training and production', async () => {
    const search = async (...args: string[]) => (await registry('search', ...args)).out.trim().split('\n');
    expect(await search("name LIKE 'ch%' AND tags.team = 'crm'")).toHaveLength(2);
    expect(await search("name = 'nobody'")).toEqual(['No model is like that.']);
    const order = ['--order', 'version_number DESC'];
    expect(await json('search', '--versions', "name = 'churn'", ...order)).toMatchObject([
      { version: '2', current_stage: 'Production' },
      { version: '1', tags: [{ key: 'git_commit', value: 'c0ffee' }] },
    ]);
    expect(await search('--versions', "name = 'churn'", ...order, '--limit', '1')).toHaveLength(2);
    expect((await registry('search', "owner = 'me'")).err).toContain("Invalid attribute key 'owner' specified");
    expect((await registry('describe', 'churn', 'who leaves soon')).out).toBe('described churn\n');
    expect((await registry('describe', 'churn', 'better', '--version-number', '2')).out).toBe(
      'described version 2 of churn\n',
    );
    expect(await json('show', 'churn')).toMatchObject({
      description: 'who leaves soon',
      versions: [{ description: 'better' }, {}],
    });
    expect((await registry('source', 'churn', '@champion')).out).toBe('s3://churn/2\n');
    expect((await registry('copy', 'churn', '@champion', 'churn-eu')).out).toBe('registered version 1 of churn-eu\n');
    expect((await registry('copy', 'churn', '1', 'churn-eu')).out).toBe('registered version 2 of churn-eu\n');
    expect((await registry('source', 'churn-eu', '1')).out).toBe('s3://churn/2\n');
    await registry('delete', 'churn-eu', '--yes');
    const shown = (await registry('version', 'churn', '1')).out;
    expect(shown).toMatch(/^version +1$/m);
    expect(shown).toMatch(/^commit +c0ffee$/m);
    expect(shown).toMatch(/^accuracy +0\.91/m);
    expect(await json('version', 'churn', '@champion')).toMatchObject({ version: '2', stage: 'Production' });
  });

  it('is registered with the rows that it is compared with', async () => {
    const rows = path.join(folder, 'training.csv');
    writeFileSync(rows, 'inputs.tenure,inputs.plan\n8,basic\n61,pro\n24,basic\n');
    const made = ['register', 'based', '--source', 's3://based/1', '--baseline', rows];
    expect((await registry(...made)).out).toBe('registered version 1 of based, compared with 3 rows of training\n');
    expect(await json('show', 'based')).toMatchObject({ versions: [{ baseline: { name: 'training', rows: 3 } }] });
    const missing = await registry('register', 'nothing', '--source', 's3://x', '--baseline', `${rows}.not`);
    expect(missing.code).toBe(1);
    expect((await registry('show', 'nothing')).err).toContain('No model "nothing" is registered.');
    expect((await registry('register', 'nothing', '--baseline', rows)).err).toContain('give its --source too');
    await registry('delete', 'based', '--yes');
  });

  it('has a history and events', async () => {
    const history = (await registry('history', 'churn')).out;
    expect(history).toContain('version 1 moved from None to Production');
    expect(history).toContain('first');
    expect((await json('history', '--limit', '1')) as unknown[]).toHaveLength(1);
    expect((await registry('events', 'churn')).out).toContain('alias champion given to version 2');
    expect((await registry('comparisons', 'churn')).out).toContain(
      'version 2 in place of 1 (stage Production, by admin)',
    );
    expect((await registry('challengers', 'churn')).out).toContain('No version stands by');
  });

  it('is renamed and deleted, on request twice', async () => {
    expect((await registry('unalias', 'churn', 'champion')).out).toBe('churn has no champion\n');
    expect((await registry('rename', 'churn', 'leavers')).out).toBe('churn is leavers now\n');
    expect((await registry('delete', 'leavers', '1', '--yes')).out).toBe('deleted version 1 of leavers\n');
    const refused = await registry('delete', 'leavers');
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('--yes');
    expect((await registry('delete', 'leavers', '--yes')).out).toBe('deleted leavers\n');
  });

  it('that is not there, or cannot be, is said in words', async () => {
    for (const [args, message] of [
      [['show', 'nope'], 'No model "nope" is registered.'],
      [['promote', 'nope', '1', 'Production'], 'Model Version (name=nope, version=1) not found'],
      [['register', 'a/b'], "Invalid model name 'a/b'."],
      [['tag', 'nope', 'x'], 'Use key=value.'],
    ] as const) {
      const { code, err } = await registry(...args);
      expect({ args, code: code === 0 }).toEqual({ args, code: false });
      expect(err).toContain(message);
    }
  });
});

describe('webhooks', () => {
  it('are added with a secret from a file, tested, listed, removed; what was sent is shown', async () => {
    const secret = path.join(folder, 'secret');
    writeFileSync(secret, 'a secret of the webhook\n');
    const added = await registry(
      'webhooks',
      'add',
      `${receiver.url}/x`,
      '--event',
      'REGISTERED_MODEL_CREATED',
      '--secret-file',
      secret,
    );
    const id = added.out.trim();
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect((await registry('webhooks', 'test', id)).out).toBe('answered 200\n');
    expect((await receiver.next(1))[0]?.headers).toHaveProperty('x-databricks-signature');
    receiver.answers.push(500);
    expect((await registry('webhooks', 'test', id)).code).toBe(1);
    expect((await registry('webhooks', 'pause', id)).out).toBe(`${id} is DISABLED\n`);
    await registry('register', 'not-told');
    expect((await registry('webhooks', 'resume', id)).out).toBe(`${id} is ACTIVE\n`);
    const list = await registry('webhooks', 'list');
    expect(list.out).toContain(`${receiver.url}/x`);
    expect(list.out).not.toContain('a secret');
    await registry('register', 'told');
    await receiver.next(2);
    await service.container.registry.dispatcher.idle();
    expect((await registry('webhooks', 'deliveries', '--state', 'sent')).out).toContain('REGISTERED_MODEL_CREATED');
    expect((await registry('webhooks', 'remove', id)).out).toBe(`removed ${id}\n`);
    const job = ['webhooks', 'add', receiver.url, '--event', 'MODEL_VERSION_CREATED', '--job', '12'];
    expect((await registry(...job)).err).toContain('--token-file');
    const started = (await registry(...job, '--token-file', secret)).out.trim();
    expect((await registry('webhooks', 'list')).out).toContain('job 12');
    await registry('webhooks', 'remove', started);
    expect((await registry('webhooks', 'list')).out).toBe('There are no webhooks.\n');
  });
});

// Uploaded labels and private fields, through the services.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestContainer, type TestContainer } from '../support/container.js';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
const KEY = 'a key of sixteen or more characters';

let test: TestContainer;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftline-uploads-test-'));
  test = await openTestContainer({ now: START + 10 * DAY, config: { hashKey: KEY } });
});
afterEach(async () => {
  await test.close();
  rmSync(folder, { recursive: true, force: true });
});

const services = () => test.container.services;
const prediction = (model: string, id: string, extra: Record<string, unknown> = {}) => ({
  model,
  prediction_id: id,
  timestamp: START,
  inputs: { x: 1 },
  outputs: { label: true },
  ...extra,
});
const csv = (name: string, text: string) => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return { path: file, format: 'csv' as const, strings: [] };
};

it('windows of an uploaded file are computed although later labels came while it was stored', async () => {
  await services().models.configure('m', {
    task: 'binary',
    prediction: 'outputs.label',
    ground_truth: 'y',
    window: '1d',
  });
  const rows = Array.from({ length: 50 }, (_, index) => `file-${index}`);
  await services().ingest.predictions(
    [...rows, 'single'].map((id) => prediction('m', id)),
    null,
  );
  const quality = () => services().jobs.run('quality', { model: 'm', from: null, to: null, now: START + DAY }, 'api');
  await quality();
  const upload = services().ingest.groundTruthFile(
    csv('labels.csv', `prediction_id,y\n${rows.map((id) => `${id},true`).join('\n')}\n`),
  );
  const labelled = services().ingest.groundTruth([{ prediction_id: 'single', values: { y: true } }], null);
  await Promise.all([upload, labelled, quality()]);
  // A later label that a job has read: the file's versions lie below what the job has seen.
  await services().ingest.groundTruth([{ prediction_id: 'nobody', values: { y: true } }], null);
  await quality();
  const [point] = await services().metrics.read('m', {
    metrics: ['label_coverage'],
    features: [],
    version: null,
    deployment: null,
    segment: null,
    from: null,
    to: null,
    window: null,
  });
  expect(point?.value).toBe(1);
});

it('private fields are stored nowhere: not with predictions, refused items, or baselines of any form', async () => {
  await services().models.configure('m', {
    task: 'none',
    privacy: { drop: ['inputs.name', 'tags.person'], hash: ['inputs.email'] },
  });
  const secret = { name: 'Ada Lovelace', email: 'ada@example.org', x: 1 };
  await services().ingest.predictions(
    [
      prediction('m', 'p1', { inputs: secret, tags: { person: 'Ada Lovelace', region: 'EU' } }),
      prediction('m', 'p2', { inputs: secret, latency_ms: 'slow' }),
      { inputs: secret },
    ],
    null,
  );
  const stored = await services().predictions.get('p1', null);
  expect(stored.inputs).toEqual({ x: 1, email: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
  expect(stored.tags).toEqual({ region: 'EU' });
  const rejected = await services().ingest.rejected({ model: null, limit: 10 });
  expect(rejected).toHaveLength(2);
  await services().baselines.fromRows(
    'm',
    { name: 'rows', version: null },
    Array.from({ length: 30 }, () => ({ inputs: secret })),
  );
  const file = csv('baseline.csv', `inputs.name,email,x\n${'Ada Lovelace,ada@example.org,1\n'.repeat(30)}`);
  await services().baselines.fromFile('m', { name: 'file', version: null }, file);
  const rows = await services().baselines.get('m', 'rows', null);
  const uploaded = await services().baselines.get('m', 'file', null);
  const everything = JSON.stringify([stored, rejected, rows, uploaded]);
  expect(everything).not.toContain('Lovelace');
  expect(everything).not.toContain('ada@');
  expect(rows.fields.map((field) => field.path)).toEqual(['inputs.email', 'inputs.x']);
  expect(uploaded.fields.map((field) => field.path)).toEqual(['inputs.x']);
});

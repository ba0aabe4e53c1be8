// The model registry with 10,000 versions stored: reads and writes over HTTP, one after another and with other calls beside them.
import pino from 'pino';
import { systemClock } from '../src/clock.js';
import { createModel } from '../src/domain/registry/model-operations.js';
import { createVersion } from '../src/domain/registry/version-operations.js';
import { buildApp } from '../src/http/app.js';
import type { Container } from '../src/container.js';
import { held, told, type Result } from './report.js';
import { load, main, quantile, say, timed, withContainer } from './support.js';

const MODELS = 100;
const VERSIONS = 10_000;
const READS = 600;
const WRITES = 300;
const READ_LIMIT = 10;
const WRITE_LIMIT = 30;

const model = (index: number): string => `model-${index % MODELS}`;

async function fill(container: Container): Promise<void> {
  const { registry } = container.services;
  for (let index = 0; index < MODELS; index++) {
    const tags = [{ key: 'team', value: index % 2 === 0 ? 'crm' : 'risk' }];
    const one = { name: model(index), tags, description: 'a model', deploymentJobId: null };
    await registry.change(createModel(one), 'bench', () => null);
  }
  for (let index = 0; index < VERSIONS; index++) {
    const version = {
      name: model(index),
      source: `s3://models/${model(index)}/${index}`,
      runId: `run${index}`,
      runLink: '',
      description: 'made by a pipeline',
      tags: [
        { key: 'git_commit', value: `c0ffee${index}` },
        { key: 'training.accuracy', value: '0.91' },
      ],
      loggedModelId: null,
      params: [],
      metrics: [{ key: 'roc_auc', value: 0.88 }],
    };
    await registry.change(createVersion(version), 'bench', () => null);
  }
}

export function run(): Promise<Result> {
  return withContainer(async (container) => {
    say(`storing ${VERSIONS} versions`);
    const filled = await timed(() => fill(container));
    const app = await buildApp({
      services: container.services,
      config: container.config,
      logger: pino({ level: 'error' }),
      clock: systemClock,
      version: 'bench',
    });
    const base = await app.listen({ host: '127.0.0.1', port: 0 });
    const ask = async (method: string, path: string, body?: object): Promise<void> => {
      const init =
        body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      const response = await fetch(`${base}${path}`, { method, ...init });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
    };
    const mlflow = '/api/2.0/mlflow';
    const reads: ((index: number) => Promise<void>)[] = [
      (index) => ask('GET', `${mlflow}/registered-models/get?name=${model(index)}`),
      (index) => ask('GET', `${mlflow}/model-versions/get?name=${model(index)}&version=${(index % 100) + 1}`),
      (index) => ask('POST', `${mlflow}/registered-models/get-latest-versions`, { name: model(index) }),
      (index) =>
        ask(
          'GET',
          `${mlflow}/model-versions/search?filter=${encodeURIComponent(`name = '${model(index)}'`)}&max_results=100`,
        ),
      () =>
        ask(
          'GET',
          `${mlflow}/registered-models/search?filter=${encodeURIComponent("tags.team = 'crm'")}&max_results=50`,
        ),
      (index) => ask('GET', `${mlflow}/model-versions/search?filter=${encodeURIComponent(`run_id = 'run${index}'`)}`),
    ];
    const writes: ((index: number) => Promise<void>)[] = [
      (index) => ask('POST', `${mlflow}/model-versions/create`, { name: model(index), source: 's3://models/new' }),
      (index) =>
        ask('POST', `${mlflow}/model-versions/set-tag`, {
          name: model(index),
          version: '1',
          key: 'k',
          value: String(index),
        }),
      (index) =>
        ask('POST', `${mlflow}/model-versions/transition-stage`, {
          name: model(index),
          version: String((index % 50) + 1),
          stage: 'Production',
          archive_existing_versions: true,
        }),
      (index) =>
        ask('POST', `${mlflow}/registered-models/alias`, {
          name: model(index),
          alias: 'champion',
          version: String((index % 90) + 1),
        }),
    ];
    const times = async (calls: typeof reads, count: number): Promise<{ all: number[]; cpu: number }> => {
      const all: number[] = [];
      const before = process.cpuUsage();
      for (let index = 0; index < count; index++)
        all.push(await timed(() => calls[index % calls.length]?.(index) ?? Promise.resolve()));
      const { user, system } = process.cpuUsage(before);
      return { all, cpu: (user + system) / 1000 / count };
    };
    await times(reads, 60);
    const read = await times(reads, READS);
    const write = await times(writes, WRITES);
    const whole = await timed(() => ask('GET', `${mlflow}/model-versions/search?max_results=10000`));
    await app.close();
    return {
      name: 'registry',
      about: `${MODELS} registered models with ${VERSIONS} versions, over HTTP, mixed calls, load ${load()}.`,
      lines: [
        held('a read, p95', quantile(read.all, 0.95), 'ms', { name: 'limit', value: READ_LIMIT, at: 'most' }),
        told('a read, median', quantile(read.all, 0.5), 'ms'),
        held('a write, p95', quantile(write.all, 0.95), 'ms', { name: 'limit', value: WRITE_LIMIT, at: 'most' }),
        told('a write, median', quantile(write.all, 0.5), 'ms'),
        told('processor time of a read, client included', read.cpu, 'ms'),
        told('processor time of a write, client included', write.cpu, 'ms'),
        told('every version in one answer', whole, 'ms'),
        told('to store one version, without HTTP, mean', filled / (MODELS + VERSIONS), 'ms'),
      ],
    };
  });
}

await main(run);

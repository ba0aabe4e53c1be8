// Corners of windows and jobs: backfills over months, labels that mature, deployments that stop, restarts with a clock that is behind.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { JobName } from '../../src/domain/contract/metrics.js';
import type { ModelConfig } from '../../src/domain/contract/models.js';
import { openTestContainer, type TestContainer } from '../support/container.js';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
const BINARY: ModelConfig = {
  task: 'binary',
  prediction: 'outputs.label',
  ground_truth: 'y',
  window: '1d',
  min_samples: 1,
};

let folder: string;
let test: TestContainer;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftline-corners-'));
  test = await openTestContainer({ folder, now: START + 10 * DAY });
});
afterEach(async () => {
  await test.close();
  rmSync(folder, { recursive: true, force: true });
});

const services = () => test.container.services;
const run = (job: JobName, now: number) => services().jobs.run(job, { model: null, from: null, to: null, now }, 'api');
const prediction = (id: string, timestamp: number, extra: Record<string, unknown> = {}) => ({
  model: 'm',
  version: '1',
  prediction_id: id,
  timestamp,
  inputs: { x: 1 },
  outputs: { label: true },
  ...extra,
});
const track = (...items: unknown[]) => services().ingest.predictions(items, null);
const label = (id: string, value: unknown) =>
  services().ingest.groundTruth([{ prediction_id: id, values: { y: value } }], null);
const points = (metric: string, extra: { segment?: string } = {}) =>
  services().metrics.read('m', {
    metrics: [metric],
    features: [],
    version: null,
    deployment: null,
    segment: extra.segment ?? null,
    from: null,
    to: null,
    window: null,
  });

describe('marks', () => {
  it('none is lost while inserts over many months become visible month by month', async () => {
    const { windows, store } = test.container.tables;
    const batch = (number: number) =>
      Array.from({ length: 600 }, (_, index) => ({
        ...prediction(`b${number}-${index}`, Date.UTC(2025, index % 12, 1 + ((number * 7 + index) % 28))),
        prediction_id: undefined,
      }));
    let done = false;
    const reading = (async () => {
      while (!done) await windows.collect();
    })();
    const writer = async (first: number) => {
      for (let number = first; number < 24; number += 3) await track(...batch(number));
    };
    await Promise.all([writer(0), writer(1), writer(2)]);
    done = true;
    await reading;
    await windows.collect();
    const { stored, marked } = await store.one({
      name: 'count_marks',
      sql: `SELECT (SELECT uniqExact(toStartOfInterval(ts, toIntervalMinute(15))) FROM predictions) AS stored, (SELECT uniqExact(slot) FROM window_marks) AS marked`,
      row: z.object({ stored: z.number(), marked: z.number() }),
    });
    expect(stored).toBeGreaterThan(300);
    expect(marked).toBe(stored);
  });

  it('go on above what is stored when the clock is behind after a restart', async () => {
    await services().models.configure('m', BINARY);
    await track(prediction('p1', START));
    await label('p1', false);
    await run('quality', START + DAY);
    await test.close();
    test = await openTestContainer({ folder, now: START + 9 * DAY });
    await label('p1', true);
    await track(prediction('p2', START));
    await run('quality', START + DAY);
    await run('operations', START + DAY);
    expect((await points('accuracy')).map((point) => point.value)).toEqual([1]);
    expect((await points('prediction_count')).map((point) => point.value)).toEqual([2]);
  });
});

describe('labels that mature', () => {
  it('a longer label delay makes windows provisional until it is over, also after one that was over', async () => {
    await services().models.configure('m', { ...BINARY, label_delay: '1d' });
    await track(prediction('p1', START), prediction('p2', START));
    await label('p1', true);
    await run('quality', START + 3 * DAY);
    await services().models.configure('m', { ...BINARY, label_delay: '7d' });
    await run('quality', START + 3 * DAY);
    const first = async () => (await points('accuracy'))[0]?.status;
    expect(await first()).toBe('provisional');
    await run('quality', START + 9 * DAY);
    expect(await first()).toBe('ok');
  });

  it('a change of the window length with a label delay makes no window of a wrong start', async () => {
    await services().models.configure('m', { ...BINARY, window: '1h', label_delay: '1d' });
    await track(...[0, 1, 2].map((hour) => prediction(`p${hour}`, START + hour * 3_600_000)));
    await run('quality', START + DAY);
    await services().models.configure('m', { ...BINARY, label_delay: '1d' });
    await run('quality', START + 4 * DAY);
    const starts = (await points('label_coverage')).map((point) => Date.parse(point.window_start));
    expect(starts.length).toBeGreaterThan(0);
    expect(starts.filter((start) => start % DAY !== 0)).toEqual([]);
  });
});

describe('series that stop', () => {
  it('a deployment that stops shows windows without data while another one of the version goes on', async () => {
    await services().models.configure('m', BINARY);
    await track(
      ...[0, 1].map((day) => prediction(`eu${day}`, START + day * DAY, { deployment: 'eu' })),
      ...[0, 1, 2, 3].map((day) => prediction(`us${day}`, START + day * DAY, { deployment: 'us' })),
    );
    await run('operations', START + 4 * DAY);
    const eu = (await points('prediction_count')).filter((point) => point.deployment === 'eu');
    expect(eu.map((point) => point.value)).toEqual([1, 1, 0, 0]);
  });

  it('every number of a task, a field and the traffic has a state where it cannot be computed', async () => {
    await services().models.configure('m', BINARY);
    const rows = Array.from({ length: 40 }, (_, index) =>
      prediction(`p${index}`, START + index * 1000, { inputs: { x: index } }),
    );
    await track(...rows);
    for (const job of ['quality', 'drift', 'operations'] as const) await run(job, START + 2 * DAY);
    const second = async (metric: string) =>
      (await points(metric))
        .filter((point) => Date.parse(point.window_start) === START + DAY)
        .map((point) => [point.value, point.status]);
    for (const metric of [
      'accuracy',
      'recall',
      'roc_auc',
      'label_coverage',
      'error_rate',
      'latency_p95',
      'drifted_share',
    ]) {
      expect(await second(metric), metric).toContainEqual([null, 'no_data']);
    }
    for (const metric of ['psi', 'ks_statistic', 'missing_share'])
      expect(await second(metric), metric).toContainEqual([null, 'no_data']);
    expect(await second('requests_per_second')).toEqual([[0, 'no_data']]);
    const first = (await points('f1')).filter((point) => Date.parse(point.window_start) === START);
    expect(first.map((point) => point.status)).toEqual(['no_labels']);
  });
});

describe('numbers', () => {
  it('an average counts the rows that have the value', async () => {
    await services().models.configure('m', { ...BINARY, min_samples: 5 });
    const rows = Array.from({ length: 20 }, (_, index) =>
      prediction(`p${index}`, START, index === 0 ? { cpu_ms: 900 } : {}),
    );
    await track(...rows);
    await run('operations', START + DAY);
    expect(await points('cpu_ms_mean')).toMatchObject([{ value: 900, n: 1, status: 'insufficient_data' }]);
  });

  it('what is inferred follows the labels, whatever came first', async () => {
    await services().models.configure('m', { window: '1d', min_samples: 1 });
    await track(...[0, 1, 2].map((day) => prediction(`p${day}`, START + day * DAY, { outputs: 12 })));
    await label('p0', 10);
    await label('p1', 20);
    await run('quality', START + 3 * DAY);
    await label('p2', 30);
    await run('quality', START + 3 * DAY);
    expect((await points('mae')).map((point) => point.value)).toEqual([2, 8, 18]);
    expect(await points('accuracy')).toEqual([]);
  });

  it('a window pools its own rare segment values, whichever windows are computed with it', async () => {
    await services().models.configure('m', { ...BINARY, segments: ['tags.shop'] });
    const many = Array.from({ length: 51 * 2 }, (_, index) =>
      prediction(`a${index}`, START, { tags: { shop: `s${String(index % 51).padStart(2, '0')}` } }),
    );
    await track(...many, prediction('b', START + DAY, { tags: { shop: 's50' } }));
    await run('operations', START + 2 * DAY);
    const pooled = async () =>
      (await points('prediction_count'))
        .filter((point) => /=(other|s50)$/.test(point.segment))
        .map((point) => [point.window_start.slice(8, 10), point.segment, point.value]);
    const together = await pooled();
    expect(together).toEqual([
      ['05', 'tags.shop=other', 2],
      ['06', 'tags.shop=s50', 1],
    ]);
    await track(prediction('b', START + DAY, { tags: { shop: 's50' } }));
    await run('operations', START + 2 * DAY);
    expect(await pooled()).toEqual(together);
  });
});

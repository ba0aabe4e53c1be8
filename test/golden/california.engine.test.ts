// The reference numbers of the California data, through the whole path. The data are not part of the repository: without them the suite says so.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestContainer, type TestContainer } from '../support/container.js';
import { compareDrift, compareQuality, indexPoints, type GoldenWindow } from '../support/golden-engine.js';

const shared = new URL('../../../shared/', import.meta.url);
const present = existsSync(new URL('golden/california_expected.json', shared));
if (!present) console.info('skipped: the California reference data are not beside the repository (../shared)');

const FEATURES = ['MedInc', 'HouseAge', 'AveRooms', 'AveBedrms', 'Population', 'AveOccup', 'Latitude', 'Longitude'];

function readCsv(name: string): Record<string, string>[] {
  const [head = '', ...lines] = readFileSync(new URL(`data/${name}`, shared), 'utf8')
    .trim()
    .split(/\r?\n/);
  const columns = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, index) => [columns[index] ?? '', value])));
}

const outputsOf = (row: Record<string, string>) => ({
  y_pred: row.y_pred ?? '',
  y_pred_proba: Number(row.y_pred_proba),
});
const inputsOf = (row: Record<string, string>) => Object.fromEntries(FEATURES.map((name) => [name, Number(row[name])]));

describe.skipIf(!present)('the California data against numpy, scipy and scikit-learn, computed by the engine', () => {
  const golden = present
    ? (JSON.parse(readFileSync(new URL('golden/california_expected.json', shared), 'utf8')) as {
        windows: Record<string, GoldenWindow>;
      })
    : { windows: {} };
  let test: TestContainer;

  beforeAll(async () => {
    test = await openTestContainer();
    const { services } = test.container;
    await services.models.configure('housing', {
      task: 'binary',
      prediction: 'outputs.y_pred',
      score: 'outputs.y_pred_proba',
      ground_truth: 'clf_target',
      positive_label: 1,
      window: '30d',
    });
    const rows = readCsv('california_housing_reference.csv').map((row) => ({
      inputs: inputsOf(row),
      outputs: outputsOf(row),
    }));
    await services.baselines.fromRows('housing', { name: 'reference', version: null }, rows);
    const analysis = readCsv('california_housing_analysis.csv');
    const tracked = analysis.map((row) => ({
      model: 'housing',
      version: '1',
      prediction_id: row.id,
      timestamp: `${(row.timestamp ?? '').replace(' ', 'T')}Z`,
      inputs: inputsOf(row),
      outputs: outputsOf(row),
    }));
    expect((await services.ingest.predictions(tracked, null)).accepted).toBe(analysis.length);
    const labels = readCsv('california_housing_analysis_gt.csv').map((row) => ({
      prediction_id: row.id,
      values: { clf_target: Number(row.clf_target) },
    }));
    expect((await services.ingest.groundTruth(labels, null)).accepted).toBe(labels.length);
  });
  afterAll(() => test.close());

  it.each(Object.keys(golden.windows))('window %s', async (name) => {
    const expected = golden.windows[name];
    if (expected === undefined) throw new Error('no such window');
    const from = name === 'all' ? null : Date.parse(`${name}-01T00:00:00Z`);
    const to = from === null ? null : new Date(from).setUTCMonth(new Date(from).getUTCMonth() + 1);
    const points = indexPoints(
      await test.container.services.metrics.read('housing', {
        metrics: [],
        features: [],
        version: '1',
        deployment: null,
        segment: '',
        from,
        to,
        window: 'range',
      }),
    );
    const compared = compareDrift(points, expected.drift, {
      y_pred: 'outputs.y_pred',
      y_pred_proba: 'outputs.y_pred_proba',
    });
    expect(compared).toBeGreaterThanOrEqual(9 * 7);
    compareQuality(points, expected.quality);
  });
});

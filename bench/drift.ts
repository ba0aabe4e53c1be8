// Drift of a million rows of 20 features against a baseline of a million, read from the store: what one request for a range computes.
import { held, type Result } from './report.js';
import { DAY, FEATURES, generatePredictions, MODEL, readRange, settle, START } from './stored.js';
import { load, main, medianTime, quiet, say, withContainer } from './support.js';

const ROWS = 1_000_000;
const RUNS = 5;
/** PSI and KS of all features, reading included. */
const LIMIT = 2500;

const BASELINE = { from: START, to: START + 30 * DAY };
const CURRENT = { from: START + 60 * DAY, to: START + 90 * DAY };

export function run(): Promise<Result> {
  return withContainer(async (container) => {
    await generatePredictions(container, { rows: ROWS, ...BASELINE, shift: 0 });
    await generatePredictions(container, { rows: ROWS, ...CURRENT, shift: 0.05 });
    await settle(container, ['predictions']);
    const frozen = performance.now();
    await container.services.baselines.freeze(MODEL, { name: 'first-month', ...BASELINE, version: undefined });
    const freezing = performance.now() - frozen;
    await settle(container, ['baseline_rows']);

    const measure = async (metrics: string[]) => {
      await quiet();
      const points = await readRange(container, metrics, CURRENT.from, CURRENT.to);
      const expected = FEATURES * metrics.length;
      const found = points.filter(
        (point) => point.feature.startsWith('inputs.') && point.value !== null && point.n === ROWS,
      );
      if (metrics.length > 0 && found.length !== expected) throw new Error(`${found.length} numbers, not ${expected}`);
      const taken = await medianTime(RUNS, () => readRange(container, metrics, CURRENT.from, CURRENT.to));
      say(`${metrics.join(' and ') || 'everything'}: ${Math.round(taken)} ms; load ${load()}`);
      return taken;
    };
    const psi = await measure(['psi']);
    const ks = await measure(['ks_statistic']);
    const both = await measure(['psi', 'ks_statistic']);
    const everything = await measure([]);
    const limit = { name: 'limit', value: LIMIT, at: 'most' as const };
    return {
      name: 'drift',
      about: `${FEATURES} numeric features and a score, ${ROWS.toLocaleString('en-US')} rows against a baseline of ${ROWS.toLocaleString('en-US')}, through the same service call as \`GET /v1/models/{model}/metrics?window=range\`: reading, counting, testing, scoring. Median of ${RUNS} runs. Freezing the baseline took ${(freezing / 1000).toFixed(1)} s.`,
      lines: [
        held('PSI of every feature', psi, 'ms', limit),
        held('KS of every feature', ks, 'ms', limit),
        held('PSI and KS of every feature', both, 'ms', limit),
        held('every drift, label and technical number', everything, 'ms', limit),
      ],
    };
  });
}

await main(run);

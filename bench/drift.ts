// Drift of a million rows of 20 features against a baseline of a million, read from the store: what one request for a range computes.
import { held, type Result } from './report.js';
import { DAY, FEATURES, generatePredictions, MODEL, readRange, settle, START } from './stored.js';
import { load, main, medianTime, quiet, say, withContainer } from './support.js';

const ROWS = 1_000_000;
const RUNS = 5;
/** What a drift page asks for of all features, reading included: PSI, KS, JS, missing and unseen values. */
const ASKED = ['psi', 'ks_statistic', 'js_distance', 'missing_share', 'unseen_share'];
const LIMIT = 1400;
/** Every number that there is. */
const LIMIT_OF_ALL = 6000;

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
      // A number has no unseen values: only categories do.
      const expected = FEATURES * metrics.filter((metric) => metric !== 'unseen_share').length;
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
    const asked = await measure(ASKED);
    const everything = await measure([]);
    const limit = { name: 'limit', value: LIMIT, at: 'most' as const };
    return {
      name: 'drift',
      about: `${FEATURES} numeric features and a score, ${ROWS.toLocaleString('en-US')} rows against a baseline of ${ROWS.toLocaleString('en-US')}, through the same service call as \`GET /v1/models/{model}/metrics?window=range\`: reading, counting, testing, scoring. Median of ${RUNS} runs. Freezing the baseline took ${(freezing / 1000).toFixed(1)} s.`,
      lines: [
        held('PSI of every feature', psi, 'ms', limit),
        held('KS of every feature', ks, 'ms', limit),
        held('PSI, KS, JS, missing and unseen of every feature', asked, 'ms', limit),
        held('every number: also Wasserstein from fine bins, labels and technical ones', everything, 'ms', {
          name: 'limit',
          value: LIMIT_OF_ALL,
          at: 'most',
        }),
      ],
    };
  });
}

await main(run);

// Quality of a million labelled predictions, read from the store: the join with the labels, the confusion, ROC AUC and the other scores.
import { held, told, type Result } from './report.js';
import { DAY, generateLabels, generatePredictions, MODEL, readRange, settle, START } from './stored.js';
import { load, main, medianTime, quiet, say, withContainer } from './support.js';

const ROWS = 1_000_000;
const RUNS = 5;
const LIMIT = 1000;
const RANGE = { from: START, to: START + 30 * DAY };

export function run(): Promise<Result> {
  return withContainer(async (container) => {
    await generatePredictions(container, { rows: ROWS, ...RANGE, shift: 0 });
    await generateLabels(container);
    await settle(container, ['predictions', 'ground_truth']);
    await container.services.models.configure(MODEL, {
      task: 'binary',
      score: 'outputs.score',
      ground_truth: 'late',
      positive_label: true,
    });
    await quiet();
    const read = () =>
      readRange(container, ['roc_auc', 'accuracy', 'log_loss', 'label_coverage'], RANGE.from, RANGE.to);
    const points = await read();
    const auc = points.find((point) => point.metric === 'roc_auc');
    if (auc?.n !== ROWS || points.some((point) => point.value === null)) throw new Error('not every row was scored');
    const all = await medianTime(RUNS, read);
    say(`quality: ${Math.round(all)} ms; load ${load()}`);
    const labels = await medianTime(RUNS, () => readRange(container, ['label_coverage'], RANGE.from, RANGE.to));
    return {
      name: 'quality',
      about: `A binary model with ${ROWS.toLocaleString('en-US')} predictions, all labelled, in one range: label coverage and lag, confusion, ROC AUC, average precision, log loss, Brier score and calibration, each with its interval. Median of ${RUNS} runs.`,
      lines: [
        held('every quality and label number', all, 'ms', { name: 'limit', value: LIMIT, at: 'most' }),
        told('the same, asked for label coverage only', labels, 'ms'),
        told('ROC AUC', auc.value ?? 0, ''),
      ],
    };
  });
}

await main(run);

// The state of a model in a word and a sentence.
import { expect, test } from 'vitest';
import { stateOf, type StateFacts } from '../../../src/domain/overview.js';

const QUIET: StateFacts = {
  critical: 0,
  warning: 0,
  alertsSince: null,
  drifted: 0,
  compared: 0,
  driftSince: null,
  predictions: 500,
  received: true,
  labelled: null,
  minSamples: 100,
};

test.each([
  ['nothing came', { predictions: 0, received: false }, 'no_data', 'no predictions in this range'],
  ['what came is in no window yet', { predictions: 0 }, 'no_data', 'no window of this range is computed yet'],
  ['too few came', { predictions: 12 }, 'insufficient_data', '12 predictions, fewer than the 100 a number needs'],
  ['no label came', { labelled: 0 }, 'waiting_for_labels', 'no labels in this range yet'],
  ['all is well', {}, 'ok', 'no alert, no input beyond its limit'],
] as const)('a model says so where %s', (_, facts: Partial<StateFacts>, state, why) => {
  expect(stateOf({ ...QUIET, ...facts })).toEqual({ state, why, since: null });
});

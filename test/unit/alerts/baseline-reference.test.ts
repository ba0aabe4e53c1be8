// What a baseline knows of itself, and what it says where it knows nothing.
import { describe, expect, it } from 'vitest';
import {
  baselineRatioProblem,
  missingReference,
  qualityKey,
  qualityReference,
  type BaselineQuality,
} from '../../../src/domain/alerts/baseline-reference.js';
import { DRIFT_METRICS } from '../../../src/domain/alerts/metric-names.js';
import type { BaselineFieldProfile } from '../../../src/domain/drift/baseline.js';

const field: BaselineFieldProfile = {
  path: 'inputs.age',
  kind: 'numeric',
  reason: null,
  edges: [10, 20],
  categories: [],
  more: false,
  counts: [40, 30, 25, 5],
  present: 95,
  std: 1,
};

describe('missing values', () => {
  it('have the share that they have in the baseline', () => {
    expect(missingReference(field, 'inputs.age', 'train')).toEqual({ value: 0.05, problem: null });
  });

  it.each([
    ['a field that is not there', undefined, 'the baseline train has no field inputs.age'],
    ['a field that is not compared', { ...field, kind: 'skipped' as const, reason: 'free text' }, 'free text'],
    ['no rows', { ...field, counts: [] }, 'the baseline train has no rows'],
  ])('have none of %s', (_what, profile, problem) => {
    const found = missingReference(profile, 'inputs.age', 'train');
    expect(found.value).toBeNull();
    expect(found.problem).toContain(problem);
  });
});

describe('quality', () => {
  const quality: BaselineQuality = {
    name: 'train',
    rows: 200,
    labelled: 150,
    values: new Map([
      [qualityKey('accuracy', ''), { value: 0.9, n: 150 }],
      [qualityKey('precision', 'cat'), { value: 0.8, n: 40 }],
      [qualityKey('roc_auc', ''), { value: null, n: 0 }],
    ]),
  };
  const of = (metric: string, feature = '', changes: Partial<BaselineQuality> = {}, least = 30) =>
    qualityReference({ ...quality, ...changes }, metric, feature, least);

  it('is that of its labelled rows, of a class too, and the share of them', () => {
    expect(of('accuracy').value).toBe(0.9);
    expect(of('precision', 'cat').value).toBe(0.8);
    expect(of('label_coverage').value).toBe(0.75);
  });

  it.each([
    ['no label', of('accuracy', '', { labelled: 0 }), 'the baseline train has no labelled rows'],
    ['no rows', of('accuracy', '', { rows: 0 }), 'has no rows'],
    [
      'too few labels',
      of('accuracy', '', {}, 151),
      '150 rows of the baseline train have a label and a prediction, fewer than min_samples (151)',
    ],
    ['a number that cannot be computed', of('roc_auc'), 'gives no ROC AUC'],
    ['another class', of('precision', 'dog'), 'gives no precision'],
  ])('is unknown with %s, and says so', (_what, found, problem) => {
    expect(found.value).toBeNull();
    expect(found.problem).toContain(problem);
  });
});

describe('a ratio to the baseline', () => {
  it('is none for every drift score but PSI, whose noise is known, and the share of missing values', () => {
    const without = DRIFT_METRICS.filter((metric) => baselineRatioProblem(metric) === null);
    expect(without).toEqual(['psi', 'missing_share']);
    expect(baselineRatioProblem('ks_p_value')).toContain('is 1 for the baseline against itself');
    expect(baselineRatioProblem('js_distance')).toContain('is 0 for the baseline against itself');
    expect(baselineRatioProblem('accuracy')).toBeNull();
  });
});

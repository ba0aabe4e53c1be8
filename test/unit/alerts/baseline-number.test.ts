// What a baseline knows of itself.
import { expect, it } from 'vitest';
import { baselineNumber } from '../../../src/domain/alerts/baseline-number.js';
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

it('is the share of missing values, and that nothing in it is unseen', () => {
  expect(baselineNumber(field, 'missing_share')).toBeCloseTo(0.05, 12);
  expect(baselineNumber({ ...field, kind: 'categorical' }, 'unseen_share')).toBe(0);
});

it('is nothing for distances, quality, and fields that are not compared', () => {
  for (const metric of ['psi', 'accuracy', 'latency_p95']) expect(baselineNumber(field, metric)).toBeNull();
  expect(baselineNumber({ ...field, kind: 'skipped' }, 'missing_share')).toBeNull();
  expect(baselineNumber({ ...field, counts: [] }, 'missing_share')).toBeNull();
  expect(baselineNumber(undefined, 'missing_share')).toBeNull();
});

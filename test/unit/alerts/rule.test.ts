// The rule document: defaults, refusals with their path and words, patterns, and what a threshold means for one point.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  alertRuleSchema,
  breaches,
  effectiveThreshold,
  lowestLevel,
  matchesPattern,
  nearestBound,
  recoveryThreshold,
  type Threshold,
} from '../../../src/domain/alerts/rule.js';

const minimal = { model: 'flights', metric: 'psi', warning: 0.1 };

describe('alertRuleSchema', () => {
  it('fills in the defaults', () => {
    expect(alertRuleSchema.parse(minimal)).toEqual({
      model: 'flights',
      version: '*',
      deployment: '*',
      metric: 'psi',
      feature: '*',
      segment: '',
      op: '>',
      warning: 0.1,
      critical: null,
      for: 1,
      of: 1,
      recover_after: 1,
      recover_threshold: null,
      min_samples: null,
      min_coverage: null,
      relative_to: null,
      no_data: 'keep',
      on_error: 'keep',
      correction: null,
      repeat_every: '24h',
      channels: [],
      enabled: true,
    });
  });

  it('takes the document of the HTTP contract as it stands', () => {
    const document = {
      model: 'flights',
      version: '*',
      metric: 'psi',
      feature: '*',
      segment: '',
      op: '>',
      warning: 0.1,
      critical: 0.2,
      for: 1,
      of: 1,
      recover_after: 1,
      min_samples: 100,
      min_coverage: null,
      relative_to: null,
      no_data: 'keep',
      repeat_every: '24h',
      channels: ['ops'],
      enabled: true,
    };
    expect(alertRuleSchema.parse(document)).toMatchObject(document);
  });

  it('looks back over as many windows as have to breach, unless told otherwise', () => {
    expect(alertRuleSchema.parse({ ...minimal, for: 3 }).of).toBe(3);
    expect(alertRuleSchema.parse({ ...minimal, for: 2, of: 5 }).of).toBe(5);
  });

  it('parses its own output to the same rule', () => {
    const rule = alertRuleSchema.parse({
      ...minimal,
      for: 2,
      op: '>=',
      critical: 0.3,
      relative_to: '7d',
      repeat_every: null,
    });
    expect(alertRuleSchema.parse(rule)).toEqual(rule);
  });

  it.each([
    { ...minimal, relative_to: 'baseline' },
    { ...minimal, op: 'outside', warning: [0.1, 0.9], critical: [0, 1], recover_threshold: [0.2, 0.8] },
    { ...minimal, op: '<', warning: 0.9, critical: 0.8, recover_threshold: 0.95 },
    { ...minimal, critical: 0.1, recover_threshold: 0.1 },
    { ...minimal, warning: undefined, critical: 0.5 },
    { ...minimal, feature: '', for: 100, of: 100 },
  ])('takes %j', (document) => {
    expect(alertRuleSchema.safeParse(document).error).toBeUndefined();
  });

  const refused: [document: object, path: string, message: string][] = [
    [{ metric: 'psi', warning: 1 }, 'model', 'expected string'],
    [{ ...minimal, windows: 3 }, '', 'Unrecognized key: "windows"'],
    [{ ...minimal, warning: '0.1' }, 'warning', 'a threshold is a number, or [low, high]'],
    [{ ...minimal, warning: NaN }, 'warning', 'a threshold is a number'],
    [{ ...minimal, op: '==' }, 'op', 'Invalid option'],
    [{ model: 'flights', metric: 'psi' }, 'warning', 'give `warning`, `critical` or both'],
    [{ ...minimal, for: 3, of: 2 }, 'of', '`of` (2) must be at least `for` (3)'],
    [{ ...minimal, for: 0 }, 'for', '>=1'],
    [{ ...minimal, of: 101 }, 'of', '<=100'],
    [{ ...minimal, recover_after: 1.5 }, 'recover_after', 'expected int'],
    [{ ...minimal, critical: 0.05 }, 'critical', '`critical` (0.05) must be at least `warning` (0.1)'],
    [{ ...minimal, op: '<', critical: 0.2 }, 'critical', '`critical` (0.2) must be at most `warning` (0.1)'],
    [
      { ...minimal, recover_threshold: 0.2 },
      'recover_threshold',
      '`warning` (0.1) must be at least `recover_threshold` (0.2)',
    ],
    [
      { ...minimal, warning: null, critical: 1, recover_threshold: 2 },
      'recover_threshold',
      '`critical` (1) must be at least',
    ],
    [{ ...minimal, warning: [0, 1] }, 'warning', 'must be one number with the operator ">"'],
    [{ ...minimal, op: 'outside' }, 'warning', 'must be [low, high] with the operator "outside"'],
    [{ ...minimal, op: 'outside', warning: [2, 1] }, 'warning', 'low (2) must not be above high (1)'],
    [{ ...minimal, op: 'outside', warning: [0, 1, 2] }, 'warning', 'a threshold is a number, or [low, high]'],
    [
      { ...minimal, op: 'outside', warning: [0, 1], critical: [0.5, 2] },
      'critical',
      '`critical` ([0.5, 2]) must contain `warning` ([0, 1])',
    ],
    [
      { ...minimal, op: 'outside', warning: [0, 1], recover_threshold: [-1, 1] },
      'recover_threshold',
      'must contain `recover_threshold`',
    ],
    [{ ...minimal, min_coverage: 1.1 }, 'min_coverage', '<=1'],
    [{ ...minimal, min_samples: -1 }, 'min_samples', '>=0'],
    [{ ...minimal, relative_to: 'yesterday' }, 'relative_to', 'must be "baseline" or an age such as "7d"'],
    [{ ...minimal, relative_to: '0d' }, 'relative_to', 'must be longer than 0'],
    [{ ...minimal, repeat_every: '0s' }, 'repeat_every', 'must be longer than 0'],
    [{ ...minimal, repeat_every: 'daily' }, 'repeat_every', '"daily" is not a duration'],
    [{ ...minimal, no_data: 'ignore' }, 'no_data', 'Invalid option'],
    [{ ...minimal, channels: ['ops', 'ops'] }, 'channels', 'names a channel twice'],
  ];
  it.each(refused)('refuses %j at "%s"', (document, path, message) => {
    const issues = alertRuleSchema.safeParse(document).error?.issues ?? [];
    expect(issues.map((issue) => issue.path.join('.'))).toEqual([path]);
    expect(issues[0]?.message).toContain(message);
  });

  it('can be shown in OpenAPI, as a body and as an answer', () => {
    expect(z.toJSONSchema(alertRuleSchema, { io: 'input' }).required).toEqual(['model', 'metric']);
    expect(z.toJSONSchema(alertRuleSchema, { io: 'output' }).required).toContain('of');
  });
});

describe('matchesPattern', () => {
  it.each([
    ['*', '', true],
    ['*', 'inputs.distance', true],
    ['', '', true],
    ['', 'inputs.distance', false],
    ['inputs.distance', 'inputs.distance', true],
    ['inputs.distance', 'inputs.distance2', false],
    ['inputs.*', 'inputs.distance', true],
    ['inputs.*', 'inputs.', true],
    ['inputs.*', 'inputs', false],
    ['inputs.*', 'outputs.inputs.x', false],
    ['*.distance', 'inputs.distance', true],
    ['inputs.*.km', 'inputs.leg.first.km', true],
    ['inputs.*.km', 'inputs.km', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b*', 'xxbxxaxx', false],
    ['a*bc*c', 'abcc', true],
    ['a*bc*c', 'abc', false],
    ['**', 'x', true],
    ['a.c', 'abc', false],
    ['a[b]?', 'a[b]?', true],
  ])('%j on %j: %s', (pattern, value, matches) => {
    expect(matchesPattern(pattern, value)).toBe(matches);
  });

  it('agrees with the regular expression of the pattern', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, value) => {
        const source = pattern
          .split('*')
          .map((piece) => piece.replaceAll('.', '\\.'))
          .join('.*');
        expect(matchesPattern(pattern, value)).toBe(new RegExp(`^${source}$`).test(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('is quick on a pattern that stalls a backtracking matcher', () => {
    // Exponential or cubic work here would run into the test's time limit.
    expect(matchesPattern(`${'*a'.repeat(200)}b`, 'a'.repeat(50_000))).toBe(false);
  });
});

describe('thresholds', () => {
  const psi = alertRuleSchema.parse({ ...minimal, critical: 0.2, recover_threshold: 0.05 });

  it.each<['>' | '>=' | '<' | '<=' | 'outside', Threshold, number, boolean]>([
    ['>', 0.2, 0.2, false],
    ['>', 0.2, 0.21, true],
    ['>=', 0.2, 0.2, true],
    ['>=', 0.2, 0.19, false],
    ['<', 0.8, 0.8, false],
    ['<', 0.8, 0.79, true],
    ['<=', 0.8, 0.8, true],
    ['<=', 0.8, 0.81, false],
    ['outside', [1, 2], 1, false],
    ['outside', [1, 2], 2, false],
    ['outside', [1, 2], 0.9, true],
    ['outside', [1, 2], 2.1, true],
  ])('%s %j: %d breaches: %s', (op, threshold, value, expected) => {
    expect(breaches(op, value, threshold)).toBe(expected);
  });

  it('of psi are raised to what chance alone passes', () => {
    expect(effectiveThreshold(psi, 'warning', { noiseLimit: 0.02 })).toBe(0.1);
    expect(effectiveThreshold(psi, 'warning', { noiseLimit: 0.15 })).toBe(0.15);
    expect(effectiveThreshold(psi, 'critical', { noiseLimit: 0.15 })).toBe(0.2);
    expect(effectiveThreshold(psi, 'critical', { noiseLimit: 0.39 })).toBe(0.39);
    expect(effectiveThreshold(psi, 'critical', { noiseLimit: null })).toBe(0.2);
    expect(recoveryThreshold(psi, { noiseLimit: 0.02 })).toBe(0.05);
    expect(recoveryThreshold(psi, { noiseLimit: 0.15 })).toBe(0.15);
  });

  it('of psi from both sides are raised above only; from below not at all', () => {
    const outside = alertRuleSchema.parse({ ...minimal, op: 'outside', warning: [0.001, 0.1] });
    expect(effectiveThreshold(outside, 'warning', { noiseLimit: 0.15 })).toEqual([0.001, 0.15]);
    const below = alertRuleSchema.parse({ ...minimal, op: '<' });
    expect(effectiveThreshold(below, 'warning', { noiseLimit: 0.15 })).toBe(0.1);
  });

  it('of a relative psi rule are raised to the noise as a ratio', () => {
    const relative = alertRuleSchema.parse({ ...minimal, warning: 2, relative_to: '7d' });
    expect(effectiveThreshold(relative, 'warning', { noiseLimit: 0.3, reference: 0.1 })).toBeCloseTo(3, 12);
    expect(effectiveThreshold(relative, 'warning', { noiseLimit: 0.1, reference: 0.1 })).toBe(2);
  });

  it('of other metrics are left alone', () => {
    const accuracy = alertRuleSchema.parse({ ...minimal, metric: 'accuracy', op: '<', warning: 0.8 });
    expect(effectiveThreshold(accuracy, 'warning', { noiseLimit: 5 })).toBe(0.8);
    expect(effectiveThreshold(accuracy, 'critical', { noiseLimit: null })).toBeNull();
  });

  it('without a warning the lowest level is critical', () => {
    expect(lowestLevel(psi)).toBe('warning');
    expect(lowestLevel(alertRuleSchema.parse({ ...minimal, warning: null, critical: 1 }))).toBe('critical');
  });

  it.each<[Threshold | null, number | null, number | null]>([
    [0.2, 5, 0.2],
    [0.2, null, 0.2],
    [[1, 3], 0, 1],
    [[1, 3], 9, 3],
    [[1, 3], 1.5, 1],
    [[1, 3], null, null],
    [null, 1, null],
  ])('%j is shown for the value %j as %j', (threshold, value, bound) => {
    expect(nearestBound(threshold, value)).toBe(bound);
  });
});

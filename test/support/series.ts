// Alert histories for tests: a rule with two levels, and windows written as letters.
import { alertRuleSchema, type AlertRule } from '../../src/domain/alerts/rule.js';
import type { Observation } from '../../src/domain/alerts/state.js';
import { HOUR_MS } from '../../src/domain/duration.js';

/** The start of every history. */
export const T0 = Date.parse('2026-03-02T00:00:00Z');
/** The model's own minimum. */
export const options = { minSamples: 30 };

/** A rule that warns past 1 and is critical past 2, with other fields at will. */
export function rule(fields: object = {}): AlertRule {
  return alertRuleSchema.parse({ model: 'flights', metric: 'psi', warning: 1, critical: 2, ...fields });
}

/** The window `i` hours after the start. */
export function window(i: number, fields: Partial<Observation> = {}): Observation {
  const windowStart = T0 + i * HOUR_MS;
  return {
    windowStart,
    windowEnd: windowStart + HOUR_MS,
    value: 0,
    status: 'ok',
    n: 100,
    coverage: null,
    noiseLimit: null,
    ...fields,
  };
}

/**
 * A history in one line, a window a letter: `.` fine (0), `r` between recovery and warning (0.75), `w` past warning (1.5), `C` past
 * critical (3), `-` no data, `l` no labels, `0` no value, `i` insufficient, `s` too few rows, `u` too few labels, `p` provisional
 * and past critical, `x` without a reference, `z` with reference 0. Relative rules divide by 1 otherwise.
 */
const LETTERS: Record<string, Partial<Observation>> = {
  '.': { value: 0 },
  r: { value: 0.75 },
  w: { value: 1.5 },
  C: { value: 3 },
  '-': { value: null, status: 'no_data', n: 0 },
  l: { value: null, status: 'no_labels', n: 0, coverage: 0 },
  '0': { value: null },
  i: { value: 3, status: 'insufficient_data' },
  s: { value: 3, n: 29 },
  u: { value: 3, coverage: 0.1 },
  p: { value: 3, status: 'provisional', coverage: 0.9 },
  x: { value: 3, reference: null },
  z: { value: 3, reference: 0 },
};
export const history = (text: string): Observation[] =>
  [...text].map((letter, i) => window(i, { reference: 1, ...LETTERS[letter] }));

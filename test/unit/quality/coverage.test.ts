// What share of labels a window usually has at its age.
import { describe, expect, it } from 'vitest';
import { isBelowUsual, usualCoverage, type PastCoverage } from '../../../src/domain/quality/coverage.js';

const HOUR = 3_600_000;
const past = (n: number, fields: Partial<PastCoverage> = {}): PastCoverage[] =>
  Array.from({ length: n }, (_, i) => ({
    start: i * HOUR,
    coverage: 0.9,
    lag50: 600,
    lag90: 3600,
    lag99: 7200,
    ...fields,
  }));

describe('the usual coverage', () => {
  it('follows the age: labels come by and by', () => {
    const at = (minutes: number) => usualCoverage(past(10), 10 * HOUR, minutes * 60_000);
    expect([at(5), at(10), at(60), at(120)]).toEqual([0, 0.45, 0.81, 0.891]);
  });

  it('is the median of earlier windows only, and unknown for few of them', () => {
    expect(usualCoverage(past(4), 10 * HOUR, 100 * HOUR)).toBeNull();
    expect(usualCoverage(past(10), 4 * HOUR, 100 * HOUR)).toBeNull();
    const broken = [...past(10), { ...past(1)[0]!, start: 9.5 * HOUR, coverage: 0.01 }];
    expect(usualCoverage(broken, 10 * HOUR, 100 * HOUR)).toBeCloseTo(0.891, 12);
  });

  it('is missed only where chance does not explain it', () => {
    expect(isBelowUsual(85, 100, 0.89)).toBe(false);
    expect(isBelowUsual(50, 100, 0.89)).toBe(true);
    expect(isBelowUsual(1, 2, 0.89)).toBe(false);
    expect(isBelowUsual(0, 0, 0.89)).toBe(false);
    expect(isBelowUsual(0, 100, null)).toBe(false);
  });
});

// Durations: what is read, what is refused, and that writing and reading are inverse.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationSchema, formatDuration, parseDuration, positiveDurationSchema } from '../../src/domain/duration.js';

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['24h', 86_400_000],
    ['1d', 86_400_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
    ['007d', 604_800_000],
    ['0s', 0],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '15', 'm', '1.5h', '-1h', '1 h', ' 1h', '1h ', '1h30m', '1H', '1M', '1y', '١h', '9999999999w', '1h\n'])(
    'refuses %j and quotes it',
    (text) => {
      expect(() => parseDuration(text)).toThrow(RangeError);
      expect(() => parseDuration(text)).toThrow(`"${text}" is not a duration`);
    },
  );
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [90_000, '90s'],
    [900_000, '15m'],
    [5_400_000, '90m'],
    [86_400_000, '1d'],
    [604_800_000, '7d'],
    [90_000_000, '25h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([-1_000, 1, 1_500, NaN, Infinity])('refuses %d ms, which are not whole seconds', (ms) => {
    expect(() => formatDuration(ms)).toThrow(RangeError);
  });

  it('is read back as the same number', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2_000_000_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});

describe('durationSchema', () => {
  it('keeps the text as it was written', () => {
    expect(durationSchema.parse('24h')).toBe('24h');
  });

  it('says what is wrong and how to write it', () => {
    const message = durationSchema.safeParse('soon').error?.issues[0]?.message;
    expect(message).toContain('"soon" is not a duration');
    expect(message).toContain('"15m"');
  });

  it('lets a later check parse the text, because that check does not run on a bad one', () => {
    const atLeastAnHour = durationSchema.refine((text) => parseDuration(text) >= 3_600_000, 'too short');
    expect(atLeastAnHour.safeParse('soon').error?.issues).toHaveLength(1);
    expect(atLeastAnHour.safeParse('15m').error?.issues[0]?.message).toBe('too short');
  });

  it('takes zero, unless the duration has to be positive', () => {
    expect(durationSchema.safeParse('0d').success).toBe(true);
    expect(positiveDurationSchema.safeParse('0d').error?.issues[0]?.message).toBe('must be longer than 0');
    expect(positiveDurationSchema.parse('1s')).toBe('1s');
  });
});

// Parameters of the embedded engine as SET statements: nothing can leave its quotes, and what cannot be bound exactly is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withParams } from '../../src/store/bind.js';

describe('withParams', () => {
  test('a statement without parameters is left as it is', () => {
    expect(withParams('SELECT 1', {})).toBe('SELECT 1');
  });

  test('values stand in front of the statement in the text form of parameters', () => {
    expect(withParams('SELECT {a:String}, {b:Array(String)}', { a: `it's\t\\`, b: [`it's`, 1, null, true] })).toBe(
      `SET param_a = 'it\\'s\\\\t\\\\\\\\';\nSET param_b = '[\\'it\\\\\\'s\\',1,NULL,true]';\nSELECT {a:String}, {b:Array(String)}`,
    );
    expect(withParams('SELECT {a:Nullable(Float64)}', { a: null })).toMatch(/^SET param_a = '\\\\N';\n/);
  });

  test('no text, alone or in a list, ends its literal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [alone = '', listed = ''] = withParams('SELECT {a:String}, {b:Array(String)}', {
          a: text,
          b: [text],
        }).split(/;\n(?=SET|SELECT)/);
        for (const set of [alone, listed]) expect(set).toMatch(/^SET param_[ab] = '(?:[^'\\]|\\[\s\S])*'$/);
      }),
      { numRuns: 50 },
    );
  });

  test('a placeholder without a value is refused, because the engine would use the value of an earlier statement', () => {
    expect(() => withParams('SELECT {a:String}', {})).toThrow('{a}');
    expect(() => withParams('SELECT { a : String}', { a: undefined })).toThrow('{a}');
  });

  test('what looks like a placeholder inside quotes and comments is not one', () => {
    const sql = `SELECT '{a:String}', \`{b:String}\`, "{c:String}" /* {d:String} */ -- {e:String}`;
    expect(withParams(sql, {})).toBe(sql);
  });

  test('dates, numbers that are not finite and objects are refused, with the name of the parameter', () => {
    for (const value of [new Date(0), Number.NaN, Number.POSITIVE_INFINITY, [Number.NaN], { a: 1 }]) {
      expect(() => withParams('SELECT {when:String}', { when: value })).toThrow('parameter when');
    }
  });

  test('an integer that has lost digits is never written as an integer', () => {
    expect(withParams('SELECT {a:UInt64}', { a: 2 ** 53 - 1 })).toContain(`'9007199254740991'`);
    expect(withParams('SELECT {a:Float64}', { a: 2 ** 53 + 2 })).toContain(`'9.007199254740994e+15'`);
  });
});

// Rows as text: any rows joined are the same lines, and the text of the columns reads back as what was flattened.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFields, joinRows, RowPool } from '../../src/store/row-text.js';

describe('RowPool and joinRows', () => {
  test('rows joined are their lines in order, without the last newline, whatever their length and whatever was put between them', () => {
    const rows = fc.array(
      fc.record({
        text: fc.string({ unit: 'grapheme', maxLength: 40 }),
        repeat: fc.constantFrom(1, 3, 30_000),
        kept: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(rows, (given) => {
        const pool = new RowPool();
        const lines = given.map(({ text, repeat }) => JSON.stringify(text.repeat(repeat)));
        const put = lines.map((line) => pool.put(`${line}\n`));
        const chosen = given.flatMap(({ kept }, index) => (kept || index === 0 ? [index] : []));
        const joined = joinRows(chosen.map((index) => put[index] ?? { chunk: Buffer.alloc(0), start: 0, end: 0 }));
        expect(joined.toString()).toBe(chosen.map((index) => lines[index]).join('\n'));
      }),
      { numRuns: 40 },
    );
  });
});

describe('encodeFields', () => {
  test('the four objects hold every leaf once, under its dotted path', () => {
    const inputs = { a: 1.5, b: { c: 'x"y', d: true }, e: null, f: [1, 2], __proto__x: 0 };
    const text = encodeFields({ inputs, outputs: -0.25 });
    expect(JSON.parse(`[${text}]`)).toEqual([
      { 'inputs.a': 1.5, 'inputs.__proto__x': 0, 'outputs.value': -0.25 },
      { 'inputs.b.c': 'x"y' },
      { 'inputs.b.d': true },
      { 'inputs.e': 'null', 'inputs.f': '[1,2]' },
    ]);
  });

  test('more different paths than are remembered change nothing', () => {
    for (let i = 0; i < 45_000; i++) {
      const text = encodeFields({ inputs: { [`k${i}`]: i, n: { [`m${i}`]: 's' } } });
      if (i % 5_000 === 0)
        expect(JSON.parse(`[${text}]`)).toEqual([{ [`inputs.k${i}`]: i }, { [`inputs.n.m${i}`]: 's' }, {}, {}]);
    }
  });
});

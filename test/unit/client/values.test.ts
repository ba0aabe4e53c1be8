// Values as JSON: the vectors of the clients, and laws for whatever else a model may hand over.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encode } from '../../../clients/typescript/src/values.js';
import { newId, uuidOf } from '../../../clients/typescript/src/ids.js';
import { casesOf, revive, vectors } from '../../support/vectors.js';

const none = () => ({ nonfinite: 0, summarized: 0, stringified: 0, cut: 0 });

describe('the vectors of values', () => {
  for (const { name, value, json, counted } of casesOf(vectors('values').cases)) {
    test(name, () => {
      const counts = none();
      const text = encode(revive(value), counts);
      expect(JSON.parse(text ?? 'null')).toEqual(revive(json));
      expect(counts).toEqual({ ...none(), ...(typeof counted === 'string' ? { [counted]: 1 } : {}) });
    });
  }
});

describe('any value', () => {
  test('becomes JSON without an error, and JSON values become themselves', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withNullPrototype: true,
        }),
        (value) => {
          const text = encode(value, none());
          if (text !== undefined) expect(() => void JSON.parse(text)).not.toThrow();
        },
      ),
    );
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(encode(value, none())).toBe(JSON.stringify(value));
      }),
    );
  });

  test("circles are cut, getters that throw are the caller's to catch, own text forms are used", () => {
    const circle: Record<string, unknown> = { a: 1 };
    circle['self'] = circle;
    const counts = none();
    expect(encode(circle, counts)).toBe('{"a":1,"self":null}');
    expect(counts.cut).toBe(1);
    expect(encode({ at: new URL('http://a.b/') }, none())).toBe('{"at":"http://a.b/"}');
    expect(encode({ error: new TypeError('no') }, none())).toBe('{"error":"TypeError: no"}');
    expect(encode(JSON.parse('{"__proto__":{"a":1}}'), none())).toBe('{"__proto__":{"a":1}}');
    expect(encode(new Map([['__proto__', 1]]), none())).toBe('{"__proto__":1}');
    expect(encode({ f: () => 1, s: Symbol('x'), ok: 1 }, none())).toBe('{"ok":1}');
  });
});

describe('ids', () => {
  const { cases, made } = vectors('ids') as unknown as {
    cases: { given: string; uuid: string }[];
    made: { pattern: string };
  };

  test('any text has the UUID that the service gives it', () => {
    for (const { given, uuid } of cases) expect([given, uuidOf(given)]).toEqual([given, uuid]);
  });

  test('made ones are UUIDv7, and never the same twice', () => {
    const ids = Array.from({ length: 10_000 }, (_, at) => newId(1_767_225_600_000 + (at % 3)));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(new RegExp(made.pattern));
    expect(parseInt((ids[0] ?? '').replace('-', '').slice(0, 12), 16)).toBe(1_767_225_600_000);
  });
});

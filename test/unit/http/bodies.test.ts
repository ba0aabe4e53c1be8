// The parsing of request bodies: JSON, NDJSON, and which items a tracking body holds.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnparsableItem } from '../../../src/domain/contract/tracking.js';
import { DriftlineError } from '../../../src/domain/errors.js';
import { MAX_ITEMS, NdjsonBody, itemsOf, parseJson, parseNdjson } from '../../../src/http/plugins/bodies.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');

function refusal(run: () => unknown): DriftlineError {
  try {
    run();
  } catch (error) {
    if (error instanceof DriftlineError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('NDJSON', () => {
  test('any JSON values, one a line, are read back as they are', () => {
    const lines = fc.array(fc.jsonValue(), { maxLength: 30 });
    const ending = fc.constantFrom('\n', '\r\n', '\n\n', '\n \t\r\n');
    fc.assert(
      fc.property(lines, ending, fc.boolean(), (values, end, last) => {
        const text = values.map((value) => JSON.stringify(value)).join(end) + (last ? end : '');
        // JSON has no -0.
        expect(parseNdjson(bytes(text), 1000)).toEqual(
          values.map((value) => JSON.parse(JSON.stringify(value)) as unknown),
        );
      }),
    );
  });

  test('a line that is not JSON keeps its place and its text', () => {
    const items = parseNdjson(bytes('{"a":1}\n{"a":\n3\n'), 10);
    expect(items).toHaveLength(3);
    expect(items[0]).toEqual({ a: 1 });
    expect(items[1]).toBeInstanceOf(UnparsableItem);
    expect((items[1] as UnparsableItem).text).toBe('{"a":');
    expect(items[2]).toBe(3);
  });

  test('two values on one line are one broken line, not two items', () => {
    const items = parseNdjson(bytes('{"a":1},{"a":2}\n'), 10);
    expect(items).toHaveLength(1);
    expect(items[0]).toBeInstanceOf(UnparsableItem);
  });

  test('a line that is not UTF-8 is refused alone', () => {
    const body = Buffer.concat([bytes('{"a":"é"}\n{"a":"'), Buffer.from([0xff]), bytes('"}\n{"a":2}')]);
    const items = parseNdjson(body, 10);
    expect(items[0]).toEqual({ a: 'é' });
    expect((items[1] as UnparsableItem).message).toMatch(/UTF-8/);
    expect(items[2]).toEqual({ a: 2 });
  });

  test('a byte order mark is not part of the first line', () => {
    expect(parseNdjson(bytes('\ufeff{"a":1}'), 10)).toEqual([{ a: 1 }]);
  });

  test('more lines than the limit are refused, as many are not', () => {
    expect(parseNdjson(bytes('1\n2\n3'), 3)).toEqual([1, 2, 3]);
    expect(refusal(() => parseNdjson(bytes('1\n2\n3\n4'), 3)).status).toBe(413);
  });
});

describe('JSON', () => {
  test('any JSON document is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(bytes(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('an empty body is undefined, which no JSON document is', () => {
    expect(parseJson(Buffer.alloc(0))).toBeUndefined();
  });

  test('what is not JSON is refused with the line and column, where Node knows them', () => {
    const error = refusal(() => parseJson(bytes('{\n  "a": 1,\n  "b" 2\n}')));
    expect(error).toMatchObject({ status: 400, code: 'malformed_json' });
    expect(error.detail).toMatch(/line 3, column 7/);
  });

  test('NaN, Infinity and bytes that are not UTF-8 are refused', () => {
    for (const body of [bytes('{"a": NaN}'), bytes('[Infinity]'), Buffer.from([0x22, 0xff, 0x22])]) {
      expect(refusal(() => parseJson(body)).code).toBe('malformed_json');
    }
  });

  test('a key __proto__ is data and changes no prototype', () => {
    const value = parseJson(bytes('{"__proto__": {"polluted": true}}')) as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });
});

describe('items of a body', () => {
  test('an object, an array, a wrapped array and NDJSON lines are the same items', () => {
    const item = { model: 'm' };
    for (const body of [item, [item], { predictions: [item] }, new NdjsonBody([item])]) {
      expect(itemsOf(body, ['predictions'])).toEqual([item]);
    }
  });

  test('a wrapper key beside others is a field of one item', () => {
    const body = { predictions: [1], model: 'm' };
    expect(itemsOf(body, ['predictions'])).toEqual([body]);
  });

  test.each([
    ['nothing', undefined, 400, 'empty_body'],
    ['an empty array', [], 400, 'no_items'],
    ['an empty wrapper', { predictions: [] }, 400, 'no_items'],
    ['a wrapper without an array', { predictions: 3 }, 400, 'invalid_input'],
    ['null', null, 400, 'invalid_input'],
    ['a number', 7, 400, 'invalid_input'],
    ['too many items', new Array(MAX_ITEMS + 1).fill({}), 413, 'too_large'],
  ])('%s is refused', (_name, body, status, code) => {
    expect(refusal(() => itemsOf(body, ['predictions']))).toMatchObject({ status, code });
  });
});

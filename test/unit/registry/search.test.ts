// MLflow's search grammar: what filters mean, LIKE against a reference, and that no text breaks the parser.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../src/domain/errors.js';
import { isLike, MODEL_GRAMMAR, parseFilter, VERSION_GRAMMAR } from '../../../src/domain/registry/search.js';

describe('filters', () => {
  it('read comparators, quotes, tag keys and AND in any case', () => {
    expect(parseFilter(`name LIKE 'chu%' and tags.team = "crm"`, MODEL_GRAMMAR)).toEqual([
      { kind: 'attribute', key: 'name', comparator: 'LIKE', value: 'chu%' },
      { kind: 'tag', key: 'team', comparator: '=', value: 'crm' },
    ]);
    expect(parseFilter("tag.`a b.c` ilike 'X' AND tags.\"k-1\" != 'it''s'", MODEL_GRAMMAR)).toEqual([
      { kind: 'tag', key: 'a b.c', comparator: 'ILIKE', value: 'X' },
      { kind: 'tag', key: 'k-1', comparator: '!=', value: "it's" },
    ]);
    expect(parseFilter("run_id IN ('a', 'b') AND version_number>=2", VERSION_GRAMMAR)).toEqual([
      { kind: 'attribute', key: 'run_id', comparator: 'IN', value: ['a', 'b'] },
      { kind: 'attribute', key: 'version_number', comparator: '>=', value: 2 },
    ]);
    expect(parseFilter("attribute.name = 'a'", MODEL_GRAMMAR)).toMatchObject([{ kind: 'attribute', key: 'name' }]);
    expect(parseFilter('  ', MODEL_GRAMMAR)).toEqual([]);
  });

  it.each([
    ["name = 'a' OR name = 'b'", "Invalid clause(s) in filter string: OR name = 'b'"],
    ["name = 'a' AND", 'Invalid clause(s) in filter string: (nothing after AND)'],
    ["(name = 'a')", "Invalid clause(s) in filter string: ( name = 'a' )"],
    ["name = 'a", "Invalid clause(s) in filter string: 'a"],
    ['name =', 'Invalid comparison clause. Expected 3 tokens found 2'],
    ["metrics.x = '1'", "Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')"],
    ['run_id IN ()', 'While parsing a list in the query'],
    ["run_id IN ('a',)", 'While parsing a list in the query'],
    ["source_path IN ('a')", 'Invalid comparator for attribute: IN'],
    ['version_number = 1.5', "Invalid value for numeric attribute 'version_number': 1.5"],
    ['version_number LIKE 1', 'Invalid comparator for attribute version_number: LIKE'],
  ])('%s is refused: %s', (filter, message) => {
    expect(() => parseFilter(filter, VERSION_GRAMMAR)).toThrow(message);
  });

  it('never throw anything but a refusal', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .array(fc.constantFrom('name', 'tags.a', '=', 'LIKE', "'x'", 'AND', 'IN', 'NOT', '(', ')', ',', '1', '`'))
            .map((parts) => parts.join(' ')),
        ),
        (filter) => {
          try {
            parseFilter(filter, VERSION_GRAMMAR);
          } catch (error) {
            expect(error).toBeInstanceOf(RegistryError);
            expect(error).toMatchObject({ status: 400, code: 'invalid_parameter_value' });
          }
        },
      ),
    );
  });
});

describe('LIKE', () => {
  /** The meaning, written as an expression. */
  const reference = (pattern: string, text: string) => {
    const source = Array.from(pattern, (c) =>
      c === '%' ? '[^]*' : c === '_' ? '[^]' : c.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'),
    );
    return new RegExp(`^${source.join('')}$`, 'u').test(text);
  };

  it('matches what the same regular expression matches', () => {
    const pattern = fc
      .array(fc.constantFrom('a', 'b', '%', '_', 'é', '.'), { maxLength: 8 })
      .map((parts) => parts.join(''));
    const text = fc.array(fc.constantFrom('a', 'b', 'é', '.', '\n'), { maxLength: 10 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, text, (p, t) => isLike(p, t, false) === reference(p, t)),
      { numRuns: 500 },
    );
  });

  it('does not slow down on patterns made to stall a matcher', () => {
    expect(isLike(`${'%a'.repeat(50)}%b`, 'a'.repeat(5000), false)).toBe(false);
  });

  it('ignores case only as ILIKE', () => {
    expect([isLike('A%', 'abc', false), isLike('A%', 'abc', true)]).toEqual([false, true]);
  });
});

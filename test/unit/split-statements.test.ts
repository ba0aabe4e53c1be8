// Splitting SQL files into statements: only a semicolon that ends a statement counts.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.js';
import { splitStatements } from '../../src/store/migrations.js';

describe('splitStatements', () => {
  const cases: Record<string, [string, string[]]> = {
    'two statements': ['SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    'the last one without a semicolon': ['SELECT 1;\nSELECT 2\n', ['SELECT 1', 'SELECT 2']],
    'a semicolon in a line comment': ['SELECT 1 -- one; and more\n; SELECT 2', ['SELECT 1', 'SELECT 2']],
    'a semicolon in a block comment': ['SELECT /* a; b\n; */ 1; SELECT 2', ['SELECT   1', 'SELECT 2']],
    'a semicolon in quotes': [`SELECT 'a;b'; SELECT 2`, [`SELECT 'a;b'`, 'SELECT 2']],
    'a doubled quote': [`SELECT 'it''s; fine'; SELECT 2`, [`SELECT 'it''s; fine'`, 'SELECT 2']],
    'an escaped quote': [`SELECT 'it\\'s; fine'; SELECT 2`, [`SELECT 'it\\'s; fine'`, 'SELECT 2']],
    'an escaped backslash before the end of quotes': [`SELECT 'a\\\\'; SELECT 2`, [`SELECT 'a\\\\'`, 'SELECT 2']],
    'a semicolon in backticks': ['SELECT `a;b`; SELECT 2', ['SELECT `a;b`', 'SELECT 2']],
    'a semicolon in a quoted identifier': ['SELECT "a;b"; SELECT 2', ['SELECT "a;b"', 'SELECT 2']],
    'comment marks inside quotes': [`SELECT '-- a', '/* b'; SELECT '*/'`, [`SELECT '-- a', '/* b'`, `SELECT '*/'`]],
    'a quote inside a comment': [`-- don't; stop\nSELECT 1; /* it's; fine */ SELECT 2`, ['SELECT 1', 'SELECT 2']],
    'minus and division that begin no comment': ['SELECT 4 - 2 / 1; SELECT -1', ['SELECT 4 - 2 / 1', 'SELECT -1']],
    'comments and semicolons alone': ['-- nothing\n;;/* here */;\n', []],
    nothing: ['', []],
  };
  for (const [what, [sql, statements]] of Object.entries(cases)) {
    test(`${what}`, () => {
      expect(splitStatements(sql)).toEqual(statements);
    });
  }

  test('whatever pieces statements are made of, they come back as they were joined', () => {
    const piece = fc.constantFrom(
      'SELECT',
      '1',
      `'a;b'`,
      '`c;d`',
      '"e;f"',
      `''`,
      `'--'`,
      '-',
      '/',
      '(',
      ')',
      ',',
      `'it''s;'`,
      `'\\';'`,
    );
    const statement = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(' '));
    const ending = fc.constantFrom(';', ' ;\n', '; -- a; comment\n', ";/* it's; */");
    fc.assert(
      fc.property(fc.array(fc.tuple(statement, ending), { maxLength: 6 }), (parts) => {
        expect(splitStatements(parts.map(([text, end]) => text + end).join(''))).toEqual(parts.map(([text]) => text));
      }),
    );
  });

  test('no statement of the schema holds a comment or another statement', () => {
    const folder = path.join(packageRoot(), 'schema');
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.sql'))) {
      const statements = splitStatements(readFileSync(path.join(folder, file), 'utf8'));
      expect(statements.length, file).toBeGreaterThan(0);
      for (const statement of statements)
        expect(statement, file).toMatch(/^(CREATE|ALTER|DROP|INSERT|RENAME|OPTIMIZE|SYSTEM) [^;]*$/);
      for (const statement of statements) expect(statement, file).not.toContain('--');
    }
  });
});

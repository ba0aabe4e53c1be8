// Generated SELECTs for property tests: CTEs, aliases, joins, unions, subqueries and IN, nested, over names that mean views, tables, files or nothing.
import fc from 'fast-check';

type Text = fc.Arbitrary<string>;
const ANYWHERE = ['a', 'b', 'api_keys', 'models', 'system.one', 'default.models', '"secret.csv"'];

/** Mostly what can be read in this place, now and then anything. `scope` holds the CTEs that can be seen. */
const nameIn = (scope: readonly string[]): Text =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('v_metrics', 'v_alerts', ...scope, ...scope) },
    { weight: 1, arbitrary: fc.constantFrom(...ANYWHERE) },
  );

/** Now and then an alias that gives one name the meaning of another. */
const alias: Text = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...ANYWHERE), fc.constantFrom('a', 'b', 'v_metrics', 'v_alerts'))
      .map(([meant, name]) => `, ${meant} AS ${name}`),
  },
);

/** A SELECT without WITH, whose parts nest `depth` deep. */
function plain(depth: number, scope: readonly string[]): Text {
  const name = nameIn(scope);
  const inner = depth === 0 ? null : select(depth - 1, scope);
  const source = inner === null ? name : fc.oneof(name, inner.map((text) => `(${text})`)); // prettier-ignore
  const forms = [
    source.map((from) => `SELECT 1 AS c FROM ${from}`),
    fc.tuple(source, source).map(([x, y]) => `SELECT 1 AS c FROM ${x} AS x CROSS JOIN ${y} AS y`),
  ];
  if (inner === null) return fc.oneof(...forms);
  return fc.oneof(
    ...forms,
    ...forms,
    fc.tuple(source, name).map(([from, set]) => `SELECT 1 AS c FROM ${from} WHERE 1 IN ${set}`),
    fc.tuple(name, inner).map(([from, set]) => `SELECT 1 AS c FROM ${from} WHERE 1 IN (${set})`),
    fc.tuple(source, source).map(([x, y]) => `SELECT 1 AS c FROM ${x} UNION ALL SELECT 2 AS c FROM ${y}`),
    inner.map((text) => `SELECT (SELECT max(c) FROM (${text})) AS c`),
  );
}

function select(depth: number, scope: readonly string[]): Text {
  const below = Math.max(0, depth - 1);
  const one = fc
    .tuple(fc.constantFrom('a', 'b'), plain(below, scope), alias, plain(below, [...scope, 'a', 'b']))
    .map(([cte, body, other, main]) => `WITH ${cte} AS (${body})${other} ${main}`);
  const two = fc
    .tuple(plain(below, scope), alias, plain(below, [...scope, 'a']), plain(below, [...scope, 'a', 'b']))
    .map(([first, other, second, main]) => `WITH a AS (${first})${other}, b AS (${second}) ${main}`);
  return fc.oneof(plain(depth, scope), one, two);
}

/** A SELECT of one column `c`. `a` and `b` are CTEs in some places and nothing, or a table, in others. */
export const nestedSelect: Text = select(3, []);

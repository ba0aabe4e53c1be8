// Parameters of the embedded engine: SET statements in front of the statement, so that connections do not wait for one another.
import type { QueryParams } from './client.js';

const TEXT_ESCAPES: Record<string, string> = {
  '\\': '\\\\',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** The characters that end or escape a value in the engine's text form of parameters. */
function escapeText(value: string): string {
  return value.replace(/[\\\0\b\f\n\r\t]/g, (character) => TEXT_ESCAPES[character] ?? character);
}

/** A value in the engine's text form of parameters. Strings inside arrays are quoted, outside they are not. */
function textOf(name: string, value: unknown, nested: boolean): string {
  if (value === null) return nested ? 'NULL' : '\\N';
  if (typeof value === 'boolean') return String(value);
  // An integer beyond 2^53 has lost digits already: written like this a Float64 takes it, an id or a version does not.
  if (typeof value === 'number' && Number.isFinite(value))
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
  if (typeof value === 'string') return nested ? `'${escapeText(value).replaceAll("'", "\\'")}'` : escapeText(value);
  if (Array.isArray(value)) return `[${value.map((entry) => textOf(name, entry, true)).join(',')}]`;
  if (value instanceof Date)
    throw new Error(`parameter ${name}: a Date loses milliseconds and its zone; bind epoch milliseconds`);
  throw new Error(
    `parameter ${name}: ${typeof value === 'number' ? value : `a value of type ${typeof value}`} cannot be bound`,
  );
}

/** Placeholders outside of quotes and comments. */
const PLACEHOLDER =
  /'(?:[^'\\]+|\\[\s\S])*'|`(?:[^`\\]+|\\[\s\S])*`|"(?:[^"\\]+|\\[\s\S])*"|\/\*[\s\S]*?\*\/|--[^\n]*|\{\s*([A-Za-z_]\w*)\s*:/g;

/**
 * The statement with its values in front, as one call. The binding of the npm package runs every statement that has parameters through one
 * queue of the whole process, whatever its connection: a long query would delay every other one. `SET param_x` belongs to the connection only.
 * A parameter stays on the connection afterwards, so a placeholder without a value is refused here; it would read an earlier statement's value.
 * @throws Error for a value that cannot be bound (Date, NaN, undefined, objects) and for a placeholder without a value.
 */
export function withParams(sql: string, params: QueryParams): string {
  for (const [, name] of sql.matchAll(PLACEHOLDER)) {
    if (name !== undefined && params[name] === undefined) throw new Error(`the statement has no value for {${name}}`);
  }
  const names = Object.keys(params);
  if (names.length === 0) return sql;
  const odd = names.find((name) => !/^\w+$/.test(name));
  if (odd !== undefined) throw new Error(`${JSON.stringify(odd)} cannot be the name of a parameter`);
  const sets = names.map(
    (name) => `SET param_${name} = '${textOf(name, params[name], false).replace(/[\\']/g, '\\$&')}';`,
  );
  return `${sets.join('\n')}\n${sql}`;
}

// JSON text that came from outside, nested no deeper than what the service can walk through.

/** How deep a document may nest. Whatever walks through a value afterwards, by calling itself, has room for this. */
export const MAX_JSON_DEPTH = 200;

/** JSON that nests deeper than MAX_JSON_DEPTH. */
export class NestingError extends SyntaxError {
  constructor() {
    super(`nested deeper than ${MAX_JSON_DEPTH} levels`);
  }
}

/**
 * The value of a JSON text. JSON.parse takes any depth, and everything after it would overflow the stack.
 * @throws SyntaxError where it is not JSON, NestingError where it nests too deep.
 */
export function readJson(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  // Most texts cannot nest so deep, and say so faster than their values.
  if (text.length > 2 * MAX_JSON_DEPTH && opensOften(text)) assertDepth(value);
  return value;
}

/** For values that others parsed. @throws NestingError */
export function assertDepth(value: unknown): void {
  if (isDeeper(value, MAX_JSON_DEPTH)) throw new NestingError();
}

function opensOften(text: string): boolean {
  let opened = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      opened += 1;
      if (opened > MAX_JSON_DEPTH) return true;
    }
  }
  return false;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((inner) => isDeeper(inner, levels - 1));
  const object = value as Record<string, unknown>;
  for (const key in object) if (isDeeper(object[key], levels - 1)) return true;
  return false;
}

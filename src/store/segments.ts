// Segments: `path=value` as a condition, and a row's segments as an expression.
import { InvalidInputError } from '../domain/errors.js';
import type { Conditions } from './conditions.js';

/**
 * The value of a field as text, or NULL where it is missing: a tag, or an input or output of any type. `bind` makes a placeholder for the path.
 */
export function textOf(path: string, bind: (value: string) => string): string {
  if (path.startsWith('tags.')) {
    const key = bind(path.slice('tags.'.length));
    return `if(mapContains(tags, ${key}), tags[${key}], NULL)`;
  }
  const key = bind(path);
  return `multiIf(mapContains(str, ${key}), str[${key}], mapContains(flag, ${key}), if(flag[${key}], 'true', 'false'), mapContains(num, ${key}), toString(num[${key}]), NULL)`;
}

/** Add the condition of one segment, `tags.region=EU`. */
export function segmentCondition(where: Conditions, segment: string): void {
  const at = segment.indexOf('=');
  const path = segment.slice(0, at);
  if (at < 1 || !/^(tags|inputs|outputs)\./.test(path)) {
    throw new InvalidInputError('A segment is path=value, for example tags.region=EU or inputs.origin=ORD.', [
      { code: 'invalid_segment', path: 'segment', message: `"${segment}" is not path=value` },
    ]);
  }
  where.add(
    `ifNull(${textOf(path, (value) => where.bind(value, 'String'))} = ${where.bind(segment.slice(at + 1), 'String')}, 0)`,
  );
}

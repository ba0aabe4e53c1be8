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

/** Path and value of `tags.region=EU`. @throws InvalidInputError */
export function segmentParts(segment: string): { path: string; value: string } {
  const at = segment.indexOf('=');
  const path = segment.slice(0, at);
  if (at < 1 || !/^(tags|inputs|outputs)\./.test(path)) {
    throw new InvalidInputError('A segment is path=value, for example tags.region=EU or inputs.origin=ORD.', [
      { code: 'invalid_segment', path: 'segment', message: `"${segment}" is not path=value` },
    ]);
  }
  return { path, value: segment.slice(at + 1) };
}

/** The condition of one segment as SQL. @throws InvalidInputError */
export function segmentText(where: Conditions, segment: string): string {
  const { path, value } = segmentParts(segment);
  return `ifNull(${textOf(path, (key) => where.bind(key, 'String'))} = ${where.bind(value, 'String')}, 0)`;
}

/** Add the condition of one segment, `tags.region=EU`. @throws InvalidInputError */
export function segmentCondition(where: Conditions, segment: string): void {
  where.add(segmentText(where, segment));
}

// Zod issues as the contract's item errors: a code, the dotted path, and a sentence.
import { z } from 'zod';
import type { ItemError } from './errors.js';

type Issue = z.core.$ZodIssue;

/** One error per issue; unknown keys give one error each, so that every misspelt field is named. */
export function issuesToErrors(issues: readonly Issue[], index?: number): ItemError[] {
  return issues.flatMap((issue) =>
    fromIssue(issue).map((error) => (index === undefined ? error : { index, ...error })),
  );
}

function fromIssue(issue: Issue): ItemError[] {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'unknown_field',
      path: path === '' ? key : `${path}.${key}`,
      message: 'unknown field; check the spelling',
    }));
  }
  const missing = / received undefined$/.test(issue.message) || issue.message === REQUIRED;
  if (issue.code === 'invalid_union' && !missing) {
    // The branch that got furthest says the most; without one, the union's own message.
    const deepest = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
    // A union that says itself what it takes knows better than one of its branches.
    const told = issue.message !== 'Invalid input' && deepest?.path.length === 0;
    if (deepest !== undefined && deepest.code !== 'invalid_type' && !told)
      return fromIssue({ ...deepest, path: [...issue.path, ...deepest.path] });
    return [
      {
        code: 'invalid_type',
        path,
        message: issue.message === 'Invalid input' ? `expected ${unionNames(issue)}` : issue.message,
      },
    ];
  }
  if (issue.code === 'invalid_key') {
    // What is wrong with the name says more than that one is wrong.
    const message = issue.issues[0]?.message ?? issue.message;
    return [{ code: issue.code, path, message }];
  }
  return [{ code: missing ? 'required' : reasonOf(issue), path, message: missing ? REQUIRED : issue.message }];
}

const REQUIRED = 'is required';

/** A stable name for the reason: counters are kept by it. A rule of ours says it as `params.code`. */
function reasonOf(issue: Issue): string {
  if (issue.code !== 'custom') return issue.code;
  const { code } = issue.params ?? {};
  return typeof code === 'string' ? code : 'invalid_value';
}

function unionNames(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const names = issue.errors.flat().map((inner) => ('expected' in inner ? String(inner.expected) : 'another form'));
  return [...new Set(names)].join(' or ');
}

/** The fields that an object may have in which the last part of the path stands, or null where none is described there. */
export function keysAt(schema: z.core.$ZodType, path: readonly string[]): string[] | null {
  const [part = ''] = path;
  if (schema instanceof z.ZodPipe) return keysAt(schema.in, path);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return keysAt(schema.unwrap(), path);
  // Names of a record may hold dots, so only what stands directly in its values is told.
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, path.slice(-1));
  if (schema instanceof z.ZodArray) return keysAt(schema.element, path.slice(1));
  if (schema instanceof z.ZodUnion) {
    const keys = schema.options.flatMap((option) => keysAt(option, path) ?? []);
    return keys.length === 0 ? null : [...new Set(keys)];
  }
  if (!(schema instanceof z.ZodObject)) return null;
  if (path.length <= 1) return Object.keys(schema.shape);
  const inner: unknown = schema.shape[part];
  return inner instanceof z.ZodType ? keysAt(inner, path.slice(1)) : null;
}

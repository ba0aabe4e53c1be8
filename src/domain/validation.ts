// Zod issues as the contract's item errors: a code, the dotted path, and a sentence.
import type { z } from 'zod';
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
  if (issue.code === 'invalid_union') {
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
  const missing =
    issue.code === 'invalid_type' && issue.input === undefined && / received undefined$/.test(issue.message);
  return [{ code: missing ? 'required' : issue.code, path, message: missing ? 'is required' : issue.message }];
}

function unionNames(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const names = issue.errors.flat().map((inner) => ('expected' in inner ? String(inner.expected) : 'another form'));
  return [...new Set(names)].join(' or ');
}

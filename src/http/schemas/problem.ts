// The error document (RFC 9457) and how it is made from an error.
import { z } from 'zod';
import { DriftlineError, type ItemError } from '../../domain/errors.js';

const itemErrorSchema = z.object({
  index: z.number().optional(),
  code: z.string(),
  path: z.string(),
  message: z.string(),
});

/** `application/problem+json`, the body of every answer of 400 and above. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string().describe('what to do about it'),
    code: z.string().describe('stable, for programs'),
    errors: z.array(itemErrorSchema).optional().describe('one entry for each field that is wrong'),
  })
  .describe('An error');
export type Problem = z.output<typeof problemSchema>;

export const PROBLEM_TYPE = 'application/problem+json';

/** The document of an error that the caller may see. */
export function toProblem(error: DriftlineError): Problem {
  return problem(error.status, error.code, error.title, error.detail, error.errors);
}

/** A document from its parts. `type` says nothing more than the status does: `code` is what programs look at. */
export function problem(status: number, code: string, title: string, detail: string, errors?: ItemError[]): Problem {
  const document: Problem = { type: 'about:blank', title, status, detail, code };
  return errors === undefined ? document : { ...document, errors };
}

/** 406: none of the types that the caller accepts is available. */
export function notAcceptable(offered: readonly string[]): DriftlineError {
  return new DriftlineError(
    406,
    'not_acceptable',
    'Not acceptable',
    `Ask for one of ${offered.join(', ')} in the Accept header.`,
  );
}

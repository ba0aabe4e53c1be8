// What MLflow's calls take: queries and bodies as one document, read by zod schemas, refused with MLflow's messages.
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RegistryError } from '../../domain/errors.js';
import { invalidParameter, missingParameter } from '../../domain/registry/rules.js';

/** Text that must be there and not be empty. */
export const required = (description: string) => z.string().min(1).describe(description);
export const text = (description: string) => z.string().optional().describe(description);
/** A version number: text, as MLflow has it; a whole number is taken too. */
export const versionText = z
  .union([z.string().min(1), z.int().transform(String)], { error: 'expected text' })
  .describe('the version number, as text');
const wholeText = z
  .string()
  .regex(/^[-+]?\d{1,15}$/)
  .transform(Number);
export const whole = (description: string) =>
  z.union([z.int(), wholeText], { error: 'expected an integer' }).optional().describe(description);
export const yesNo = (description: string) =>
  z
    .union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })], { error: "must be 'true' or 'false'" })
    .optional()
    .describe(description);
/** A list; in a query one value is a list of one. */
export const texts = (description: string) =>
  z
    .union([z.array(z.string()), z.string().transform((one) => [one])], { error: 'expected a list of text' })
    .default([])
    .describe(description);
export const tags = z
  .array(z.object({ key: z.string().min(1), value: z.string().default('') }))
  .default([])
  .describe('tags; of a key given twice the last counts');

const SECRETS = new Set(['secret', 'authorization', 'access_token', 'http_url_spec', 'job_spec']);

/** What a value is called in Python, whose words MLflow's messages use. */
function pythonType(value: unknown): string {
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return Array.isArray(value) ? 'list' : 'dict';
}

/** The first problem, as MLflow says it. */
function explain(error: z.ZodError, input: unknown): RegistryError {
  const issue = error.issues[0];
  const path = issue?.path ?? [];
  const value = path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null ? (part as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
  const name = path.reduce<string>(
    (before, key) =>
      typeof key === 'number' ? `${before}[${key}]` : before === '' ? String(key) : `${before}.${String(key)}`,
    '',
  );
  if (value === undefined || value === null || value === '') return missingParameter(name);
  const shown = path.some((key) => SECRETS.has(String(key))) ? '' : ` ${JSON.stringify(value).slice(0, 500)}`;
  return invalidParameter(
    `Invalid value${shown} for parameter '${name}' supplied: ${issue?.message ?? 'not understood'}. Hint: Value was of type '${pythonType(value)}'. See the API docs for more information about request parameters.`,
  );
}

/**
 * A request's query and body as one document; the body counts where both say something, null is as good as absent, unknown fields are ignored.
 * @throws RegistryError
 */
export function readInput<S extends z.ZodType>(request: FastifyRequest, schema: S): z.output<S> {
  const body: unknown = request.body ?? {};
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RegistryError(400, 'BAD_REQUEST', 'The request body must be a JSON object.');
  }
  const given = { ...(request.query as object), ...(request.method === 'GET' ? {} : body) };
  const input = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined));
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw explain(parsed.error, input);
}

// Query parameters: text that is read as times, whole numbers and lists. Nothing else in the HTTP layer converts a value.
import { z } from 'zod';
import {
  deploymentNameSchema,
  modelNameSchema,
  queryTimeSchema,
  slugSchema,
  versionNameSchema,
} from '../../domain/contract/common.js';
import { durationSchema } from '../../domain/duration.js';

const TIME_HELP =
  'expected ISO 8601 with an offset (2026-01-31T12:00:00Z), a date (2026-01-31) or epoch milliseconds; write + as %2B';

/** Read `text` by `schema`, with one message for whatever is wrong with it. */
function readAs<T>(schema: z.ZodType<T>, text: string, context: z.RefinementCtx, message: string | null): T {
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  context.addIssue({ code: 'custom', message: message ?? parsed.error.issues[0]?.message ?? 'not understood' });
  return z.NEVER;
}

/** A parameter that may be left out or empty, both of which mean "any". */
function optional<T>(schema: z.ZodType<T>, description: string, message: string | null = null) {
  return z
    .string()
    .describe(description)
    .optional()
    .transform((text, context): T | null =>
      text === undefined || text === '' ? null : readAs(schema, text, context, message),
    );
}

/** A time in epoch milliseconds, or null. */
export const optionalTime = (description: string) => optional(queryTimeSchema, description, TIME_HELP);

/** A time that must be given. */
export const requiredTime = (description: string) =>
  z
    .string()
    .describe(description)
    .transform((text, context) => readAs(queryTimeSchema, text, context, TIME_HELP));

/** A whole number from 1 to `max`, or null. */
export const optionalLimit = (max: number, description: string) =>
  optional(
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number)
      .pipe(z.number().min(1).max(max)),
    description,
    `expected a whole number from 1 to ${max}`,
  );

/** The same, `fallback` where it is left out. */
export const limitOf = (max: number, fallback: number) =>
  optionalLimit(max, `1 to ${max}, ${fallback} by default`).transform((limit) => limit ?? fallback);

export const optionalModel = optional(modelNameSchema, 'the model; any where left out');
export const optionalVersion = optional(versionNameSchema, 'the version; any where left out');
export const optionalName = (description: string) => optional(slugSchema, description);
export const optionalText = (description: string) => optional(z.string().max(2000), description);
/** Empty is a name of its own here: the deployment of predictions that were sent without one. */
export const optionalDeployment = deploymentNameSchema
  .describe('the deployment; empty for predictions sent without one')
  .optional()
  .transform((text) => text ?? null);

export const optionalFlag = (description: string) =>
  optional(
    z.enum(['true', 'false']).transform((text) => text === 'true'),
    description,
    'expected true or false',
  );

export const optionalChoice = <T extends string>(values: readonly T[], description: string) =>
  z
    .enum(values)
    .describe(description)
    .optional()
    .transform((value) => value ?? null);

/** A parameter that may be given several times. */
export const repeatable = (description: string) =>
  z
    .union([z.string(), z.array(z.string())], { error: 'expected text' })
    .describe(description)
    .optional()
    .transform((given): string[] => (given === undefined ? [] : [given].flat().filter((text) => text !== '')));

/** Column names separated by commas, as one parameter or several. */
export const columnList = (description: string) =>
  repeatable(description).transform((given) =>
    given.flatMap((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ),
  );

/** A length such as `7d`, or `range`. */
export const optionalWindow = optional(
  z.union([z.literal('range'), durationSchema]),
  'merge to windows of this length (7d), or `range` for one point a series over exactly [from, to)',
  'expected a duration such as 7d, or "range"',
);

/** A length of time such as `1m`. */
export const optionalStep = optional(durationSchema, 'length of a step, e.g. `1m`', 'expected a duration such as 1m');

interface Range {
  from: number | null;
  to: number | null;
}

/** For `refine`: an empty or backward range is a mistake. */
export const isForward = (query: Range): boolean => query.from === null || query.to === null || query.from < query.to;
export const RANGE_ERROR = { path: ['to'], message: 'must be after from' };

export const modelParams = z.strictObject({ model: modelNameSchema });
export const nameParams = z.strictObject({ name: slugSchema });
export const modelAndNameParams = z.strictObject({ model: modelNameSchema, name: slugSchema });
export const emptyQuery = z.strictObject({});

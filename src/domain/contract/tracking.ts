// What the tracking routes take and answer: predictions, ground truth, delayed metrics, aggregate metrics.
import { z } from 'zod';
import type { ItemError } from '../errors.js';
import { deploymentNameSchema, modelNameSchema, timeSchema, versionNameSchema } from './common.js';

export const DEFAULT_VERSION = 'unversioned';
/** The longest id that is kept as external_id. */
const idSchema = z.string().min(1, 'must not be empty').max(200, 'at most 200 characters');
const count = z.number().int('expected a whole number, at most 2^53 - 1').nonnegative('must not be negative');
const finite = z.number({ error: 'expected a finite number' });
const amount = z.number({ error: 'expected a finite number' }).nonnegative('must not be negative');

/** A message for what is not there, and another for what is wrong. */
const given = (message: string) => (issue: { input?: unknown }) =>
  issue.input === undefined ? 'is required' : message;
const plainObject = z
  .custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    error: given('expected an object'),
    params: { code: 'invalid_type' },
  })
  .meta({ type: 'object', additionalProperties: true });

/** An object of values by name. Zod would leave a key `__proto__` out without a word, so that name is refused. */
function byName<T>(value: z.ZodType<T, T>) {
  const names = z.string().min(1, 'a name must not be empty').max(200, 'a name has at most 200 characters');
  return plainObject
    .refine((value) => !Object.hasOwn(value, '__proto__'), {
      error: 'the name __proto__ cannot be used',
      params: { code: 'invalid_key' },
    })
    .pipe(z.record(names, value));
}

/** One prediction as it is sent. Technical fields may be null, as they are in answers. `inputs` and `outputs` are checked by the flattening, which knows the path of a bad value. */
export const predictionItemSchema = z.strictObject({
  model: modelNameSchema,
  version: versionNameSchema.default(DEFAULT_VERSION),
  deployment: deploymentNameSchema.default(''),
  prediction_id: idSchema.optional(),
  timestamp: timeSchema.optional(),
  inputs: plainObject.optional(),
  outputs: z.unknown().optional(),
  metrics: byName(finite).optional(),
  tags: byName(
    z.string({ error: 'expected a string: tags are for segments, numbers go into inputs or metrics' }),
  ).optional(),
  latency_ms: amount.nullish(),
  status: z.enum(['ok', 'error']).default('ok'),
  error: z.string().max(10_000, 'at most 10,000 characters').nullish(),
  request_bytes: count.nullish(),
  response_bytes: count.nullish(),
  cpu_ms: amount.nullish(),
  memory_bytes: count.nullish(),
  replica: z.string().max(200, 'at most 200 characters').nullish(),
});
export type PredictionItem = z.output<typeof predictionItemSchema>;

/** One ground-truth record: `values` is an object, or a scalar that is stored as `value`. */
export const groundTruthItemSchema = z.strictObject({
  prediction_id: idSchema,
  values: z.unknown().refine((value) => value !== undefined && !Array.isArray(value), {
    error: given('expected an object or a single value'),
    params: { code: 'invalid_type' },
  }),
  timestamp: timeSchema.optional(),
});
export type GroundTruthItem = z.output<typeof groundTruthItemSchema>;

/** The same call under Cloudera's name. */
export const delayedMetricsItemSchema = z.strictObject({
  prediction_id: idSchema,
  metrics: plainObject,
  timestamp: timeSchema.optional(),
});

/** Values that a client computed itself over [start, end]. */
export const aggregateItemSchema = z
  .strictObject({
    model: modelNameSchema,
    version: versionNameSchema.default(DEFAULT_VERSION),
    deployment: deploymentNameSchema.default(''),
    start: timeSchema,
    end: timeSchema,
    metrics: byName(finite).refine((metrics) => Object.keys(metrics).length > 0, {
      error: 'give at least one metric',
      params: { code: 'required' },
    }),
  })
  .refine((item) => item.start <= item.end, {
    path: ['end'],
    error: 'must not be before start',
    params: { code: 'invalid_range' },
  });
export type AggregateItem = z.output<typeof aggregateItemSchema>;

/** The same with values of any kind, as Cloudera's clients send them; only numbers become series. */
export const aggregateDocumentSchema = z.strictObject({ ...aggregateItemSchema.shape, metrics: plainObject });
export type AggregateDocument = z.output<typeof aggregateDocumentSchema>;

const itemErrorSchema = z.object({ index: z.number(), code: z.string(), path: z.string(), message: z.string() });

/** 201 with only the first two; 207 with all four, where some items failed (their id is null). */
export const trackedSchema = z.object({
  accepted: z.number(),
  prediction_ids: z.array(z.string().nullable()),
  rejected: z.number().optional(),
  errors: z.array(itemErrorSchema).optional(),
});
export type Tracked = z.output<typeof trackedSchema>;

/** The answer of routes that take records without giving ids. */
export const acceptedSchema = z.object({
  accepted: z.number(),
  rejected: z.number().optional(),
  errors: z.array(itemErrorSchema).optional(),
});
export type Accepted = z.output<typeof acceptedSchema>;

/** A stored prediction, with what is known of its ground truth. */
export const storedPredictionSchema = z.object({
  prediction_id: z.string(),
  external_id: z.string().nullable(),
  model: z.string(),
  version: z.string(),
  deployment: z.string(),
  timestamp: z.string(),
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.unknown(),
  metrics: z.record(z.string(), z.number()),
  tags: z.record(z.string(), z.string()),
  ground_truth: z.record(z.string(), z.unknown()).nullable(),
  ground_truth_at: z.string().nullable(),
  latency_ms: z.number().nullable(),
  status: z.string(),
  error: z.string().nullable(),
  request_bytes: z.number().nullable(),
  response_bytes: z.number().nullable(),
  cpu_ms: z.number().nullable(),
  memory_bytes: z.number().nullable(),
  replica: z.string().nullable(),
  received_at: z.string(),
});
export type StoredPrediction = z.output<typeof storedPredictionSchema>;

/** A refused item, as kept for seven days. */
export const rejectedItemSchema = z.object({
  id: z.string(),
  received_at: z.string(),
  route: z.string(),
  model: z.string(),
  index: z.number(),
  code: z.string(),
  path: z.string(),
  message: z.string(),
  item: z.string(),
});
export type RejectedItem = z.output<typeof rejectedItemSchema>;

/** Which refused items to send again. `after`: `next` of an earlier answer. */
export const replayRequestSchema = z.strictObject({
  model: modelNameSchema.optional().describe('only of this model'),
  reason: z.string().min(1).max(100).optional().describe('only those that were refused with this `code`'),
  ids: z.array(z.uuid('expected the id of a refused item')).min(1).max(1000).optional().describe('only these'),
  limit: z.int().min(1).max(1000).default(1000).describe('items of one call at the most'),
  after: z
    .string()
    .regex(/^\d{1,16}_[0-9a-f-]{36}$/, 'expected `next` of an earlier answer')
    .optional()
    .describe('go on after an earlier call: its `next`'),
});
export type ReplayRequest = z.output<typeof replayRequestSchema>;

/** What became of them. `next`: go on with it as `after`; null: there are no others. */
export const replayedSchema = z.object({
  stored: z.number().describe('stored, and no longer among the refused items'),
  refused: z.number().describe('refused again; they stay'),
  unusable: z.number().describe('not kept as a whole, or of a route that cannot be replayed: send them anew'),
  errors: z.array(z.object({ id: z.string(), code: z.string(), path: z.string(), message: z.string() })),
  next: z.string().nullable(),
});
export type Replayed = z.output<typeof replayedSchema>;

/** An item of another protocol that is not understood: it takes its place among the items, is refused for `errors`, and kept as it came. */
export class RefusedItem {
  constructor(
    private readonly item: unknown,
    readonly errors: readonly Omit<ItemError, 'index'>[],
  ) {}

  toJSON(): unknown {
    return this.item;
  }
}

/** A line of an NDJSON body that is not JSON: it takes its place among the items, and the ingest service refuses it with `message`. */
export class UnparsableItem {
  constructor(
    readonly text: string,
    readonly message: string,
    /** Whether the line is longer than its text. */
    readonly isCut: boolean = false,
    readonly code: 'malformed_json' | 'too_deep' = 'malformed_json',
  ) {}
}

// What the routes of inference logs answer.
import { z } from 'zod';
import { modelNameSchema } from './common.js';

const errorSchema = z.object({ index: z.number(), code: z.string(), path: z.string(), message: z.string() });

/** What became of logged events: `waiting` for their other half, `joined` with it, `duplicate`, or `ignored` because they are no inference. */
export const loggedSchema = z.object({
  accepted: z.number(),
  predictions: z.number(),
  waiting: z.number(),
  duplicates: z.number(),
  ignored: z.number(),
  rejected: z.number().optional(),
  errors: z.array(errorSchema).optional(),
});
export type Logged = z.output<typeof loggedSchema>;

/** A half that has no other. `expired`: it has waited too long and counts as missing. */
export const waitingHalfSchema = z.object({
  model: z.string(),
  request_id: z.string(),
  kind: z.enum(['request', 'response']),
  received_at: z.string(),
  expired: z.boolean(),
});

/** Counts of the last eight days. `expired_requests`: requests that were never answered; `unusable`: pairs that did not fit together. */
export const halvesSchema = z.object({
  waiting_requests: z.number(),
  waiting_responses: z.number(),
  expired_requests: z.number(),
  expired_responses: z.number(),
  joined: z.number(),
  unusable: z.number(),
  halves: z.array(waitingHalfSchema),
});
export type Halves = z.output<typeof halvesSchema>;

/** An inference with both of its sides, as middleware in front of a model has them. */
export const inferencePairSchema = z.strictObject({
  model: modelNameSchema,
  version: z.string().min(1).max(200).optional(),
  deployment: z.string().max(200).optional(),
  id: z
    .string()
    .min(1)
    .max(180)
    .optional()
    .describe('of the request; instances get `id#0`, `id#1`, ...; made where left out'),
  timestamp: z.union([z.iso.datetime({ offset: true }), z.number().int()]).optional(),
  latency_ms: z.number().nonnegative().optional(),
  request: z
    .unknown()
    .describe('a body as a model server takes it: KServe v1, Open Inference v2, MLflow scoring, Seldon'),
  response: z.unknown().describe('what it answered'),
});
export type InferencePair = z.output<typeof inferencePairSchema>;

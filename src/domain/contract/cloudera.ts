// Cloudera's model-metrics documents, in its own camel case. Times are epoch milliseconds; both casings of "Timestamp" are read, the second is written.
import { z } from 'zod';

const crn = z.string().min(1, 'must not be empty').max(2000, 'at most 2000 characters');
const time = z.number({ error: 'expected whole epoch milliseconds' }).int('expected whole epoch milliseconds');
const uuid = z.string().min(1, 'must not be empty').max(200, 'at most 200 characters');
const metrics = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'expected an object',
  )
  .meta({ type: 'object', additionalProperties: true });

/** Both casings of a time, as one. */
function eitherCasing(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { startTimeStampMs, endTimeStampMs, ...rest } = value as Record<string, unknown>;
  return {
    ...(startTimeStampMs === undefined ? {} : { startTimestampMs: startTimeStampMs }),
    ...(endTimeStampMs === undefined ? {} : { endTimestampMs: endTimeStampMs }),
    ...rest,
  };
}

const forward = (item: { startTimestampMs: number; endTimestampMs: number }) =>
  item.startTimestampMs <= item.endTimestampMs;
const BACKWARD = { path: ['endTimestampMs'], message: 'must not be before startTimestampMs' };

/** `/track-metrics`: a prediction. What follows `metrics` is Driftline's own: what its clients know besides. */
export const clouderaPredictionSchema = z.preprocess(
  eitherCasing,
  z
    .object({
      modelDeploymentCrn: crn,
      startTimestampMs: time,
      endTimestampMs: time,
      predictionUuid: uuid,
      metrics,
      status: z.enum(['ok', 'error']).optional(),
      error: z.string().max(10_000).optional(),
      requestBytes: z.number().int().nonnegative().optional(),
      responseBytes: z.number().int().nonnegative().optional(),
      cpuMs: z.number().nonnegative().optional(),
      memoryBytes: z.number().int().nonnegative().optional(),
      replica: z.string().max(200).optional(),
    })
    .refine(forward, BACKWARD),
);
export type ClouderaPrediction = z.output<typeof clouderaPredictionSchema>;

/** `/track-delayed-metrics`: values for a prediction that may not have come yet. The deployment is not needed: the UUID says which. */
export const clouderaDelayedSchema = z.object({
  modelDeploymentCrn: crn.nullish(),
  predictionUuid: uuid,
  metrics,
});

/** `/track-aggregate-metrics`: values over a range of time, start = end included. */
export const clouderaAggregateSchema = z.preprocess(
  eitherCasing,
  z
    .object({ modelDeploymentCrn: crn, startTimestampMs: time, endTimestampMs: time, metrics })
    .refine(forward, BACKWARD),
);
export type ClouderaAggregate = z.output<typeof clouderaAggregateSchema>;

/** `/read-metrics`: one CRN and a range whose both ends belong to it. */
export const clouderaReadSchema = z.preprocess(
  eitherCasing,
  z
    .object({
      modelDeploymentCrn: crn.nullish(),
      modelBuildCrn: crn.nullish(),
      modelCrn: crn.nullish(),
      startTimestampMs: time.nullish(),
      endTimestampMs: time.nullish(),
    })
    .refine((body) => [body.modelDeploymentCrn, body.modelBuildCrn, body.modelCrn].filter(Boolean).length === 1, {
      path: ['modelDeploymentCrn'],
      message: 'give one of modelDeploymentCrn, modelBuildCrn and modelCrn',
    }),
);
export type ClouderaRead = z.output<typeof clouderaReadSchema>;

/** A row of `/read-metrics`; `predictionUuid` is empty for an aggregate. */
export const clouderaRowSchema = z.object({
  modelDeploymentCrn: z.string(),
  modelBuildCrn: z.string(),
  modelCrn: z.string(),
  startTimeStampMs: z.number(),
  endTimeStampMs: z.number(),
  predictionUuid: z.string(),
  metrics: z.record(z.string(), z.unknown()),
});
export type ClouderaRow = z.output<typeof clouderaRowSchema>;

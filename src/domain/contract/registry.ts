// The registry as Driftline's own API shows it: models, versions with lineage and training metrics, the log, and marks for charts.
import { z } from 'zod';
import { STAGES } from '../registry/model.js';
import { DRIFTLINE_EVENTS } from '../registry/webhook.js';
import { metricPointSchema } from './metrics.js';

const textRecord = z.record(z.string(), z.string());

/** Where a version comes from, as far as its fields and tags say. */
export const lineageSchema = z.object({
  run_id: z.string().nullable(),
  source: z.string(),
  run_link: z.string().nullable(),
  git_commit: z.string().nullable(),
  git_repository: z.string().nullable(),
  data_version: z.string().nullable(),
});
export type Lineage = z.output<typeof lineageSchema>;

export const registeredVersionSchema = z.object({
  version: z.string(),
  stage: z.enum(STAGES),
  aliases: z.array(z.string()),
  tags: textRecord,
  description: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  created_by: z.string(),
  download_uri: z.string(),
  lineage: lineageSchema,
  /** From `model_metrics`, and tags such as `training.accuracy`. */
  training_metrics: z.record(z.string(), z.number()),
  training_params: textRecord,
  /** The baseline that the version is compared with, where one was loaded for it. */
  baseline: z.object({ baseline_id: z.string(), name: z.string(), rows: z.number() }).nullable(),
  /** What was tracked of it, null where nothing was. */
  predictions: z.number().nullable(),
  first_seen: z.string().nullable(),
  last_seen: z.string().nullable(),
});
export type RegisteredVersion = z.output<typeof registeredVersionSchema>;

export const registeredModelSchema = z.object({
  model: z.string(),
  description: z.string(),
  tags: textRecord,
  aliases: textRecord,
  /** Stage to its highest version. */
  stages: textRecord,
  versions: z.number(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type RegisteredModelSummary = z.output<typeof registeredModelSchema>;

export const registeredModelDetailSchema = registeredModelSchema
  .omit({ versions: true })
  .extend({ versions: z.array(registeredVersionSchema) });
export type RegisteredModelDetail = z.output<typeof registeredModelDetailSchema>;

/** A number that training reported beside the same number in production. */
export const qualityComparisonSchema = z.object({
  metric: z.string(),
  training: z.number().nullable(),
  measured: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  n: z.number(),
  coverage: z.number().nullable(),
  status: z.string(),
});
export const versionDetailSchema = registeredVersionSchema.extend({
  model: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  quality: z.array(qualityComparisonSchema),
});
export type VersionDetail = z.output<typeof versionDetailSchema>;

/** Numbers of a version beside those of the one it replaced, as they were when it took over: 28 days up to then. */
export const frozenComparisonSchema = z.object({
  time: z.string(),
  reason: z.string(),
  by: z.string(),
  model: z.string(),
  version: z.string(),
  replaced: z.string(),
  from: z.string(),
  to: z.string(),
  /** `pending` while it is computed; `no_data` where a version had no predictions. */
  state: z.enum(['pending', 'done', 'no_data', 'failed']),
  detail: z.string().nullable(),
  points: z.array(metricPointSchema),
});
export type FrozenComparison = z.output<typeof frozenComparisonSchema>;

/** A version that stands by, held against the champion over the same time. */
export const challengerSchema = z.object({
  version: z.string(),
  champion: z.string(),
  stage: z.string(),
  aliases: z.array(z.string()),
  from: z.string(),
  to: z.string(),
  detail: z.string().nullable(),
  points: z.array(metricPointSchema),
});
export type Challenger = z.output<typeof challengerSchema>;

export const registryChangeSchema = z.object({
  time: z.string(),
  by: z.string(),
  action: z.string(),
  model: z.string(),
  version: z.string().nullable(),
  key: z.string().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  comment: z.string().nullable(),
  /** The change as a sentence. */
  text: z.string(),
});
export type RegistryChange = z.output<typeof registryChangeSchema>;

export const EVENT_KINDS = ['stage', 'alias', 'baseline', 'config', 'version'] as const;
/** A mark on the charts of a model. `by` is empty where nobody in particular did it. */
export const modelEventSchema = z.object({
  time: z.string(),
  kind: z.enum(EVENT_KINDS),
  version: z.string().nullable(),
  text: z.string(),
  by: z.string(),
});
export type ModelEvent = z.output<typeof modelEventSchema>;

/** A webhook about builds and deployments. */
export const ownWebhookRequestSchema = z.strictObject({
  url: z.string().min(1).max(2000),
  secret: z.string().min(8, 'use at least 8 characters').max(1000).optional(),
  events: z.array(z.enum(DRIFTLINE_EVENTS)).default([]).describe('all of them where empty'),
  description: z.string().max(2000).default(''),
  enabled: z.boolean().default(true),
});
export const ownWebhookSchema = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  description: z.string(),
  enabled: z.boolean(),
  created_at: z.string(),
});

/** One body for one webhook of the registry. `id` is the same over all attempts. */
export const deliverySchema = z.object({
  id: z.string(),
  webhook: z.string(),
  event: z.string(),
  model: z.string(),
  state: z.enum(['pending', 'sent', 'failed']),
  attempts: z.number(),
  error: z.string().nullable(),
  time: z.string(),
  ended_at: z.string().nullable(),
});

// Model configuration and discovery, and baselines, as the contract has them.
import { z } from 'zod';
import { DRIFT_METRICS, ruleMetricProblem } from '../alerts/metric-names.js';
import { durationSchema, parseDuration } from '../duration.js';
import { isValidWindowLength } from '../window.js';
import { mappingSchema } from '../logs/mapping.js';
import { slugSchema, timeSchema, versionNameSchema } from './common.js';

export const taskSchema = z.enum(['binary', 'multiclass', 'regression', 'none']);
export type Task = z.output<typeof taskSchema>;

const outputPath = z.string().regex(/^(outputs|inputs|metrics)\..+/, 'expected a path such as outputs.probability');
const segmentPath = z
  .string()
  .regex(/^(tags|inputs|outputs)\..+/, 'expected a path such as tags.region or inputs.origin');
const fieldPath = z
  .string()
  .regex(/^(inputs|outputs|values)\..+/, 'expected a path such as inputs.hour, outputs.score or values.late');
const privatePath = z.string().regex(/^(inputs|outputs|tags)\..+/, 'expected a path such as inputs.email');

const fieldConfigSchema = z.strictObject({
  kind: z.enum(['numeric', 'categorical']).optional(),
  ignore: z.boolean().optional(),
});

/** Cloudera's names: the CRNs of the model's deployments with the version of each, and which keys of its metrics are inputs. */
const clouderaConfigSchema = z.strictObject({
  deployments: z
    .record(z.string().min(1).max(200, 'at most 200 characters'), versionNameSchema)
    .describe('deployment CRN to version')
    .optional(),
  inputs: z.array(z.string().min(1).max(200)).max(50, 'at most 50 keys').optional(),
});

/** Numbers that somebody measured elsewhere: what rules with `relative_to: baseline` divide by before they look at the baseline's own rows. */
const statedNumbers = z
  .record(z.string().min(1).max(200), z.number())
  .superRefine((numbers, context) => {
    for (const metric of Object.keys(numbers)) {
      const problem = DRIFT_METRICS.some((one) => one === metric)
        ? `${metric} compares with the baseline: it has no number for the baseline itself`
        : ruleMetricProblem(metric);
      if (problem !== null) context.addIssue({ code: 'custom', path: [metric], message: problem });
    }
  })
  .describe("the whole model's numbers on its baseline, by metric, such as accuracy on the test set");

/** `PUT /v1/models/{model}`: everything is optional; what is left out is inferred and reported. */
export const modelConfigSchema = z.strictObject({
  task: taskSchema.optional(),
  prediction: outputPath.optional(),
  score: outputPath.optional(),
  ground_truth: z.string().min(1).max(200).optional(),
  positive_label: z.union([z.string(), z.number(), z.boolean()]).optional(),
  threshold: z.number().optional(),
  window: durationSchema
    .refine((text) => isValidWindowLength(parseDuration(text)), 'a window is a multiple of 15 minutes, from 15m to 30d')
    .optional(),
  label_delay: durationSchema.optional(),
  min_samples: z.number().int().min(1).optional(),
  drift_threshold: z.number().positive().optional(),
  segments: z.array(segmentPath).max(10, 'at most 10 segments').optional(),
  features: z.record(fieldPath, fieldConfigSchema).optional(),
  retention_days: z.number().int().min(1).max(36_500).optional(),
  baseline_metrics: statedNumbers.optional(),
  integration: mappingSchema.optional(),
  privacy: z
    .strictObject({ drop: z.array(privatePath).default([]), hash: z.array(privatePath).default([]) })
    .optional(),
  cloudera: clouderaConfigSchema.optional(),
});
export type ModelConfig = z.output<typeof modelConfigSchema>;

/** What is used, after defaults and inference; `inferred` names the keys that nobody set. Lengths in milliseconds. */
export interface EffectiveConfig {
  task: Task;
  prediction: string | null;
  score: string | null;
  groundTruth: string | null;
  positiveLabel: string | number | boolean;
  threshold: number;
  windowLength: number;
  labelDelay: number;
  minSamples: number;
  driftThreshold: number;
  segments: string[];
  features: NonNullable<ModelConfig['features']>;
  retentionDays: number | null;
  privacy: { drop: string[]; hash: string[] };
  inferred: string[];
}

export const effectiveConfigSchema = z.object({
  task: taskSchema,
  prediction: z.string().nullable(),
  score: z.string().nullable(),
  ground_truth: z.string().nullable(),
  positive_label: z.union([z.string(), z.number(), z.boolean()]),
  threshold: z.number(),
  window: z.string(),
  label_delay: z.string(),
  min_samples: z.number(),
  drift_threshold: z.number(),
  segments: z.array(z.string()),
  features: z.record(z.string(), fieldConfigSchema),
  retention_days: z.number().nullable(),
  privacy: z.object({ drop: z.array(z.string()), hash: z.array(z.string()) }),
  inferred: z.array(z.string()),
});

export const modelSummarySchema = z.object({
  model: z.string(),
  versions: z.array(z.string()),
  predictions: z.number(),
  first_seen: z.string().nullable(),
  last_seen: z.string().nullable(),
  configured: z.boolean(),
});
export type ModelSummary = z.output<typeof modelSummarySchema>;

export const modelDetailSchema = modelSummarySchema.extend({
  config: modelConfigSchema,
  effective: effectiveConfigSchema,
});
export type ModelDetail = z.output<typeof modelDetailSchema>;

/** What was tracked of a version. */
export const trackedVersionSchema = z.object({
  version: z.string(),
  deployments: z.array(z.string()),
  predictions: z.number(),
  first_seen: z.string(),
  last_seen: z.string(),
});
export type TrackedVersion = z.output<typeof trackedVersionSchema>;

/** With what the registry says of it; `stage` is null where it is not registered. */
export const versionSummarySchema = trackedVersionSchema.extend({
  stage: z.string().nullable(),
  aliases: z.array(z.string()),
  tags: z.record(z.string(), z.string()),
});
export type VersionSummary = z.output<typeof versionSummarySchema>;

export const FIELD_CHANGES = ['appeared', 'disappeared', 'type_changed'] as const;

/** A discovered field. `kind`: numeric, categorical, boolean, json, mixed; `null_share`: share of predictions without a usable value. */
export const fieldSummarySchema = z.object({
  path: z.string(),
  kind: z.string(),
  /** Null where none of the predictions that were looked at has it: only the baseline does. */
  first_seen: z.string().nullable(),
  last_seen: z.string().nullable(),
  null_share: z.number(),
  distinct: z.number(),
  compared: z.boolean(),
  /** Why it is not compared. */
  reason: z.string().nullable(),
  /** What happened to it, by the baseline or by earlier windows. */
  change: z.enum(FIELD_CHANGES).nullable(),
  /** When: the first value of what is new, or the last one of what is gone. */
  changed_at: z.string().nullable(),
  /** The change in a sentence. */
  change_detail: z.string().nullable(),
});
export type FieldSummary = z.output<typeof fieldSummarySchema>;

/** `POST .../baselines` with a JSON object that freezes a production window. */
export const freezeBaselineSchema = z
  .strictObject({ name: slugSchema, from: timeSchema, to: timeSchema, version: versionNameSchema.optional() })
  .refine((body) => body.from < body.to, { path: ['to'], message: 'must be after from' });
export type FreezeBaseline = z.output<typeof freezeBaselineSchema>;

export const baselineCreatedSchema = z.object({
  baseline_id: z.string(),
  name: z.string(),
  rows: z.number(),
  fields: z.number(),
});
export type BaselineCreated = z.output<typeof baselineCreatedSchema>;

export const baselineSummarySchema = z.object({
  baseline_id: z.string(),
  name: z.string(),
  version: z.string().nullable(),
  source: z.string(),
  rows: z.number(),
  fields: z.number(),
  active: z.boolean(),
  created_at: z.string(),
});
export type BaselineSummary = z.output<typeof baselineSummarySchema>;

export const baselineFieldSchema = z.object({
  path: z.string(),
  kind: z.enum(['numeric', 'categorical', 'skipped']),
  reason: z.string().nullable(),
  edges: z.array(z.number()).nullable(),
  categories: z.array(z.string()).nullable(),
  labels: z.array(z.string()),
  counts: z.array(z.number()),
});
export const baselineDetailSchema = baselineSummarySchema.extend({
  fields: z.array(baselineFieldSchema),
  quality: z
    .array(
      z.object({
        metric: z.string(),
        value: z.number(),
        lower: z.number().nullable(),
        upper: z.number().nullable(),
        n: z.number(),
      }),
    )
    .describe('over its own rows, where they have predictions and ground truth; computed by the quality job'),
});
export type BaselineDetail = z.output<typeof baselineDetailSchema>;

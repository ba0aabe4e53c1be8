// What explains an alert, and what segments contributed to a change, as the contract has them.
import { z } from 'zod';
import { alertSchema } from './alerts.js';
import { metricPointSchema } from './metrics.js';

export const contributionSchema = z.object({
  segment: z.string().describe('`path=value`; without a value: the rows that lack the field'),
  n_before: z.number(),
  n_after: z.number(),
  value_before: z.number().nullable(),
  value_after: z.number().nullable(),
  mix_effect: z.number().nullable().describe("what came of the segment's share of the rows changing"),
  rate_effect: z.number().nullable().describe("what came of the segment's own value changing"),
});

/** A change and its segments; over the segments of one path the effects add up to the change. */
export const contributionsSchema = z.object({
  metric: z.string(),
  before: z.number().nullable(),
  after: z.number().nullable(),
  change: z.number().nullable(),
  segments: z.array(contributionSchema),
});

export const contributionAnswerSchema = contributionsSchema.extend({
  before_from: z.string(),
  before_to: z.string(),
  from: z.string(),
  to: z.string(),
});
export type ContributionAnswer = z.output<typeof contributionAnswerSchema>;

/** Times in epoch ms; without `before*`, the range is compared with the one as long that ends where it begins. */
export interface ContributionQuery {
  metric: string;
  version: string | null;
  from: number;
  to: number;
  beforeFrom: number | null;
  beforeTo: number | null;
}

/** `GET /v1/alerts/{id}`. */
export const explanationSchema = alertSchema.extend({
  acknowledged_by: z.string().nullable(),
  history: z
    .array(
      z.object({
        at: z.string(),
        state: alertSchema.shape.state,
        severity: alertSchema.shape.severity,
        value: z.number().nullable(),
        window_start: z.string(),
        why: z.string(),
      }),
    )
    .describe('every change of the alert, oldest first'),
  numbers: z
    .array(metricPointSchema.extend({ threshold: z.number().nullable(), noise_limit: z.number().nullable() }))
    .describe('the series up to the window of the alert, oldest first'),
  bins: z
    .array(
      z.object({
        label: z.string(),
        baseline_share: z.number(),
        current_share: z.number(),
        change: z.number(),
      }),
    )
    .describe('the field in the window of the alert against the baseline, most moved first'),
  contributions: contributionsSchema
    .extend({ about: z.string().describe('what was split over segments, in words') })
    .nullable(),
  segments: z.array(contributionSchema).describe('the segments of `contributions`, largest effect first'),
  quality: z
    .array(
      z.object({
        metric: z.string().nullable(),
        value: z.number().nullable(),
        lower: z.number().nullable(),
        upper: z.number().nullable(),
        before: z.number().nullable(),
        coverage: z.number().nullable(),
        text: z.string(),
      }),
    )
    .describe('what happened to quality in the window of the alert, as far as labels are in'),
  examples: z.array(z.string()).describe('up to 20 prediction ids'),
  sql: z
    .array(z.object({ about: z.string(), sql: z.string(), params: z.record(z.string(), z.unknown()) }))
    .describe('the same questions as statements for POST /v1/query'),
});
export type Explanation = z.output<typeof explanationSchema>;

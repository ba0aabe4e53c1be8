// Summaries for people: the state of every model over a range, and a metric of many fields over time in a grid.
import { z } from 'zod';

/** Worst first: what a person has to look at before the rest. */
export const MODEL_STATES = ['critical', 'watch', 'no_data', 'insufficient_data', 'waiting_for_labels', 'ok'] as const;
export type ModelState = (typeof MODEL_STATES)[number];

const seriesSchema = z.array(z.object({ time: z.string(), value: z.number().nullable() }));

/** One number over the range. `previous`: the same over the range before, of the same length. */
const summarySchema = z.object({
  metric: z.string(),
  value: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  n: z.number(),
  previous: z.number().nullable(),
  series: seriesSchema,
});
export type Summary = z.output<typeof summarySchema>;

const baselineHeadSchema = z.object({
  name: z.string(),
  version: z.string().nullable().describe('the version it is for; null: every version'),
  source: z.string(),
  rows: z.number(),
  created_at: z.string(),
});
export type BaselineHeadJson = z.output<typeof baselineHeadSchema>;

export const overviewModelSchema = z.object({
  model: z.string(),
  version: z.string().nullable(),
  versions: z.array(
    z.object({
      version: z.string(),
      first_seen: z.string(),
      last_seen: z.string(),
      stage: z.string().nullable().describe('in the registry; null where it is not registered'),
      aliases: z.array(z.string()),
      stands_by: z
        .boolean()
        .describe('sees traffic without deciding anything: in Staging, or with an alias such as challenger'),
    }),
  ),
  tags: z.record(z.string(), z.string()).describe('of the registered model'),
  task: z.string(),
  window: z.string(),
  state: z.enum(MODEL_STATES),
  why: z.string(),
  since: z.string().nullable(),
  predictions: summarySchema,
  label_coverage: summarySchema,
  label_lag_p90: summarySchema,
  newest_labels: z
    .object({
      window_start: z.string(),
      window_end: z.string(),
      n: z.number(),
      coverage: z.number(),
      lower: z.number().nullable(),
      upper: z.number().nullable(),
      usual: z.number().nullable().describe('what earlier windows had at this age; null where too little is known'),
    })
    .nullable()
    .describe('labels of the newest window of the range; only where one model is asked for'),
  quality: summarySchema
    .extend({
      reference: z.number().nullable().describe('what the metric is held against'),
      reference_kind: z
        .enum(['stated', 'baseline', 'first_window'])
        .nullable()
        .describe(
          '`baseline_metrics` of the configuration, else the labelled rows of the baseline in force, else the first good window of the version',
        ),
      reference_name: z.string().nullable().describe('of the baseline'),
      reference_time: z.string().nullable().describe('start of the first window'),
      reference_lower: z.number().nullable(),
      reference_upper: z.number().nullable(),
      reference_n: z.number().nullable(),
    })
    .nullable(),
  baseline: baselineHeadSchema.nullable().describe('what the version is compared with; null: nothing yet'),
  baselines: z.array(baselineHeadSchema).describe('all of the model, the newest activated first'),
  drift: z.object({
    drifted: z.number().describe('inputs beyond their limit in the newest window'),
    breached: z.number().describe('inputs beyond it in any window of the range'),
    compared: z.number(),
    previous: z
      .object({ drifted: z.number(), compared: z.number() })
      .nullable()
      .describe(
        'the same in the newest window of the range before; null where nothing was compared then, and where several models are asked for',
      ),
    since: z.string().nullable(),
    worst: z
      .object({ feature: z.string(), value: z.number(), limit: z.number().nullable(), time: z.string() })
      .nullable(),
    series: seriesSchema,
  }),
  error_rate: summarySchema,
  latency_p95: summarySchema,
  requests_per_second: summarySchema,
  alerts: z.object({ firing: z.number(), acknowledged: z.number(), silenced: z.number(), pending: z.number() }),
  first_seen: z.string().nullable(),
  last_seen: z.string().nullable(),
  computed_at: z.string().nullable(),
});
export type OverviewModel = z.output<typeof overviewModelSchema>;

export const overviewSchema = z.object({ from: z.string(), to: z.string(), models: z.array(overviewModelSchema) });
export type Overview = z.output<typeof overviewSchema>;

const gridCells = z.array(z.number().nullable());
/** A field's worst value in each column. `limits`: what that value was held against. */
export const gridRowSchema = z.object({
  feature: z.string(),
  values: gridCells,
  limits: gridCells,
  last_breach: z.string().nullable(),
  breaches: z.number(),
  worst: z.number().nullable(),
});
export const gridSchema = z.object({
  model: z.string(),
  version: z.string().nullable(),
  metric: z.string(),
  columns: z.array(z.object({ from: z.string(), to: z.string() })),
  rows: z.array(gridRowSchema),
  features: z.number().describe('how many there are; rows may be fewer'),
});
export type Grid = z.output<typeof gridSchema>;

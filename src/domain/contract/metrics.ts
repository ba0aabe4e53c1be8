// Computed numbers and jobs, as the contract has them.
import { z } from 'zod';

export const POINT_STATUSES = ['ok', 'insufficient_data', 'no_labels', 'no_data', 'provisional'] as const;
export type PointStatus = (typeof POINT_STATUSES)[number];

/** One computed number, before it is stored or after it was read. Times in epoch milliseconds. `feature` is '' where a number is about the whole window. */
export interface MetricPoint {
  model: string;
  version: string;
  deployment: string;
  segment: string;
  feature: string;
  metric: string;
  windowStart: number;
  windowEnd: number;
  value: number | null;
  lower: number | null;
  upper: number | null;
  n: number;
  coverage: number | null;
  baseline: string | null;
  status: PointStatus;
  method: string;
  computedAt: number;
  /** The standard error behind the interval of a number that was just computed; it is not stored. */
  error?: number;
}

/** The method of a value that a client computed and sent: how many rows are behind it is not known. */
export const SENT = 'as_sent';

/** The same in JSON. */
export const metricPointSchema = z.object({
  time: z.string(),
  window_start: z.string(),
  window_end: z.string(),
  model: z.string(),
  version: z.string(),
  deployment: z.string(),
  segment: z.string(),
  feature: z.string(),
  metric: z.string(),
  value: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  status: z.enum(POINT_STATUSES),
  /** Rows behind the value; null where a client computed and sent it. */
  n: z.number().nullable(),
  coverage: z.number().nullable(),
  baseline: z.string().nullable(),
  method: z.string(),
  computed_at: z.string(),
  /** With `compare`: the version compared with, this point's value minus its value, a 95 % interval of that, the p-value and the test that gave it. */
  compare: z.string().optional(),
  compare_value: z.number().nullable().optional(),
  compare_n: z.number().nullable().optional(),
  /** This point's value divided by the other's; null where that is 0. */
  ratio: z.number().nullable().optional(),
  difference: z.number().nullable().optional(),
  difference_lower: z.number().nullable().optional(),
  difference_upper: z.number().nullable().optional(),
  p_value: z.number().nullable().optional(),
  test: z.string().nullable().optional(),
  /** How many predictions both versions made of the same id, where the test is about these. */
  pairs: z.number().nullable().optional(),
});
export type MetricPointJson = z.output<typeof metricPointSchema>;

/** Which numbers to read; every filter is optional. `window`: a length to merge to, or 'range' for one point a series over exactly [from, to). */
export interface MetricFilter {
  metrics: string[];
  features: string[];
  version: string | null;
  deployment: string | null;
  segment: string | null;
  from: number | null;
  to: number | null;
  window: string | null;
  /** Another version, to hold `version` against. */
  compare?: string | null;
  /** A baseline to compute drift against; null: the one that is in force. */
  baseline?: string | null;
}

export const distributionSchema = z.object({
  feature: z.string(),
  kind: z.enum(['numeric', 'categorical']),
  version: z.string(),
  baseline_name: z.string(),
  edges: z.array(z.number()).nullable(),
  categories: z.array(z.string()).nullable(),
  labels: z.array(z.string()),
  baseline: z.array(z.number()),
  current: z.array(z.number()),
  missing: z.object({ baseline: z.number(), current: z.number() }),
  unseen: z.number().nullable(),
  /** What each bin adds to the PSI of the range; null where a side has no rows. */
  psi_contributions: z.array(z.number()).nullable(),
  /** Whether rows were counted, or what the drift job kept of its windows was added. */
  counts: z.enum(['rows', 'stored']),
  /** With `over=time`: the model's windows in the range, oldest first, those with rows. */
  windows: z
    .array(z.object({ window_start: z.string(), window_end: z.string(), n: z.number(), counts: z.array(z.number()) }))
    .optional(),
});
export type Distribution = z.output<typeof distributionSchema>;

/** One bin of a calibration curve: rows of neighbouring scores, and how often they came true, with a 95 % interval (Wilson). */
export const calibrationSchema = z.object({
  bins: z.array(
    z.object({
      lower: z.number(),
      upper: z.number(),
      n: z.number(),
      mean_score: z.number(),
      observed: z.number(),
      observed_lower: z.number().nullable(),
      observed_upper: z.number().nullable(),
    }),
  ),
  n: z.number(),
  coverage: z.number().nullable(),
  calibration_error: z.number().nullable(),
  status: z.enum(POINT_STATUSES),
});
export type Calibration = z.output<typeof calibrationSchema>;

/** A ROC curve, from the highest threshold down. The first point, which nothing passes, has no threshold. */
export const rocSchema = z.object({
  points: z.array(z.object({ threshold: z.number().nullable(), fpr: z.number(), tpr: z.number() })),
  auc: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  n: z.number(),
  coverage: z.number().nullable(),
  status: z.enum(POINT_STATUSES),
});
export type Roc = z.output<typeof rocSchema>;

/** Which distribution. `overTime`: also of each window of the model. */
export interface DistributionQuery {
  feature: string;
  from: number;
  to: number;
  version: string | null;
  segment: string | null;
  overTime: boolean;
  /** Add up what is kept of computed windows, where anything is, instead of counting rows. */
  stored?: boolean;
}

export interface ConfusionQuery {
  from: number;
  to: number;
  version: string | null;
  segment: string | null;
  /** Of a binary model: from the stored numbers of its windows instead of from rows. */
  stored?: boolean;
}

/** What a curve is drawn of. `class`: of a multiclass model, which class against the rest. */
export interface CurveQuery {
  from: number;
  to: number;
  version: string | null;
  segment: string | null;
  class: string | null;
}

export const confusionSchema = z.object({
  labels: z.array(z.string()),
  counts: z.array(z.array(z.number())),
  n: z.number(),
  coverage: z.number().nullable(),
});
export type Confusion = z.output<typeof confusionSchema>;

/** A metric of a version over a range, from the stored numbers of its windows. */
export const rangeNumberSchema = z.object({
  version: z.string(),
  metric: z.string(),
  value: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  n: z.number(),
  windows: z.number(),
  /** The same over the range of equal length before. */
  previous: z.number().nullable(),
});
export type RangeNumber = z.output<typeof rangeNumberSchema>;

export interface SummaryQuery {
  metrics: string[];
  version: string | null;
  from: number;
  to: number;
}

export const JOB_NAMES = ['drift', 'quality', 'operations', 'alerts', 'retention'] as const;
export type JobName = (typeof JOB_NAMES)[number];

/** What a job run is told. Without from/to: what is due or dirty at `now`. */
export interface JobOptions {
  model: string | null;
  from: number | null;
  to: number | null;
  now: number;
  /** Called as work proceeds, for progress bars: windows done of windows planned. */
  progress?: (done: number, total: number) => void;
  /** Called with what the run is about, where that is more than its usual work. */
  about?: (text: string) => void;
}

export interface JobResult {
  windows: number;
  points: number;
  errors: string[];
}

export const jobRunAnswerSchema = z.object({
  run_id: z.string(),
  status: z.enum(['ok', 'failed', 'partial']),
  windows: z.number(),
  points: z.number(),
  errors: z.array(z.string()),
});
export type JobRunAnswer = z.output<typeof jobRunAnswerSchema>;

export const jobRunSchema = z.object({
  run_id: z.string(),
  job: z.string(),
  trigger: z.string(),
  model: z.string().nullable(),
  status: z.string(),
  started_at: z.string(),
  finished_at: z.string().nullable(),
  now: z.string(),
  windows: z.number(),
  /** How many windows it has to do; while it runs, `windows` of them are done. 0: none, or not known yet. */
  windows_total: z.number(),
  /** What it is about, where that is more than its usual work: the windows that a switch of the baseline made it compute again. */
  about: z.string().nullable(),
  points: z.number(),
  errors: z.array(z.string()),
});
export type JobRun = z.output<typeof jobRunSchema>;

export const jobInfoSchema = z.object({
  job: z.string(),
  /** When it runs by itself, as cron has it; null where this process runs no schedule. */
  schedule: z.string().nullable(),
  scheduled: z.boolean(),
  last_run: jobRunSchema.nullable(),
  next_run: z.string().nullable(),
});
export type JobInfo = z.output<typeof jobInfoSchema>;

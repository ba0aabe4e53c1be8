// Every table, and what erasing a person does there. A table that is not listed fails a test: whoever adds one decides.

/** What becomes of a person's rows in a table: removed, rewritten, or computed again; or why it holds none. */
export interface ErasureDuty {
  duty: 'removed' | 'rewritten' | 'recomputed' | 'none';
  how: string;
}

const removed = (how: string): ErasureDuty => ({ duty: 'removed', how });
const rewritten = (how: string): ErasureDuty => ({ duty: 'rewritten', how });
const recomputed = (how: string): ErasureDuty => ({ duty: 'recomputed', how });
const none = (how: string): ErasureDuty => ({ duty: 'none', how });
const SETTINGS = none('what people with a key set, never what a prediction said');

export const ERASURE_DUTIES: Readonly<Record<string, ErasureDuty>> = {
  predictions: removed('every version of the rows'),
  prediction_places: removed('by the ids'),
  prediction_journal_a: removed('emptied before anything is removed from predictions'),
  prediction_journal_b: removed('emptied before anything is removed from predictions'),
  ground_truth: removed('labels of the ids'),
  ground_truth_history: removed('every value that the labels had'),
  label_arrivals: removed('by the ids'),
  rejected: removed('refused items that name the id or have the tag'),
  inference_halves: removed('logged requests and responses that the predictions came of, or will come of'),
  baseline_rows: removed('copies by their id; older copies of production by their content'),
  baselines: recomputed('counted again without the rows; categories that nobody else has lose their name'),
  baseline_bins: recomputed('with its baseline'),
  baseline_quality: recomputed('removed with rows of its baseline; the quality job computes it again'),
  profiles: recomputed('windows are marked; rows of a segment that is the tag itself are removed'),
  metric_points: recomputed('windows are marked; rows of a segment that is the tag itself are removed'),
  alert_events: rewritten('example ids are taken out; rows of a segment that is the tag itself are removed'),
  notifications: rewritten('subjects that name a segment that is the tag itself'),
  window_marks: none('times of 15 minutes, no ids'),
  computed_windows: none('times of windows, no ids'),
  watermarks: none('positions'),
  aggregate_metrics: none('numbers over a range, sent without a prediction'),
  replica_stats: none('counts of a process that serves a model'),
  job_runs: none('what jobs did: counts, and errors without values of rows'),
  uploads: none('names and sizes of files; errors name columns and lines'),
  audit: none('configuration before and after, without rows; of an erasure the id or the name of the tag, and counts'),
  registry: none('models, versions, stages, comments and numbers of comparisons'),
  models: SETTINGS,
  alert_rules: SETTINGS,
  channels: SETTINGS,
  silences: SETTINGS,
  api_keys: SETTINGS,
  settings: SETTINGS,
  catalogue_lease: none('which process may change the catalogue'),
  schema_migrations: none('names of schema files'),
};

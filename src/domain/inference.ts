// What a model's configuration means where nobody wrote it: task, paths of prediction and score, ground-truth key.
import type { EffectiveConfig, ModelConfig, Task } from './contract/models.js';
import { HOUR_MS, parseDuration } from './duration.js';

/** A ground-truth key of the model's newest labels. */
export interface LabelKey {
  key: string;
  n: number;
  /** How many kinds of value it has, one of them, and how many distinct values. */
  kinds: number;
  kind: string;
  distinct: number;
}

interface OutputField {
  path: string;
  numbers: number;
  strings: number;
  booleans: number;
}

export const DEFAULTS = {
  window: HOUR_MS,
  labelDelay: 0,
  minSamples: 30,
  threshold: 0.5,
  driftThreshold: 0.2,
} as const;

const SCORE_NAMES = ['probability', 'score', 'proba', 'probabilities', 'y_pred_proba', 'confidence'];
const PREDICTION_NAMES = ['prediction', 'label', 'predicted', 'class', 'y_pred', 'value', 'result'];

/** Fill in defaults and inferences; `inferred` names the keys that nobody set. */
export function inferConfig(
  config: ModelConfig,
  labels: readonly LabelKey[],
  fields: readonly OutputField[],
): EffectiveConfig {
  const outputs = fields.filter((field) => field.path.startsWith('outputs.'));
  const groundTruth = config.ground_truth ?? inferKey(labels);
  const task = config.task ?? inferTask(labels.find((label) => label.key === groundTruth));
  const score = config.score ?? inferScore(outputs, task, config.prediction);
  const prediction = config.prediction ?? inferPrediction(outputs, score, groundTruth);
  const all: Record<Exclude<keyof ModelConfig, 'cloudera' | 'integration' | 'baseline_metrics'>, boolean> = {
    task: true, prediction: true, score: true, ground_truth: true, positive_label: true, threshold: true, window: true, label_delay: true,
    min_samples: true, drift_threshold: true, segments: true, features: true, retention_days: true, privacy: true,
  }; // prettier-ignore
  return {
    task,
    prediction,
    score,
    groundTruth,
    positiveLabel: config.positive_label ?? true,
    threshold: config.threshold ?? DEFAULTS.threshold,
    windowLength: config.window === undefined ? DEFAULTS.window : parseDuration(config.window),
    labelDelay: config.label_delay === undefined ? DEFAULTS.labelDelay : parseDuration(config.label_delay),
    minSamples: config.min_samples ?? DEFAULTS.minSamples,
    driftThreshold: config.drift_threshold ?? DEFAULTS.driftThreshold,
    segments: config.segments ?? [],
    features: config.features ?? {},
    retentionDays: config.retention_days ?? null,
    privacy: config.privacy ?? { drop: [], hash: [] },
    inferred: (Object.keys(all) as (keyof typeof all)[]).filter((key) => config[key] === undefined),
  };
}

function inferKey(labels: readonly LabelKey[]): string | null {
  const named = labels.find((label) => label.key === 'value');
  return named?.key ?? labels[0]?.key ?? null;
}

/** A boolean, or numbers with two values, are classes; other numbers are a quantity; text is classes. */
function inferTask(label: LabelKey | undefined): Task {
  if (label === undefined) return 'none';
  if (label.kind === 'boolean') return 'binary';
  if (label.kind === 'number') return label.distinct <= 2 ? 'binary' : 'regression';
  return 'multiclass';
}

function inferScore(outputs: readonly OutputField[], task: Task, prediction: string | undefined): string | null {
  if (task === 'regression' || task === 'none') return null;
  for (const name of SCORE_NAMES) {
    const path = `outputs.${name}`;
    if (outputs.some((field) => field.path === path && field.numbers > 0)) return path;
    if (task === 'multiclass' && outputs.some((field) => field.path.startsWith(`${path}.`))) return path;
  }
  // A lone number as output of a classifier is its score.
  const lone = outputs.length === 1 ? outputs[0] : undefined;
  return task === 'binary' && lone !== undefined && lone.numbers > 0 && prediction === undefined ? lone.path : null;
}

function inferPrediction(
  outputs: readonly OutputField[],
  score: string | null,
  groundTruth: string | null,
): string | null {
  const candidates = outputs.filter(
    (field) => field.path !== score && (score === null || !field.path.startsWith(`${score}.`)),
  );
  const named = [...PREDICTION_NAMES, ...(groundTruth === null ? [] : [groundTruth])].map((name) => `outputs.${name}`);
  const found = named.find((path) => candidates.some((field) => field.path === path));
  return found ?? (candidates.length === 1 ? (candidates[0]?.path ?? null) : null);
}

// The alert rule as people write it: its schema, which series it watches, and what its thresholds mean for one point.
import { z } from 'zod';
import { deploymentNameSchema, modelNameSchema, slugSchema, versionNameSchema } from '../contract/common.js';
import { positiveDurationSchema } from '../duration.js';

/** How bad a breach is. */
export type Severity = 'warning' | 'critical';

/** A limit: one number, or `[low, high]` for the operator `outside`. */
export const thresholdSchema = z.union([z.number(), z.tuple([z.number(), z.number()])], {
  error: 'a threshold is a number, or [low, high] with the operator "outside"',
});
export type Threshold = z.infer<typeof thresholdSchema>;

/** The most windows a rule can look back over. */
export const MAX_RULE_WINDOWS = 100;

const windowCount = z.int().min(1).max(MAX_RULE_WINDOWS);
const nullableThreshold = thresholdSchema.nullable().default(null);

const ruleFields = {
  model: modelNameSchema,
  version: versionNameSchema.default('*'),
  deployment: deploymentNameSchema.default('*'),
  metric: z.string().min(1).max(200),
  feature: z.string().max(500).default('*'),
  segment: z.string().max(500).default('').describe('"" is the whole model, "*" any segment'),
  op: z.enum(['>', '>=', '<', '<=', 'outside']).default('>'),
  warning: nullableThreshold,
  critical: nullableThreshold,
  for: windowCount.default(1).describe('fires when so many of the last `of` windows breach'),
  recover_after: windowCount.default(1).describe('resolves after so many windows in a row without a breach'),
  recover_threshold: nullableThreshold.describe('while firing, a window is without a breach only past this'),
  min_samples: z.int().min(0).nullable().default(null).describe("null: the model's"),
  min_coverage: z.number().min(0).max(1).nullable().default(null),
  relative_to: z
    .union([z.literal('baseline'), positiveDurationSchema], { error: 'must be "baseline" or an age such as "7d"' })
    .nullable()
    .default(null)
    .describe('thresholds are then ratios to the baseline, or to the window so long ago'),
  no_data: z.enum(['ok', 'keep', 'alert']).default('keep'),
  on_error: z
    .enum(['ok', 'keep', 'alert'])
    .default('keep')
    .describe('what a window counts as that cannot be compared, such as a ratio to a reference that is not there'),
  correction: z
    .enum(['bh'])
    .nullable()
    .default(null)
    .describe('of p-values: `bh` adjusts those of all fields in a window together (Benjamini-Hochberg)'),
  repeat_every: positiveDurationSchema.nullable().default('24h').describe('null: never repeat'),
  channels: z.array(slugSchema).default([]),
  enabled: z.boolean().default(true),
};

const writtenRule = z.strictObject({ ...ruleFields, of: windowCount.optional().describe('default: `for`') });
const completeRule = z.strictObject({ ...ruleFields, of: windowCount }).superRefine(checkFields);

/** A rule with every default filled in. */
export type AlertRule = z.infer<typeof completeRule>;

/**
 * The document of `PUT /v1/alert-rules/{name}`: unknown keys are refused, defaults filled in, and the fields checked against
 * each other. Parsing its own output gives the same rule again.
 */
export const alertRuleSchema = writtenRule
  .transform((rule): z.input<typeof completeRule> => ({ ...rule, of: rule.of ?? rule.for }))
  .pipe(completeRule);

/** Metrics that are p-values. */
const P_VALUES = ['ks_p_value', 'chi2_p_value'];

/** What the checks between fields look at. */
type ThresholdFields = Pick<AlertRule, 'op' | 'warning' | 'critical' | 'recover_threshold'>;
type ThresholdName = 'warning' | 'critical' | 'recover_threshold';

const isPair = (threshold: Threshold): threshold is [number, number] => Array.isArray(threshold);
const show = (threshold: Threshold): string => (isPair(threshold) ? `[${threshold.join(', ')}]` : String(threshold));

/** Why this threshold does not fit the operator, or null. */
function shapeProblem(op: AlertRule['op'], threshold: Threshold): string | null {
  if (op !== 'outside') return isPair(threshold) ? `must be one number with the operator "${op}"` : null;
  if (!isPair(threshold)) return 'must be [low, high] with the operator "outside"';
  return threshold[0] > threshold[1] ? `low (${threshold[0]}) must not be above high (${threshold[1]})` : null;
}

/** Whether every value that breaches `outer` breaches `inner` as well; both have the operator's shape. */
function isAtLeastAsFar(op: AlertRule['op'], outer: Threshold, inner: Threshold): boolean {
  if (isPair(outer) && isPair(inner)) return outer[0] <= inner[0] && outer[1] >= inner[1];
  if (isPair(outer) || isPair(inner)) return false;
  return op === '<' || op === '<=' ? outer <= inner : outer >= inner;
}

const FARTHER: Readonly<Record<AlertRule['op'], string>> = {
  '>': 'be at least',
  '>=': 'be at least',
  '<': 'be at most',
  '<=': 'be at most',
  outside: 'contain',
};

function checkThresholds(rule: ThresholdFields, report: (path: ThresholdName, message: string) => void): void {
  if (rule.warning === null && rule.critical === null) {
    report('warning', 'give `warning`, `critical` or both: without a threshold the rule can never fire');
    return;
  }
  let wellFormed = true;
  for (const name of ['warning', 'critical', 'recover_threshold'] as const) {
    const problem = rule[name] === null ? null : shapeProblem(rule.op, rule[name]);
    if (problem === null) continue;
    wellFormed = false;
    report(name, problem);
  }
  if (!wellFormed) return;
  const { op, warning, critical, recover_threshold: recover } = rule;
  if (warning !== null && critical !== null && !isAtLeastAsFar(op, critical, warning)) {
    report('critical', `\`critical\` (${show(critical)}) must ${FARTHER[op]} \`warning\` (${show(warning)})`);
  }
  const lowest = warning ?? critical;
  if (recover !== null && lowest !== null && !isAtLeastAsFar(op, lowest, recover)) {
    const level = warning === null ? 'critical' : 'warning';
    report(
      'recover_threshold',
      `\`${level}\` (${show(lowest)}) must ${FARTHER[op]} \`recover_threshold\` (${show(recover)})`,
    );
  }
}

function checkFields(
  rule: ThresholdFields & { for: number; of: number; channels: string[]; metric: string; correction: 'bh' | null },
  ctx: z.RefinementCtx,
): void {
  const report = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
  if (rule.for > rule.of) report('of', `\`of\` (${rule.of}) must be at least \`for\` (${rule.for})`);
  if (rule.correction !== null && !P_VALUES.includes(rule.metric))
    report('correction', `only p-values can be corrected: ${P_VALUES.join(', ')}`);
  if (new Set(rule.channels).size !== rule.channels.length) report('channels', 'names a channel twice');
  checkThresholds(rule, report);
}

/**
 * Whether `value` (a feature, version, deployment or segment) matches `pattern`: the same text, or the same with each `*` standing
 * for any characters or none. `*` alone matches everything, the empty text of a metric without a feature included.
 * Runs in linear time for each `*`: no regular expression, so no pattern can stall it.
 */
export function matchesPattern(pattern: string, value: string): boolean {
  const pieces = pattern.split('*');
  const head = pieces.shift() ?? '';
  const tail = pieces.pop();
  if (tail === undefined) return value === head;
  if (value.length < head.length + tail.length || !value.startsWith(head) || !value.endsWith(tail)) return false;
  const end = value.length - tail.length;
  let at = head.length;
  for (const piece of pieces) {
    const found = value.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** Whether a value is past a threshold. The threshold must have the operator's shape, as the schema makes sure. */
export function breaches(op: AlertRule['op'], value: number, threshold: Threshold): boolean {
  if (isPair(threshold)) return value < threshold[0] || value > threshold[1];
  switch (op) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
    case 'outside':
      throw new RangeError('The operator "outside" needs [low, high].');
  }
}

/** What a threshold depends on besides the rule. */
export interface ThresholdContext {
  /**
   * For `psi`: what chance alone passes, `(1/N + 1/M)` times the chi-square point at `1 - 0.001/k` (the noise part of `psi_limit`);
   * null for any other metric.
   */
  noiseLimit: number | null;
  /** With `relative_to`: the value compared with; the noise limit is divided by it like the value. */
  reference?: number | null;
}

/** A threshold raised to the noise limit: a drift score that chance explains breaches nothing, however low the threshold. */
function raisedToNoise(rule: AlertRule, threshold: Threshold, point: ThresholdContext): Threshold {
  if (rule.metric !== 'psi' || point.noiseLimit === null) return threshold;
  const noise = rule.relative_to === null ? point.noiseLimit : point.noiseLimit / (point.reference ?? NaN);
  if (!Number.isFinite(noise)) return threshold;
  if (isPair(threshold)) return [threshold[0], Math.max(threshold[1], noise)];
  return rule.op === '>' || rule.op === '>=' ? Math.max(threshold, noise) : threshold;
}

/** The level a value reaches first: `warning` where the rule has one. */
export function lowestLevel(rule: AlertRule): Severity {
  return rule.warning === null ? 'critical' : 'warning';
}

/**
 * The threshold that a point is compared with at `level`, or null where the rule does not have that level. For `psi` it is the
 * greater of the rule's threshold and the noise limit, as in `psi_limit`; with `relative_to`, a ratio.
 */
export function effectiveThreshold(rule: AlertRule, level: Severity, point: ThresholdContext): Threshold | null {
  const threshold = rule[level];
  return threshold === null ? null : raisedToNoise(rule, threshold, point);
}

/** The threshold that a value has to be past no longer for a firing alert to resolve: `recover_threshold`, else the lowest level's. */
export function recoveryThreshold(rule: AlertRule, point: ThresholdContext): Threshold | null {
  const threshold = rule.recover_threshold ?? rule[lowestLevel(rule)];
  return threshold === null ? null : raisedToNoise(rule, threshold, point);
}

/** The threshold as one number: of `[low, high]` the bound that the value is past, or nearest to; null where there is no value. */
export function nearestBound(threshold: Threshold | null, value: number | null): number | null {
  if (threshold === null || !isPair(threshold)) return threshold;
  if (value === null) return null;
  return value < (threshold[0] + threshold[1]) / 2 ? threshold[0] : threshold[1];
}

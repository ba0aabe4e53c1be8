// What a rule names must exist, and what it waits for must be possible: the schema cannot know that.
import { DRIFT_METRICS, ruleMetricProblem } from '../domain/alerts/metric-names.js';
import { unreachable } from '../domain/alerts/reach.js';
import { matchesPattern, type AlertRule } from '../domain/alerts/rule.js';
import { InvalidInputError, type ItemError } from '../domain/errors.js';
import { nearest } from '../domain/nearest.js';

/** What is known of the models that rules name. */
export interface KnownFields {
  /** Features that have numbers of this metric; empty where nothing was computed yet. */
  features(model: string, metric: string): Promise<string[]>;
  /** Fields of the model's predictions. */
  fields(model: string): Promise<string[]>;
  /** Paths of the model's segments; null for a model that nobody knows. */
  segments(model: string): Promise<string[] | null>;
}

/** Every problem of a rule: unknown metric, channel, field or segment with the nearest valid name, thresholds that nothing reaches. */
export async function ruleProblems(
  rule: AlertRule,
  channels: readonly string[],
  known: KnownFields,
): Promise<ItemError[]> {
  const metric = ruleMetricProblem(rule.metric);
  if (metric !== null)
    return [{ code: 'unknown_metric', path: 'metric', message: metric }, ...channelProblems(rule, channels)];
  const problems = [...thresholdProblems(rule), ...channelProblems(rule, channels)];
  if (rule.model.includes('*')) return problems;
  return [...problems, ...(await featureProblems(rule, known)), ...(await segmentProblems(rule, known))];
}

/** @throws InvalidInputError that names every problem. */
export async function checkRule(rule: AlertRule, channels: readonly string[], known: KnownFields): Promise<void> {
  const errors = await ruleProblems(rule, channels, known);
  const [first] = errors;
  if (first !== undefined)
    throw new InvalidInputError(`The rule is refused. ${first.path}: ${first.message}.`.replace(/\?\.$/, '?.'), errors);
}

function thresholdProblems(rule: AlertRule): ItemError[] {
  return (['warning', 'critical'] as const).flatMap((path) => {
    const threshold = rule[path];
    const problem = threshold === null ? null : unreachable(rule, threshold);
    return problem === null ? [] : [{ code: 'unreachable_threshold', path, message: problem }];
  });
}

function channelProblems(rule: AlertRule, channels: readonly string[]): ItemError[] {
  return rule.channels.flatMap((channel, index) => {
    if (channels.includes(channel)) return [];
    const near = nearest(channel, channels);
    const hint =
      near === null ? 'there are no channels yet: create it with PUT /v1/channels/{name}' : `did you mean "${near}"?`;
    const message = `there is no channel "${channel}": ${hint}`;
    return [{ code: 'unknown_channel', path: `channels.${index}`, message }];
  });
}

/** A field that the model does not have. Of a model without predictions nothing is known, so everything is allowed. */
async function featureProblems({ model, metric, feature }: AlertRule, known: KnownFields): Promise<ItemError[]> {
  if (feature === '*' || feature === '') return [];
  const isDrift = DRIFT_METRICS.some((one) => one === metric);
  const [computed, fields] = await Promise.all([known.features(model, metric), isDrift ? known.fields(model) : []]);
  const names = [...new Set([...computed, ...fields])];
  if (names.length === 0 || names.some((name) => matchesPattern(feature, name))) return [];
  const near = nearest(
    feature.replaceAll('*', ''),
    names.filter((name) => name !== ''),
  );
  const hint = near === null ? `${metric} has no field: leave \`feature\` out` : `did you mean "${near}"?`;
  const message = `${metric} of ${model} has no field "${feature}": ${hint}`;
  return [{ code: 'unknown_field', path: 'feature', message }];
}

async function segmentProblems({ model, segment }: AlertRule, known: KnownFields): Promise<ItemError[]> {
  if (segment === '' || segment.startsWith('*')) return [];
  const paths = await known.segments(model);
  if (paths === null || paths.some((path) => segment.startsWith(`${path}=`))) return [];
  const near = nearest(segment.split('=', 1)[0] ?? segment, paths);
  const hint =
    near === null ? 'it has none: name them in `segments` of PUT /v1/models/{model}' : `did you mean "${near}=..."?`;
  return [{ code: 'unknown_segment', path: 'segment', message: `${model} has no segment "${segment}": ${hint}` }];
}

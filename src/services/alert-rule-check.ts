// What a rule names must exist, and what it waits for must be possible: the schema cannot know that.
import { baselineRatioProblem } from '../domain/alerts/baseline-reference.js';
import { DRIFT_METRICS, ruleMetricProblem } from '../domain/alerts/metric-names.js';
import { inescapable, unreachable } from '../domain/alerts/reach.js';
import { matchesPattern, type AlertRule } from '../domain/alerts/rule.js';
import { InvalidInputError, type ItemError } from '../domain/errors.js';
import { nearest } from '../domain/nearest.js';

/** What is known of the models that rules name. */
export interface KnownFields {
  models(): Promise<string[]>;
  /** Features that have numbers of this metric in one of the models; empty where nothing was computed yet. */
  features(models: readonly string[], metric: string): Promise<string[]>;
  /** Fields of the model's predictions. */
  fields(model: string): Promise<string[]>;
  /** Paths of the model's segments; null for a model that nobody knows. */
  segments(model: string): Promise<string[] | null>;
  /** `custom.<key>` and `aggregate.<key>` that one of the models has numbers of. */
  ownMetrics(models: readonly string[]): Promise<string[]>;
  /** Versions, deployments and segments that one of the models has numbers of. */
  parts(models: readonly string[]): Promise<{ versions: string[]; deployments: string[]; segments: string[] }>;
  /** The version that `@reference` means now, or null. */
  meaning(model: string, reference: string): Promise<string | null>;
}

/** What is wrong with a rule whatever is stored: a metric that does not exist, thresholds that nothing reaches. */
export function ownProblems(rule: AlertRule): ItemError[] {
  const metric = ruleMetricProblem(rule.metric);
  if (metric !== null) return [{ code: 'unknown_metric', path: 'metric', message: metric }];
  const ratio = rule.relative_to === 'baseline' ? baselineRatioProblem(rule.metric) : null;
  return [
    ...(ratio === null ? [] : [{ code: 'no_ratio', path: 'relative_to', message: ratio }]),
    ...thresholdProblems(rule),
  ];
}

/** Why a rule cannot have a name, or null: the alerts that nobody has to set up have rules of their own. */
export function ruleNameProblem(name: string): string | null {
  return name.startsWith('driftline.')
    ? `"${name}": names that begin with "driftline." are those of the built-in alerts`
    : null;
}

/** Every problem of a rule: unknown metric, channel, field or segment with the nearest valid name, thresholds that nothing reaches. */
export async function ruleProblems(
  rule: AlertRule,
  channels: readonly string[],
  known: KnownFields,
): Promise<ItemError[]> {
  const problems = [...ownProblems(rule), ...channelProblems(rule, channels)];
  if (ruleMetricProblem(rule.metric) !== null) return problems;
  const models = await watchedModels(rule, known);
  return [
    ...problems,
    ...(await keyProblems(rule, models, known)),
    ...(await featureProblems(rule, models, known)),
    ...(await segmentProblems(rule, models, known)),
  ];
}

/** The models that a rule is about, known or not. */
export async function watchedModels({ model }: AlertRule, known: KnownFields): Promise<string[]> {
  return model.includes('*') ? (await known.models()).filter((one) => matchesPattern(model, one)) : [model];
}

/** @throws InvalidInputError that names every problem. */
export async function checkRule(rule: AlertRule, channels: readonly string[], known: KnownFields): Promise<void> {
  const errors = await ruleProblems(rule, channels, known);
  const [first] = errors;
  if (first !== undefined)
    throw new InvalidInputError(`The rule is refused. ${first.path}: ${sentence(first.message)}`, errors);
}

/** With a full stop; after a question what to do with the answer. */
function sentence(text: string): string {
  return text.endsWith('?') ? `${text} Correct it and send the rule again.` : `${text}.`;
}

function thresholdProblems(rule: AlertRule): ItemError[] {
  return (['warning', 'critical'] as const).flatMap((path) => {
    const threshold = rule[path];
    if (threshold === null) return [];
    const never = unreachable(rule, threshold);
    if (never !== null) return [{ code: 'unreachable_threshold', path, message: never }];
    const always = inescapable(rule, threshold);
    return always === null ? [] : [{ code: 'inescapable_threshold', path, message: always }];
  });
}

/** A key that none of the models has tracked or sent. Where none has any key of the kind, nothing is known, so everything is allowed. */
async function keyProblems(
  { model, metric }: AlertRule,
  models: readonly string[],
  known: KnownFields,
): Promise<ItemError[]> {
  const kind = ['custom.', 'aggregate.'].find((prefix) => metric.startsWith(prefix));
  if (kind === undefined) return [];
  const names = (await known.ownMetrics(models)).filter((name) => name.startsWith(kind));
  const near = nearest(metric, names);
  if (near === null || names.includes(metric)) return [];
  const message = `${subject(model)} has no metric "${metric}": did you mean "${near}"?`;
  return [{ code: 'unknown_metric', path: 'metric', message }];
}

/** Why a channel cannot be named, with the nearest that can. */
export function unknownChannel(channel: string, channels: readonly string[]): string {
  const near = nearest(channel, channels);
  const hint =
    near === null
      ? 'there are no channels yet: create it with PUT /v1/channels/{name}, or under `channels` of the file'
      : `did you mean "${near}"?`;
  return `there is no channel "${channel}": ${hint}`;
}

/** Every channel of a rule that does not exist. */
export function channelProblems(rule: AlertRule, channels: readonly string[]): ItemError[] {
  return rule.channels.flatMap((channel, index) =>
    channels.includes(channel)
      ? []
      : [{ code: 'unknown_channel', path: `channels.${index}`, message: unknownChannel(channel, channels) }],
  );
}

/** A field that none of the models has. Of models without predictions nothing is known, so everything is allowed. */
async function featureProblems(
  { model, metric, feature }: AlertRule,
  models: readonly string[],
  known: KnownFields,
): Promise<ItemError[]> {
  if (feature === '*' || feature === '' || models.length === 0) return [];
  const fits = (names: readonly string[]): boolean => names.some((name) => matchesPattern(feature, name));
  const names = new Set(await known.features(models, metric));
  if (fits([...names])) return [];
  if (DRIFT_METRICS.some((one) => one === metric))
    for (const one of models) for (const name of await known.fields(one)) names.add(name);
  if (names.size === 0 || fits([...names])) return [];
  const near = nearest(
    feature.replaceAll('*', ''),
    [...names].filter((name) => name !== ''),
  );
  const hint = near === null ? `${metric} has no field: leave \`feature\` out` : `did you mean "${near}"?`;
  const message = `${metric} of ${subject(model)} has no field "${feature}": ${hint}`;
  return [{ code: 'unknown_field', path: 'feature', message }];
}

async function segmentProblems(
  { model, segment }: AlertRule,
  models: readonly string[],
  known: KnownFields,
): Promise<ItemError[]> {
  if (segment === '' || segment.startsWith('*')) return [];
  const found = (await Promise.all(models.map((one) => known.segments(one)))).filter((paths) => paths !== null);
  const paths = [...new Set(found.flat())];
  if (found.length === 0 || paths.some((path) => segment.startsWith(`${path}=`))) return [];
  const near = nearest(segment.split('=', 1)[0] ?? segment, paths);
  const hint =
    near === null ? 'it has none: name them in `segments` of PUT /v1/models/{model}' : `did you mean "${near}=..."?`;
  const message = `${subject(model)} has no segment "${segment}": ${hint}`;
  return [{ code: 'unknown_segment', path: 'segment', message }];
}

/** The models that a rule is about, in a sentence. */
export function subject(model: string): string {
  if (model === '*') return 'any model';
  return model.includes('*') ? `any model "${model}"` : model;
}

// A rule as a form has it, and as the API takes it. The service checks it; here only text becomes numbers.
import type { NamedRule } from './model.js';

/** Every control of the form, as text. */
export interface RuleForm {
  name: string;
  model: string;
  version: string;
  deployment: string;
  metric: string;
  feature: string;
  segment: string;
  op: string;
  warning: string;
  critical: string;
  for: string;
  of: string;
  recover_after: string;
  recover_threshold: string;
  min_samples: string;
  min_coverage: string;
  relative_to: string;
  no_data: string;
  on_error: string;
  correction: string;
  repeat_every: string;
  channels: string[];
  enabled: boolean;
}

/** A new rule: PSI of any input. */
export function emptyRule(model: string): RuleForm {
  return {
    name: '',
    model,
    version: '*',
    deployment: '*',
    metric: 'psi',
    feature: 'inputs.*',
    segment: '',
    op: '>',
    warning: '0.1',
    critical: '0.2',
    for: '1',
    of: '1',
    recover_after: '1',
    recover_threshold: '',
    min_samples: '',
    min_coverage: '',
    relative_to: '',
    no_data: 'keep',
    on_error: 'keep',
    correction: '',
    repeat_every: '24h',
    channels: [],
    enabled: true,
  };
}

function text(value: string | number | readonly number[] | null): string {
  return value === null ? '' : typeof value === 'object' ? value.join(', ') : String(value);
}

/** The form of a stored rule. */
export function toForm(rule: NamedRule): RuleForm {
  return {
    name: rule.name,
    model: rule.model,
    version: rule.version,
    deployment: rule.deployment,
    metric: rule.metric,
    feature: rule.feature,
    segment: rule.segment,
    op: rule.op,
    warning: text(rule.warning),
    critical: text(rule.critical),
    for: text(rule.for),
    of: text(rule.of),
    recover_after: text(rule.recover_after),
    recover_threshold: text(rule.recover_threshold),
    min_samples: text(rule.min_samples),
    min_coverage: text(rule.min_coverage),
    relative_to: text(rule.relative_to),
    no_data: rule.no_data,
    on_error: rule.on_error,
    correction: rule.correction ?? '',
    repeat_every: text(rule.repeat_every),
    channels: [...rule.channels],
    enabled: rule.enabled,
  };
}

/** `0.2`, or `0.1, 0.9` for both ends of a range. What is no number stays as it is, so that the service can say so. */
function threshold(value: string): unknown {
  if (value.trim() === '') return null;
  const parts = value.split(',').map((part) => part.trim());
  const numbers = parts.map((part) => (part === '' || Number.isNaN(Number(part)) ? part : Number(part)));
  return numbers.length === 1 ? numbers[0] : numbers;
}

function whole(value: string): unknown {
  const trimmed = value.trim();
  if (trimmed === '') return null;
  return Number.isNaN(Number(trimmed)) ? trimmed : Number(trimmed);
}

/** The document that the API takes. `kept`: what the stored rule has besides the form's fields. */
export function toDocument(form: RuleForm, kept: Partial<NamedRule> = {}): Record<string, unknown> {
  const { name: _name, ...stored } = kept;
  return {
    ...stored,
    model: form.model,
    version: form.version || '*',
    deployment: form.deployment,
    metric: form.metric,
    feature: form.feature,
    segment: form.segment,
    op: form.op,
    warning: threshold(form.warning),
    critical: threshold(form.critical),
    for: whole(form.for) ?? 1,
    of: whole(form.of) ?? whole(form.for) ?? 1,
    recover_after: whole(form.recover_after) ?? 1,
    recover_threshold: threshold(form.recover_threshold),
    min_samples: whole(form.min_samples),
    min_coverage: whole(form.min_coverage),
    relative_to: form.relative_to.trim() === '' ? null : form.relative_to.trim(),
    no_data: form.no_data,
    on_error: form.on_error,
    correction: form.correction === '' ? null : form.correction,
    repeat_every: form.repeat_every.trim() === '' ? null : form.repeat_every.trim(),
    channels: form.channels,
    enabled: form.enabled,
  };
}

/** Metrics that are p-values: only these can be corrected for how many there are. */
export function isPValue(metric: string): boolean {
  return metric.endsWith('p_value');
}

/** The rule in a sentence, for a list. */
export function ruleSentence(
  rule: NamedRule,
  name: (metric: string) => string,
  value: (metric: string, value: number) => string,
): string {
  const show = (level: unknown): string =>
    Array.isArray(level)
      ? level.map((one) => value(rule.metric, one as number)).join(' to ')
      : value(rule.metric, level as number);
  const levels = (['warning', 'critical'] as const).flatMap((kind) =>
    rule[kind] === null ? [] : [`${kind} ${rule.op} ${show(rule[kind])}`],
  );
  const where = [
    rule.feature === '*' || rule.feature === '' ? '' : ` on ${rule.feature}`,
    rule.segment === '' ? '' : `, ${rule.segment}`,
  ].join('');
  const windows = rule.of > 1 ? `, ${rule.for} of ${rule.of} windows` : '';
  const relative = rule.relative_to === null ? '' : ` relative to ${rule.relative_to}`;
  return `${name(rule.metric)}${where}: ${levels.join(', ')}${relative}${windows}`;
}

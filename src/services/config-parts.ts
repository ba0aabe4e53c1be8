// The parts of a configuration file, each for itself: what a document is held against, a rule that is read in part, a schedule, YAML's own errors.
import type { YAMLError } from 'yaml';
import type { z } from 'zod';
import { alertRuleSchema, type AlertRule } from '../domain/alerts/rule.js';
import { oneLine } from '../domain/alerts/wording.js';
import { channelSchema, silenceSchema } from '../domain/contract/alerts.js';
import { modelConfigSchema } from '../domain/contract/models.js';
import type { ItemError } from '../domain/errors.js';

/** The kinds of things that are stored by name. */
export const CONFIG_KINDS = ['models', 'channels', 'alert_rules', 'silences'] as const;
export type ConfigKind = (typeof CONFIG_KINDS)[number];

export const SCHEMAS = {
  models: modelConfigSchema,
  channels: channelSchema,
  alert_rules: alertRuleSchema,
  silences: silenceSchema,
} as const;

/** What reading needs of the outside. */
export interface ConfigReading {
  /** The value of `${NAME}`. */
  variable: (name: string) => string | undefined;
  /** Why a cron expression is none or never matches, or null. */
  cronProblem: (expression: string) => string | null;
}

/** A rule without the fields that could not be understood. */
export interface PartialRule {
  rule: AlertRule;
  /** Fields whose values are not the file's. */
  unread: ReadonlySet<string>;
}

/** The rule without its fields that have errors; null where too little is left. Without a threshold any will do: it is not looked at. */
export function partialRule(value: unknown, errors: readonly ItemError[]): PartialRule | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const unread = new Set(errors.map(({ path }) => path.split('.', 1)[0] ?? ''));
  const left = Object.fromEntries(Object.entries(value).filter(([field]) => !unread.has(field)));
  const parsed = alertRuleSchema.safeParse(left);
  if (parsed.success) return { rule: parsed.data, unread };
  for (const field of ['op', 'warning', 'critical', 'recover_threshold']) unread.add(field);
  const { op: _op, critical: _critical, recover_threshold: _recover, ...rest } = left;
  const again = alertRuleSchema.safeParse({ ...rest, warning: 0 });
  return again.success ? { rule: again.data, unread } : null;
}

/** What a document of this kind is held against: of a channel, what its type has. */
export function schemaOf(kind: ConfigKind, value: unknown): z.ZodType {
  if (kind !== 'channels') return SCHEMAS[kind];
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  return channelSchema.options.find((one) => one.shape.type.value === type) ?? channelSchema;
}

/** What is wrong with the YAML itself, in a line, without the parts that are of use to programmers only. */
export function syntaxProblem({ code, message }: YAMLError): string {
  return code === 'MULTIPLE_DOCS' ? 'the file holds several documents: leave out `---`' : oneLine(message, 200);
}

/** YAML reads `off` as false only in its old version; both are understood. */
export function isOff(value: unknown): boolean {
  return value === false || value === 'off';
}

/** Why a schedule is none, or null. */
export function scheduleProblem(value: unknown, { cronProblem }: ConfigReading): string | null {
  if (isOff(value)) return null;
  if (typeof value !== 'string')
    return 'expected a cron expression (seconds first, UTC) such as "0 */5 * * * *", or off';
  const problem = cronProblem(value);
  return problem === null ? null : `"${value}" is no cron expression, or never matches: ${problem}`;
}

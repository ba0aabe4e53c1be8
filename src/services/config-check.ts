// What is wrong in a configuration file although it could be read: names that nothing has, thresholds that make no sense. All of it in one go.
import type { AlertRule } from '../domain/alerts/rule.js';
import type { ItemError } from '../domain/errors.js';
import type { KnownFields } from './alert-rule-check.js';
import type { ConfigProblem, ReadConfig } from './config-document.js';

/** Problems of each rule of the file, at their places; of a rule that could not be read whole, those of what could be. */
export async function inRules(
  { document, partial, problemAt }: ReadConfig,
  problemsOf: (rule: AlertRule, name: string) => readonly ItemError[] | Promise<readonly ItemError[]>,
): Promise<ConfigProblem[]> {
  const whole = [...document.alert_rules].map(([name, rule]) => ({ name, rule, unread: new Set<string>() }));
  const parts = [...partial].map(([name, { rule, unread }]) => ({ name, rule, unread }));
  const problems: ConfigProblem[] = [];
  for (const { name, rule, unread } of [...whole, ...parts])
    for (const { path, message } of await problemsOf(rule, name))
      if (!unread.has(path.split('.', 1)[0] ?? ''))
        problems.push(problemAt(['alert_rules', name, ...path.split('.')], message));
  return problems;
}

/** Channels of the built-in alerts that do not exist. */
export function inBuiltinAlerts(
  { document, problemAt }: ReadConfig,
  unknown: (channel: string) => string | null,
): ConfigProblem[] {
  return [...document.builtin_alerts].flatMap(([kind, { channels }]) =>
    (channels ?? []).flatMap((channel, index) => {
      const message = unknown(channel);
      return message === null ? [] : [problemAt(['builtin_alerts', kind, 'channels', String(index)], message)];
    }),
  );
}

/** The same knowledge, each question asked once: many rules name the same models. */
export function remembering(known: KnownFields): KnownFields {
  const answers = new Map<string, Promise<unknown>>();
  const once = <A extends unknown[], R>(name: string, ask: (...args: A) => Promise<R>) => {
    return (...args: A): Promise<R> => {
      const key = JSON.stringify([name, ...args]);
      const answer = (answers.get(key) as Promise<R> | undefined) ?? ask(...args);
      answers.set(key, answer);
      return answer;
    };
  };
  return {
    models: once('models', () => known.models()),
    features: once('features', (models, metric) => known.features(models, metric)),
    fields: once('fields', (model) => known.fields(model)),
    segments: once('segments', (model) => known.segments(model)),
    ownMetrics: once('ownMetrics', (models) => known.ownMetrics(models)),
    parts: once('parts', (models) => known.parts(models)),
    meaning: once('meaning', (model, reference) => known.meaning(model, reference)),
  };
}

/** In the order of the file. */
export function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

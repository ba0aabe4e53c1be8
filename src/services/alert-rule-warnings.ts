// What a rule names that nothing is known of yet: no mistake where it is to come, and a rule that never fires where it is a slip.
import { matchesPattern, type AlertRule } from '../domain/alerts/rule.js';
import type { ItemError } from '../domain/errors.js';
import { nearest } from '../domain/nearest.js';
import { referenceOf } from '../domain/registry/held.js';
import { STAGES } from '../domain/registry/model.js';
import { subject, watchedModels, type KnownFields } from './alert-rule-check.js';

/** A model, version, deployment or segment that has no numbers yet, each with the nearest that has some. The rule is saved all the same. */
export async function ruleWarnings(rule: AlertRule, known: KnownFields): Promise<ItemError[]> {
  const all = await known.models();
  const models = (await watchedModels(rule, known)).filter((model) => all.includes(model));
  if (models.length === 0) return rule.model === '*' ? [] : [unseen('model', rule.model, 'there is', all)];
  const has = `${subject(rule.model)} has`;
  const reference = referenceOf(rule.version);
  // Whoever watches everything names nothing, and all numbers of a model are not read for that.
  const names = [reference === null ? rule.version : '*', rule.deployment, rule.segment === '' ? '*' : rule.segment];
  const nothing = { versions: [], deployments: [], segments: [] };
  const { versions, deployments, segments } = names.every((name) => name === '*') ? nothing : await known.parts(models);
  return [
    ...(reference === null
      ? missing('version', rule.version, has, versions)
      : await meaningless(rule, reference, models, known)),
    ...missing('deployment', rule.deployment, has, deployments),
    ...missing('segment', rule.segment, has, segments),
  ];
}

async function meaningless(
  { model, version }: AlertRule,
  reference: string,
  models: readonly string[],
  known: KnownFields,
): Promise<ItemError[]> {
  const meant = await Promise.all(models.map((one) => known.meaning(one, reference)));
  if (meant.some((found) => found !== null)) return [];
  const near = nearest(reference, [...STAGES, 'champion', 'challenger']) ?? '';
  const hint = near.toLowerCase() === reference.toLowerCase() ? '' : `; did you mean "@${near}"?`;
  const message = `"${version}" means no version of ${subject(model)} now: the rule watches nothing until it does${hint}`;
  return [{ code: 'not_seen_yet', path: 'version', message }];
}

type Named = 'model' | 'version' | 'deployment' | 'segment';

/** Where nothing at all is known, nothing is missing. */
function missing(path: Named, pattern: string, has: string, names: readonly string[]): ItemError[] {
  if (names.length === 0 || names.some((name) => matchesPattern(pattern, name))) return [];
  return [unseen(path, pattern, has, names)];
}

function unseen(path: Named, pattern: string, has: string, names: readonly string[]): ItemError {
  const near = nearest(
    pattern.replaceAll('*', ''),
    names.filter((name) => name !== ''),
  );
  const hint = near === null ? '' : `; did you mean "${near}"?`;
  const message = `${has} no ${path} "${pattern}" yet: the rule watches nothing until it is there${hint}`;
  return { code: 'not_seen_yet', path, message };
}

// What an operation on the registry is: a pure function from the present state to the new form of what changes, with the lines for the log.
import type { Change, ChangeAction, RegisteredModel } from './model.js';
import { checkTag } from './rules.js';
import type { Delta, RegistryState } from './state.js';

/** Who calls, when, and the id of a model that is made. Time in epoch milliseconds. */
export interface Context {
  now: number;
  by: string;
  newId: () => string;
}

/** What an operation does: the new state of what it touches, and the lines of the log. */
export interface Outcome extends Delta {
  changes: readonly Change[];
}

export type Operation = (state: RegistryState, context: Context) => Outcome;

export interface Tag {
  key: string;
  value: string;
}

/** An operation that changes nothing. */
export const nothing: Outcome = { models: [], versions: [], removedModels: [], removedVersions: [], changes: [] };

/** Times of one thing always grow, also within a millisecond. */
export const touched = <T extends { readonly updatedAt: number }>(thing: T, now: number): T => ({
  ...thing,
  updatedAt: Math.max(now, thing.updatedAt + 1),
});

/** A line of the log. */
export function line(
  { now, by }: Context,
  action: ChangeAction,
  model: RegisteredModel,
  about: Partial<Pick<Change, 'version' | 'key' | 'from' | 'to' | 'comment'>> = {},
): Change {
  return {
    at: now,
    by,
    action,
    modelId: model.id,
    model: model.name,
    version: null,
    key: null,
    from: null,
    to: null,
    comment: null,
    ...about,
  };
}

/** Tags as a map; of a key given twice the last counts. */
export function tagMap(tags: readonly Tag[]): Map<string, string> {
  for (const { key, value } of tags) checkTag(key, value);
  return new Map(tags.map(({ key, value }) => [key, value]));
}

export function without<K, V>(map: ReadonlyMap<K, V>, key: K): Map<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

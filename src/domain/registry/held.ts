// Which versions a reference such as @Production or @champion meant, and when: told from the log of changes.
import { STAGES, type Change, type ChangeAction, type Stage } from './model.js';

/** A version that a reference meant over [from, to); `to` is Infinity for the present one. */
export interface HeldPeriod {
  version: string;
  from: number;
  to: number;
}

/** The name behind a reference, or null where the text is the name of a version itself. */
export function referenceOf(version: string): string | null {
  return /^@[\p{L}\p{N}_-]+$/u.test(version) ? version.slice(1) : null;
}

/** The stage that a reference names, whatever its case; null: it names an alias. */
export function stageOf(reference: string): Stage | null {
  return STAGES.find((stage) => stage.toLowerCase() === reference.toLowerCase()) ?? null;
}

/** The actions that a reference's meaning depends on. */
export function changesOfHolders(reference: string): ChangeAction[] {
  const named = ['model_created', 'model_renamed', 'model_deleted'] as const;
  const stage = stageOf(reference);
  if (stage === null) return [...named, 'alias_set', 'alias_deleted'];
  return [...named, 'stage_changed', 'version_deleted', ...(stage === 'None' ? (['version_created'] as const) : [])];
}

/** What one model has of a reference: the versions in the stage, or the one with the alias. */
type Holders = Set<number>;

function follow(holders: Holders, change: Change, reference: string, stage: Stage | null): void {
  const { action, version, key, to } = change;
  if (stage === null) {
    if (key !== reference || (action !== 'alias_set' && action !== 'alias_deleted')) return;
    holders.clear();
    if (action === 'alias_set' && version !== null) holders.add(version);
    return;
  }
  if (version === null) return;
  if (action === 'stage_changed' && to === stage) holders.add(version);
  else if (action === 'stage_changed' || action === 'version_deleted') holders.delete(version);
  else if (action === 'version_created' && stage === 'None') holders.add(version);
}

/**
 * The periods of a reference, oldest first, from a log, oldest first. A stage means its highest version. With a name, what the reference meant of
 * the model that was called so: nothing while none was, after it was deleted or renamed.
 */
export function heldPeriods(log: readonly Change[], reference: string, name: string | null = null): HeldPeriod[] {
  const stage = stageOf(reference);
  const periods: HeldPeriod[] = [];
  const byModel = new Map<string, Holders>();
  let called: string | null = null;
  const hold = (version: number | null, at: number): void => {
    const last = periods.at(-1);
    const open = last !== undefined && last.to === Infinity ? last : null;
    const held = version === null ? null : String(version);
    if (open !== null && open.version === held) return;
    if (open !== null) open.to = at;
    if (open !== null && open.from === open.to) periods.pop();
    if (held !== null) periods.push({ version: held, from: at, to: Infinity });
  };
  for (const change of log) {
    const { action, modelId, at } = change;
    const holders: Holders = byModel.get(modelId) ?? new Set();
    byModel.set(modelId, holders);
    follow(holders, change, reference, stage);
    if (action === 'model_deleted') holders.clear();
    if (name === null || change.model === name) called = modelId;
    else if (called === modelId) called = null;
    const held = (called === null ? null : byModel.get(called)) ?? new Set();
    hold(held.size === 0 ? null : Math.max(...held), at);
  }
  return periods;
}

/** The version that a reference (Production, champion) meant before another one came, of those that are still there; null where there was none. */
export function previousHolder(
  log: readonly Change[],
  reference: string,
  current: string,
  exists: (version: string) => boolean,
): string | null {
  const periods = heldPeriods(log, reference);
  const before = periods.filter((period) => period.version !== current && exists(period.version));
  return before.at(-1)?.version ?? null;
}

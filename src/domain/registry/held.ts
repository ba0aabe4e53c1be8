// Which versions a reference such as @Production or @champion meant, and when: told from the log of changes.
import { STAGES, type Change, type Stage } from './model.js';

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

/** The periods of a reference, oldest first, from the log of one model, oldest first. A stage means its highest version. */
export function heldPeriods(log: readonly Change[], reference: string): HeldPeriod[] {
  const stage = stageOf(reference);
  const periods: HeldPeriod[] = [];
  const inStage = new Set<number>();
  const hold = (version: number | null, at: number): void => {
    const last = periods.at(-1);
    const open = last !== undefined && last.to === Infinity ? last : null;
    const name = version === null ? null : String(version);
    if (open?.version === name) return;
    if (open !== null) open.to = at;
    if (open !== null && open.from === open.to) periods.pop();
    if (name !== null) periods.push({ version: name, from: at, to: Infinity });
  };
  for (const { action, version, key, to, at } of log) {
    if (stage === null) {
      if (action === 'alias_set' && key === reference) hold(version, at);
      if (action === 'alias_deleted' && key === reference) hold(null, at);
      continue;
    }
    if (version === null) continue;
    if (action === 'stage_changed' && to === stage) inStage.add(version);
    else if (action === 'stage_changed' || action === 'version_deleted') inStage.delete(version);
    else if (action === 'version_created' && stage === 'None') inStage.add(version);
    else continue;
    hold(inStage.size === 0 ? null : Math.max(...inStage), at);
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

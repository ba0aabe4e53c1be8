// References to versions, such as @Production and @champion: what they mean now, and what they meant.
import { NotFoundError } from '../../domain/errors.js';
import {
  changesOfHolders,
  heldPeriods,
  previousHolder,
  referenceOf,
  stageOf,
  type HeldPeriod,
} from '../../domain/registry/held.js';
import type { Change } from '../../domain/registry/model.js';
import { CHAMPION } from '../../domain/registry/model.js';
import type { Registry } from './registry.js';

/** How far back the log is read. */
const MAX_LINES = 10_000;

export class References {
  constructor(private readonly registry: Registry) {}

  /** The version that a text means: itself, or what the reference names now. @throws NotFoundError where a reference names none */
  async resolve(model: string, text: string): Promise<string> {
    const reference = referenceOf(text);
    if (reference === null) return text;
    const version = await this.current(model, reference);
    if (version !== null) return version;
    throw new NotFoundError(
      `${text} names no version of "${model}". Register the model, and give a version that stage or alias; GET /v1/registry/models/{model} shows them.`,
    );
  }

  /** Periods that overlap [from, to]; the present one alone where `from` is now. */
  async held(model: string, reference: string, from: number, to: number): Promise<HeldPeriod[]> {
    const periods = heldPeriods(await this.log(model, reference), reference, model);
    return periods.filter((period) => period.from <= to && period.to > from);
  }

  /**
   * What to go back to where a version that is in charge fails: the one that was in Production before it, or the champion before it where no other was in
   * Production. Null where it is not in charge, or nothing was before it.
   */
  async previous(
    model: string,
    version: string,
  ): Promise<{ version: string; was: 'Production' | typeof CHAMPION } | null> {
    const inCharge = await Promise.all([this.current(model, 'Production'), this.current(model, CHAMPION)]);
    if (!inCharge.includes(version)) return null;
    const existing = await this.registry.read((state) => {
      const registered = state.find(model);
      return new Set(registered === null ? [] : state.versionsOf(registered).map((one) => String(one.version)));
    });
    for (const was of ['Production', CHAMPION] as const) {
      const previous = previousHolder(await this.log(model, was), was, version, (one) => existing.has(one));
      if (previous !== null) return { version: previous, was };
    }
    return null;
  }

  private current(model: string, reference: string): Promise<string | null> {
    return this.registry.read((state) => {
      const registered = state.find(model);
      if (registered === null) return null;
      const stage = stageOf(reference);
      const version =
        stage === null ? registered.aliases.get(reference) : state.latest(registered, [stage])[0]?.version;
      return version === undefined ? null : String(version);
    });
  }

  /** The lines that a reference's meaning is told from, oldest first: those of tags, which may be many, are none of them. */
  private async log(model: string, reference: string): Promise<Change[]> {
    return (await this.registry.history(model, MAX_LINES, changesOfHolders(reference))).reverse();
  }
}

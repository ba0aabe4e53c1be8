// What a version without a baseline is compared with: the model's previous version, else its own first complete window.
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { Baseline } from '../domain/drift/baseline.js';
import { windowOf } from '../domain/window.js';
import type { BaselinesService } from './baselines.js';

interface Series {
  version: string;
  deployment: string;
  firstSlot: number;
}

/** Windows of the previous version that make its baseline: its newest ones before the new version started. */
const PREVIOUS_WINDOWS = 30;

export class BaselineChooser {
  constructor(
    private readonly baselines: BaselinesService,
    private readonly series: (model: string) => Promise<Series[]>,
    /** Time of the first prediction of a version; null: it has none. */
    private readonly firstPrediction: (model: string, version: string) => Promise<number | null>,
  ) {}

  /** The baseline of a version, frozen now if nobody made one; null while there is nothing to compare with. */
  async choose(model: string, version: string, config: EffectiveConfig, now: number): Promise<Baseline | null> {
    const existing = await this.baselines.active(model, version);
    if (existing !== null) return existing;
    const all = await this.series(model);
    const starts = firstSlots(all);
    const own = starts.get(version);
    if (own === undefined) return null;
    const previous = [...starts]
      .filter(([name, start]) => name !== version && start < own)
      .sort((a, b) => b[1] - a[1])[0];
    if (previous !== undefined) {
      const [name] = previous;
      const range = { ...everything(model, name), from: own - PREVIOUS_WINDOWS * config.windowLength, to: own };
      const baseline = await this.baselines.freezeAutomatically(
        model,
        version,
        `previous version ${name}`.slice(0, 200),
        'previous_version',
        range,
      );
      if (baseline !== null) return baseline;
    }
    // Marks stay where a prediction was before it moved: the first prediction decides.
    const start = (await this.firstPrediction(model, version)) ?? own;
    const first = windowOf(start, config.windowLength);
    if (first.end > now) return null;
    return this.baselines.freezeAutomatically(model, version, 'first window', 'first_window', {
      ...everything(model, version),
      from: first.start,
      to: first.end,
    });
  }
}

function firstSlots(series: readonly Series[]): Map<string, number> {
  const starts = new Map<string, number>();
  for (const one of series) starts.set(one.version, Math.min(one.firstSlot, starts.get(one.version) ?? one.firstSlot));
  return starts;
}

function everything(model: string, version: string) {
  return { model, version, deployment: null, from: null, to: null, segment: null, labelled: null };
}

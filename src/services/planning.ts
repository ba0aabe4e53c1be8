// Which windows of a model a job computes now: the store's marks, through the pure rules of domain/window.ts.
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { SeriesWindow, WindowSelection } from '../domain/selection.js';
import { DEFAULT_EMPTY_LOOKBACK, planWindows, windowOf, windowsBetween, type PlannedWindow } from '../domain/window.js';

/** What planning reads and writes. Times in epoch ms. */
export interface WindowStore {
  collect(): Promise<void>;
  series(model: string): Promise<{ version: string; deployment: string; firstSlot: number; lastSlot: number }[]>;
  changed(
    job: string,
    model: string,
    length: number,
    origin: number,
    now: number,
  ): Promise<(SeriesWindow & { newest: number; input: number | null })[]>;
  computedSince(
    job: string,
    model: string,
    length: number,
    from: number,
  ): Promise<{ version: string; deployment: string; w: number; input: number }[]>;
  lastComputed(job: string, model: string): Promise<{ version: string; deployment: string; w: number }[]>;
  record(
    job: string,
    model: string,
    windows: readonly (SeriesWindow & { end: number; inputVersion: number })[],
  ): Promise<void>;
  /** Windows of a job that ended in (after, upto]. */
  endedBetween(
    job: string,
    model: string,
    after: number,
    upto: number,
  ): Promise<(SeriesWindow & { end: number; inputVersion: number })[]>;
  /** A named position, e.g. up to when windows have matured. */
  position(name: string): Promise<number>;
  setPosition(name: string, position: number): Promise<void>;
}

/** A window to compute. */
export type SeriesPlan = PlannedWindow & { version: string; deployment: string };

/** How many windows a gap in the middle of a series is filled with at the most. */
const MAX_GAP = 1000;

export class Planner {
  constructor(private readonly windows: WindowStore) {}

  /** Due, missed and dirty windows of one model, or, with a range, every window of every series in it. */
  async plan(
    job: string,
    model: string,
    config: EffectiveConfig,
    options: { now: number; from: number | null; to: number | null },
  ): Promise<SeriesPlan[]> {
    const series = await this.windows.series(model);
    if (options.from !== null || options.to !== null) return this.requested(series, config, options);
    const length = config.windowLength;
    const changed = await this.windows.changed(job, model, length, originOf(length), options.now);
    const last = new Map((await this.windows.lastComputed(job, model)).map((row) => [key(row), row.w]));
    const lookback = options.now - DEFAULT_EMPTY_LOOKBACK * length;
    const newest = Math.max(...series.map((one) => one.lastSlot));
    const plans: SeriesPlan[] = [];
    const starts = series.map((one) => {
      const mine = changed.filter((window) => key(window) === key(one));
      const firstChanged = mine[0]?.start ?? Number.POSITIVE_INFINITY;
      // A gap is looked for from the last computed window, or from the first changed one, on; never further back than MAX_GAP windows.
      const from = Math.min(firstChanged, last.get(key(one)) ?? firstChanged, Math.max(lookback, one.firstSlot));
      return {
        one,
        mine,
        from: Math.max(
          from,
          one.firstSlot,
          options.now - MAX_GAP * length,
          Number.isFinite(firstChanged) ? firstChanged - MAX_GAP * length : 0,
        ),
      };
    });
    const computed =
      series.length === 0
        ? []
        : await this.windows.computedSince(
            job,
            model,
            length,
            Math.min(...starts.map(({ from }) => windowOf(from, length).start)),
          );
    for (const { one, mine, from } of starts) {
      const seen = computed
        .filter((row) => key(row) === key(one))
        .map((row) => ({ start: row.w, inputVersion: row.input }));
      const known = new Set(seen.map((row) => row.start));
      for (const window of mine)
        if (window.input !== null && !known.has(window.start))
          seen.push({ start: window.start, inputVersion: window.input });
      // A feed that stopped shows as windows without data; a version that another one replaced does not.
      const stopped = one.lastSlot === newest && options.now - one.lastSlot <= DEFAULT_EMPTY_LOOKBACK * length;
      const planned = planWindows({
        length,
        now: options.now,
        marks: mine.map((window) => ({ slot: window.start, version: window.newest })),
        computed: seen,
        firstData: windowOf(from, length).start < windowOf(one.firstSlot, length).start ? one.firstSlot : from,
        lastData: one.lastSlot,
        trailing: stopped,
      });
      plans.push(...planned.map((window) => ({ ...window, version: one.version, deployment: one.deployment })));
    }
    return plans;
  }

  private requested(
    series: { version: string; deployment: string; firstSlot: number; lastSlot: number }[],
    config: EffectiveConfig,
    options: { now: number; from: number | null; to: number | null },
  ): SeriesPlan[] {
    return series.flatMap((one) => {
      const from = Math.max(options.from ?? one.firstSlot, one.firstSlot);
      const to = Math.min(options.to ?? options.now, one.lastSlot + 1);
      return windowsBetween(from, to, config.windowLength).map((window) => ({
        ...window,
        reason: 'requested' as const,
        inputVersion: 0,
        version: one.version,
        deployment: one.deployment,
      }));
    });
  }

  collect(): Promise<void> {
    return this.windows.collect();
  }

  /** Windows whose labels have had their time since the last call: their numbers stop being provisional without any new label. */
  async matured(job: string, model: string, config: EffectiveConfig, now: number): Promise<SeriesPlan[]> {
    if (config.labelDelay === 0) return [];
    const name = `matured/${job}/${model}`;
    const upto = now - config.labelDelay;
    const after = await this.windows.position(name);
    if (upto <= after) return [];
    const windows = await this.windows.endedBetween(job, model, after, upto);
    await this.windows.setPosition(name, upto);
    return windows.map((window) => ({ ...window, reason: 'dirty' as const }));
  }

  async record(job: string, model: string, plans: readonly SeriesPlan[]): Promise<void> {
    // A requested window keeps its mark: the next run sees whatever came meanwhile.
    await this.windows.record(
      job,
      model,
      plans.filter((plan) => plan.reason !== 'requested'),
    );
  }
}

/** Where windows of a length are counted from: whole weeks from a Monday. */
export function originOf(length: number): number {
  return ((windowOf(0, length).start % length) + length) % length;
}

function key(series: { version: string; deployment: string }): string {
  return JSON.stringify([series.version, series.deployment]);
}

/** The selection of some planned windows of one model and length. */
export function selectionOf(model: string, config: EffectiveConfig, plans: readonly SeriesPlan[]): WindowSelection {
  return {
    model,
    length: config.windowLength,
    origin: originOf(config.windowLength),
    from: Math.min(...plans.map((plan) => plan.start)),
    to: Math.max(...plans.map((plan) => plan.end)),
    windows: plans.map(({ version, deployment, start }) => ({ version, deployment, start })),
    version: null,
    segments: config.segments,
  };
}

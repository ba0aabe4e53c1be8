// Which windows of a model a job computes now: the store's marks, through the pure rules of domain/window.ts.
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { SeriesWindow, WindowSelection } from '../domain/selection.js';
import { DEFAULT_EMPTY_LOOKBACK, planWindows, windowOf, windowsBetween, type PlannedWindow } from '../domain/window.js';

/** What planning reads and writes. Times in epoch ms. */
export interface WindowStore {
  collect(): Promise<void>;
  series(
    model: string,
    job: string,
  ): Promise<{ version: string; deployment: string; firstSlot: number; lastSlot: number }[]>;
  changed(job: string, model: string, length: number, origin: number, now: number): Promise<ChangedWindow[]>;
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
    computedAt: number,
  ): Promise<void>;
  /** Windows whose labels have had their time by now, but had not when they were last computed. */
  /** A number kept under a name; 0 where nothing is. */
  position(name: string): Promise<number>;
  setPosition(name: string, position: number): Promise<void>;
  matured(
    job: string,
    model: string,
    length: number,
    delay: number,
    now: number,
    since: number,
  ): Promise<(SeriesWindow & { end: number; inputVersion: number })[]>;
}

/** A window to compute. `labelsOnly`: since its last computation only labels came. */
export type SeriesPlan = PlannedWindow & { version: string; deployment: string; labelsOnly: boolean };

/** A window with marks that its last computation (`input`) had not seen; `newestRow`: the newest mark that is not a label's. */
export type ChangedWindow = SeriesWindow & { newest: number; newestRow: number; input: number | null };

/** How many windows are looked at again when their labels have usually come. */
const MATURING_WINDOWS = 30;
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
    const series = await this.windows.series(model, job);
    if (options.from !== null || options.to !== null) return this.requested(series, config, options);
    const length = config.windowLength;
    const marked = await this.windows.changed(job, model, length, originOf(length), options.now);
    // Labels change nothing of what the operations job computes.
    const changed = job === 'operations' ? marked.filter((window) => !onlyLabels(window)) : marked;
    const last = new Map((await this.windows.lastComputed(job, model)).map((row) => [key(row), row.w]));
    const lookback = options.now - DEFAULT_EMPTY_LOOKBACK * length;
    // The newest data of each deployment: only a version on the same deployment can replace another.
    const newest = new Map<string, number>();
    for (const one of series) newest.set(one.deployment, Math.max(one.lastSlot, newest.get(one.deployment) ?? 0));
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
      const isNewest = windowOf(one.lastSlot, length).end > (newest.get(one.deployment) ?? 0);
      const stopped = isNewest && options.now - one.lastSlot <= DEFAULT_EMPTY_LOOKBACK * length;
      const planned = planWindows({
        length,
        now: options.now,
        marks: mine.map((window) => ({ slot: window.start, version: window.newest })),
        computed: seen,
        firstData: windowOf(from, length).start < windowOf(one.firstSlot, length).start ? one.firstSlot : from,
        lastData: one.lastSlot,
        trailing: stopped,
      });
      const labelled = new Set(mine.filter(onlyLabels).map((window) => window.start));
      const { version, deployment } = one;
      plans.push(...planned.map((w) => ({ ...w, version, deployment, labelsOnly: labelled.has(w.start) })));
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
        labelsOnly: false,
        version: one.version,
        deployment: one.deployment,
      }));
    });
  }

  collect(): Promise<void> {
    return this.windows.collect();
  }

  /** Windows whose labels have had their time: their numbers stop being provisional without any new label. */
  async matured(
    job: string,
    model: string,
    config: EffectiveConfig,
    { now, usual }: { now: number; usual: number },
  ): Promise<SeriesPlan[]> {
    const length = config.windowLength;
    const delay = config.labelDelay === 0 ? usual : config.labelDelay;
    if (delay === 0) return [];
    // A usual delay is an estimate that moves: windows are looked at again while it is news.
    const since = config.labelDelay === 0 ? now - delay - MATURING_WINDOWS * length : 0;
    const windows = await this.windows.matured(job, model, length, delay, now, since);
    return windows.map((window) => ({ ...window, reason: 'dirty' as const, labelsOnly: false }));
  }

  /** Call `changed` when what is inferred of a model differs from the last time. */
  async onChange(model: string, meaning: string, changed: () => Promise<void>): Promise<void> {
    const name = `inferred/${model}`;
    const now = fingerprint(meaning);
    const before = await this.windows.position(name);
    if (before === now) return;
    if (before !== 0) await changed();
    await this.windows.setPosition(name, now);
  }

  async record(job: string, model: string, plans: readonly SeriesPlan[], now: number): Promise<void> {
    // A requested window keeps its mark: the next run sees whatever came meanwhile.
    await this.windows.record(
      job,
      model,
      plans.filter((plan) => plan.reason !== 'requested'),
      now,
    );
  }
}

/** A number that stands for a text: equal for equal texts, never 0, exact in a double. */
function fingerprint(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return (hash >>> 0) + 1;
}

/** Whether nothing but labels came since the window was computed. */
function onlyLabels(window: ChangedWindow): boolean {
  return window.input !== null && window.newestRow <= window.input;
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

// After a switch of the baseline: what a drift run says about it, and windows whose rows are gone, scored again from their kept counts.
import type { JobOptions, MetricPoint } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { Baseline } from '../domain/drift/baseline.js';
import type { SeriesWindow } from '../domain/selection.js';
import type { BaselinesService } from './baselines.js';
import { WHOLE, type DriftCalculator } from './drift.js';
import { originOf } from './planning.js';
import { rowsFrom, type StoredProfiles } from './stored-profiles.js';

export interface RescoringDependencies {
  baselines: Pick<BaselinesService, 'active'>;
  drift: DriftCalculator;
  stored: StoredProfiles;
  /** Series that have rows. */
  series: (model: string) => Promise<{ firstSlot: number }[]>;
  /** A number kept under a name; 0 where nothing is. */
  position: (name: string) => Promise<number>;
  setPosition: (name: string, position: number) => Promise<void>;
  clock: () => number;
}

/** One version's switch of its baseline. */
export interface Switch {
  version: string;
  baseline: Baseline;
  /** Time range of the windows whose rows are gone, epoch ms; empty where `to <= from`. */
  from: number;
  to: number;
}

/** Windows that are scored and stored together. */
const CHUNK = 64;

export class Rescorer {
  constructor(private readonly deps: RescoringDependencies) {}

  /** Versions whose baseline is not the one that their history was last scored against. */
  async switches(model: string, config: EffectiveConfig, versions: readonly string[], now: number): Promise<Switch[]> {
    const kept = config.retentionDays === null ? [] : await this.deps.stored.versions(model);
    const boundary = kept.length === 0 ? 0 : rowsFrom(config, now, await this.deps.series(model));
    const found: Switch[] = [];
    for (const version of new Set([...versions, ...kept.map((one) => one.version)])) {
      const baseline = await this.deps.baselines.active(model, version);
      if (baseline === null || baseline.activated === 0) continue;
      if ((await this.deps.position(nameOf(model, version))) === baseline.activated) continue;
      const mine = kept.find((one) => one.version === version);
      found.push({
        version,
        baseline,
        from: mine?.first ?? 0,
        to: mine === undefined ? 0 : Math.min(mine.last, boundary),
      });
    }
    return found;
  }

  /** Windows of a switch whose rows are gone, at the most: some of them may never have been kept. */
  static windowsOf({ from, to }: Switch, length: number): number {
    return Math.max(0, Math.ceil((to - from) / length));
  }

  /** Score the windows of a switch whose rows are gone; `store` is given each part. Returns how many numbers. */
  async expired(
    model: string,
    config: EffectiveConfig,
    found: Switch,
    store: (windows: (SeriesWindow & { end: number })[], points: MetricPoint[]) => Promise<void>,
    progress: (windows: number) => void,
  ): Promise<number> {
    const length = config.windowLength;
    let count = 0;
    for (let from = found.from; from < found.to; from += CHUNK * length) {
      const to = Math.min(found.to, from + CHUNK * length);
      const range = {
        model,
        features: null,
        version: found.version,
        deployment: null,
        segment: null,
        from,
        to,
        length,
      };
      const stored = await this.deps.stored.counts(range, found.baseline, { length, origin: originOf(length) });
      if (stored !== null) {
        const context = {
          model,
          computedAt: this.deps.clock(),
          endOf: (start: number) => start + length,
          baseline: found.baseline.name,
        };
        const { points } = await this.deps.drift.compute(null, found.baseline, config, context, WHOLE, { stored });
        const windows = stored.groups
          .filter(({ group }) => group.segment === '')
          .map(({ group }) => ({ ...group, start: group.w, end: group.w + length }));
        await store(windows, points);
        count += points.length;
      }
      progress(Math.round((to - from) / length));
    }
    return count;
  }

  /** The history of a version is scored against this baseline now. */
  async done(model: string, { version, baseline }: Switch): Promise<void> {
    await this.deps.setPosition(nameOf(model, version), baseline.activated);
  }
}

function nameOf(model: string, version: string): string {
  return `rescored/${JSON.stringify([model, version])}`;
}

/** What a run is about: how many windows are scored again, and against what. */
export function aboutSwitches(switches: readonly Switch[], windows: number, options: JobOptions): string {
  const names = [...new Set(switches.map((one) => `"${one.baseline.name}"`))].join(', ');
  const whose = options.model === null ? '' : ` of ${options.model}`;
  return `re-scoring ${windows} window${windows === 1 ? '' : 's'}${whose} against baseline ${names}`;
}

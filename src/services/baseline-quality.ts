// Quality of baselines: computed from their own labelled rows by the quality job, and looked up by whoever compares with a baseline.
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { BaselineHead } from '../domain/drift/baseline.js';
import { hasOwnQuality, settingsOf, type BaselineQuality, type OwnNumber } from '../domain/quality/baseline.js';
import type { GroupedRows } from '../domain/selection.js';
import type { QualityCalculator } from './quality.js';

/** How old numbers of a frozen window may become before a run that has work anyway looks again, ms. */
const FRESH = 6 * 3_600_000;

export interface BaselineQualityDependencies {
  baselines: {
    heads(models: readonly string[]): Promise<BaselineHead[]>;
    asWindow(id: string, segment: string, own: boolean): GroupedRows;
  };
  stored: {
    of(models: readonly string[]): Promise<BaselineQuality[]>;
    put(model: string, row: BaselineQuality): Promise<void>;
  };
  quality: Pick<QualityCalculator, 'numbers'>;
  effective: (model: string) => Promise<EffectiveConfig>;
  clock: () => number;
}

export class BaselineQualities {
  constructor(private readonly deps: BaselineQualityDependencies) {}

  /** Compute what is missing or was computed by other settings; without anything new this reads two small tables. */
  async refresh(model: string, config: EffectiveConfig): Promise<void> {
    const heads = (await this.deps.baselines.heads([model])).filter(hasOwnQuality);
    if (heads.length === 0) return;
    const stored = await this.deps.stored.of([model]);
    for (const head of heads) {
      const settings = settingsOf(head, config);
      const known = stored.find((one) => one.id === head.id && one.settings === settings);
      // A file's labels never change; of copied predictions more become known.
      if (known !== undefined && (head.source === 'upload' || this.deps.clock() - known.computedAt < FRESH)) continue;
      const numbers = await this.measure(head, config);
      await this.deps.stored.put(model, { id: head.id, settings, numbers, computedAt: this.deps.clock() });
    }
  }

  private async measure({ id, source }: BaselineHead, config: EffectiveConfig): Promise<OwnNumber[]> {
    const own = await this.numbersOf(this.deps.baselines.asWindow(id, '', true), config);
    if (source === 'upload') return own;
    const later = await this.numbersOf(this.deps.baselines.asWindow(id, '', false), config);
    const most = (numbers: readonly OwnNumber[]): number => Math.max(0, ...numbers.map((one) => one.n));
    return most(later) > most(own) ? later : own;
  }

  private async numbersOf(rows: GroupedRows, config: EffectiveConfig): Promise<OwnNumber[]> {
    return (await this.deps.quality.numbers(rows, config)).flatMap(({ score, feature }) => {
      const { metric, value, lower, upper, n } = score;
      return value === null || feature !== '' ? [] : [{ metric, value, lower, upper, n }];
    });
  }

  /** What some models' baselines are and say, for many questions at once. */
  async known(models: readonly string[]): Promise<{ heads: BaselineHead[]; stored: BaselineQuality[] }> {
    const [heads, stored] = await Promise.all([this.deps.baselines.heads(models), this.deps.stored.of(models)]);
    return { heads, stored };
  }

  /** Every number of one baseline, by the settings in force. */
  async of(model: string, id: string): Promise<readonly OwnNumber[]> {
    const { heads, stored } = await this.known([model]);
    const head = heads.find((one) => one.id === id);
    if (head === undefined) return [];
    const settings = settingsOf(head, await this.deps.effective(model));
    return stored.find((one) => one.id === id && one.settings === settings)?.numbers ?? [];
  }
}

// Numbers of a range from the stored numbers of its windows: nothing here reads rows, however many there are.
import type { Confusion, ConfusionQuery, RangeNumber, SummaryQuery } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { addSums, pool, poolingOf } from '../domain/overview.js';
import { confusionFromShares } from '../domain/quality/confusion.js';
import type { ColumnSums, OverviewRange } from './overview-summary.js';
import { labelText } from './quality.js';

export interface RangeSummaryDependencies {
  numbers: { sums(range: OverviewRange, metrics: readonly string[]): Promise<ColumnSums[]> };
  windowLength: (model: string) => Promise<number>;
}

const SHARES = ['precision', 'recall', 'specificity', 'label_coverage'] as const;

export class RangeSummaries {
  constructor(private readonly deps: RangeSummaryDependencies) {}

  /** One number a version and metric. */
  async read(model: string, { metrics, version, from, to }: SummaryQuery): Promise<RangeNumber[]> {
    const sums = await this.sums(model, metrics, from, to);
    const versions = [...new Set(sums.map((row) => row.version))].filter((one) => version === null || one === version);
    return versions.flatMap((one) =>
      metrics.flatMap((metric): RangeNumber[] => {
        const mine = sums.filter((row) => row.version === one && row.metric === metric);
        const now = addSums(mine.filter((row) => row.column >= 0));
        if (mine.length === 0) return [];
        const pooling = poolingOf(metric);
        const before = addSums(mine.filter((row) => row.column < 0));
        return [
          {
            version: one,
            metric,
            ...pool(now, pooling),
            windows: now.windows,
            previous: pool(before, pooling).value,
          },
        ];
      }),
    );
  }

  /** The confusion matrix of a binary model: shares times what they are shares of are counts again. */
  async confusion(model: string, config: EffectiveConfig, { version, from, to }: ConfusionQuery): Promise<Confusion> {
    const sums = (await this.sums(model, SHARES, from, to)).filter(
      (row) => row.column >= 0 && (version === null || row.version === version),
    );
    const of = (metric: (typeof SHARES)[number]) => {
      const { weighted, n } = addSums(sums.filter((row) => row.metric === metric));
      return { hits: Math.round(weighted), n };
    };
    const { tp, fp, fn, tn } = confusionFromShares(of('precision'), of('recall'), of('specificity'));
    const coverage = of('label_coverage');
    const positive = labelText(String(config.positiveLabel), config);
    const negative = labelText(`not ${config.positiveLabel}`, config);
    const cells = [
      [negative, tn, fp],
      [positive, fn, tp],
    ] as const;
    const labels = [negative, positive].sort();
    const counts =
      labels[0] === negative
        ? cells.map(([, no, yes]) => [no, yes])
        : [...cells].reverse().map(([, no, yes]) => [yes, no]);
    const n = tp + fp + fn + tn;
    return {
      labels: n === 0 ? [] : labels,
      counts: n === 0 ? [] : counts,
      n,
      coverage: coverage.n === 0 ? null : coverage.hits / coverage.n,
    };
  }

  private async sums(model: string, metrics: readonly string[], from: number, to: number): Promise<ColumnSums[]> {
    const length = await this.deps.windowLength(model);
    return this.deps.numbers.sums({ models: [model], lengths: [length], from, to, columns: 1 }, metrics);
  }
}

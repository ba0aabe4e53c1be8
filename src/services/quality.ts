// Quality of windows: joined with their ground truth in the store, scored in the domain, with the coverage of their labels.
import type { Confusion, MetricPoint, PointStatus } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { Score } from '../domain/drift/score.js';
import { binaryScores } from '../domain/quality/binary.js';
import { isBelowUsual } from '../domain/quality/coverage.js';
import { multiclassScores, type ConfusionCell } from '../domain/quality/multiclass.js';
import { regressionScores } from '../domain/quality/regression.js';
import { plain, shareScore } from '../domain/quality/score.js';
import type { GroupedRows, GroupKey, WindowSelection } from '../domain/selection.js';
import type { LabelRow, MulticlassScoreRow, QualityColumns, QualityReader, RowSelector } from './compute-ports.js';
import { noData, pointOf, type PointContext } from './drift.js';
import { keyOf } from './drift-samples.js';
import type { Usual, UsualCoverage } from './usual-coverage.js';

export interface QualityDependencies {
  rows: RowSelector;
  quality: QualityReader;
  usual: UsualCoverage;
}

interface ScoredGroup {
  group: GroupKey;
  scores: Score[];
  perClass: Record<string, Score[]>;
}

export class QualityCalculator {
  constructor(private readonly deps: QualityDependencies) {}

  /** Every quality and label number of the selected windows. `now` decides which windows still wait for labels. */
  async compute(
    selection: WindowSelection,
    config: EffectiveConfig,
    now: number,
    context: PointContext,
  ): Promise<MetricPoint[]> {
    const rows = await this.deps.rows.predictions(selection);
    const [labels, groups, usual] = await Promise.all([
      this.deps.quality.labels(rows, config.groundTruth),
      this.scores(rows, config),
      this.deps.usual.of(selection),
    ]);
    const scored = new Map(groups.map((group) => [keyOf(group.group), group]));
    const points = labels.flatMap((label) =>
      this.groupPoints(label, scored.get(keyOf(label)), config, now, context, usual),
    );
    const seen = new Set(labels.map(keyOf));
    const empty = (selection.windows ?? [])
      .map((window) => ({ version: window.version, deployment: window.deployment, segment: '', w: window.start }))
      .filter((group) => !seen.has(keyOf(group)));
    const names = ['label_coverage', ...namesOf(config.task)];
    return [...points, ...empty.flatMap((group) => names.map((metric) => noData(metric, '', group, context)))];
  }

  /** The quality numbers of rows that are one group; of no rows, none. `feature`: '' for the whole, else the class. */
  async numbers(rows: GroupedRows, config: EffectiveConfig): Promise<{ score: Score; feature: string }[]> {
    return (await this.scores(rows, config)).flatMap(({ scores, perClass }) => [
      ...scores.map((score) => ({ score, feature: '' })),
      ...Object.entries(perClass).flatMap(([feature, mine]) => mine.map((score) => ({ score, feature }))),
    ]);
  }

  /** Counts of truth by predicted label over a range. */
  async confusion(selection: WindowSelection, config: EffectiveConfig): Promise<Confusion> {
    const columns = columnsOf(config);
    const rows = await this.deps.rows.predictions({ ...selection, segments: [] });
    const counted =
      columns === null || config.task === 'regression' ? [] : await this.deps.quality.confusion(rows, columns);
    const cells = counted.map((cell) => ({
      n: cell.n,
      truth: labelText(cell.truth, config),
      predicted: labelText(cell.predicted, config),
    }));
    const labels = [...new Set(cells.flatMap((cell) => [cell.truth, cell.predicted]))].sort();
    const counts = labels.map((truth) =>
      labels.map((predicted) =>
        cells.filter((c) => c.truth === truth && c.predicted === predicted).reduce((sum, c) => sum + c.n, 0),
      ),
    );
    const known = await this.deps.quality.labels(rows, config.groundTruth);
    const total = known.reduce((sum, row) => sum + row.n, 0);
    return {
      labels,
      counts,
      n: cells.reduce((sum, cell) => sum + cell.n, 0),
      coverage: total === 0 ? null : known.reduce((sum, row) => sum + row.labelled, 0) / total,
    };
  }

  private groupPoints(
    label: LabelRow,
    scored: ScoredGroup | undefined,
    config: EffectiveConfig,
    now: number,
    context: PointContext,
    usual: Usual,
  ): MetricPoint[] {
    const group: GroupKey = {
      version: label.version,
      deployment: label.deployment,
      segment: label.segment,
      w: label.w,
    };
    const coverage = label.labelled / label.n;
    const base = { coverage };
    const end = context.endOf(label.w);
    const expected = usual(group, now - end);
    const status = (n: number) => labelledStatus(label, n, config, end, now, expected);
    const point = (score: Score, feature: string): MetricPoint => ({
      ...pointOf(score, feature, group, context),
      ...base,
      status: status(score.n),
    });
    const lags = [
      ['label_lag_p50', label.lag50],
      ['label_lag_p90', label.lag90],
      ['label_lag_p99', label.lag99],
    ] as const;
    const labelPoints = lags.map(([metric, value]) =>
      point(plain(metric, label.labelled === 0 ? null : value, label.labelled), ''),
    );
    const covered = { ...pointOf(shareScore('label_coverage', label.labelled, label.n), '', group, context), ...base };
    labelPoints.push({ ...covered, status: label.n < config.minSamples ? 'insufficient_data' : 'ok' });
    if (scored === undefined)
      return [...labelPoints, ...namesOf(config.task).map((metric) => point(plain(metric, null, 0), ''))];
    const overall = scored.scores.map((score) => point(score, ''));
    const perClass = Object.entries(scored.perClass).flatMap(([name, scores]) =>
      scores.map((score) => point(score, name)),
    );
    return [...labelPoints, ...overall, ...perClass];
  }

  private async scores(rows: GroupedRows, config: EffectiveConfig): Promise<ScoredGroup[]> {
    const columns = columnsOf(config);
    if (columns === null) return [];
    if (config.task === 'binary')
      return (await this.deps.quality.binary(rows, columns)).map((row) => ({
        group: row,
        scores: binaryScores(toBinary(row)),
        perClass: {},
      }));
    if (config.task === 'regression') {
      const found = await this.deps.quality.regression(rows, columns);
      return found.map((row) => ({
        group: row,
        perClass: {},
        scores: regressionScores({
          n: row.n,
          sumError: row.e ?? Number.NaN,
          sumAbs: row.abs_e ?? Number.NaN,
          sumSq: row.e2 ?? Number.NaN,
          sumQuad: row.e4 ?? Number.NaN,
          mapeN: row.mape_n,
          mapeSum: row.mape ?? Number.NaN,
          mapeSq: row.mape2 ?? Number.NaN,
          errorByTruth: row.e2z2,
          truthFourth: row.z4,
          truthVarPop: row.truth_var,
        }),
      }));
    }
    return this.multiclass(rows, columns);
  }

  private async multiclass(rows: GroupedRows, columns: QualityColumns): Promise<ScoredGroup[]> {
    const cells = new Map<string, { group: GroupKey; cells: ConfusionCell[] }>();
    for (const row of await this.deps.quality.confusion(rows, columns)) {
      const entry = cells.get(keyOf(row)) ?? { group: row, cells: [] };
      entry.cells.push(row);
      cells.set(keyOf(row), entry);
    }
    const scored = new Map<string, MulticlassScoreRow[]>();
    if (columns.score !== null)
      for (const row of await this.deps.quality.multiclassScores(rows, columns))
        scored.set(keyOf(row), [...(scored.get(keyOf(row)) ?? []), row]);
    return [...cells.values()].map(({ group, cells: confusion }) => {
      const classes = scored.get(keyOf(group));
      const result = multiclassScores(
        confusion,
        classes === undefined
          ? null
          : {
              logLossN: sum(classes, (row) => row.ll_n),
              logLossSum: sum(classes, (row) => row.ll ?? Number.NaN),
              logLossSumSq: sum(classes, (row) => row.ll2 ?? Number.NaN),
              aucByClass: Object.fromEntries(classes.map((row) => [row.class, row.auc])),
            },
      );
      return { group, scores: result.overall, perClass: result.perClass };
    });
  }
}

/**
 * What may be made of a number over `n` labelled rows of a window that ends at `end`; provisional: its labels are still expected, by the model's `label_delay`
 * or because windows of its age usually have more of them (`usual`, a share).
 */
export function labelledStatus(
  label: Pick<LabelRow, 'n' | 'labelled'>,
  n: number,
  config: EffectiveConfig,
  end: number,
  now: number,
  usual: number | null = null,
): PointStatus {
  if (label.n === 0) return 'no_data';
  if (label.labelled === 0) return 'no_labels';
  if (n < config.minSamples) return 'insufficient_data';
  const isYoung = now < end + config.labelDelay && label.labelled < label.n;
  return isYoung || isBelowUsual(label.labelled, label.n, usual) ? 'provisional' : 'ok';
}

/** In a binary model true and 1 are one class, and so are false and 0, in the matrix as in the numbers. */
export function labelText(text: string, { task, positiveLabel }: EffectiveConfig): string {
  if (task !== 'binary' || typeof positiveLabel === 'string') return text;
  if (text === '1' || text === 'true') return 'true';
  return text === '0' || text === 'false' || text === `not ${positiveLabel}` ? 'false' : text;
}

function sum<T>(rows: readonly T[], of: (row: T) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

/** The numbers of a task, for windows in which none can be computed: a rule on any of them must see that. */
function namesOf(task: EffectiveConfig['task']): string[] {
  return scoresOfNothing(task).map((score) => score.metric);
}

function scoresOfNothing(task: EffectiveConfig['task']): Score[] {
  switch (task) {
    case 'binary':
      return binaryScores({ n: 0, tp: 0, fp: 0, fn: 0, tn: 0, scored: null });
    case 'multiclass':
      return multiclassScores([]).overall;
    case 'regression':
      return regressionScores({
        n: 0,
        sumError: 0,
        sumAbs: 0,
        sumSq: 0,
        sumQuad: 0,
        mapeN: 0,
        mapeSum: 0,
        mapeSq: 0,
        errorByTruth: null,
        truthFourth: null,
        truthVarPop: null,
      });
    case 'none':
      return [];
  }
}

/** null: the task cannot be scored, because a path or the label's key is not known. */
export function columnsOf(config: EffectiveConfig): QualityColumns | null {
  if (config.task === 'none' || config.groundTruth === null || (config.prediction === null && config.score === null))
    return null;
  if (config.task === 'regression' && config.prediction === null) return null;
  return {
    prediction: config.prediction,
    score: config.score,
    truthKey: config.groundTruth,
    positive: String(config.positiveLabel),
    threshold: config.threshold,
  };
}

/** The engine writes a sum that overflows as null: it is not a number, and never 0. */
export function toBinary(row: Awaited<ReturnType<QualityReader['binary']>>[number]) {
  const scored = {
    n: row.scored,
    positives: row.positives,
    rocAuc: row.auc,
    averagePrecision: row.ap,
    logLossSum: row.ll ?? Number.NaN,
    logLossSumSq: row.ll2 ?? Number.NaN,
    brierSum: row.br ?? Number.NaN,
    brierSumSq: row.br2 ?? Number.NaN,
    calibration: row.calibration.map(([n, meanScore, meanTruth, lower, upper]) => ({
      n,
      meanScore,
      meanTruth,
      lower,
      upper,
    })),
  };
  return { n: row.n, tp: row.tp, fp: row.fp, fn: row.fn, tn: row.tn, scored: row.scored === 0 ? null : scored };
}

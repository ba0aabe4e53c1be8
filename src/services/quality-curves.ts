// Calibration and ROC curves of a range: what a classifier's scores are worth beyond one number.
import type { Calibration, CurveQuery, Roc } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { InvalidInputError } from '../domain/errors.js';
import { binaryScores } from '../domain/quality/binary.js';
import { wilsonInterval } from '../domain/quality/intervals.js';
import type { GroupedRows } from '../domain/selection.js';
import type { CurveReader, LabelRow, QualityColumns, QualityReader, RowSelector } from './compute-ports.js';
import { columnsOf, labelledStatus, toBinary } from './quality.js';

/** Points of a ROC curve at the most, the one at the origin included. */
const ROC_POINTS = 200;

export interface CurveDependencies {
  rows: RowSelector;
  quality: QualityReader;
  curves: CurveReader;
  clock: () => number;
}

/** The rows of a question and what is known of them. */
interface Scored {
  rows: GroupedRows;
  columns: QualityColumns;
  label: Pick<LabelRow, 'n' | 'labelled'>;
  coverage: number | null;
}

export class QualityCurves {
  constructor(private readonly deps: CurveDependencies) {}

  /** Ten bins of equal count by score, the same as behind `calibration_error`. @throws InvalidInputError where the model has no score. */
  async calibration(model: string, config: EffectiveConfig, query: CurveQuery): Promise<Calibration> {
    const { rows, columns, label, coverage } = await this.scored(model, config, query);
    const [row] = await this.deps.quality.binary(rows, columns);
    const scored = row === undefined ? null : toBinary(row).scored;
    const n = scored?.n ?? 0;
    const error = binaryScores({ n: 0, tp: 0, fp: 0, fn: 0, tn: 0, scored }).find(isNamed('calibration_error'));
    return {
      bins: (scored?.calibration ?? []).map((bin) => {
        const interval = wilsonInterval(Math.round(bin.meanTruth * bin.n), bin.n);
        return {
          lower: bin.lower,
          upper: bin.upper,
          n: bin.n,
          mean_score: bin.meanScore,
          observed: bin.meanTruth,
          observed_lower: interval?.lower ?? null,
          observed_upper: interval?.upper ?? null,
        };
      }),
      n,
      coverage,
      calibration_error: error?.value ?? null,
      status: labelledStatus(label, n, config, query.to, this.deps.clock()),
    };
  }

  /** The ROC curve with its area and interval. @throws InvalidInputError where the model has no score. */
  async roc(model: string, config: EffectiveConfig, query: CurveQuery): Promise<Roc> {
    const { rows, columns, label, coverage } = await this.scored(model, config, query);
    const [[row], curve] = await Promise.all([
      this.deps.quality.binary(rows, columns),
      this.deps.curves.roc(rows, columns, ROC_POINTS - 1),
    ]);
    const scored = row === undefined ? null : toBinary(row).scored;
    const auc = binaryScores({ n: 0, tp: 0, fp: 0, fn: 0, tn: 0, scored }).find(isNamed('roc_auc'));
    const n = scored?.n ?? 0;
    // With one class only, one of the two rates is a quotient of nothing: there is no curve.
    const drawn = curve.filter((point) => point.positives > 0 && point.negatives > 0);
    return {
      points: [
        ...(drawn.length > 0 ? [{ threshold: null, fpr: 0, tpr: 0 }] : []),
        ...drawn.map(({ threshold, tp, fp, positives, negatives }) => ({
          threshold,
          fpr: fp / negatives,
          tpr: tp / positives,
        })),
      ],
      auc: auc?.value ?? null,
      lower: auc?.lower ?? null,
      upper: auc?.upper ?? null,
      n,
      coverage,
      status: labelledStatus(label, n, config, query.to, this.deps.clock()),
    };
  }

  private async scored(model: string, config: EffectiveConfig, query: CurveQuery): Promise<Scored> {
    const columns = scoreColumns(model, config, query.class);
    const { from, to, version, segment } = query;
    const range = { model, length: null, origin: 0, from, to, windows: null, segments: [] };
    const rows = await this.deps.rows.predictions({ ...range, version, only: segment, pooled: true });
    const [label = { n: 0, labelled: 0 }] = await this.deps.quality.labels(rows, config.groundTruth);
    return { rows, columns, label, coverage: label.n === 0 ? null : label.labelled / label.n };
  }
}

const isNamed =
  (name: string) =>
  ({ metric }: { metric: string }): boolean =>
    metric === name;

/** Where score and truth of a binary question are; of a multiclass model, one class against the rest. */
function scoreColumns(model: string, config: EffectiveConfig, className: string | null): QualityColumns {
  const columns = columnsOf(config);
  if (columns === null || columns.score === null || (config.task !== 'binary' && config.task !== 'multiclass'))
    throw new InvalidInputError(
      `Model "${model}" has no score to draw this of: its task is ${config.task}. Set task, score and ground_truth with PUT /v1/models/{model}.`,
      undefined,
      'no_score',
    );
  if (config.task === 'binary') {
    if (className === null) return columns;
    throw new InvalidInputError(`Model "${model}" is binary: leave class out.`, [
      { code: 'invalid_value', path: 'class', message: 'is only for multiclass models' },
    ]);
  }
  if (className === null)
    throw new InvalidInputError(
      `Model "${model}" has several classes: name the one to hold against the rest as class.`,
      [{ code: 'required', path: 'class', message: 'is required for multiclass models' }],
    );
  return { ...columns, score: `${columns.score}.${className}`, positive: className };
}

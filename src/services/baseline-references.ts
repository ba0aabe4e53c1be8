// What rules that are relative to the baseline divide by: what somebody stated, else the quality of the baseline's own labelled rows.
import {
  baselineRatioProblem,
  knownReference,
  missingReference,
  qualityKey,
  qualityReference,
  noReference,
  type BaselineQuality,
} from '../domain/alerts/baseline-reference.js';
import { isQualityMetric } from '../domain/alerts/metric-names.js';
import type { SeriesKey } from '../domain/alerts/watched-series.js';
import { metricName } from '../domain/alerts/wording.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { Baseline } from '../domain/drift/baseline.js';
import type { BaselineNumbers } from './alert-ports.js';
import type { BaselineStore } from './compute-ports.js';
import { columnsOf, type QualityCalculator } from './quality.js';

export interface BaselineReferenceDependencies {
  baselines: { active(model: string, version: string): Promise<Baseline | null> };
  rows: Pick<BaselineStore, 'asWindow' | 'countLabelled'>;
  quality: Pick<QualityCalculator, 'numbers'>;
  models: {
    effective(model: string): Promise<EffectiveConfig>;
    baselineMetrics(model: string): Promise<Readonly<Record<string, number>>>;
  };
}

/** Baselines whose numbers are remembered at a time. */
const REMEMBERED = 200;

export class BaselineReferences {
  /** The rows of an uploaded baseline never change, and neither do their labels. */
  private readonly uploaded = new Map<string, BaselineQuality>();

  constructor(private readonly deps: BaselineReferenceDependencies) {}

  /** The numbers of the baseline in force. Quality is computed when it is first asked for. */
  async of({ model, version, segment }: Pick<SeriesKey, 'model' | 'version' | 'segment'>): Promise<BaselineNumbers> {
    const [baseline, stated] = await Promise.all([
      this.deps.baselines.active(model, version),
      this.deps.models.baselineMetrics(model),
    ]);
    let quality: Promise<BaselineQuality | string> | null = null;
    return async (metric, feature) => {
      const ratio = baselineRatioProblem(metric);
      if (ratio !== null) return noReference(ratio);
      const said = feature === '' && segment === '' && Object.hasOwn(stated, metric) ? stated[metric] : undefined;
      if (said !== undefined) return knownReference(said);
      if (baseline === null) return noReference(`${model} has no baseline yet`);
      if (metric === 'missing_share') {
        if (segment !== '') return noReference('a baseline is not divided into segments for it');
        return missingReference(
          baseline.fields.find((field) => field.path === feature),
          feature,
          baseline.name,
        );
      }
      if (!isQualityMetric(metric) && metric !== 'label_coverage')
        return noReference(
          `a baseline has no ${metricName(metric)}: state it in \`baseline_metrics\` of the model's configuration, or name an age such as "7d"`,
        );
      quality ??= this.qualityOf(baseline, segment);
      const found = await quality;
      if (typeof found === 'string') return noReference(found);
      const { minSamples } = await this.deps.models.effective(model);
      return qualityReference(found, metric, feature, minSamples);
    };
  }

  /** The quality of a baseline's rows, or why it has none. */
  private async qualityOf(baseline: Baseline, segment: string): Promise<BaselineQuality | string> {
    if (segment.startsWith('tags.')) return `the rows of the baseline ${baseline.name} have no tags`;
    const config = await this.deps.models.effective(baseline.model);
    const columns = columnsOf(config);
    if (columns === null) return `it is not known where ${baseline.model} has its prediction and its ground truth`;
    const text = JSON.stringify([baseline.id, segment, config.task, columns]);
    const remembered = this.uploaded.get(text);
    if (remembered !== undefined) return remembered;
    const own = await this.measure(baseline, segment, config, columns.truthKey, true);
    if (baseline.source === 'upload') {
      if (this.uploaded.size >= REMEMBERED) this.uploaded.clear();
      this.uploaded.set(text, own);
      return own;
    }
    // Copies of predictions: labels that came after they were frozen count as well.
    const later = await this.measure(baseline, segment, config, columns.truthKey, false);
    return later.labelled > own.labelled ? later : own;
  }

  private async measure(
    { id, name }: Baseline,
    segment: string,
    config: EffectiveConfig,
    truthKey: string,
    own: boolean,
  ): Promise<BaselineQuality> {
    const rows = this.deps.rows.asWindow(id, segment, own);
    const [counted, numbers] = await Promise.all([
      this.deps.rows.countLabelled(rows, truthKey),
      this.deps.quality.numbers(rows, config),
    ]);
    const values = new Map(
      numbers.map(({ score: { metric, value, n }, feature }) => [qualityKey(metric, feature), { value, n }]),
    );
    const scored = Math.max(0, ...numbers.map(({ score }) => score.n));
    return { name, rows: counted.rows, labelled: own ? counted.labelled : scored, values };
  }
}

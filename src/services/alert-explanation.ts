// `GET /v1/alerts/{id}`: an alert with its numbers, bins, segments, example rows, history and the statements behind them.
import { isQualityMetric } from '../domain/alerts/metric-names.js';
import { periodsAround, type Period } from '../domain/alerts/periods.js';
import {
  binsQuestion,
  failedRowsQuestion,
  labelledRowsQuestion,
  numbersQuestion,
  recountQuestion,
  recountedQualityQuestion,
  rowsInBinsQuestion,
  segmentsQuestion,
  type Question,
} from '../domain/alerts/questions.js';
import type { AlertRule } from '../domain/alerts/rule.js';
import { effectiveThreshold, lowestLevel } from '../domain/alerts/rule.js';
import type { SeriesKey } from '../domain/alerts/watched-series.js';
import { thresholdNumber } from '../domain/alerts/why.js';
import { qualitySentence } from '../domain/alerts/wording.js';
import type { Alert } from '../domain/contract/alerts.js';
import type { Explanation } from '../domain/contract/explanation.js';
import { iso } from '../domain/contract/common.js';
import type { MetricPoint } from '../domain/contract/metrics.js';
import { DriftlineError } from '../domain/errors.js';
import { gainers, mergedContent } from './alert-evidence.js';
import type { AlertPorts, BinShares, SegmentEvidence } from './alert-ports.js';
import { answerOf } from './contributions.js';
import { toJson } from './metric-json.js';
import { Evidence, noticeItem } from './notices.js';
import type { AlertEvent } from './ports.js';

/** Windows of the series that are shown. */
const SHOWN_WINDOWS = 30;
const EXAMPLES = 20;

export class AlertExplanations {
  private readonly evidence: Evidence;

  constructor(private readonly ports: AlertPorts) {
    this.evidence = new Evidence(ports);
  }

  /** `alert`: as it is shown now; `lines`: all lines of the log about it, oldest first; `rule`: null where it was deleted. */
  async explain(alert: Alert, lines: readonly AlertEvent[], rule: AlertRule | null): Promise<Explanation> {
    const series = seriesOf(alert);
    const window = { from: Date.parse(alert.window_start), to: Date.parse(alert.window_end) };
    const periods = periodsAround(Date.parse(alert.since), window.from, window.to);
    const shown = { from: window.to - SHOWN_WINDOWS * (window.to - window.from), to: window.to };
    const drift = alert.feature !== '' && !isQualityMetric(alert.metric);
    const bins = drift ? await orNothing(this.ports.evidence.movedBins(series, window.from, window.to), []) : [];
    const [numbers, segments, examples, quality] = await Promise.all([
      this.numbers(series, shown, rule),
      orNothing(this.ports.evidence.segments(series, periods.after, periods.before, bins), null),
      orNothing(this.ports.evidence.examples(series, window, bins, EXAMPLES), []),
      this.quality(alert, lines, rule),
    ]);
    const split = segments === null ? null : { ...answerOf(segments.metric, segments.found), about: segments.about };
    const by = lines.at(-1)?.detail['acknowledged_by'];
    return {
      ...alert,
      acknowledged_by: typeof by === 'string' ? by : null,
      history: lines.map(({ alert: line, at }) => ({
        at: iso(at),
        state: line.state,
        severity: line.severity,
        value: line.value,
        window_start: line.window_start,
        why: line.why,
      })),
      numbers,
      bins: shownBins(bins),
      contributions: split,
      segments: split?.segments ?? [],
      quality,
      examples,
      sql: await this.questions(series, window, periods, shown, bins, segments),
    };
  }

  private async numbers(series: SeriesKey, { from, to }: Period, rule: AlertRule | null) {
    const { metric, feature, ...rest } = series;
    const metrics = metric === 'psi' ? ['psi', 'psi_limit'] : [metric];
    const query = { ...rest, metrics, features: [feature], from, to, endingBy: to, limit: null };
    const points = await this.ports.points.read(query);
    const noise = new Map(points.filter(isLimit).map((point) => [point.windowStart, point.lower]));
    return points
      .filter((point) => point.metric === metric)
      .map((point) => {
        const noiseLimit = metric === 'psi' ? (noise.get(point.windowStart) ?? null) : null;
        const threshold =
          rule === null || rule.relative_to !== null
            ? null
            : effectiveThreshold(rule, lowestLevel(rule), { noiseLimit });
        return { ...toJson(point), threshold: thresholdNumber(threshold, point.value), noise_limit: noiseLimit };
      });
  }

  private async quality(alert: Alert, lines: readonly AlertEvent[], rule: AlertRule | null) {
    const newest = lines.at(-1);
    if (newest === undefined || rule === null) return [];
    const { model, deployment, rule: ruleName } = alert;
    const subject = { ruleName, rule, model, deployment, now: newest.at };
    const found = await this.evidence.quality(subject, [noticeItem(newest)]);
    return found.map((one) => ({
      metric: one.metric,
      value: one.value,
      lower: one.lower,
      upper: one.upper,
      before: one.before,
      coverage: one.coverage,
      text: qualitySentence(one),
    }));
  }

  private async questions(
    series: SeriesKey,
    window: Period,
    { before, after }: { before: Period; after: Period },
    shown: Period,
    bins: readonly BinShares[],
    segments: SegmentEvidence | null,
  ): Promise<Question[]> {
    const questions = [numbersQuestion(series, shown)];
    const gained = gainers(bins);
    const [first] = bins;
    if (first !== undefined)
      questions.push(
        binsQuestion(series, window, { id: first.baseline.id, counts: bins.map(({ baseline }) => baseline.count) }),
      );
    if (gained.length > 0 && !series.feature.startsWith('values.'))
      questions.push(rowsInBinsQuestion(mergedContent(gained), series, window));
    const recount = recountQuestion(series, window);
    if (recount !== null) questions.push(recount);
    if (series.metric.startsWith('error_')) questions.push(failedRowsQuestion(series, window));
    if (isQualityMetric(series.metric)) {
      const columns = await orNothing(this.ports.models.columns(series.model), null);
      if (columns !== null) {
        const recounted = series.feature === '' ? recountedQualityQuestion(columns, series, window) : null;
        if (recounted !== null) questions.push(recounted);
        questions.push(labelledRowsQuestion(columns, series, window));
      }
    }
    const path = segments?.found.segments[0]?.segment.split('=', 1)[0];
    if (path !== undefined) questions.push(segmentsQuestion(path, series, before, after));
    return questions;
  }
}

const isLimit = (point: MetricPoint): boolean => point.metric === 'psi_limit';

function seriesOf({ model, version, deployment, segment, feature, metric }: Alert): SeriesKey {
  return { model, version, deployment, segment, feature, metric };
}

function shownBins(bins: readonly BinShares[]): Explanation['bins'] {
  return bins
    .map(({ label, baselineShare, currentShare }) => ({
      label,
      baseline_share: baselineShare,
      current_share: currentShare,
      change: currentShare - baselineShare,
    }))
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
}

/** What cannot be had is left out: rows may have expired, a field may be gone. A store that is down is another matter. */
async function orNothing<T>(work: Promise<T>, nothing: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DriftlineError && error.status < 500) return nothing;
    throw error;
  }
}

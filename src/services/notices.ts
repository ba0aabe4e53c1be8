// Puts a notice together: its alerts, the bins that moved, what happened to quality, the links and commands.
import { createHash } from 'node:crypto';
import { isQualityMetric } from '../domain/alerts/metric-names.js';
import { isRelativeToNoise, referencePhrase } from '../domain/alerts/baseline-reference.js';
import type {
  MovedBin,
  Notice,
  NoticeChart,
  NoticeItem,
  NoticeQuality,
  NoticeSegments,
} from '../domain/alerts/notice.js';
import { periodsAround } from '../domain/alerts/periods.js';
import { breaches, effectiveThreshold, lowestLevel, type AlertRule } from '../domain/alerts/rule.js';
import { isPulse, place, SERVICE } from '../domain/alerts/wording.js';
import type { MetricPoint } from '../domain/contract/metrics.js';
import { iso, slugSchema } from '../domain/contract/common.js';
import { DAY_MS } from '../domain/duration.js';
import type { AlertPorts } from './alert-ports.js';
import type { AlertEvent, SeriesKey } from './ports.js';

/** How many windows the chart of a mail has. */
const CHART_WINDOWS = 30;
/** How many bins are told, and of how many of the worst alerts they are taken. */
const MOVED_BINS = 3;
const EXPLAINED_ALERTS = 3;
/** The quality metric that is told: the first of these that the model has. */
const MAIN_QUALITY = ['accuracy', 'rmse', 'roc_auc', 'mae'];
/** How many windows before the trouble a link shows. */
const LINK_WINDOWS = 14;
/** A rule longer than this does not go into a command. */
const MAX_COMMAND = 2000;

/** What a notice is about. */
export interface NoticeSubject {
  ruleName: string;
  rule: AlertRule;
  model: string;
  deployment: string;
  now: number;
  plain?: { disable: string };
}

/** An alert of the log as a notice shows it. */
export function noticeItem({ alert, detail }: AlertEvent): NoticeItem {
  const { id: alertId, version, feature, segment, metric, severity, value, threshold, why } = alert;
  const reference =
    detail['relative_to'] === 'baseline' && !isRelativeToNoise(metric) ? numberOrNull(detail['reference']) : null;
  return {
    alertId,
    version,
    feature,
    segment,
    metric,
    state: alert.state === 'resolved' || alert.state === 'no_data' ? alert.state : 'firing',
    severity,
    relative:
      typeof detail['relative_to'] === 'string'
        ? referencePhrase(metric, detail['relative_to'], numberOrNull(detail['reference']))
        : null,
    reference,
    value,
    threshold,
    noiseLimit: numberOrNull(detail['noise_limit']),
    n: numberOrNull(detail['n']),
    since: Date.parse(alert.since),
    windowStart: Date.parse(alert.window_start),
    windowEnd: Date.parse(alert.window_end),
    why,
  };
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** How far past its threshold, as a ratio: the order within one severity. */
function excess({ value, threshold }: NoticeItem): number {
  if (value === null || threshold === null || threshold === 0) return 0;
  return Math.abs(value - threshold) / Math.abs(threshold);
}

/** Critical before warning before no data; within, the farthest past its threshold first. */
export function worstFirst(items: readonly NoticeItem[]): NoticeItem[] {
  const rank = (item: NoticeItem) => (item.state === 'no_data' ? 0 : item.severity === 'critical' ? 2 : 1);
  return [...items].sort((a, b) => rank(b) - rank(a) || excess(b) - excess(a) || (a.alertId < b.alertId ? -1 : 1));
}

/** Gathers what explains a notice. */
export class Evidence {
  constructor(private readonly ports: AlertPorts) {}

  /** The bins that moved most, over the worst few alerts. */
  async movedBins(subject: NoticeSubject, worst: readonly NoticeItem[]): Promise<MovedBin[]> {
    const explained = worst
      .filter((item) => item.feature !== '' && item.state === 'firing' && !isQualityMetric(item.metric))
      .slice(0, EXPLAINED_ALERTS);
    const found = await Promise.all(
      explained.map(async (item) => {
        const bins = await this.ports.evidence.movedBins(seriesKey(subject, item), item.windowStart, item.windowEnd);
        return bins.map((bin): MovedBin => ({ ...bin, version: item.version, feature: item.feature }));
      }),
    );
    const moved = (bin: MovedBin) => Math.abs(bin.currentShare - bin.baselineShare);
    return (
      found
        .flat()
        .filter((bin) => moved(bin) > 0)
        .sort((a, b) => moved(b) - moved(a))
        // Versions that see the same inputs move the same bin: it is said once.
        .filter(
          (bin, index, all) => all.findIndex((one) => one.feature === bin.feature && one.label === bin.label) === index,
        )
        .slice(0, MOVED_BINS)
    );
  }

  /** What happened to quality in the windows of the worst alerts, one line a version: of an alert about quality that number itself, with its interval. */
  async quality(subject: NoticeSubject, worst: readonly NoticeItem[]): Promise<NoticeQuality[]> {
    const versions = new Map(worst.map((item) => [item.version, item] as const).reverse());
    const items = [...versions.values()].reverse().slice(0, EXPLAINED_ALERTS);
    const lines = await Promise.all(items.map((item) => this.qualityOf(subject, item)));
    return items.length === 1 ? lines.map((line) => ({ ...line, version: '' })) : lines;
  }

  /** Where the worst alert comes from: the segments that contribute most to its change. */
  async segments(subject: NoticeSubject, worst: readonly NoticeItem[]): Promise<NoticeSegments[]> {
    const item = worst.find((one) => one.state === 'firing');
    if (item === undefined) return [];
    const series = seriesKey(subject, item);
    const { evidence } = this.ports;
    const drift = item.feature !== '' && !isQualityMetric(item.metric);
    const bins = drift ? await evidence.movedBins(series, item.windowStart, item.windowEnd) : [];
    const { before, after } = periodsAround(item.since, item.windowStart, item.windowEnd);
    const found = await evidence.segments(series, after, before, bins);
    if (found === null || found.found.change === null) return [];
    const segments = found.found.segments.filter((one) => Math.abs((one.mixEffect ?? 0) + (one.rateEffect ?? 0)) > 0);
    if (segments.length === 0) return [];
    const { metric, about } = found;
    return [
      { metric, about, before: found.found.before, after: found.found.after, segments: segments.slice(0, MOVED_BINS) },
    ];
  }

  /** The newest windows of the worst alert's series. */
  async chart({ rule, ...subject }: NoticeSubject, worst: readonly NoticeItem[]): Promise<NoticeChart[]> {
    const [item] = worst;
    // A ratio to what every window has of its own has no line to be drawn at.
    if (item === undefined || (item.relative !== null && item.reference === null)) return [];
    const { reference } = item;
    const { metric, feature, ...rest } = seriesKey({ rule, ...subject }, item);
    const length = item.windowEnd - item.windowStart;
    const from = item.windowEnd - CHART_WINDOWS * length;
    const metrics = metric === 'psi' ? ['psi', 'psi_limit'] : [metric];
    const query = {
      ...rest,
      metrics,
      features: [feature],
      from,
      to: item.windowEnd,
      endingBy: item.windowEnd,
      limit: null,
    };
    const points = (await this.ports.points.read(query)).filter(
      (point) => point.windowEnd - point.windowStart === length,
    );
    const byStart = (name: string) =>
      new Map(points.filter((point) => point.metric === name).map((point) => [point.windowStart, point]));
    const [values, limits] = [byStart(metric), byStart('psi_limit')];
    if (values.size < 2) return [];
    const shown = Array.from({ length: CHART_WINDOWS }, (_, index) => {
      const start = from + index * length;
      const value = values.get(start)?.value ?? null;
      const noiseLimit = metric === 'psi' ? (limits.get(start)?.lower ?? null) : null;
      const limit = effectiveThreshold(rule, lowestLevel(rule), { noiseLimit });
      const held = value === null || reference === null ? value : value / reference;
      return { value, past: held !== null && limit !== null && breaches(rule.op, held, limit) };
    });
    const threshold = item.threshold === null ? null : item.threshold * (reference ?? 1);
    return [{ metric, where: place(item), windows: CHART_WINDOWS, threshold, points: shown }];
  }

  private async qualityOf({ model, deployment }: NoticeSubject, item: NoticeItem): Promise<NoticeQuality> {
    const length = item.windowEnd - item.windowStart;
    // Of one class the model's own quality is told: a class has no coverage of its own.
    const own = isQualityMetric(item.metric) && item.feature === '';
    const names = own ? [item.metric, ...MAIN_QUALITY] : MAIN_QUALITY;
    const points = await this.ports.points.read({
      model,
      metrics: [...new Set([...names, 'label_coverage'])],
      features: [''],
      version: item.version,
      deployment,
      segment: own ? item.segment : '',
      from: item.since - length,
      to: item.windowEnd,
      endingBy: item.windowEnd,
      limit: null,
    });
    const at = (metric: string, start: number): MetricPoint | undefined =>
      points.find(
        (point) => point.metric === metric && point.windowStart === start && point.windowEnd === start + length,
      );
    const metric = names.find((name) => (at(name, item.windowStart)?.value ?? null) !== null) ?? null;
    const point = metric === null ? undefined : at(metric, item.windowStart);
    const before = metric === null ? undefined : at(metric, item.since - length);
    return {
      version: item.version,
      coverage: point?.coverage ?? at('label_coverage', item.windowStart)?.value ?? null,
      metric,
      value: point?.value ?? null,
      lower: point?.lower ?? null,
      upper: point?.upper ?? null,
      before: before?.value ?? null,
    };
  }
}

function seriesKey({ model, deployment }: NoticeSubject, item: NoticeItem): SeriesKey {
  const { version, segment, feature, metric } = item;
  return { model, version, deployment, segment, feature, metric };
}

/** A word of a POSIX shell, quoted so that nothing in it is interpreted. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function putCommand(url: string, body: unknown): string {
  return `curl -X PUT ${quoted(url)} -H 'content-type: application/json' -d ${quoted(JSON.stringify(body))}`;
}

/** The name of the silence that a notification offers: of this rule and model alone, so that it takes no other one's place. */
export function muteName(rule: string, model: string): string {
  const name = `mute ${rule} on ${model}`;
  if (slugSchema.safeParse(name).success) return name;
  const digest = createHash('sha256')
    .update(JSON.stringify([rule, model]))
    .digest('hex')
    .slice(0, 12);
  return `${`mute ${rule}`.slice(0, 85)} ${digest}`;
}

/** Commands that stop a rule's notifications. */
export function stopCommands(
  publicUrl: string,
  { ruleName, rule, model, now, plain }: NoticeSubject,
  file: string | null,
): Notice['stop'] {
  const disable =
    plain?.disable ??
    putCommand(`${publicUrl}/v1/alert-rules/${encodeURIComponent(ruleName)}`, {
      ...rule,
      enabled: false,
    });
  const silence = putCommand(`${publicUrl}/v1/silences/${encodeURIComponent(muteName(ruleName, model))}`, {
    matchers: { rule: ruleName, model },
    starts: iso(now),
    ends: iso(now + DAY_MS),
    comment: 'from a notification',
  });
  // What comes from the file is refused by the API.
  return { disable: file === null && disable.length <= MAX_COMMAND ? disable : null, silence, file };
}

/** The dashboard at the model, version and time of the worst alert. */
export function noticeLink(publicUrl: string, model: string, worst: NoticeItem | undefined): string {
  // About the service itself there is no model to look at.
  if (model === SERVICE) return `${publicUrl}/alerts`;
  const page = `${publicUrl}/models/${encodeURIComponent(model)}`;
  if (worst === undefined) return page;
  const query = new URLSearchParams({
    ...(worst.version === '' ? {} : { version: worst.version }),
    // What was before shows what changed.
    from: iso(worst.since - LINK_WINDOWS * (worst.windowEnd - worst.windowStart)),
    to: iso(worst.windowEnd),
  });
  if (worst.feature === '') return `${page}?${query.toString()}`;
  query.set('feature', worst.feature);
  return `${page}/feature?${query.toString()}`;
}

/** The page of an alert: its numbers, example rows and the SQL that gave them. About the service itself there is none. */
export function queryLink({ publicUrl, model }: { publicUrl: string; model: string }, worst: NoticeItem | undefined) {
  return worst === undefined || model === SERVICE || isPulse(worst.metric)
    ? undefined
    : `${publicUrl}/alerts/${encodeURIComponent(worst.alertId)}`;
}

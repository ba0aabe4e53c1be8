// Puts a notice together: its alerts, the bins that moved, what happened to quality, the links and commands.
import { isQualityMetric } from '../domain/alerts/metric-names.js';
import type { MovedBin, Notice, NoticeItem, NoticeQuality } from '../domain/alerts/notice.js';
import type { AlertRule } from '../domain/alerts/rule.js';
import type { MetricPoint } from '../domain/contract/metrics.js';
import { iso } from '../domain/contract/common.js';
import { DAY_MS } from '../domain/duration.js';
import type { AlertPorts } from './alert-ports.js';
import type { AlertEvent, SeriesKey } from './ports.js';

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
}

/** An alert of the log as a notice shows it. */
export function noticeItem({ alert, detail }: AlertEvent): NoticeItem {
  const { id: alertId, version, feature, segment, metric, severity, value, threshold, why } = alert;
  return {
    alertId,
    version,
    feature,
    segment,
    metric,
    state: alert.state === 'resolved' || alert.state === 'no_data' ? alert.state : 'firing',
    severity,
    relative: typeof detail['relative_to'] === 'string',
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
        const key: SeriesKey = {
          model: subject.model,
          version: item.version,
          deployment: subject.deployment,
          segment: item.segment,
          feature: item.feature,
          metric: item.metric,
        };
        const bins = await this.ports.evidence.movedBins(key, item.windowStart, item.windowEnd);
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

  /** What happened to quality in the windows of the worst alerts, one line a version. Empty where the alert itself is about quality. */
  async quality(subject: NoticeSubject, worst: readonly NoticeItem[]): Promise<NoticeQuality[]> {
    if (isQualityMetric(subject.rule.metric)) return [];
    const versions = new Map(worst.map((item) => [item.version, item] as const).reverse());
    const items = [...versions.values()].reverse().slice(0, EXPLAINED_ALERTS);
    const lines = await Promise.all(items.map((item) => this.qualityOf(subject, item)));
    return items.length === 1 ? lines.map((line) => ({ ...line, version: '' })) : lines;
  }

  private async qualityOf({ model, deployment }: NoticeSubject, item: NoticeItem): Promise<NoticeQuality> {
    const length = item.windowEnd - item.windowStart;
    const points = await this.ports.points.read({
      model,
      metrics: [...MAIN_QUALITY, 'label_coverage'],
      features: [''],
      version: item.version,
      deployment,
      segment: '',
      from: item.windowStart - length,
      to: item.windowEnd,
      endingBy: item.windowEnd,
      limit: null,
    });
    const at = (metric: string, start: number): MetricPoint | undefined =>
      points.find(
        (point) => point.metric === metric && point.windowStart === start && point.windowEnd === start + length,
      );
    const metric = MAIN_QUALITY.find((name) => (at(name, item.windowStart)?.value ?? null) !== null) ?? null;
    const point = metric === null ? undefined : at(metric, item.windowStart);
    const before = metric === null ? undefined : at(metric, item.windowStart - length);
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

/** A word of a POSIX shell, quoted so that nothing in it is interpreted. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function putCommand(url: string, body: unknown): string {
  return `curl -X PUT ${quoted(url)} -H 'content-type: application/json' -d ${quoted(JSON.stringify(body))}`;
}

/** Commands that stop a rule's notifications. */
export function stopCommands(publicUrl: string, { ruleName, rule, model, now }: NoticeSubject): Notice['stop'] {
  const disable = putCommand(`${publicUrl}/v1/alert-rules/${encodeURIComponent(ruleName)}`, {
    ...rule,
    enabled: false,
  });
  const silence = putCommand(`${publicUrl}/v1/silences/${encodeURIComponent(`mute ${ruleName}`.slice(0, 100))}`, {
    matchers: { rule: ruleName, model },
    starts: iso(now),
    ends: iso(now + DAY_MS),
    comment: 'from a notification',
  });
  return { disable: disable.length <= MAX_COMMAND ? disable : null, silence };
}

/** The dashboard at the model, version and time of the worst alert. */
export function noticeLink(publicUrl: string, model: string, worst: NoticeItem | undefined): string {
  const page = `${publicUrl}/models/${encodeURIComponent(model)}`;
  if (worst === undefined) return page;
  const query = new URLSearchParams({
    version: worst.version,
    // What was before shows what changed.
    from: iso(worst.since - LINK_WINDOWS * (worst.windowEnd - worst.windowStart)),
    to: iso(worst.windowEnd),
  });
  if (worst.feature === '') return `${page}?${query.toString()}`;
  query.set('feature', worst.feature);
  return `${page}/feature?${query.toString()}`;
}

// Alerting on a real store and real channels, for integration tests. What computes the numbers is left out: tests write them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { noReference, type BaselineReference } from '../../src/domain/alerts/baseline-reference.js';
import { alertRuleSchema } from '../../src/domain/alerts/rule.js';
import { channelSchema, silenceSchema, type Channel } from '../../src/domain/contract/alerts.js';
import type { JobResult, MetricPoint } from '../../src/domain/contract/metrics.js';
import { HttpSender } from '../../src/notify/http-sender.js';
import { MailSender } from '../../src/notify/mail.js';
import { SlackSender } from '../../src/notify/slack.js';
import { WebhookSender } from '../../src/notify/webhook.js';
import { builtinAlertsSchema } from '../../src/domain/contract/builtin-alerts.js';
import type { FeedPulse } from '../../src/services/pulses.js';
import { AlertLinks, linkKeySchema } from '../../src/services/alert-links.js';
import { AlertsService } from '../../src/services/alerts.js';
import { AlertEventTable, NotificationTable } from '../../src/store/alert-log.js';
import { openEmbedded } from '../../src/store/client.js';
import { DocumentTable } from '../../src/store/documents.js';
import { MetricPointTable } from '../../src/store/metric-points.js';
import { migrate } from '../../src/store/migrations.js';
import { Store } from '../../src/store/store.js';
import { WatchedSeriesTable } from '../../src/store/watched-series.js';

export const DAY = 86_400_000;
/** 1 March 2001, the first window of the tests. */
export const MARCH = Date.parse('2001-03-01T00:00:00Z');
/** The time at which the windows of the first `days` days are complete. */
export const after = (days: number): number => MARCH + days * DAY + 5 * 60_000;

const FAST_RETRY = { attempts: 3, startingDelay: 1, maxDelay: 5 };

export interface RigOptions {
  smtpUrl: string | null;
  allowPrivate?: boolean;
  /** Of every model's windows, ms; a day unless said otherwise. */
  windowLength?: number;
}

const TRAIN = { id: '00000000-0000-4000-8000-000000000000', count: 100 };
const NO_BIN = { path: 'inputs.x', ranges: [], values: [], noneOf: null, missing: false, numeric: true };

/** A data folder with the service on it. `restart` makes everything anew on the same folder, as another process would. */
export class AlertRig {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'driftline-alerts-'));
  now = after(0);
  feeds: FeedPulse[] = [];
  /** What the baseline says of every metric. */
  reference: BaselineReference = noReference('there is no baseline in this test');
  store!: Store;
  points!: MetricPointTable;
  service!: AlertsService;

  constructor(private options: RigOptions) {}

  async open(): Promise<this> {
    this.store = new Store(await openEmbedded(this.folder), () => Date.now());
    await migrate(this.store, path.resolve('schema'));
    this.points = new MetricPointTable(this.store);
    const http = new HttpSender({
      allowPrivate: this.options.allowPrivate ?? true,
      timeoutMs: 2000,
      retry: FAST_RETRY,
    });
    this.service = new AlertsService({
      rules: new DocumentTable(this.store, 'alert_rules', alertRuleSchema),
      channels: new DocumentTable(this.store, 'channels', channelSchema),
      silences: new DocumentTable(this.store, 'silences', silenceSchema),
      points: this.points,
      series: new WatchedSeriesTable(this.store, 0),
      events: new AlertEventTable(this.store),
      notifications: new NotificationTable(this.store),
      registry: { held: async () => [], previous: async () => null },
      models: {
        list: async () => [],
        minSamples: async () => 30,
        windowLength: async () => this.options.windowLength ?? DAY,
        columns: async () => null,
      },
      evidence: {
        movedBins: async () => [
          { label: '> 1,200', baselineShare: 0.08, currentShare: 0.21, content: NO_BIN, baseline: TRAIN },
          { label: '<= 1,200', baselineShare: 0.92, currentShare: 0.79, content: NO_BIN, baseline: TRAIN },
        ],
        segments: async () => null,
        examples: async () => [],
      },
      watchdog: {
        feeds: async () => this.feeds,
        jobs: async () => [],
        isPlanned: () => true,
        settings: new DocumentTable(this.store, 'settings', builtinAlertsSchema),
      },
      links: new AlertLinks(new DocumentTable(this.store, 'settings', linkKeySchema)),
      senders: {
        email: new MailSender({
          smtpUrl: this.options.smtpUrl,
          from: 'driftline@localhost',
          retry: FAST_RETRY,
          connectMs: 1000,
        }),
        webhook: new WebhookSender(http, () => this.now),
        slack: new SlackSender(http),
      },
      baselineNumbers: async () => async () => this.reference,
      addressProblem: (url) => http.problemOf(url),
      known: {
        models: async () => [],
        features: async () => [],
        fields: async () => [],
        segments: async () => null,
        ownMetrics: async () => [],
        parts: async () => ({ versions: [], deployments: [], segments: [] }),
        meaning: async () => null,
      },
      fileOf: () => null,
      clock: () => this.now,
      uptime: () => performance.now(),
      publicUrl: 'http://127.0.0.1:8080',
    });
    return this;
  }

  async restart(options = this.options): Promise<void> {
    this.options = options;
    await this.store.engine.close();
    await this.open();
  }

  async close(): Promise<void> {
    await this.store.engine.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Write the value of one metric for each day from the first; null leaves a day out. */
  async daily(
    series: Partial<MetricPoint> & Pick<MetricPoint, 'model' | 'metric'>,
    values: readonly (number | null)[],
    firstDay = 0,
  ): Promise<void> {
    const points = values.flatMap((value, i) => (value === null ? [] : [aPoint({ ...series, value }, firstDay + i)]));
    // A psi comes with the limit that chance sets; 0.05 stays below every threshold of these tests.
    const limits = points
      .filter((point) => point.metric === 'psi')
      .map((point) => ({ ...point, metric: 'psi_limit', value: 0.2, lower: 0.05 }));
    await this.points.write([...points, ...limits]);
  }

  /** Run the job as of the end of a day. */
  evaluate(days: number): Promise<JobResult> {
    this.now = after(days);
    return this.service.evaluate({ model: null, now: this.now, from: null, to: null });
  }

  channel(name: string, channel: Channel): Promise<void> {
    return this.service.putChannel(name, channel);
  }

  /** Put a rule: psi above 0.2 in two of two windows, unless said otherwise. */
  async rule(name: string, changes: Record<string, unknown>): Promise<void> {
    await this.service.putRule(
      name,
      alertRuleSchema.parse({ metric: 'psi', critical: 0.2, for: 2, of: 2, channels: ['ops'], ...changes }),
    );
  }
}

function aPoint(
  series: Partial<MetricPoint> & Pick<MetricPoint, 'model' | 'metric' | 'value'>,
  day: number,
): MetricPoint {
  return {
    version: '1',
    deployment: '',
    segment: '',
    feature: '',
    windowStart: MARCH + day * DAY,
    windowEnd: MARCH + (day + 1) * DAY,
    lower: null,
    upper: null,
    n: 222,
    coverage: null,
    baseline: 'train',
    status: 'ok',
    method: 'exact',
    computedAt: after(day + 1),
    ...series,
  };
}

// Model numbers as gauges for Prometheus: read from the store now and then, shown at every scrape. Units are base units: seconds and ratios.
import { Gauge, type Registry } from 'prom-client';
import { QUALITY_METRICS } from '../domain/alerts/metric-names.js';
import type { NewestNumber } from '../domain/stored.js';

export interface ModelGaugesDependencies {
  numbers(metrics: readonly string[], now: number): Promise<NewestNumber[]>;
  firing(): Promise<{ rule: string; model: string; severity: string | null }[]>;
  orphanLabels(): Promise<number>;
  lastSuccesses(): Promise<{ job: string; at: number }[]>;
  clock: () => number;
  warn: (message: string, error: unknown) => void;
}

/** How old the numbers of a scrape may be, ms; orphan labels take a pass over all labels. */
const FRESH = 15_000;
const ORPHANS_FRESH = 300_000;

const SERIES = ['model', 'version', 'deployment'];

/** Where a metric goes: its gauge, an extra label, and what its unit is divided by. */
interface Target {
  gauge: string;
  label?: Record<string, string>;
  divide?: number;
}

/** Without the noise, which is a limit and no quality. */
const QUALITY = QUALITY_METRICS.filter((metric) => metric !== 'calibration_noise_95');
const DRIFT = ['psi', 'ks_statistic', 'js_distance', 'wasserstein_normed', 'l_infinity'];
const quantiles = (metric: string, gauge: string, divide: number): [string, Target][] =>
  [['p50', '0.5'], ['p90', '0.9'], ['p95', '0.95'], ['p99', '0.99']].map(([name = '', quantile = '']) => [
    `${metric}_${name}`,
    { gauge, label: { quantile }, divide },
  ]); // prettier-ignore

const TARGETS: ReadonlyMap<string, Target> = new Map<string, Target>([
  ...QUALITY.map((metric): [string, Target] => [metric, { gauge: 'driftline_model_quality', label: { metric } }]),
  ...DRIFT.map((test): [string, Target] => [test, { gauge: 'driftline_feature_drift_score', label: { test } }]),
  ['missing_share', { gauge: 'driftline_feature_missing_ratio' }],
  ['unseen_share', { gauge: 'driftline_feature_unseen_ratio' }],
  ['drifted_share', { gauge: 'driftline_model_drifted_ratio' }],
  ['label_coverage', { gauge: 'driftline_model_label_coverage_ratio' }],
  ['prediction_count', { gauge: 'driftline_model_predictions' }],
  ['requests_per_second', { gauge: 'driftline_model_requests_per_second' }],
  ['error_rate', { gauge: 'driftline_model_error_ratio' }],
  ...quantiles('latency', 'driftline_model_latency_seconds', 1000),
  ...quantiles('label_lag', 'driftline_model_label_lag_seconds', 1),
]);

const HELP: Record<string, [string, string[]]> = {
  driftline_model_quality: ['Quality of the newest window that has a number.', ['metric']],
  driftline_feature_drift_score: ['Distance of the newest window from the baseline.', ['feature', 'test']],
  driftline_feature_missing_ratio: ['Share of predictions without the field.', ['feature']],
  driftline_feature_unseen_ratio: ['Share of values that the baseline does not have.', ['feature']],
  driftline_model_drifted_ratio: ['Share of the fields whose PSI is beyond its limit.', []],
  driftline_model_label_coverage_ratio: ['Share of predictions that have ground truth.', []],
  driftline_model_predictions: ['Predictions of the newest window.', []],
  driftline_model_requests_per_second: ['Predictions a second in the newest window.', []],
  driftline_model_error_ratio: ['Share of predictions that failed.', []],
  driftline_model_latency_seconds: ['Time of a prediction.', ['quantile']],
  driftline_model_label_lag_seconds: ['Time from a prediction to its ground truth.', ['quantile']],
};

export class ModelGauges {
  private readonly gauges = new Map<string, Gauge>();
  private readonly detected: Gauge;
  private readonly windowEnd: Gauge;
  private readonly firing: Gauge;
  private readonly orphans: Gauge;
  private readonly lag: Gauge;
  private readonly readAt: Gauge;
  private fresh = Number.NEGATIVE_INFINITY;
  private orphansFresh = Number.NEGATIVE_INFINITY;
  private running: Promise<void> | null = null;

  constructor(
    registry: Registry,
    private readonly deps: ModelGaugesDependencies,
  ) {
    const gauge = (name: string, help: string, labelNames: string[]) =>
      new Gauge({ name, help, labelNames, registers: [registry] });
    for (const [name, [help, labels]] of Object.entries(HELP))
      this.gauges.set(name, gauge(name, help, [...SERIES, ...labels]));
    this.detected = gauge('driftline_feature_drift_detected', 'Whether the PSI is beyond its limit: 1 or 0.', [
      ...SERIES,
      'feature',
    ]);
    this.windowEnd = gauge(
      'driftline_model_window_end_timestamp_seconds',
      'End of the newest window that has a number.',
      SERIES,
    );
    this.firing = gauge('driftline_alert_active', 'Alerts that are firing.', ['rule', 'model', 'severity']);
    this.orphans = gauge('driftline_orphan_labels', 'Labels that wait for their prediction.', []);
    this.lag = gauge(
      'driftline_job_lag_seconds',
      'Time since the last successful run of a job, in whichever process.',
      ['job'],
    );
    this.readAt = gauge(
      'driftline_model_gauges_timestamp_seconds',
      'When the numbers of models were read from the store.',
      [],
    );
  }

  /** Bring the gauges up to date. A store that does not answer leaves them as they are; the timestamp says how old that is. */
  async refresh(): Promise<void> {
    if (this.deps.clock() - this.fresh < FRESH) return;
    this.running ??= this.read()
      .catch((error: unknown) => this.deps.warn('the numbers for /metrics could not be read', error))
      .finally(() => (this.running = null));
    await this.running;
  }

  private async read(): Promise<void> {
    const now = this.deps.clock();
    const [numbers, firing, successes] = await Promise.all([
      this.deps.numbers([...TARGETS.keys()], now),
      this.deps.firing(),
      this.deps.lastSuccesses(),
    ]);
    if (now - this.orphansFresh >= ORPHANS_FRESH) {
      this.orphans.set(await this.deps.orphanLabels());
      this.orphansFresh = now;
    }
    for (const gauge of [...this.gauges.values(), this.detected, this.windowEnd, this.firing, this.lag]) gauge.reset();
    for (const number of numbers) this.show(number);
    for (const { rule, model, severity } of firing) this.firing.inc({ rule, model, severity: severity ?? 'warning' });
    for (const { job, at } of successes) this.lag.set({ job }, (now - at) / 1000);
    this.readAt.set(now / 1000);
    this.fresh = now;
  }

  private show({ model, version, deployment, feature, metric, value, upper, windowEnd }: NewestNumber): void {
    const target = TARGETS.get(metric);
    const gauge = this.gauges.get(target?.gauge ?? '');
    if (target === undefined || gauge === undefined) return;
    const series = { model, version, deployment };
    const needsFeature = HELP[target.gauge]?.[1].includes('feature') === true;
    gauge.set({ ...series, ...(needsFeature ? { feature } : {}), ...target.label }, value / (target.divide ?? 1));
    if (metric === 'psi') this.detected.set({ ...series, feature }, upper !== null && value > upper ? 1 : 0);
    if (metric === 'prediction_count') this.windowEnd.set(series, windowEnd / 1000);
  }
}

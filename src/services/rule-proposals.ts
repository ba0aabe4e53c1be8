// Rules for a start: thresholds from a model's own history, each with how often it would have fired.
import { alertRuleSchema, type AlertRule } from '../domain/alerts/rule.js';
import { rangeOf } from '../domain/alerts/reach.js';
import { formatValue, metricName } from '../domain/alerts/wording.js';
import { iso } from '../domain/contract/common.js';
import type { Proposals } from '../domain/contract/proposals.js';
import { betterIs } from '../domain/metric-families.js';
import { NotFoundError } from '../domain/errors.js';
import { backtestRule } from './alert-backtest.js';
import type { AlertPorts } from './alert-ports.js';
import { LOOKBACK_WINDOWS } from './alert-series.js';

/** What a metric's numbers were over a range, over all versions of the whole model. */
export interface MetricHistory {
  metric: string;
  points: number;
  low: number;
  median: number;
  high: number;
  /** End of the newest window, epoch ms. */
  newestEnd: number;
}

/** The written form of a rule, without defaults. */
type Written = Partial<Record<Exclude<keyof AlertRule, 'model' | 'metric'>, unknown>> & { metric: string };

/** Of several ways to say how good a model is, the first that it has. */
const QUALITY = ['accuracy', 'roc_auc', 'rmse', 'mae', 'f1_macro'];
/** With fewer windows a quantile says nothing. */
const FEWEST = 10;

/** Three significant digits: a threshold that a person would write. */
const rounded = (value: number): number => Number(value.toPrecision(3));

/** As far beyond the outermost percent as that is from the middle, within what the metric can be. */
function beyond({ metric, low, median, high }: MetricHistory, side: 'above' | 'below'): number {
  const { min, max } = rangeOf(metric);
  const far = side === 'above' ? high + (high - median) : low - (median - low);
  return rounded(Math.min(max ?? Infinity, Math.max(min ?? -Infinity, far)));
}

/** The candidates for a model with this history, most telling first. */
function candidates(history: ReadonlyMap<string, MetricHistory>): { title: string; rule: Written; because: string }[] {
  const found: { title: string; rule: Written; because: string }[] = [];
  const add = (title: string, rule: Written, because: string) => found.push({ title, rule, because });
  const of = (metric: string): MetricHistory | null => {
    const known = history.get(metric);
    return known !== undefined && known.points >= FEWEST ? known : null;
  };
  const said = ({ metric, low, median, high }: MetricHistory) =>
    `${metricName(metric)} was ${formatValue(metric, median)} in the middle, ${formatValue(metric, low)} to ${formatValue(metric, high)} in 98 % of windows`;
  if (history.has('psi'))
    add(
      'drift',
      { metric: 'psi', feature: '*', warning: 0.1, critical: 0.2, for: 2, of: 2 },
      'PSI beyond 0.2 and beyond chance, twice in a row',
    );
  const missing = of('missing_share');
  if (missing !== null)
    add(
      'missing values',
      {
        metric: 'missing_share',
        feature: '*',
        critical: Math.min(0.95, Math.max(0.05, beyond(missing, 'above'))),
        for: 2,
        of: 2,
      },
      said(missing),
    );
  const quality = QUALITY.map(of).find((one) => one !== null) ?? null;
  if (quality !== null) {
    const higher = betterIs(quality.metric) === 'lower';
    const critical = beyond(quality, higher ? 'above' : 'below');
    add('quality', { metric: quality.metric, op: higher ? '>' : '<', critical, for: 2, of: 3 }, said(quality));
  }
  const coverage = of('label_coverage');
  if (coverage !== null && coverage.median > 0)
    add(
      'labels',
      { metric: 'label_coverage', op: '<', warning: rounded(coverage.median / 2), for: 3, of: 3 },
      said(coverage),
    );
  const errors = of('error_rate');
  if (errors !== null)
    add(
      'errors',
      { metric: 'error_rate', critical: Math.min(0.95, Math.max(0.02, beyond(errors, 'above'))), for: 2, of: 2 },
      said(errors),
    );
  const latency = of('latency_p95');
  if (latency !== null)
    add('latency', { metric: 'latency_p95', warning: rounded(latency.high * 2), for: 3, of: 3 }, said(latency));
  const count = of('prediction_count');
  if (count !== null)
    add(
      'traffic',
      { metric: 'prediction_count', op: '<', critical: Math.max(1, Math.floor(count.low / 2)), no_data: 'alert' },
      said(count),
    );
  return found;
}

/** Proposals for one model over the windows that start in the range; null: the newest windows that a rule looks at. @throws NotFoundError without numbers. */
export async function proposeRules(
  ports: AlertPorts,
  model: string,
  range: { from: number | null; to: number | null },
): Promise<Proposals> {
  const length = await ports.models.windowLength(model);
  const metrics = [
    'psi',
    'missing_share',
    ...QUALITY,
    'label_coverage',
    'error_rate',
    'latency_p95',
    'prediction_count',
  ];
  const to = range.to ?? ports.clock();
  const all = await ports.series.history({ models: [model], length, from: null, endingBy: to }, metrics);
  const newest = Math.max(0, ...all.map(({ newestEnd }) => newestEnd));
  if (newest === 0)
    throw new NotFoundError(
      `There are no numbers of ${model} yet. Rules are proposed from what the jobs have computed.`,
    );
  const from = range.from ?? newest - LOOKBACK_WINDOWS * length;
  const history = await ports.series.history({ models: [model], length, from, endingBy: to }, metrics);
  const proposals: Proposals['proposals'] = [];
  let windows = 0;
  for (const { title, rule, because } of candidates(new Map(history.map((one) => [one.metric, one])))) {
    const written = { ...rule, model };
    const { fired, windows: seen } = await backtestRule(ports, alertRuleSchema.parse(written), { from, to });
    windows = Math.max(windows, seen);
    proposals.push({ name: `${nameOf(model)} ${title}`, rule: written, fired: fired.length, because });
  }
  return { model, from: iso(from), to: iso(to), windows, proposals };
}

/** A model's name as part of a rule's. */
function nameOf(model: string): string {
  return model.replace(/[^\w.@ -]/g, '-').slice(0, 80);
}

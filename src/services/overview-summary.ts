// One model's row of the overview, from sums that the store made.
import type { Alert } from '../domain/contract/alerts.js';
import { iso, isoOrNull } from '../domain/contract/common.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { BaselineHeadJson, OverviewModel, Summary } from '../domain/contract/overview.js';
import { inForce, type BaselineHead } from '../domain/drift/baseline.js';
import { formatDuration } from '../domain/duration.js';
import { addSums, pool, poolingOf, stateOf, type WindowSums } from '../domain/overview.js';
import { standsBy } from '../domain/registry/model.js';
import { ownNumber, type BaselineQuality } from '../domain/quality/baseline.js';

export interface OverviewRange {
  models: readonly string[];
  /** Of the windows of each model, ms: numbers of an earlier length are not added to them. */
  lengths: readonly number[];
  from: number;
  to: number;
  columns: number;
}
export type ColumnSums = WindowSums & {
  model: string;
  version: string;
  metric: string;
  column: number;
  computedAt: number;
};
export interface FieldDrift {
  model: string;
  version: string;
  feature: string;
  breaches: number;
  last_ms: number;
  last_value: number;
  last_limit: number | null;
  last_ok_ms: number | null;
  first_breach_ms: number | null;
  worst: number;
  worst_limit: number | null;
  worst_ms: number;
}
export interface Version {
  model: string;
  version: string;
  first_ms: number;
  last_ms: number;
}
export interface FirstValue {
  model: string;
  version: string;
  metric: string;
  first: number;
  first_ms: number;
}

/** What the registry says of a model: its tags, and of each version its stage and aliases. */
export interface Registered {
  tags: Record<string, string>;
  versions: ReadonlyMap<string, { stage: string; aliases: string[] }>;
}

/** The quality number that stands for a model: the first of these that has a value. */
export const HEADLINES = ['accuracy', 'rmse', 'roc_auc', 'mae'];
const SUMMED = [
  'prediction_count',
  'requests_per_second',
  'error_rate',
  'latency_p95',
  'label_coverage',
  'label_lag_p90',
  'drifted_share',
];
/** What a row is made of. */
export const METRICS = [...SUMMED, ...HEADLINES];

/** Everything that is known of a model. */
export interface ModelFacts {
  model: string;
  /** The one asked for; null: the newest. */
  version: string | null;
  range: OverviewRange;
  config: EffectiveConfig;
  versions: readonly Version[];
  registered: Registered | null;
  sums: readonly ColumnSums[];
  drift: readonly FieldDrift[];
  /** Of the range before; empty where it is not asked for. */
  driftBefore: readonly FieldDrift[];
  firsts: readonly FirstValue[];
  alerts: readonly Alert[];
  baselines: readonly BaselineHead[];
  baselineQuality: readonly BaselineQuality[];
  /** Numbers on the baseline that the configuration states, by metric. */
  stated: Readonly<Record<string, number>>;
}

/** The row of a model. */
export function summarise(facts: ModelFacts): OverviewModel {
  const { model, config, versions } = facts;
  const version = facts.version ?? newestVersion(facts);
  const sums = facts.sums.filter((row) => row.version === version);
  const summary = (metric: string) => summaryOf(metric, sums, facts.range);
  const predictions = summary('prediction_count');
  const headline = HEADLINES.map(summary).find((one) => one.value !== null) ?? null;
  const drift = driftOf(facts, version, summary('drifted_share').series);
  const alerts = facts.alerts.filter((alert) => facts.version === null || alert.version === version);
  const firing = alerts.filter((alert) => alert.state === 'firing');
  const begun = firing.map((alert) => Date.parse(alert.since));
  const seen = versions.filter((row) => row.version === version);
  const newest = seen[0]?.last_ms ?? null;
  const { state, why, since } = stateOf({
    critical: firing.filter((alert) => alert.severity === 'critical').length,
    warning: firing.filter((alert) => alert.severity !== 'critical').length,
    alertsSince: begun.length === 0 ? null : Math.min(...begun),
    drifted: drift.drifted,
    compared: drift.compared,
    driftSince: drift.since === null ? null : Date.parse(drift.since),
    predictions: predictions.value ?? 0,
    received: newest !== null && newest >= facts.range.from && newest < facts.range.to,
    labelled: config.task === 'none' || config.groundTruth === null ? null : (headline?.n ?? 0),
    minSamples: config.minSamples,
  });
  const count = (wanted: Alert['state']) => alerts.filter((alert) => alert.state === wanted).length;
  const baseline = version === null ? null : inForce(facts.baselines, version);
  const computed = sums.map((row) => row.computedAt);
  return {
    model,
    version,
    versions: versions.map((row) => {
      const { stage = null, aliases = [] } = facts.registered?.versions.get(row.version) ?? {};
      const [first_seen, last_seen] = [iso(row.first_ms), iso(row.last_ms)];
      return { version: row.version, first_seen, last_seen, stage, aliases, stands_by: standsBy(stage, aliases) };
    }),
    tags: facts.registered?.tags ?? {},
    task: config.task,
    window: formatDuration(config.windowLength),
    state,
    why,
    since: isoOrNull(since),
    predictions,
    label_coverage: summary('label_coverage'),
    label_lag_p90: summary('label_lag_p90'),
    newest_labels: null,
    quality: headline === null ? null : { ...headline, ...referenceOf(facts, version, baseline, headline.metric) },
    baseline: baseline === null ? null : baselineJson(baseline),
    baselines: facts.baselines.map(baselineJson),
    drift,
    error_rate: summary('error_rate'),
    latency_p95: summary('latency_p95'),
    requests_per_second: summary('requests_per_second'),
    alerts: {
      firing: firing.length,
      acknowledged: count('acknowledged'),
      silenced: count('silenced'),
      pending: count('pending'),
    },
    first_seen: isoOrNull(seen[0]?.first_ms ?? null),
    last_seen: isoOrNull(newest),
    computed_at: isoOrNull(computed.length === 0 ? null : Math.max(...computed)),
  };
}

/** The version with the newest predictions: what serves. Among those of the range, where there are any. */
function newestVersion({ versions, sums }: ModelFacts): string | null {
  const counted = new Set(sums.filter((row) => row.column >= 0 && row.total > 0).map((row) => row.version));
  return (versions.find((row) => counted.has(row.version)) ?? versions[0])?.version ?? null;
}

function summaryOf(metric: string, sums: readonly ColumnSums[], range: OverviewRange): Summary {
  const pooling = poolingOf(metric);
  const rows = sums.filter((row) => row.metric === metric);
  const step = Math.ceil((range.to - range.from) / range.columns);
  return {
    metric,
    ...pool(addSums(rows.filter((row) => row.column >= 0)), pooling),
    previous: pool(addSums(rows.filter((row) => row.column < 0)), pooling).value,
    series: Array.from({ length: range.columns }, (_, column) => ({
      time: iso(range.from + column * step),
      value: pool(addSums(rows.filter((row) => row.column === column)), pooling).value,
    })),
  };
}

function driftOf(facts: ModelFacts, version: string | null, series: Summary['series']): OverviewModel['drift'] {
  const fields = facts.drift.filter((row) => row.version === version);
  const before = facts.driftBefore.filter((row) => row.version === version);
  const beyond = beyondNow(fields);
  const excess = (row: FieldDrift) => row.worst / (row.worst_limit ?? Infinity);
  const [worst] = [...fields].sort((a, b) => excess(b) - excess(a) || b.worst - a.worst);
  const since = beyond.map((row) => row.last_ok_ms ?? row.first_breach_ms ?? row.last_ms);
  return {
    drifted: beyond.length,
    breached: fields.filter((row) => row.breaches > 0).length,
    compared: fields.length,
    previous: before.length === 0 ? null : { drifted: beyondNow(before).length, compared: before.length },
    since: since.length === 0 ? null : iso(Math.min(...since)),
    worst:
      worst === undefined
        ? null
        : { feature: worst.feature, value: worst.worst, limit: worst.worst_limit, time: iso(worst.worst_ms) },
    series,
  };
}

/** Fields beyond their limit in the newest window. */
function beyondNow(fields: readonly FieldDrift[]): FieldDrift[] {
  const newest = Math.max(...fields.map((row) => row.last_ms));
  return fields.filter((row) => row.last_ms === newest && row.last_limit !== null && row.last_value > row.last_limit);
}

function baselineJson({ name, version, source, rows, createdAt }: BaselineHead): BaselineHeadJson {
  return { name, version: version === '' ? null : version, source, rows, created_at: iso(createdAt) };
}

type Reference = Pick<
  NonNullable<OverviewModel['quality']>,
  | 'reference'
  | 'reference_kind'
  | 'reference_name'
  | 'reference_time'
  | 'reference_lower'
  | 'reference_upper'
  | 'reference_n'
>;

const NO_REFERENCE: Reference = {
  reference: null,
  reference_kind: null,
  reference_name: null,
  reference_time: null,
  reference_lower: null,
  reference_upper: null,
  reference_n: null,
};

/**
 * What the headline is held against: what the configuration states, as rules relative to the baseline do, else the baseline's own rows where they are labelled, else the
 * version's first good window.
 */
function referenceOf(
  facts: ModelFacts,
  version: string | null,
  baseline: BaselineHead | null,
  metric: string,
): Reference {
  const stated = Object.hasOwn(facts.stated, metric) ? facts.stated[metric] : undefined;
  if (stated !== undefined) return { ...NO_REFERENCE, reference: stated, reference_kind: 'stated' };
  const own = ownNumber(baseline, facts.baselineQuality, facts.config, metric);
  if (own !== null && baseline !== null)
    return {
      reference: own.value,
      reference_kind: 'baseline',
      reference_name: baseline.name,
      reference_time: null,
      reference_lower: own.lower,
      reference_upper: own.upper,
      reference_n: own.n,
    };
  const first = facts.firsts.find((row) => row.version === version && row.metric === metric);
  if (first === undefined) return NO_REFERENCE;
  return {
    ...NO_REFERENCE,
    reference: first.first,
    reference_kind: 'first_window',
    reference_time: isoOrNull(first.first_ms),
  };
}

// The state of every model over a range, from stored numbers alone; and grids of one metric over fields and time.
import type { Alert } from '../domain/contract/alerts.js';
import { iso, isoOrNull } from '../domain/contract/common.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import {
  MODEL_STATES,
  type Grid,
  type Overview,
  type OverviewModel,
  type Summary,
} from '../domain/contract/overview.js';
import { DAY_MS, formatDuration } from '../domain/duration.js';
import { addSums, pool, stateOf, type Pooling, type WindowSums } from '../domain/overview.js';
import type { OverviewApi } from './api.js';

interface Range {
  models: readonly string[];
  from: number;
  to: number;
  columns: number;
}
type ColumnSums = WindowSums & { model: string; version: string; metric: string; column: number; computedAt: number };
interface FieldDrift {
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
interface Version {
  model: string;
  version: string;
  first_ms: number;
  last_ms: number;
}
interface FirstValue {
  model: string;
  version: string;
  metric: string;
  first: number;
  first_ms: number;
}
interface Cell {
  feature: string;
  col: number;
  largest: number | null;
  lim: number | null;
  breaches: number;
  last_breach_ms: number | null;
}

/** What overviews are read from. */
export interface OverviewPorts {
  numbers: {
    sums(range: Range, metrics: readonly string[]): Promise<ColumnSums[]>;
    drift(range: Range): Promise<FieldDrift[]>;
    firstValues(models: readonly string[], metrics: readonly string[]): Promise<FirstValue[]>;
    grid(range: Range, metric: string, version: string | null, segment: string): Promise<Cell[]>;
    versions(): Promise<Version[]>;
  };
  /** Bring the list of what arrived up to date. */
  collect: () => Promise<unknown>;
  models: {
    effective(model: string): Promise<EffectiveConfig>;
    requireModel(model: string): Promise<unknown>;
    configured(): Promise<string[]>;
  };
  alerts: () => Promise<Alert[]>;
  registered: (model: string) => Promise<Registered | null>;
}

/** What the registry says of a model: its tags, and of each version its stage and aliases. */
export interface Registered {
  tags: Record<string, string>;
  versions: ReadonlyMap<string, { stage: string; aliases: string[] }>;
}

/** The range where none is given. */
const DEFAULT_DAYS = 30;
/** Points of a sparkline. */
const COLUMNS = 30;
/** The quality number that stands for a model: the first of these that has a value. */
const HEADLINES = ['accuracy', 'rmse', 'roc_auc', 'mae'];
const POOLING: Record<string, Pooling> = {
  prediction_count: 'sum',
  requests_per_second: 'mean',
  error_rate: 'mean',
  latency_p95: 'mean',
  label_coverage: 'mean',
  label_lag_p90: 'mean',
  drifted_share: 'mean',
};
const METRICS = [...Object.keys(POOLING), ...HEADLINES];

export class OverviewService implements OverviewApi {
  constructor(private readonly ports: OverviewPorts) {}

  /** Models of the caller, worst first. */
  async overview(query: {
    model: string | null;
    version: string | null;
    from: number | null;
    to: number | null;
    now: number;
    allowed: readonly string[] | null;
  }): Promise<Overview> {
    await this.ports.collect();
    const versions = (await this.ports.numbers.versions()).filter((row) => reachable(query, row.model));
    const names = await this.names(query, versions);
    const configs = new Map(
      await Promise.all(names.map(async (name) => [name, await this.ports.models.effective(name)] as const)),
    );
    const { from, to } = rangeOf(query, versions, configs);
    const range = { models: names, from, to, columns: COLUMNS };
    const [sums, drift, firsts, alerts] = await Promise.all([
      this.ports.numbers.sums(range, METRICS),
      this.ports.numbers.drift(range),
      this.ports.numbers.firstValues(names, HEADLINES),
      this.ports.alerts(),
    ]);
    const models = await Promise.all(
      names.map(async (model) => {
        const mine = <T extends { model: string }>(rows: readonly T[]) => rows.filter((row) => row.model === model);
        return summarise({
          model,
          version: query.version,
          range,
          config: configs.get(model) ?? (await this.ports.models.effective(model)),
          versions: mine(versions),
          registered: await this.ports.registered(model),
          sums: mine(sums),
          drift: mine(drift),
          firsts: mine(firsts),
          alerts: mine(alerts),
        });
      }),
    );
    const rank = (row: OverviewModel) => MODEL_STATES.indexOf(row.state);
    models.sort((a, b) => rank(a) - rank(b) || b.alerts.firing - a.alerts.firing || (a.model < b.model ? -1 : 1));
    return { from: iso(from), to: iso(to), models };
  }

  /** A metric of every field over time. Fields with the newest breach first, then the largest value. */
  async grid(
    model: string,
    query: {
      metric: string;
      version: string | null;
      segment: string;
      from: number;
      to: number;
      columns: number;
      limit: number;
    },
  ): Promise<Grid> {
    await this.ports.models.requireModel(model);
    const { windowLength } = await this.ports.models.effective(model);
    const { metric, version, segment, from, to } = query;
    // Whole windows a column: a column that ends inside one would hold it in part.
    const perColumn = Math.max(1, Math.ceil((to - from) / windowLength / query.columns));
    const step = perColumn * windowLength;
    const columns = Math.max(1, Math.ceil((to - from) / step));
    const range = { models: [model], from, to: from + columns * step, columns };
    const cells = await this.ports.numbers.grid(range, metric, version, segment);
    const rows = gridRows(cells, columns);
    return {
      model,
      version,
      metric,
      columns: Array.from({ length: columns }, (_, i) => ({
        from: iso(from + i * step),
        to: iso(from + (i + 1) * step),
      })),
      rows: rows.slice(0, query.limit),
      features: rows.length,
    };
  }

  private async names(
    query: { model: string | null; allowed: readonly string[] | null },
    versions: readonly Version[],
  ): Promise<string[]> {
    if (query.model !== null) {
      await this.ports.models.requireModel(query.model);
      return [query.model];
    }
    const configured = (await this.ports.models.configured()).filter((name) => reachable(query, name));
    return [...new Set([...versions.map((row) => row.model), ...configured])];
  }
}

/** Where the range is not given it ends with the newest window that has predictions: data may be older than the present. */
function rangeOf(
  query: { from: number | null; to: number | null; now: number },
  versions: readonly Version[],
  configs: ReadonlyMap<string, EffectiveConfig>,
): { from: number; to: number } {
  const ends = versions.map(({ model, last_ms }) => {
    const length = configs.get(model)?.windowLength ?? DAY_MS;
    return (Math.floor(last_ms / length) + 1) * length;
  });
  const newest = ends.length === 0 ? query.now : Math.max(...ends);
  const to = query.to ?? Math.max(newest, (query.from ?? 0) + 1);
  return { from: query.from ?? to - DEFAULT_DAYS * DAY_MS, to };
}

function reachable(query: { model: string | null; allowed: readonly string[] | null }, model: string): boolean {
  if (query.model !== null) return model === query.model;
  return query.allowed === null || query.allowed.includes(model);
}

interface Facts {
  model: string;
  /** The one asked for; null: the newest. */
  version: string | null;
  range: Range;
  config: EffectiveConfig;
  versions: readonly Version[];
  registered: Registered | null;
  sums: readonly ColumnSums[];
  drift: readonly FieldDrift[];
  firsts: readonly FirstValue[];
  alerts: readonly Alert[];
}

function summarise(facts: Facts): OverviewModel {
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
  const { state, why, since } = stateOf({
    critical: firing.filter((alert) => alert.severity === 'critical').length,
    warning: firing.filter((alert) => alert.severity !== 'critical').length,
    alertsSince: begun.length === 0 ? null : Math.min(...begun),
    drifted: drift.drifted,
    compared: drift.compared,
    driftSince: drift.since === null ? null : Date.parse(drift.since),
    predictions: predictions.value ?? 0,
    labelled: config.task === 'none' || config.groundTruth === null ? null : (headline?.n ?? 0),
    minSamples: config.minSamples,
  });
  const count = (wanted: Alert['state']) => alerts.filter((alert) => alert.state === wanted).length;
  const seen = versions.filter((row) => row.version === version);
  const computed = sums.map((row) => row.computedAt);
  return {
    model,
    version,
    versions: versions.map((row) => ({
      version: row.version,
      first_seen: iso(row.first_ms),
      last_seen: iso(row.last_ms),
      stage: facts.registered?.versions.get(row.version)?.stage ?? null,
      aliases: facts.registered?.versions.get(row.version)?.aliases ?? [],
    })),
    tags: facts.registered?.tags ?? {},
    task: config.task,
    window: formatDuration(config.windowLength),
    state,
    why,
    since: isoOrNull(since),
    predictions,
    label_coverage: summary('label_coverage'),
    label_lag_p90: summary('label_lag_p90'),
    quality: headline === null ? null : { ...headline, ...referenceOf(facts, version, headline.metric) },
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
    last_seen: isoOrNull(seen[0]?.last_ms ?? null),
    computed_at: isoOrNull(computed.length === 0 ? null : Math.max(...computed)),
  };
}

/** The version with the newest predictions: what serves. Among those of the range, where there are any. */
function newestVersion({ versions, sums }: Facts): string | null {
  const counted = new Set(sums.filter((row) => row.column >= 0 && row.total > 0).map((row) => row.version));
  return (versions.find((row) => counted.has(row.version)) ?? versions[0])?.version ?? null;
}

function summaryOf(metric: string, sums: readonly ColumnSums[], range: Range): Summary {
  const pooling = POOLING[metric] ?? 'mean';
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

function driftOf(facts: Facts, version: string | null, series: Summary['series']): OverviewModel['drift'] {
  const fields = facts.drift.filter((row) => row.version === version);
  const newest = Math.max(...fields.map((row) => row.last_ms));
  const beyond = fields.filter(
    (row) => row.last_ms === newest && row.last_limit !== null && row.last_value > row.last_limit,
  );
  const excess = (row: FieldDrift) => row.worst / (row.worst_limit ?? Infinity);
  const [worst] = [...fields].sort((a, b) => excess(b) - excess(a) || b.worst - a.worst);
  const since = beyond.map((row) => row.last_ok_ms ?? row.first_breach_ms ?? row.last_ms);
  return {
    drifted: beyond.length,
    breached: fields.filter((row) => row.breaches > 0).length,
    compared: fields.length,
    since: since.length === 0 ? null : iso(Math.min(...since)),
    worst:
      worst === undefined
        ? null
        : { feature: worst.feature, value: worst.worst, limit: worst.worst_limit, time: iso(worst.worst_ms) },
    series,
  };
}

function referenceOf({ firsts }: Facts, version: string | null, metric: string) {
  const first = firsts.find((row) => row.version === version && row.metric === metric);
  return { reference: first?.first ?? null, reference_time: isoOrNull(first?.first_ms ?? null) };
}

function gridRows(cells: readonly Cell[], columns: number): Grid['rows'] {
  const rows = new Map<string, Grid['rows'][number]>();
  for (const cell of cells) {
    const row = rows.get(cell.feature) ?? {
      feature: cell.feature,
      values: Array.from({ length: columns }, () => null),
      limits: Array.from({ length: columns }, () => null),
      last_breach: null,
      breaches: 0,
      worst: null,
    };
    rows.set(cell.feature, row);
    row.values[cell.col] = cell.largest;
    row.limits[cell.col] = cell.lim;
    row.breaches += cell.breaches;
    if (cell.last_breach_ms !== null) row.last_breach = iso(cell.last_breach_ms);
    if (cell.largest !== null) row.worst = Math.max(row.worst ?? cell.largest, cell.largest);
  }
  return [...rows.values()].sort(
    (a, b) =>
      (b.last_breach ?? '').localeCompare(a.last_breach ?? '') ||
      (b.worst ?? -1) - (a.worst ?? -1) ||
      (a.feature < b.feature ? -1 : 1),
  );
}

// The state of every model over a range, from stored numbers alone; and grids of one metric over fields and time.
import type { Alert } from '../domain/contract/alerts.js';
import { iso } from '../domain/contract/common.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { MODEL_STATES, type Grid, type Overview, type OverviewModel } from '../domain/contract/overview.js';
import type { BaselineHead } from '../domain/drift/baseline.js';
import { DAY_MS } from '../domain/duration.js';
import type { BaselineQuality } from '../domain/quality/baseline.js';
import type { OverviewApi } from './api.js';
import {
  HEADLINES,
  METRICS,
  summarise,
  type ColumnSums,
  type FieldDrift,
  type FirstValue,
  type OverviewRange,
  type Registered,
  type Version,
} from './overview-summary.js';
import type { UsualCoverage } from './usual-coverage.js';

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
    sums(range: OverviewRange, metrics: readonly string[]): Promise<ColumnSums[]>;
    drift(range: OverviewRange): Promise<FieldDrift[]>;
    firstValues(range: OverviewRange, metrics: readonly string[]): Promise<FirstValue[]>;
    grid(range: OverviewRange, metric: string, version: string | null, segment: string): Promise<Cell[]>;
    versions(): Promise<Version[]>;
  };
  /** Bring the list of what arrived up to date. */
  collect: () => Promise<unknown>;
  models: {
    effective(model: string): Promise<EffectiveConfig>;
    baselineMetrics(model: string): Promise<Readonly<Record<string, number>>>;
    requireModel(model: string): Promise<unknown>;
    configured(): Promise<string[]>;
  };
  alerts: () => Promise<Alert[]>;
  baselines(models: readonly string[]): Promise<{ heads: BaselineHead[]; stored: BaselineQuality[] }>;
  newestLabels: UsualCoverage['newest'];
  registered: (model: string) => Promise<Registered | null>;
}

/** The range where none is given. */
const DEFAULT_DAYS = 30;
/** Points of a sparkline. */
const COLUMNS = 30;

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
    const lengths = names.map((name) => configs.get(name)?.windowLength ?? DAY_MS);
    const range = { models: names, lengths, from, to, columns: COLUMNS };
    const before = { ...range, from: 2 * from - to, to: from };
    const [sums, drift, driftBefore, firsts, alerts, baselines] = await Promise.all([
      this.ports.numbers.sums(range, METRICS),
      this.ports.numbers.drift(range),
      // Beside one model only: the list of all has no room for it.
      query.model === null ? [] : this.ports.numbers.drift(before),
      this.ports.numbers.firstValues(range, HEADLINES),
      this.ports.alerts(),
      this.ports.baselines(names),
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
          driftBefore: mine(driftBefore),
          firsts: mine(firsts),
          alerts: mine(alerts),
          baselines: mine(baselines.heads),
          baselineQuality: baselines.stored,
          stated: await this.ports.models.baselineMetrics(model),
        });
      }),
    );
    const [only] = models;
    if (query.model !== null && only !== undefined)
      only.newest_labels = await this.newestLabels(only, range.lengths[0] ?? DAY_MS, to, query.now);
    const rank = (row: OverviewModel) => MODEL_STATES.indexOf(row.state);
    models.sort((a, b) => rank(a) - rank(b) || b.alerts.firing - a.alerts.firing || (a.model < b.model ? -1 : 1));
    return { from: iso(from), to: iso(to), models };
  }

  /** A metric of every field over time. Fields with the newest breach first, then the largest value. */
  async grid(model: string, query: Parameters<OverviewApi['grid']>[1]): Promise<Grid> {
    await this.ports.models.requireModel(model);
    const { windowLength } = await this.ports.models.effective(model);
    const { metric, version, segment, from, to } = query;
    // Whole windows a column: a column that ends inside one would hold it in part.
    const perColumn = Math.max(1, Math.ceil((to - from) / windowLength / query.columns));
    const step = perColumn * windowLength;
    const columns = Math.max(1, Math.ceil((to - from) / step));
    const range = { models: [model], lengths: [windowLength], from, to: from + columns * step, columns };
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

  private async newestLabels(row: OverviewModel, length: number, to: number, now: number) {
    if (row.version === null || row.task === 'none') return null;
    const found = await this.ports.newestLabels(row.model, row.version, { length, to, now });
    if (found === null) return null;
    const { start, end, ...labels } = found;
    return { window_start: iso(start), window_end: iso(end), ...labels };
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

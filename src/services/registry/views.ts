// The registry as Driftline's own API shows it: beside what is registered, what was tracked, measured and loaded of it.
import { isQualityMetric } from '../../domain/alerts/metric-names.js';
import { iso, isoOrNull } from '../../domain/contract/common.js';
import type { BaselineSummary, TrackedVersion, VersionSummary } from '../../domain/contract/models.js';
import type { MetricFilter, MetricPointJson } from '../../domain/contract/metrics.js';
import type {
  Challenger,
  RegisteredModelDetail,
  RegisteredModelSummary,
  RegisteredVersion,
  RegistryChange,
  VersionDetail,
} from '../../domain/contract/registry.js';
import { lineageOf, trainingMetrics } from '../../domain/registry/lineage.js';
import { CHAMPION, describeChange, standsBy, type Change, type RegisteredModel } from '../../domain/registry/model.js';
import { NotFoundError } from '../../domain/errors.js';
import type { RegistryState, VersionOfModel } from '../../domain/registry/state.js';
import type { Registry } from './registry.js';

/** What was tracked of a version. */
interface Tracked {
  version: string;
  deployments: string[];
  predictions: number;
  firstSeen: number;
  lastSeen: number;
}

export interface ViewPorts {
  registry: Registry;
  /** Versions that have predictions; none for a model that nobody tracked. */
  tracked: (model: string) => Promise<Tracked[]>;
  baselines: (model: string) => Promise<BaselineSummary[]>;
  metrics: (model: string, filter: MetricFilter) => Promise<MetricPointJson[]>;
}

const toRecord = <V>(map: Iterable<readonly [string, V]>): Record<string, V> => {
  // Keys are what people named their tags: `__proto__` must be one of them.
  const record = Object.create(null) as Record<string, V>;
  for (const [key, value] of map) record[key] = value;
  return record;
};

/** Reads of the registry for people. */
export class RegistryViews {
  constructor(private readonly ports: ViewPorts) {}

  list(allowed: readonly string[] | null): Promise<RegisteredModelSummary[]> {
    return this.ports.registry.read((state) =>
      state
        .searchModels([], [{ field: 'name', ascending: true }])
        .filter((model) => allowed === null || allowed.includes(model.name))
        .map((model) => ({ ...head(state, model), versions: state.versionsOf(model).length })),
    );
  }

  /** @throws NotFoundError */
  async get(name: string): Promise<RegisteredModelDetail> {
    const found = await this.ports.registry.read((state) => {
      const model = state.find(name);
      if (model === null) throw unknown(name, null);
      const versions = state.versionsOf(model).reverse();
      return { head: head(state, model), versions: versions.map((version) => base(state, { model, version })) };
    });
    const complete = await this.completing(name);
    return { ...found.head, versions: found.versions.map(complete) };
  }

  /** One version, with what was measured of it over a range beside what training reported. @throws NotFoundError */
  async version(
    name: string,
    number: string,
    range: { from: number | null; to: number | null },
  ): Promise<VersionDetail> {
    const found = await this.ports.registry.read((state) => {
      const model = state.find(name);
      const version = model === null || !/^\d{1,9}$/.test(number) ? null : state.findVersion(model, Number(number));
      if (model === null || version === null) throw unknown(name, number);
      return base(state, { model, version });
    });
    const complete = await this.completing(name);
    const version = complete(found);
    const [from, to] = [range.from ?? timeOf(version.first_seen), range.to ?? after(timeOf(version.last_seen))];
    return {
      ...version,
      model: name,
      from: isoOrNull(from),
      to: isoOrNull(to),
      quality: await this.quality(name, version, from, to),
    };
  }

  /**
   * Versions in Staging or with an alias such as challenger or shadow, each held against the champion (else the version in Production) over the
   * same time and, where ids are shared, on the same predictions. @throws NotFoundError
   */
  async challengers(name: string, range: { from: number; to: number }): Promise<Challenger[]> {
    const found = await this.ports.registry.read((state) => {
      const model = state.find(name);
      if (model === null) throw unknown(name, null);
      const champion = model.aliases.get(CHAMPION) ?? state.latest(model, ['Production'])[0]?.version;
      if (champion === undefined) return [];
      return state
        .versionsOf(model)
        .map((version) => ({ version, aliases: state.aliasesOf({ model, version }) }))
        .filter(({ version, aliases }) => version.version !== champion && standsBy(version.stage, aliases))
        .map(({ version, aliases }) => ({
          version: String(version.version),
          champion: String(champion),
          stage: version.stage,
          aliases,
        }));
    });
    const challengers: Challenger[] = [];
    for (const one of found) challengers.push(await this.challenge(name, one, range));
    return challengers;
  }

  private async challenge(
    name: string,
    one: Pick<Challenger, 'version' | 'champion' | 'stage' | 'aliases'>,
    range: { from: number; to: number },
  ): Promise<Challenger> {
    const times = { from: iso(range.from), to: iso(range.to) };
    try {
      const points = await this.ports.metrics(name, {
        metrics: [],
        features: [],
        version: one.version,
        compare: one.champion,
        deployment: null,
        segment: '',
        ...range,
        window: 'range',
      });
      return { ...one, ...times, detail: null, points };
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      return { ...one, ...times, detail: error.detail, points: [] };
    }
  }

  async history(name: string | null, limit: number): Promise<RegistryChange[]> {
    return (await this.ports.registry.history(name, limit)).map(changeJson);
  }

  /** The summaries of tracked versions, with what the registry knows of them. */
  async annotate(model: string, versions: readonly TrackedVersion[]): Promise<VersionSummary[]> {
    return this.ports.registry.read((state) => {
      const registered = state.find(model);
      return versions.map((summary) => {
        const version =
          registered === null || !/^\d{1,9}$/.test(summary.version)
            ? null
            : state.findVersion(registered, Number(summary.version));
        if (registered === null || version === null) return { ...summary, stage: null, aliases: [], tags: {} };
        const aliases = state.aliasesOf({ model: registered, version });
        return { ...summary, stage: version.stage, aliases, tags: toRecord(version.tags) };
      });
    });
  }

  private async quality(name: string, version: RegisteredVersion, from: number | null, to: number | null) {
    const training = version.training_metrics;
    const points =
      from === null || to === null || from >= to ? [] : await this.measured(name, version.version, from, to);
    const names = new Set([...Object.keys(training), ...points.map((point) => point.metric)]);
    return [...names].sort().map((metric) => {
      const point = points.find((one) => one.metric === metric && one.deployment === points[0]?.deployment);
      return {
        metric,
        training: training[metric] ?? null,
        measured: point?.value ?? null,
        lower: point?.lower ?? null,
        upper: point?.upper ?? null,
        n: point?.n ?? 0,
        coverage: point?.coverage ?? null,
        status: point?.status ?? 'no_data',
      };
    });
  }

  private async measured(name: string, version: string, from: number, to: number): Promise<MetricPointJson[]> {
    const points = await this.ports.metrics(name, {
      metrics: [],
      features: [],
      version,
      deployment: null,
      segment: '',
      from,
      to,
      window: 'range',
    });
    return points.filter((point) => point.feature === '' && isQualityMetric(point.metric));
  }

  private async completing(name: string): Promise<(version: RegisteredVersion) => RegisteredVersion> {
    const [tracked, baselines] = await Promise.all([this.ports.tracked(name), this.ports.baselines(name)]);
    return (version) => {
      const seen = tracked.find((row) => row.version === version.version);
      const own = baselines.filter((row) => row.version === version.version);
      const baseline = own.find((row) => row.active) ?? own[0];
      return {
        ...version,
        predictions: seen?.predictions ?? null,
        first_seen: isoOrNull(seen?.firstSeen ?? null),
        last_seen: isoOrNull(seen?.lastSeen ?? null),
        baseline:
          baseline === undefined
            ? null
            : { baseline_id: baseline.baseline_id, name: baseline.name, rows: baseline.rows },
      };
    };
  }
}

const unknown = (model: string, version: string | null): NotFoundError =>
  new NotFoundError(
    version === null
      ? `No model "${model}" is registered. GET /v1/registry/models lists those that are.`
      : `No version "${version}" of "${model}" is registered. GET /v1/registry/models/{model} lists its versions.`,
  );

const timeOf = (text: string | null): number | null => (text === null ? null : Date.parse(text));
/** Ranges end before their end: the last prediction is to be in it. */
const after = (time: number | null): number | null => (time === null ? null : time + 1);

function head(state: RegistryState, model: RegisteredModel): Omit<RegisteredModelSummary, 'versions'> {
  return {
    model: model.name,
    description: model.description ?? '',
    tags: toRecord(model.tags),
    aliases: toRecord([...model.aliases].map(([alias, version]) => [alias, String(version)] as const)),
    stages: toRecord(state.latest(model).map((version) => [version.stage, String(version.version)] as const)),
    created_at: iso(model.createdAt),
    updated_at: iso(model.updatedAt),
  };
}

function base(state: RegistryState, one: VersionOfModel): RegisteredVersion {
  const { version } = one;
  return {
    version: String(version.version),
    stage: version.stage,
    aliases: state.aliasesOf(one),
    tags: toRecord(version.tags),
    description: version.description,
    created_at: iso(version.createdAt),
    updated_at: iso(version.updatedAt),
    created_by: version.createdBy,
    download_uri: version.storage,
    lineage: lineageOf(version),
    training_metrics: toRecord(trainingMetrics(version)),
    training_params: toRecord(version.params.map(({ key, value }) => [key, value] as const)),
    baseline: null,
    predictions: null,
    first_seen: null,
    last_seen: null,
  };
}

export function changeJson(change: Change): RegistryChange {
  return {
    time: iso(change.at),
    by: change.by,
    action: change.action,
    model: change.model,
    version: change.version === null ? null : String(change.version),
    key: change.key,
    from: change.from,
    to: change.to,
    comment: change.comment,
    text: describeChange(change),
  };
}

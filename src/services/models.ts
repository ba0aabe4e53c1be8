// Models: configuration, what is inferred where nobody configured it, discovery of versions and fields, removal.
import { isDeepStrictEqual } from 'node:util';
import { isoOrNull, iso } from '../domain/contract/common.js';
import type {
  EffectiveConfig,
  FieldSummary,
  ModelConfig,
  ModelDetail,
  ModelSummary,
  TrackedVersion,
} from '../domain/contract/models.js';
import { DAY_MS, formatDuration } from '../domain/duration.js';
import { DEFAULT_VERSION } from '../domain/contract/tracking.js';
import { ConflictError, NotFoundError } from '../domain/errors.js';
import { windowOf } from '../domain/window.js';
import { inferConfig, type LabelKey } from '../domain/inference.js';
import type { ModelsApi } from './api.js';
import type { FieldExplorer, FieldSource } from './compute-ports.js';
import type { DocumentStore } from './ports.js';

interface Seen {
  predictions: number;
  firstSeen: number;
  lastSeen: number;
}

interface Arrivals {
  predictions: number;
  labels: number;
}

/** What was inferred, from which configuration, and how far predictions and labels had come before. */
interface Inferred {
  config: ModelConfig;
  arrivals: Arrivals;
  labels: LabelKey[];
  answer: EffectiveConfig;
}

/** How many of a model's newest predictions are looked at to infer what its outputs are. */
const INFERENCE_ROWS = 10_000;

/** What is stored of models. */
export interface Catalogue {
  models(model: string | null): Promise<(Seen & { model: string; versions: string[] })[]>;
  versions(model: string): Promise<(Seen & { version: string; deployments: string[] })[]>;
  markedModels(): Promise<string[]>;
  /** Whether anything was computed, reported or sent of a model, found without counting its rows. */
  knows(model: string): Promise<boolean>;
  labelKeys(model: string): Promise<LabelKey[]>;
  /** The newest predictions, `limit` of them. */
  fieldSource(model: string, limit?: number): FieldSource;
  /** How far predictions and labels have come; `after` is an earlier answer. */
  newestArrivals(after: Arrivals): Promise<Arrivals>;
  remove(model: string): Promise<void>;
  expire(model: string, before: number): Promise<number>;
}

export interface ModelsDependencies {
  documents: DocumentStore<ModelConfig>;
  catalogue: Catalogue;
  fields: FieldExplorer;
  /** What fields a model's predictions have. */
  report: (model: string, config: EffectiveConfig) => Promise<FieldSummary[]>;
  /** Mark every window of a model dirty. */
  touch: (model: string) => Promise<void>;
}

export class ModelsService implements ModelsApi {
  /** The configuration of every model: read at start, with each change and regularly, because the ingest path and every job need it. */
  private configs: ReadonlyMap<string, ModelConfig> | null = null;

  private readonly removed: ((model: string) => void)[] = [];

  /** Inference reads thousands of rows, and every job asks for it again and again. */
  private readonly inferences = new Map<string, Inferred>();

  private readonly removals: ((model: string) => Promise<void>)[] = [];

  constructor(private readonly deps: ModelsDependencies) {}

  /** Read the configurations; call at start and then regularly, where several processes share a store. */
  async refresh(): Promise<void> {
    this.configs = new Map((await this.deps.documents.list()).map(({ name, doc }) => [name, doc]));
  }

  /** Privacy rules of a model, null where it has none. */
  privacy(model: string): { drop: string[]; hash: string[] } | null {
    return this.configs?.get(model)?.privacy ?? null;
  }

  /** How inference logs of a model become predictions, and the name of a label that has none. */
  integration(model: string): { mapping: NonNullable<ModelConfig['integration']>; label: string } {
    const config = this.configs?.get(model);
    const mapping = config?.integration ?? {};
    return { mapping, label: mapping.ground_truth ?? config?.ground_truth ?? 'value' };
  }

  /** The inputs of logged inferences that some model takes for the prediction id. */
  idFields(): string[] {
    return [...(this.configs?.values() ?? [])].flatMap(({ integration }) => integration?.id ?? []);
  }

  /** Whether any model has privacy rules. */
  hasPrivacy(): boolean {
    return [...(this.configs?.values() ?? [])].some((config) => config.privacy !== undefined);
  }

  /** The model and version that a configuration gives a Cloudera deployment; null: none does. */
  async deploymentOf(crn: string): Promise<{ model: string; version: string } | null> {
    if (this.configs === null) await this.refresh();
    for (const [model, config] of this.configs ?? []) {
      const deployments = config.cloudera?.deployments ?? {};
      if (Object.hasOwn(deployments, crn)) return { model, version: deployments[crn] ?? DEFAULT_VERSION };
    }
    return null;
  }

  /** Which keys of a model's Cloudera metrics are inputs; null: not configured. */
  clouderaInputs(model: string): readonly string[] | null {
    return this.configs?.get(model)?.cloudera?.inputs ?? null;
  }

  /** @throws ConflictError for a deployment that another model has. */
  private async assertOwnDeployments(model: string, config: ModelConfig): Promise<void> {
    for (const crn of Object.keys(config.cloudera?.deployments ?? {})) {
      const owner = await this.deploymentOf(crn);
      if (owner !== null && owner.model !== model)
        throw new ConflictError(
          `The deployment ${crn} belongs to the model "${owner.model}". Take it out of that model's cloudera.deployments first.`,
        );
    }
  }

  /** Length of a model's windows in ms. */
  async windowLength(model: string): Promise<number> {
    return (await this.configured(model)).windowLength;
  }

  /** Below this many rows a number is not evidence. */
  async minSamples(model: string): Promise<number> {
    return (await this.configured(model)).minSamples;
  }

  /** What somebody stated of the model on its baseline, by metric. */
  async baselineMetrics(model: string): Promise<Readonly<Record<string, number>>> {
    return (await this.config(model))?.baseline_metrics ?? {};
  }

  /** What needs no look at the rows. */
  private async configured(model: string): Promise<EffectiveConfig> {
    return inferConfig((await this.config(model)) ?? {}, [], []);
  }

  private async config(model: string): Promise<ModelConfig | null> {
    if (this.configs === null) await this.refresh();
    return this.configs?.get(model) ?? null;
  }

  async list(allowed: readonly string[] | null): Promise<ModelSummary[]> {
    const documents = new Set((await this.deps.documents.list()).map((row) => row.name));
    const stored = await this.deps.catalogue.models(null);
    const summaries = stored.map((row) => summary(row.model, row, documents.has(row.model)));
    for (const name of documents)
      if (!stored.some((row) => row.model === name)) summaries.push(summary(name, null, true));
    return summaries
      .filter((row) => allowed === null || allowed.includes(row.model))
      .sort((a, b) => (a.model < b.model ? -1 : 1));
  }

  async get(model: string): Promise<ModelDetail> {
    const [stored] = await this.deps.catalogue.models(model);
    const config = await this.config(model);
    if (stored === undefined && config === null) throw unknownModel(model);
    const effective = await this.infer(model, config ?? {});
    return { ...summary(model, stored ?? null, config !== null), config: config ?? {}, effective: describe(effective) };
  }

  async versions(model: string): Promise<TrackedVersion[]> {
    await this.requireModel(model);
    const rows = await this.deps.catalogue.versions(model);
    return rows.map((row) => ({
      version: row.version,
      deployments: row.deployments,
      predictions: row.predictions,
      first_seen: iso(row.firstSeen),
      last_seen: iso(row.lastSeen),
    }));
  }

  async fields(model: string): Promise<FieldSummary[]> {
    return this.deps.report(model, await this.effective(model));
  }

  async configure(model: string, config: ModelConfig): Promise<ModelDetail> {
    await this.deps.documents.exclusively(async () => {
      // Another process may have given a deployment to another model.
      await this.refresh();
      await this.assertOwnDeployments(model, config);
      // Before and after: a crash in between must not leave numbers of the old configuration standing.
      await this.deps.touch(model);
      await this.deps.documents.put(model, config);
      await this.refresh();
      await this.deps.touch(model);
    });
    return this.get(model);
  }

  /** Whether the model has rows or a configuration. */
  async isKnown(model: string): Promise<boolean> {
    if ((await this.config(model)) !== null) return true;
    return (
      (await this.deps.catalogue.markedModels()).includes(model) || (await this.deps.catalogue.models(model)).length > 0
    );
  }

  /** Have something else of a model removed with it. */
  onRemove(work: (model: string) => Promise<void>): void {
    this.removals.push(work);
  }

  async remove(model: string): Promise<void> {
    await this.requireModel(model);
    for (const work of this.removals) await work(model);
    await this.deps.catalogue.remove(model);
    await this.deps.documents.remove(model);
    this.inferences.delete(model);
    await this.refresh();
    for (const removed of this.removed) removed(model);
  }

  /** Call `removed` after a model's rows were removed: whoever remembers something of it forgets. */
  onRemoved(removed: (model: string) => void): void {
    this.removed.push(removed);
  }

  /** What is used for a model. @throws NotFoundError when the model has neither rows, baselines nor a configuration. */
  async effective(model: string): Promise<EffectiveConfig> {
    return this.infer(model, (await this.config(model)) ?? {});
  }

  /** Call after a change that makes every number of a model stale. */
  changed(model: string): Promise<void> {
    return this.deps.touch(model);
  }

  /** @throws NotFoundError */
  async requireModel(model: string): Promise<void> {
    if ((await this.config(model)) !== null) return;
    if (await this.deps.catalogue.knows(model)) return;
    if ((await this.deps.catalogue.models(model)).length === 0) throw unknownModel(model);
  }

  marked(): Promise<string[]> {
    return this.deps.catalogue.markedModels();
  }

  /** Remove what is older than a model's retention; returns how many predictions. */
  async expire(model: string, now: number): Promise<number> {
    const cutoff = retentionCutoff(await this.effective(model), now);
    return cutoff === null ? 0 : this.deps.catalogue.expire(model, cutoff);
  }

  private async infer(model: string, config: ModelConfig): Promise<EffectiveConfig> {
    const complete =
      config.task !== undefined &&
      config.ground_truth !== undefined &&
      (config.prediction !== undefined || config.score !== undefined);
    if (complete || config.task === 'none') return inferConfig(config, [], []);
    const known = this.inferences.get(model);
    // Asked for before the rows are read: what arrives meanwhile is seen the next time.
    const arrivals = await this.deps.catalogue.newestArrivals(known?.arrivals ?? { predictions: 0, labels: 0 });
    if (known !== undefined && isDeepStrictEqual([known.config, known.arrivals], [config, arrivals]))
      return known.answer;
    const labels =
      known !== undefined && known.arrivals.labels === arrivals.labels && isWellKnown(known.labels)
        ? known.labels
        : await this.deps.catalogue.labelKeys(model);
    const fields = await this.deps.fields.fields(this.deps.catalogue.fieldSource(model, INFERENCE_ROWS), 'outputs.');
    const answer = inferConfig(config, labels, fields);
    this.inferences.set(model, { config, arrivals, labels, answer });
    return answer;
  }
}

/** Whether thousands of labels were looked at: then more predictions without any new label tell nothing new of them. */
function isWellKnown(labels: readonly LabelKey[]): boolean {
  return (labels[0]?.n ?? 0) >= INFERENCE_ROWS / 2;
}

/** Predictions before this time are removed, null: none. Whole windows only: a window of which a part is gone could not be computed again. */
export function retentionCutoff(config: EffectiveConfig, now: number): number | null {
  return config.retentionDays === null
    ? null
    : windowOf(now - config.retentionDays * DAY_MS, config.windowLength).start;
}

function unknownModel(model: string): NotFoundError {
  return new NotFoundError(
    `There is no model "${model}". GET /v1/models lists them; a model appears with its first prediction or PUT /v1/models/{model}.`,
  );
}

function summary(model: string, stored: (Seen & { versions: string[] }) | null, configured: boolean): ModelSummary {
  return {
    model,
    versions: stored?.versions ?? [],
    predictions: stored?.predictions ?? 0,
    first_seen: isoOrNull(stored?.firstSeen ?? null),
    last_seen: isoOrNull(stored?.lastSeen ?? null),
    configured,
  };
}

function describe(config: EffectiveConfig): ModelDetail['effective'] {
  return {
    task: config.task,
    prediction: config.prediction,
    score: config.score,
    ground_truth: config.groundTruth,
    positive_label: config.positiveLabel,
    threshold: config.threshold,
    window: formatDuration(config.windowLength),
    label_delay: formatDuration(config.labelDelay),
    min_samples: config.minSamples,
    drift_threshold: config.driftThreshold,
    segments: config.segments,
    features: config.features,
    retention_days: config.retentionDays,
    privacy: config.privacy,
    inferred: config.inferred,
  };
}

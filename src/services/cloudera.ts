// Cloudera's model metrics over the store: its calls become predictions, ground truth and aggregates, and come back as its rows.
import type { z } from 'zod';
import {
  clouderaAggregateSchema,
  clouderaDelayedSchema,
  clouderaPredictionSchema,
  type ClouderaAggregate,
  type ClouderaPrediction,
  type ClouderaRead,
  type ClouderaRow,
} from '../domain/contract/cloudera.js';
import {
  DEFAULT_VERSION,
  RefusedItem,
  UnparsableItem,
  type Accepted,
  type PredictionItem,
  type StoredPrediction,
  type Tracked,
} from '../domain/contract/tracking.js';
import { crnsOf, parseOwnCrn, resourceOf, type CrnTarget, type DeploymentTarget, type RowCrns } from '../domain/crn.js';
import { issuesToErrors } from '../domain/validation.js';
import type { ClouderaApi, IngestApi, PredictionFilter } from './api.js';
import { pagesOf, type PredictionReader } from './predictions.js';

/** Says what a CRN names; null where it does not know it. The first resolver that knows decides. */
export interface CrnResolver {
  resolve(crn: string): Promise<CrnTarget | null>;
}

/** A row of aggregates, all keys of one range together. Times in epoch ms. */
export interface AggregateDocument {
  version: string;
  deployment: string;
  start: number;
  end: number;
  metrics: Record<string, unknown>;
}

export interface ClouderaDependencies {
  ingest: Pick<IngestApi, 'predictions' | 'delayedMetrics' | 'aggregateDocuments' | 'replicaStats'>;
  /** Asked in order, before the rules that need no record. */
  resolvers: readonly CrnResolver[];
  /** The CRNs of rows under a deployment that there is a record of; null for any other. */
  recorded: (deployment: string) => RowCrns | null;
  /** Which keys of a model's metrics are inputs; null: the usual ones. */
  inputKeys: (model: string) => readonly string[] | null;
  reader: Pick<PredictionReader, 'page'>;
  aggregates: {
    documents(
      filter: Omit<PredictionFilter, 'segment' | 'labelled'>,
      limit: number,
      skip: number,
    ): Promise<AggregateDocument[]>;
  };
  clock: () => number;
}

/** Names under which public Cloudera code tracks what a model was given. Everything else is what the model said. */
export const USUAL_INPUT_KEYS: readonly string[] = ['input_data', 'input_features', 'input', 'inputs', 'features'];
/** Under this key the inputs of predictions that were tracked with another client are read. */
const INPUTS = 'input_data';
const PAGE = 1000;

export class ClouderaService implements ClouderaApi {
  constructor(private readonly deps: ClouderaDependencies) {}

  /** What a CRN names: by record, by its own words, or, for any other deployment, a model of the resource's name. */
  async resolve(crn: string, kind: CrnTarget['kind']): Promise<CrnTarget> {
    for (const resolver of this.deps.resolvers) {
      const target = await resolver.resolve(crn);
      if (target !== null) return target;
    }
    const own = parseOwnCrn(crn);
    if (own !== null) return own;
    const model = resourceOf(crn);
    return kind === 'deployment'
      ? { kind, model, version: DEFAULT_VERSION, deployment: crn }
      : { kind: 'model', model };
  }

  async predictions(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked> {
    const parsed = await this.parse(items, clouderaPredictionSchema, async (body) =>
      this.toPrediction(body, await this.deployment(body.modelDeploymentCrn)),
    );
    return inTheirWords(await this.deps.ingest.predictions(parsed, allowed, { earliest: 0 }));
  }

  async delayed(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked> {
    const parsed = await this.parse(items, clouderaDelayedSchema, async ({ predictionUuid, metrics }) => ({
      prediction_id: predictionUuid,
      metrics,
    }));
    return withoutEmpty(parsed, { accepted: 0, prediction_ids: [] }, (meant) =>
      this.deps.ingest.delayedMetrics(meant, allowed),
    );
  }

  async aggregates(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted> {
    const parsed = await this.parse(items, clouderaAggregateSchema, async (body) => {
      const { startTimestampMs: start, endTimestampMs: end, metrics }: ClouderaAggregate = body;
      return { ...(await this.deployment(body.modelDeploymentCrn)), start, end, metrics };
    });
    return withoutEmpty(parsed, { accepted: 0 }, (meant) => this.deps.ingest.aggregateDocuments(meant, allowed));
  }

  /** Reports of replicas, which may know their deployment by its CRN only: it says which model that is. */
  async replicaStats(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted> {
    const named: unknown[] = [];
    for (const item of items) {
      const crn = crnOf(item);
      named.push(crn === null ? item : { ...(item as object), ...(await this.deployment(crn)) });
    }
    return this.deps.ingest.replicaStats(named, allowed);
  }

  async target(body: ClouderaRead): Promise<CrnTarget> {
    if (body.modelDeploymentCrn) return this.resolve(body.modelDeploymentCrn, 'deployment');
    if (body.modelBuildCrn) return this.resolve(body.modelBuildCrn, 'build');
    return this.resolve(body.modelCrn ?? '', 'model');
  }

  /** Predictions ascending by their start, then aggregates. Failed calls are left out: Cloudera has no row of them. */
  async *read(body: ClouderaRead, target: CrnTarget): AsyncIterable<ClouderaRow> {
    const { model } = target;
    const range = {
      model,
      // A deployment keeps its CRN when it is given to another version: the CRN alone says which rows are its own.
      version:
        target.kind === 'build' || (target.kind === 'deployment' && !target.deployment.startsWith('crn:'))
          ? target.version
          : null,
      deployment: target.kind === 'deployment' ? target.deployment : null,
      from: body.startTimestampMs ?? 0,
      // Both ends belong to the range, and times are whole milliseconds.
      to: (body.endTimestampMs ?? this.deps.clock()) + 1,
    };
    const inputs = this.inputKeys(model);
    for await (const page of pagesOf(this.deps.reader, { ...range, segment: null, labelled: null }, PAGE)) {
      for (const row of page)
        if (row.status !== 'error') yield { ...predictionRow(row, inputs), ...this.deps.recorded(row.deployment) };
    }
    for (let skip = 0; ; skip += PAGE) {
      const page = await this.deps.aggregates.documents(range, PAGE, skip);
      for (const { version, deployment, start, end, metrics } of page) {
        const crns = this.deps.recorded(deployment) ?? crnsOf({ model, version, deployment });
        yield { ...crns, startTimeStampMs: start, endTimeStampMs: end, predictionUuid: '', metrics };
      }
      if (page.length < PAGE) return;
    }
  }

  private inputKeys(model: string): readonly string[] {
    return this.deps.inputKeys(model) ?? USUAL_INPUT_KEYS;
  }

  private async deployment(crn: string): Promise<DeploymentTarget> {
    const target = await this.resolve(crn, 'deployment');
    if (target.kind === 'deployment')
      return { model: target.model, version: target.version, deployment: target.deployment };
    // A model's or build's name where a deployment's is asked for: its rows are kept under it all the same.
    return {
      model: target.model,
      version: target.kind === 'build' ? target.version : DEFAULT_VERSION,
      deployment: crn,
    };
  }

  /** Each item in the store's own form; one that is not understood stays as what is wrong with it, in its place. */
  private async parse<S extends z.ZodType, T extends object>(
    items: readonly unknown[],
    schema: S,
    convert: (body: z.output<S>) => Promise<T>,
  ): Promise<(T | UnparsableItem | RefusedItem)[]> {
    const converted: (T | UnparsableItem | RefusedItem)[] = [];
    for (const item of items) {
      if (item instanceof UnparsableItem) {
        converted.push(item);
        continue;
      }
      const parsed = schema.safeParse(item);
      converted.push(
        parsed.success ? await convert(parsed.data) : new RefusedItem(item, issuesToErrors(parsed.error.issues)),
      );
    }
    return converted;
  }

  private toPrediction(body: ClouderaPrediction, target: DeploymentTarget): PredictionItem {
    const keys = this.inputKeys(target.model);
    const entries = Object.entries(body.metrics);
    const outputs = entries.filter(([key]) => !keys.includes(key));
    const {
      startTimestampMs,
      endTimestampMs,
      requestBytes,
      responseBytes,
      cpuMs,
      memoryBytes,
      status,
      error,
      replica,
    } = body;
    return {
      ...target,
      prediction_id: body.predictionUuid,
      timestamp: startTimestampMs,
      latency_ms: endTimestampMs - startTimestampMs,
      inputs: Object.fromEntries(entries.filter(([key]) => keys.includes(key))),
      ...(outputs.length === 0 ? {} : { outputs: Object.fromEntries(outputs) }),
      status: status ?? 'ok',
      error,
      request_bytes: requestBytes,
      response_bytes: responseBytes,
      cpu_ms: cpuMs,
      memory_bytes: memoryBytes,
      replica,
    };
  }
}

/** Store what has metrics; nothing to add is nothing to do, in Cloudera's library too. Indexes of errors stay those of the request. */
async function withoutEmpty<T extends Accepted>(
  items: readonly object[],
  nothing: T,
  store: (items: readonly object[]) => Promise<T>,
): Promise<T> {
  const meant = items.flatMap((item, index) => (hasNoMetrics(item) ? [] : [{ item, index }]));
  const empty = items.length - meant.length;
  if (meant.length === 0) return { ...nothing, accepted: empty };
  const answer = inTheirWords(await store(meant.map(({ item }) => item)));
  const errors = answer.errors?.map((error) => ({ ...error, index: meant[error.index]?.index ?? error.index }));
  return { ...answer, accepted: answer.accepted + empty, ...(errors === undefined ? {} : { errors }) };
}

/** The CRN of a report that has one for its deployment. */
function crnOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null || !('deployment' in item)) return null;
  return typeof item.deployment === 'string' && item.deployment.startsWith('crn:') ? item.deployment : null;
}

function hasNoMetrics(item: object): boolean {
  return 'metrics' in item && typeof item.metrics === 'object' && Object.keys(item.metrics ?? {}).length === 0;
}

/** Fields under the names that the caller used. */
function inTheirWords<T extends Accepted>(answer: T): T {
  if (answer.errors === undefined) return answer;
  return { ...answer, errors: answer.errors.map((error) => ({ ...error, path: theirPath(error.path) })) };
}

const THEIR_FIELDS: Record<string, string> = {
  timestamp: 'startTimestampMs',
  start: 'startTimestampMs',
  end: 'endTimestampMs',
  prediction_id: 'predictionUuid',
  model: 'modelDeploymentCrn',
  deployment: 'modelDeploymentCrn',
};

function theirPath(path: string): string {
  return THEIR_FIELDS[path] ?? path.replace(/^(inputs|outputs|values)\./, 'metrics.');
}

/** What was tracked and what came later, in one object: a later value of a key wins. */
function predictionRow(row: StoredPrediction, inputKeys: readonly string[]): ClouderaRow {
  const start = Date.parse(row.timestamp);
  const theirs = Object.keys(row.inputs).every((key) => inputKeys.includes(key));
  const outputs = typeof row.outputs === 'object' && row.outputs !== null ? row.outputs : { value: row.outputs };
  return {
    ...crnsOf(row),
    startTimeStampMs: start,
    endTimeStampMs: start + Math.round(row.latency_ms ?? 0),
    predictionUuid: row.external_id ?? row.prediction_id,
    metrics: { ...(theirs ? row.inputs : { [INPUTS]: row.inputs }), ...outputs, ...row.metrics, ...row.ground_truth },
  };
}

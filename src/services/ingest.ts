// Tracking: predictions, ground truth, aggregate metrics and reports of replicas are validated item by item, stored, and only then acknowledged.
import type { z } from 'zod';
import { replicaStatsSchema, type ReplicaStats } from '../domain/contract/replicas.js';
import {
  aggregateDocumentSchema,
  aggregateItemSchema,
  delayedMetricsItemSchema,
  groundTruthItemSchema,
  predictionItemSchema,
  type Accepted,
  type AggregateDocument,
  type RejectedItem,
  type Replayed,
  type ReplayRequest,
  type Tracked,
} from '../domain/contract/tracking.js';
import { FieldError } from '../domain/fields.js';
import type { BatchOptions, IngestApi, PredictionDefaults, UploadedFile } from './api.js';
import type { Counters } from './counters.js';
import { idOfBatch, newId, numberedId, numberedIds, resolveId, type ResolvedId } from './ids.js';
import {
  EARLIEST,
  endErrors,
  modelErrors,
  prepareTruth,
  timeErrors,
  unstorableErrors,
  validate,
  type Outcome,
  type PreparedTruth,
} from './ingest-items.js';
import type {
  AggregateWriter,
  GroundTruthWriter,
  PredictionFileReader,
  PredictionSink,
  RejectedLog,
  UploadReader,
} from './ingest-ports.js';
import { storePredictionFile, type FileCaller } from './prediction-file.js';
import type { PrivacyGuard } from './privacy.js';
import { countRefused, keepRefused } from './refusals.js';
import { replayItem, replayItems } from './replay.js';

/** What the ingest service works with. */
export interface IngestDependencies {
  predictions: PredictionSink;
  groundTruth: GroundTruthWriter;
  aggregates: AggregateWriter;
  replicas: { insert(items: readonly ReplicaStats[]): Promise<void> };
  rejected: RejectedLog;
  uploads: UploadReader;
  predictionFiles: PredictionFileReader;
  counters: Counters;
  privacy: PrivacyGuard;
  clock: () => number;
  warn: (message: string, error: unknown) => void;
}

type Route = 'predictions' | 'ground-truth' | 'delayed-metrics' | 'aggregate-metrics' | 'replica-stats';
/** Errors that the answer about a file lists. */
const MAX_ERRORS = 100;
/** The items of one call; `first` is the index of the first of them, `again`: they were refused before. */
interface Batch {
  items: readonly unknown[];
  first: number;
  keepRejected: boolean;
  again: boolean;
}

/** What an item is prepared with; `hashed`: paths of private fields that are hashes already. */
interface Preparation {
  index: number;
  receivedAt: number;
  allowed: readonly string[] | null;
  makeId: () => ResolvedId;
  earliest: number;
  hashed: readonly string[];
}

export class IngestService implements IngestApi {
  constructor(private readonly deps: IngestDependencies) {}

  async predictions(
    items: readonly unknown[],
    allowed: readonly string[] | null,
    options: BatchOptions = {},
  ): Promise<Tracked> {
    const receivedAt = this.deps.clock();
    const { token = null, first = 0, keepRejected = true, again = false, hashed = [], earliest = EARLIEST } = options;
    const idOf = idsFor(token, options.base, receivedAt);
    const outcomes = items.map((item, index) => {
      const makeId = () => idOf(first + index);
      return this.preparePrediction(item, { index: first + index, receivedAt, allowed, makeId, hashed, earliest });
    });
    await this.deps.predictions.write(outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])));
    const ids = outcomes.map((outcome) => (outcome.ok ? outcome.value.id : null));
    return this.tracked('predictions', { items, first, keepRejected, again }, outcomes, ids);
  }

  groundTruth(
    items: readonly unknown[],
    allowed: readonly string[] | null,
    options: BatchOptions = {},
  ): Promise<Tracked> {
    return this.trackTruth('ground-truth', items, allowed, options, (item, index, now) =>
      prepareTruth(validate(groundTruthItemSchema, item, index), index, now, 'values'),
    );
  }

  delayedMetrics(
    items: readonly unknown[],
    allowed: readonly string[] | null,
    options: BatchOptions = {},
  ): Promise<Tracked> {
    return this.trackTruth('delayed-metrics', items, allowed, options, (item, index, now) => {
      const outcome = validate(delayedMetricsItemSchema, item, index);
      if (!outcome.ok) return outcome;
      const { metrics: values, ...rest } = outcome.value;
      return prepareTruth({ ok: true, value: { ...rest, values } }, index, now, 'metrics');
    });
  }

  aggregateMetrics(
    items: readonly unknown[],
    allowed: readonly string[] | null,
    options: BatchOptions = {},
  ): Promise<Accepted> {
    const insert = (rows: AggregateDocument[]) => this.deps.aggregates.insert(rows);
    return this.trackRanges('aggregate-metrics', aggregateItemSchema, items, allowed, options, insert);
  }

  aggregateDocuments(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted> {
    const insert = (rows: AggregateDocument[]) => this.deps.aggregates.insert(rows);
    return this.trackRanges('aggregate-metrics', aggregateDocumentSchema, items, allowed, { earliest: 0 }, insert);
  }

  replicaStats(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted> {
    const insert = (rows: ReplicaStats[]) => this.deps.replicas.insert(rows);
    return this.trackRanges('replica-stats', replicaStatsSchema, items, allowed, {}, insert);
  }

  /** Records of a model over a range of time. */
  private async trackRanges<T extends { model: string; start: number; end: number }>(
    route: Route,
    schema: z.ZodType<T>,
    items: readonly unknown[],
    allowed: readonly string[] | null,
    { keepRejected = true, again = false, earliest = EARLIEST }: BatchOptions,
    insert: (rows: T[]) => Promise<void>,
  ): Promise<Accepted> {
    const now = this.deps.clock();
    const outcomes = items.map((item, index): Outcome<T> => {
      const outcome = validate(schema, item, index);
      if (!outcome.ok) return outcome;
      const errors = [
        ...unstorableErrors(item, index),
        ...timeErrors(outcome.value.start, now, index, 'start', earliest),
        ...endErrors(outcome.value.end, now, index),
        ...modelErrors(outcome.value.model, allowed, index),
      ];
      return errors.length > 0 ? { ok: false, errors } : outcome;
    });
    await insert(outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])));
    const batch = { items, first: 0, keepRejected, again };
    const { prediction_ids: _, ...answer } = await this.tracked(route, batch, outcomes, []);
    return answer;
  }

  async groundTruthFile(file: UploadedFile): Promise<Accepted> {
    const { accepted, rejectedBy, refused } = await this.deps.uploads.groundTruth(file);
    this.deps.counters.accepted('ground-truth', accepted);
    const reasons = Object.entries(rejectedBy).filter(([, rows]) => rows > 0);
    if (reasons.length === 0) return { accepted };
    for (const [code, rows] of reasons) this.deps.counters.rejected('ground-truth', code, rows);
    await keepRefused(this.deps, 'ground-truth', refused);
    const rejected = reasons.reduce((sum, [, rows]) => sum + rows, 0);
    const errors = refused.slice(0, MAX_ERRORS).map(({ error }) => ({ ...error, index: error.index ?? 0 }));
    return { accepted, rejected, errors };
  }

  async predictionsFile(
    file: UploadedFile,
    defaults: PredictionDefaults,
    caller: FileCaller,
    progress: (rows: number, rejected: number) => void,
  ): Promise<Accepted> {
    return storePredictionFile(this.deps.predictionFiles, this, file, defaults, caller, progress, this.deps.clock());
  }

  withdraw(base: string, rows: number): Promise<void> {
    return this.deps.predictions.withdrawIds(() => numberedIds(base, rows), rows);
  }

  replay(id: string, item: unknown, allowed: readonly string[] | null): Promise<Tracked | Accepted> {
    return replayItem(this.deps.rejected, this, id, item, allowed);
  }

  replayMany(request: ReplayRequest, allowed: readonly string[] | null): Promise<Replayed> {
    return replayItems(this.deps.rejected, this, request, allowed);
  }

  rejected(filter: { model: string | null; limit: number }): Promise<RejectedItem[]> {
    return this.deps.rejected.list(filter);
  }

  private async trackTruth(
    route: Route,
    items: readonly unknown[],
    allowed: readonly string[] | null,
    { keepRejected = true, again = false }: BatchOptions,
    prepare: (item: unknown, index: number, now: number) => Outcome<PreparedTruth>,
  ): Promise<Tracked> {
    const now = this.deps.clock();
    const outcomes = items.map((item, index) => prepare(item, index, now));
    if (allowed !== null) await this.refuseForeign(outcomes, allowed);
    await this.deps.groundTruth.insert(outcomes.flatMap((outcome) => (outcome.ok ? outcome.value.values : [])));
    return this.tracked(
      route,
      { items, first: 0, keepRejected, again },
      outcomes,
      outcomes.map((outcome) => (outcome.ok ? outcome.value.id : null)),
    );
  }

  /** A key that is limited to models may not label another model's predictions; an id that nobody has seen yet is nobody's. */
  private async refuseForeign(outcomes: Outcome<PreparedTruth>[], allowed: readonly string[]): Promise<void> {
    const models = await this.deps.predictions.modelsOf(
      outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value.id] : [])),
    );
    outcomes.forEach((outcome, index) => {
      if (!outcome.ok) return;
      const foreign = (models.get(outcome.value.id) ?? []).filter((model) => !allowed.includes(model));
      if (foreign.length > 0) {
        outcomes[index] = {
          ok: false,
          errors: [
            {
              index,
              code: 'forbidden',
              path: 'prediction_id',
              message: 'this key may not label predictions of that model',
            },
          ],
        };
      }
    });
  }

  private preparePrediction(
    item: unknown,
    { index, receivedAt, allowed, makeId, hashed, earliest }: Preparation,
  ): Outcome<ReturnType<PredictionSink['encode']>> {
    const outcome = validate(predictionItemSchema, item, index);
    if (!outcome.ok) return outcome;
    const prediction = outcome.value;
    // Inputs and outputs are looked at while they are flattened.
    const { inputs: _inputs, outputs: _outputs, ...rest } = prediction;
    const unstorable = unstorableErrors(rest, index);
    if (unstorable.length > 0) return { ok: false, errors: unstorable };
    const timestamp = prediction.timestamp ?? receivedAt;
    const errors = timeErrors(timestamp, receivedAt, index, 'timestamp', earliest);
    errors.push(...modelErrors(prediction.model, allowed, index));
    if (errors.length > 0) return { ok: false, errors };
    const given = prediction.prediction_id;
    const { id, externalId, known } = given === undefined ? makeId() : resolveId(given);
    try {
      return {
        ok: true,
        // Onto the validated copy, which is ours: one more copy of every item would cost as much as its validation.
        value: this.deps.predictions.encode(
          Object.assign(this.deps.privacy.clean(prediction.model, prediction, hashed), {
            id,
            externalId,
            timestamp,
            receivedAt,
          }),
          known,
        ),
      };
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      return { ok: false, errors: [{ index, code: error.code, path: error.path, message: error.message }] };
    }
  }

  private async tracked(
    route: Route,
    batch: Batch,
    outcomes: readonly Outcome<unknown>[],
    ids: (string | null)[],
  ): Promise<Tracked> {
    const errors = outcomes.flatMap((outcome) => (outcome.ok ? [] : outcome.errors));
    const rejected = outcomes.filter((outcome) => !outcome.ok).length;
    this.deps.counters.accepted(route, outcomes.length - rejected);
    if (batch.again) this.deps.counters.replayed(route, outcomes.length - rejected, rejected);
    if (rejected === 0) return { accepted: outcomes.length, prediction_ids: ids };
    const { items, first, keepRejected, again } = batch;
    if (!again) countRefused(this.deps.counters, route, errors);
    if (keepRejected && !again) {
      const refusals = errors.map((error) => ({ error, item: items[(error.index ?? 0) - first] }));
      await keepRefused(this.deps, route, refusals);
    }
    return {
      accepted: outcomes.length - rejected,
      prediction_ids: ids,
      rejected,
      errors: errors.map((error) => ({ ...error, index: error.index ?? 0 })),
    };
  }
}

/** How items without an id get one. */
function idsFor(token: string | null, base: string | undefined, now: number): (index: number) => ResolvedId {
  if (token !== null) return (index) => idOfBatch(token, index);
  return base === undefined ? () => newId(now) : (index) => numberedId(base, index);
}

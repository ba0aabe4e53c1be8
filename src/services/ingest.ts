// Tracking: predictions, ground truth and aggregate metrics are validated item by item, stored, and only then acknowledged.
import type { z } from 'zod';
import {
  aggregateItemSchema,
  delayedMetricsItemSchema,
  groundTruthItemSchema,
  predictionItemSchema,
  UnparsableItem,
  type Accepted,
  type AggregateItem,
  type GroundTruthItem,
  type RejectedItem,
  type Tracked,
} from '../domain/contract/tracking.js';
import type { ItemError } from '../domain/errors.js';
import { FieldError } from '../domain/fields.js';
import { ILL_FORMED, illFormedPath } from '../domain/well-formed.js';
import { issuesToErrors } from '../domain/validation.js';
import type { IngestApi, UploadedFile } from './api.js';
import type { Counters } from './counters.js';
import { newId, resolveId } from './ids.js';
import type { PrivacyGuard } from './privacy.js';
import type { GroundTruthWriter, PredictionSink, RejectedLog, AggregateWriter, UploadReader } from './ingest-ports.js';

const HOUR = 3_600_000;
const EARLIEST = Date.UTC(2000, 0, 1);

/** What the ingest service works with. */
export interface IngestDependencies {
  predictions: PredictionSink;
  groundTruth: GroundTruthWriter;
  aggregates: AggregateWriter;
  rejected: RejectedLog;
  uploads: UploadReader;
  counters: Counters;
  privacy: PrivacyGuard;
  clock: () => number;
  warn: (message: string, error: unknown) => void;
}

type Route = 'predictions' | 'ground-truth' | 'delayed-metrics' | 'aggregate-metrics';
/** The result of one item: what to store, or why not. */
type Outcome<T> = { ok: true; value: T } | { ok: false; errors: ItemError[] };

export class IngestService implements IngestApi {
  constructor(private readonly deps: IngestDependencies) {}

  async predictions(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked> {
    const receivedAt = this.deps.clock();
    const outcomes = items.map((item, index) => this.preparePrediction(item, index, receivedAt, allowed));
    await this.deps.predictions.write(outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])));
    const ids = outcomes.map((outcome) => (outcome.ok ? outcome.value.id : null));
    return this.tracked('predictions', items, outcomes, ids);
  }

  groundTruth(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked> {
    return this.trackTruth('ground-truth', items, allowed, (item, index) =>
      validate(groundTruthItemSchema, item, index),
    );
  }

  delayedMetrics(items: readonly unknown[], allowed: readonly string[] | null): Promise<Tracked> {
    return this.trackTruth('delayed-metrics', items, allowed, (item, index) => {
      const outcome = validate(delayedMetricsItemSchema, item, index);
      return outcome.ok
        ? {
            ok: true,
            value: {
              prediction_id: outcome.value.prediction_id,
              values: outcome.value.metrics,
              timestamp: outcome.value.timestamp,
            },
          }
        : outcome;
    });
  }

  async aggregateMetrics(items: readonly unknown[], allowed: readonly string[] | null): Promise<Accepted> {
    const now = this.deps.clock();
    const outcomes = items.map((item, index): Outcome<AggregateItem> => {
      const outcome = validate(aggregateItemSchema, item, index);
      if (!outcome.ok) return outcome;
      const errors = [
        ...textErrors(item, index),
        ...timeErrors(outcome.value.start, now, index, 'start'),
        ...modelErrors(outcome.value.model, allowed, index),
      ];
      return errors.length > 0 ? { ok: false, errors } : outcome;
    });
    await this.deps.aggregates.insert(outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])));
    const { prediction_ids: _, ...answer } = await this.tracked('aggregate-metrics', items, outcomes, []);
    return answer;
  }

  async groundTruthFile(file: UploadedFile): Promise<Accepted> {
    const answer = await this.deps.uploads.groundTruth(file);
    this.deps.counters.accepted('ground-truth', answer.accepted);
    if (answer.rejected !== undefined) this.deps.counters.rejected('ground-truth', 'invalid_row', answer.rejected);
    return answer;
  }

  rejected(filter: { model: string | null; limit: number }): Promise<RejectedItem[]> {
    return this.deps.rejected.list(filter);
  }

  private async trackTruth(
    route: Route,
    items: readonly unknown[],
    allowed: readonly string[] | null,
    parse: (item: unknown, index: number) => Outcome<GroundTruthItem>,
  ): Promise<Tracked> {
    const now = this.deps.clock();
    const outcomes = items.map((item, index) => prepareTruth(parse(item, index), index, now));
    if (allowed !== null) await this.refuseForeign(outcomes, allowed);
    await this.deps.groundTruth.insert(outcomes.flatMap((outcome) => (outcome.ok ? outcome.value.values : [])));
    return this.tracked(
      route,
      items,
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
    index: number,
    receivedAt: number,
    allowed: readonly string[] | null,
  ): Outcome<ReturnType<PredictionSink['encode']>> {
    const outcome = validate(predictionItemSchema, item, index);
    if (!outcome.ok) return outcome;
    const prediction = outcome.value;
    // Inputs and outputs are looked at while they are flattened.
    const { inputs: _inputs, outputs: _outputs, ...rest } = prediction;
    const illFormed = textErrors(rest, index);
    if (illFormed.length > 0) return { ok: false, errors: illFormed };
    const timestamp = prediction.timestamp ?? receivedAt;
    const errors = timeErrors(timestamp, receivedAt, index, 'timestamp');
    errors.push(...modelErrors(prediction.model, allowed, index));
    if (errors.length > 0) return { ok: false, errors };
    const given = prediction.prediction_id;
    const { id, externalId, known } = given === undefined ? newId(receivedAt) : resolveId(given);
    try {
      return {
        ok: true,
        // Onto the validated copy, which is ours: one more copy of every item would cost as much as its validation.
        value: this.deps.predictions.encode(
          Object.assign(this.deps.privacy.clean(prediction.model, prediction), {
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
      return { ok: false, errors: [{ index, code: 'invalid_value', path: error.path, message: error.message }] };
    }
  }

  private async tracked(
    route: Route,
    items: readonly unknown[],
    outcomes: readonly Outcome<unknown>[],
    ids: (string | null)[],
  ): Promise<Tracked> {
    const errors = outcomes.flatMap((outcome) => (outcome.ok ? [] : outcome.errors));
    const rejected = outcomes.filter((outcome) => !outcome.ok).length;
    this.deps.counters.accepted(route, outcomes.length - rejected);
    if (rejected === 0) return { accepted: outcomes.length, prediction_ids: ids };
    await this.keepRejected(route, items, errors);
    return {
      accepted: outcomes.length - rejected,
      prediction_ids: ids,
      rejected,
      errors: errors.map((error) => ({ ...error, index: error.index ?? 0 })),
    };
  }

  /** Dead letters. The caller already hears what was refused, so a store that cannot keep a copy does not fail the call. */
  private async keepRejected(route: Route, items: readonly unknown[], errors: ItemError[]): Promise<void> {
    for (const error of errors) this.deps.counters.rejected(route, error.code, 1);
    try {
      await this.deps.rejected.append(
        route,
        errors.map((error) => ({ error, item: this.deps.privacy.cleanRefused(items[error.index ?? 0]) })),
      );
    } catch (error) {
      this.deps.warn('rejected items could not be kept', error);
    }
  }
}

interface PreparedTruth {
  id: string;
  values: { id: string; key: string; value: unknown; ts: number }[];
}

function validate<S extends z.ZodType>(schema: S, item: unknown, index: number): Outcome<z.output<S>> {
  if (item instanceof UnparsableItem)
    return { ok: false, errors: [{ index, code: 'malformed_json', path: '', message: item.message }] };
  const parsed = schema.safeParse(item);
  return parsed.success
    ? { ok: true, value: parsed.data }
    : { ok: false, errors: issuesToErrors(parsed.error.issues, index) };
}

function prepareTruth(outcome: Outcome<GroundTruthItem>, index: number, now: number): Outcome<PreparedTruth> {
  if (!outcome.ok) return outcome;
  const illFormed = textErrors(outcome.value, index);
  if (illFormed.length > 0) return { ok: false, errors: illFormed };
  const { prediction_id, values, timestamp } = outcome.value;
  const ts = timestamp ?? now;
  const { id } = resolveId(prediction_id);
  const entries: [string, unknown][] =
    typeof values === 'object' && values !== null ? Object.entries(values) : [['value', values]];
  const errors = timeErrors(ts, now, index, 'timestamp');
  if (entries.length === 0)
    errors.push({ index, code: 'invalid_value', path: 'values', message: 'give at least one value' });
  for (const [key, value] of entries) {
    if (key === '' || key.length > 200)
      errors.push({
        index,
        code: 'invalid_value',
        path: `values.${key.slice(0, 80)}`,
        message: 'a key has 1 to 200 characters',
      });
    if (typeof value === 'number' && !Number.isFinite(value))
      errors.push({ index, code: 'invalid_value', path: `values.${key}`, message: 'not a finite number' });
  }
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, value: { id, values: entries.map(([key, value]) => ({ id, key, value, ts })) } };
}

function textErrors(item: unknown, index: number): ItemError[] {
  const path = illFormedPath(item);
  return path === null ? [] : [{ index, code: 'invalid_text', path, message: ILL_FORMED }];
}

function timeErrors(time: number, now: number, index: number, path: string): ItemError[] {
  if (time > now + HOUR)
    return [
      {
        index,
        code: 'invalid_timestamp',
        path,
        message: 'more than an hour in the future; check the clock and the unit (milliseconds)',
      },
    ];
  if (time < EARLIEST)
    return [
      {
        index,
        code: 'invalid_timestamp',
        path,
        message: 'before the year 2000; check the unit (milliseconds, not seconds)',
      },
    ];
  return [];
}

function modelErrors(model: string, allowed: readonly string[] | null, index: number): ItemError[] {
  if (allowed === null || allowed.includes(model)) return [];
  return [{ index, code: 'forbidden', path: 'model', message: 'this key may not write to that model' }];
}

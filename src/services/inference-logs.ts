// Inference logs: events of model servers, halves in any order, become predictions; SageMaker's lines too. Kept before they are acknowledged.
import { inferencePairSchema, type Halves, type InferencePair, type Logged } from '../domain/contract/integrations.js';
import type { ItemError } from '../domain/errors.js';
import { inputsOf, outputsOf } from '../domain/logs/bodies.js';
import { predictionsOf, type Half, type LoggedEvent } from '../domain/logs/events.js';
import type { Mapping } from '../domain/logs/mapping.js';
import { captured, captureSchema, truths, truthSchema } from '../domain/logs/sagemaker.js';
import type { z } from 'zod';
import { UnparsableItem } from '../domain/contract/tracking.js';
import { issuesToErrors } from '../domain/validation.js';
import type { IngestApi, InferenceLogsApi } from './api.js';
import { newId } from './ids.js';
import { HALF_WAIT, bodyError, type HalfJoiner, type Verdict } from './inference-join.js';
import type { HalfStore } from './inference-ports.js';

export interface InferenceLogDependencies {
  ingest: Pick<IngestApi, 'predictions' | 'groundTruth'>;
  joiner: HalfJoiner;
  halves: HalfStore;
  rejected: { append(route: string, entries: readonly { error: ItemError; item: unknown }[]): Promise<void> };
  privacy: { hasPrivacy(): boolean };
  /** The mapping of a model, and the name of its label. */
  mapping: (model: string) => { mapping: Mapping; label: string };
  count: (route: string, accepted: number, errors: readonly ItemError[]) => void;
  clock: () => number;
  warn: (message: string, error: unknown) => void;
}

export class InferenceLogsService implements InferenceLogsApi {
  constructor(private readonly deps: InferenceLogDependencies) {}

  async events(events: readonly (LoggedEvent | null | Error)[], allowed: readonly string[] | null): Promise<Logged> {
    let predictions = 0;
    const verdicts = await Promise.all(
      events.map(async (event, index): Promise<Verdict> => {
        if (event === null) return 'ignored';
        if (event instanceof Error) return { error: refused(index, '', 'invalid_event', event.message) };
        if (allowed !== null && !allowed.includes(event.model)) {
          return { error: refused(index, 'model', 'forbidden', 'this key may not write to that model') };
        }
        return this.deps.joiner
          .submit(event, (made) => (predictions += made))
          .then((verdict) => (typeof verdict === 'object' ? { error: { ...verdict.error, index } } : verdict));
      }),
    );
    return this.answer('cloudevents', events, verdicts, predictions);
  }

  async pairs(items: readonly unknown[], allowed: readonly string[] | null): Promise<Logged> {
    const now = this.deps.clock();
    const rows: Record<string, unknown>[] = [];
    const verdicts = items.map((item, index): Verdict => {
      const parsed = inferencePairSchema.safeParse(item);
      if (!parsed.success) return { error: firstIssue(item, parsed.error, index) };
      try {
        rows.push(...this.pair(parsed.data, now));
        return 'joined';
      } catch (error) {
        return { error: bodyError(index, error) };
      }
    });
    return this.stored('inference', items, verdicts, rows, allowed);
  }

  async sagemaker(
    lines: readonly unknown[],
    place: { model: string; version: string | null; deployment: string | null },
    allowed: readonly string[] | null,
  ): Promise<Logged> {
    const { mapping, label } = this.deps.mapping(place.model);
    const rows: Record<string, unknown>[] = [];
    const labels: Record<string, unknown>[] = [];
    const version = place.version ?? mapping.version;
    const deployment = place.deployment ?? mapping.deployment;
    const verdicts = lines.map((line, index): Verdict => {
      try {
        if (typeof line === 'object' && line !== null && 'groundTruthData' in line) {
          const parsed = truthSchema.safeParse(line);
          if (!parsed.success) return { error: firstIssue(line, parsed.error, index) };
          labels.push(...truths(parsed.data, label).map(({ id, values }) => ({ prediction_id: id, values })));
          return 'joined';
        }
        const parsed = captureSchema.safeParse(line);
        if (!parsed.success) return { error: firstIssue(line, parsed.error, index) };
        const at = this.deps.clock();
        for (const { id, timestamp, inputs, outputs } of captured(parsed.data, mapping)) {
          rows.push({
            model: place.model,
            version,
            deployment,
            prediction_id: id,
            timestamp: timestamp ?? at,
            inputs,
            outputs,
          });
        }
        return 'joined';
      } catch (error) {
        return { error: bodyError(index, error) };
      }
    });
    if (labels.length > 0) await this.deps.ingest.groundTruth(labels, allowed);
    return this.stored('sagemaker', lines, verdicts, rows, allowed);
  }

  waiting(models: readonly string[] | null, limit: number): Promise<Halves> {
    return this.deps.halves.summary({ models, before: this.deps.clock() - HALF_WAIT, limit });
  }

  // ---- whole inferences

  private pair(item: InferencePair, now: number): Record<string, unknown>[] {
    const { mapping } = this.deps.mapping(item.model);
    const time =
      item.timestamp === undefined
        ? now
        : typeof item.timestamp === 'number'
          ? item.timestamp
          : Date.parse(item.timestamp);
    const answer = outputsOf(item.response, mapping);
    const half = {
      model: item.model,
      id: item.id ?? newId(now).id,
      version: item.version ?? mapping.version ?? '',
      deployment: item.deployment ?? mapping.deployment ?? '',
      time,
    };
    const request: Half = { ...half, kind: 'request', rows: inputsOf(item.request, mapping), error: null };
    const response: Half = {
      ...half,
      kind: 'response',
      time: time + (item.latency_ms ?? -1),
      rows: 'error' in answer ? [] : answer.outputs,
      error: 'error' in answer ? answer.error : null,
    };
    return predictionsOf(request, response, mapping);
  }

  /** Predictions of whole inferences. An instance that cannot be stored is one of the service's refused items. */
  private async stored(
    route: string,
    items: readonly unknown[],
    verdicts: readonly Verdict[],
    rows: readonly Record<string, unknown>[],
    allowed: readonly string[] | null,
  ): Promise<Logged> {
    const answer = rows.length === 0 ? null : await this.deps.ingest.predictions(rows, allowed);
    const logged = await this.answer(route, items, verdicts, answer?.accepted ?? 0);
    if (answer?.rejected === undefined) return logged;
    return {
      ...logged,
      rejected: (logged.rejected ?? 0) + answer.rejected,
      errors: [...(logged.errors ?? []), ...(answer.errors ?? [])],
    };
  }

  private async answer(
    route: string,
    items: readonly unknown[],
    verdicts: readonly Verdict[],
    predictions: number,
  ): Promise<Logged> {
    const errors = verdicts.flatMap((verdict) => (typeof verdict === 'object' ? [verdict.error] : []));
    const count = (kind: Verdict) => verdicts.filter((verdict) => verdict === kind).length;
    this.deps.count(route, verdicts.length - errors.length, errors);
    if (errors.length > 0) {
      // A logged body has no place in a list that people read where any model has private fields: only the reason is kept.
      const keep = !this.deps.privacy.hasPrivacy();
      const entries = errors.map((error) => ({ error, item: keep ? shown(items[error.index ?? 0]) : null }));
      await this.deps.rejected.append(route, entries).catch((error: unknown) => {
        this.deps.warn('refused events could not be kept', error);
      });
    }
    return {
      accepted: verdicts.length - errors.length,
      predictions,
      waiting: count('waiting'),
      duplicates: count('duplicate'),
      ignored: count('ignored'),
      ...(errors.length === 0
        ? {}
        : { rejected: errors.length, errors: errors.map((error) => ({ ...error, index: error.index ?? 0 })) }),
    };
  }
}

const refused = (index: number, path: string, code: string, message: string): ItemError => ({
  index,
  path,
  code,
  message,
});

function firstIssue(item: unknown, error: z.ZodError, index: number): ItemError {
  if (item instanceof UnparsableItem) return refused(index, '', item.code, item.message);
  return { ...(issuesToErrors(error.issues, index)[0] ?? refused(index, '', 'invalid', 'cannot be read')), index };
}

/** What is kept of a refused event: an error stands for what could not be read at all. */
const shown = (item: unknown): unknown => (item instanceof Error ? item.message : item);

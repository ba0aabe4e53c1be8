// The drift, quality and operations jobs: plan windows, compute them in chunks, store the numbers, then record what was seen.
import { isDeepStrictEqual } from 'node:util';
import type { JobOptions, JobResult, MetricPoint } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { DriftlineError } from '../domain/errors.js';
import { isDriftMetric, isLabelMetric } from '../domain/metric-families.js';
import type { WindowSelection } from '../domain/selection.js';
import type { BaselineChooser } from './automatic-baselines.js';
import type { BaselineQualities } from './baseline-quality.js';
import {
  LABELS,
  TRUTH,
  WHOLE,
  type DriftCalculator,
  type DriftResult,
  type PointContext,
  type WindowProfile,
} from './drift.js';
import { retentionCutoff, type ModelsService } from './models.js';
import type { OperationsCalculator } from './operations.js';
import { selectionOf, type Planner, type SeriesPlan } from './planning.js';
import type { QualityCalculator } from './quality.js';
import type { UsualCoverage } from './usual-coverage.js';
import { aboutSwitches, Rescorer, type Switch } from './rescoring.js';

/** Where computed numbers go. */
export interface NumberSink {
  /** Store points; numbers of `windows` that the job owns and that are not among the points any more are removed. */
  replace(
    model: string,
    windows: readonly { version: string; deployment: string; start: number; end: number }[],
    owns: (metric: string, feature: string) => boolean,
    points: readonly MetricPoint[],
  ): Promise<void>;
  profiles(rows: readonly (WindowProfile & { model: string; windowEnd: number; baselineId: string })[]): Promise<void>;
}

export interface WindowJobDependencies {
  planner: Planner;
  models: Pick<ModelsService, 'marked' | 'effective' | 'changed'>;
  chooser: BaselineChooser;
  drift: DriftCalculator;
  quality: QualityCalculator;
  operations: OperationsCalculator;
  rescorer: Rescorer;
  usual: Pick<UsualCoverage, 'lag'>;
  baselineQuality: Pick<BaselineQualities, 'refresh'>;
  sink: NumberSink;
  clock: () => number;
  /** The cause of a failure goes to the service log; the run's row carries the message only. */
  warn: (message: string, error: unknown) => void;
}

export type WindowJob = 'drift' | 'quality' | 'operations';

/** Windows that are computed and stored together. */
const CHUNK = 64;

export class WindowJobs {
  constructor(private readonly deps: WindowJobDependencies) {}

  /** Run one job over one model or all; a model that fails is reported and does not stop the others. */
  async run(job: WindowJob, options: JobOptions): Promise<JobResult> {
    await this.deps.planner.collect();
    const models = options.model === null ? await this.deps.models.marked() : [options.model];
    const result: JobResult = { windows: 0, points: 0, errors: [] };
    for (const model of models) {
      try {
        const done = await this.runModel(job, model, options);
        result.windows += done.windows;
        result.points += done.points;
      } catch (error) {
        if (error instanceof DriftlineError && error.status === 503) throw error;
        this.deps.warn(`job ${job} failed on a model`, error);
        result.errors.push(`${model}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return result;
  }

  private async runModel(
    job: WindowJob,
    model: string,
    options: JobOptions,
  ): Promise<{ windows: number; points: number }> {
    if (job === 'quality') await this.followInference(model);
    const { config, planned } = await this.plan(job, model, options);
    // A window whose rows are gone keeps its numbers, whatever arrives for it.
    const cutoff = retentionCutoff(config, options.now) ?? 0;
    if (job === 'quality' && options.from === null && options.to === null)
      planned.push(...(await this.matured(model, config, options.now, planned)));
    const due = planned.filter((window) => window.start >= cutoff);
    if (job === 'quality' && due.length > 0) await this.deps.baselineQuality.refresh(model, config);
    const isWhole = job === 'drift' && options.from === null && options.to === null;
    const switched = isWhole && (due.length > 0 || cutoff > 0) ? await this.switches(model, config, due, options) : [];
    const total = switched.reduce((sum, one) => sum + Rescorer.windowsOf(one, config.windowLength), due.length);
    let points = 0;
    let done = 0;
    for (const chunk of job === 'drift' ? byBaseline(due).flatMap(chunks) : chunks(due)) {
      const stored = await this.compute(job, model, config, chunk, options.now);
      points += stored ?? 0;
      done += stored === null ? 0 : chunk.length;
      options.progress?.(done, total);
    }
    for (const one of switched) {
      points += await this.deps.rescorer.expired(
        model,
        config,
        one,
        (windows, numbers) => this.deps.sink.replace(model, windows, OWNERS.drift, numbers),
        (windows) => options.progress?.((done += windows), total),
      );
      await this.deps.rescorer.done(model, one);
    }
    return { windows: done, points };
  }

  /** Versions with another baseline than their history was scored against; the run says so where it scores any of it again. */
  private async switches(
    model: string,
    config: EffectiveConfig,
    due: readonly SeriesPlan[],
    options: JobOptions,
  ): Promise<Switch[]> {
    const versions = due.map((window) => window.version);
    const found = await this.deps.rescorer.switches(model, config, versions, options.now);
    const again = due.filter(
      (window) => window.reason === 'dirty' && found.some((one) => one.version === window.version),
    ).length;
    const windows = found.reduce((sum, one) => sum + Rescorer.windowsOf(one, config.windowLength), again);
    if (windows > 0) options.about?.(aboutSwitches(found, windows, options));
    return found;
  }

  /**
   * What a model's labels and outputs mean may be inferred, and more of them may change that: then every window is computed again, so that
   * the numbers do not depend on which labels came first.
   */
  private async followInference(model: string): Promise<void> {
    const { task, prediction, score, groundTruth } = await this.deps.models.effective(model);
    await this.deps.planner.onChange(model, JSON.stringify([task, prediction, score, groundTruth]), () =>
      this.deps.models.changed(model),
    );
  }

  /** The plan, and the configuration that was in force when the marks were read: a change in between has marked windows that it must see. */
  private async plan(
    job: WindowJob,
    model: string,
    options: JobOptions,
  ): Promise<{ config: EffectiveConfig; planned: SeriesPlan[] }> {
    for (;;) {
      const config = await this.deps.models.effective(model);
      const planned = await this.deps.planner.plan(job, model, config, options);
      if (isDeepStrictEqual(await this.deps.models.effective(model), config)) return { config, planned };
    }
  }

  private async matured(
    model: string,
    config: EffectiveConfig,
    now: number,
    planned: readonly SeriesPlan[],
  ): Promise<SeriesPlan[]> {
    const known = new Set(planned.map(windowKey));
    // Where nobody said how long labels take, windows are looked at again when theirs have usually come; only in runs that have work anyway.
    const usual = planned.length === 0 ? 0 : await this.deps.usual.lag(model, config.windowLength, now);
    const windows = await this.deps.planner.matured('quality', model, config, { now, usual });
    return windows.filter((window) => !known.has(windowKey(window)));
  }

  /** How many numbers were stored; null: there is nothing to compare with yet. */
  private async compute(
    job: WindowJob,
    model: string,
    config: EffectiveConfig,
    chunk: SeriesPlan[],
    now: number,
  ): Promise<number | null> {
    const selection = selectionOf(model, config, chunk);
    const context: PointContext = {
      model,
      computedAt: this.deps.clock(),
      endOf: (start) => start + config.windowLength,
      baseline: null,
    };
    const points = await this.numbers(job, config, selection, context, chunk, now);
    if (points === null) return null;
    // A window that was never computed has no numbers that could be stale: only the others are read for what must go.
    const computedBefore = chunk.filter((window) => window.reason === 'dirty' || window.reason === 'requested');
    await this.deps.sink.replace(model, computedBefore, ownerOf(job, chunk), points);
    await this.deps.planner.record(job, model, chunk, now);
    return points.length;
  }

  /** null: there is nothing to compare with yet, so the windows stay due. */
  private async numbers(
    job: WindowJob,
    config: EffectiveConfig,
    selection: WindowSelection,
    context: PointContext,
    chunk: SeriesPlan[],
    now: number,
  ): Promise<MetricPoint[] | null> {
    if (job === 'quality') return this.deps.quality.compute(selection, config, now, context);
    if (job === 'operations') return this.deps.operations.compute(selection, config, context);
    const version = chunk[0]?.version ?? '';
    const baseline = await this.deps.chooser.choose(context.model, version, config, now);
    if (baseline === null) return null;
    const result: DriftResult = await this.deps.drift.compute(
      selection,
      baseline,
      config,
      {
        ...context,
        baseline: baseline.name,
      },
      isLabelsOnly(chunk) ? LABELS : WHOLE,
    );
    await this.deps.sink.profiles(
      result.profiles.map((profile) => ({
        ...profile,
        model: context.model,
        windowEnd: context.endOf(profile.group.w),
        baselineId: baseline.id,
      })),
    );
    return result.points;
  }
}

/** Which stored numbers belong to a job. */
const OWNERS: Record<WindowJob, (metric: string) => boolean> = {
  drift: isDriftMetric,
  quality: isLabelMetric,
  operations: (metric) => !isDriftMetric(metric) && !isLabelMetric(metric),
};

/** What of a chunk is computed: its windows are all of one kind. */
function isLabelsOnly(chunk: readonly SeriesPlan[]): boolean {
  return chunk.every((window) => window.labelsOnly);
}

/** Which stored numbers a computation replaces. */
function ownerOf(job: WindowJob, chunk: readonly SeriesPlan[]): (metric: string, feature: string) => boolean {
  if (job !== 'drift' || !isLabelsOnly(chunk)) return OWNERS[job];
  return (metric, feature) => isDriftMetric(metric) && feature.startsWith(TRUTH);
}

/** Windows that one drift computation takes: of one version, which has one baseline, and all whole or all for their labels only. */
function byBaseline(plans: readonly SeriesPlan[]): SeriesPlan[][] {
  const groups = new Map<string, SeriesPlan[]>();
  for (const plan of plans) {
    const key = JSON.stringify([plan.version, plan.labelsOnly]);
    groups.set(key, [...(groups.get(key) ?? []), plan]);
  }
  return [...groups.values()];
}

/** Neighbours in time together: a chunk reads one range of time. */
function chunks(plans: readonly SeriesPlan[]): SeriesPlan[][] {
  const sorted = [...plans].sort((a, b) => a.start - b.start);
  return Array.from({ length: Math.ceil(sorted.length / CHUNK) }, (_, index) =>
    sorted.slice(index * CHUNK, (index + 1) * CHUNK),
  );
}

function windowKey(window: SeriesPlan): string {
  return JSON.stringify([window.version, window.deployment, window.start]);
}

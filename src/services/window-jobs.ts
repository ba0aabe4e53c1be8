// The drift, quality and operations jobs: plan windows, compute them in chunks, store the numbers, then record what was seen.
import type { JobOptions, JobResult, MetricPoint } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import { DriftlineError } from '../domain/errors.js';
import { isDriftMetric, isQualityMetric } from '../domain/metric-families.js';
import type { WindowSelection } from '../domain/selection.js';
import type { BaselineChooser } from './automatic-baselines.js';
import type { DriftCalculator, DriftResult, PointContext, WindowProfile } from './drift.js';
import { retentionCutoff, type ModelsService } from './models.js';
import type { OperationsCalculator } from './operations.js';
import { selectionOf, type Planner, type SeriesPlan } from './planning.js';
import type { QualityCalculator } from './quality.js';

/** Where computed numbers go. */
export interface NumberSink {
  /** Store points; numbers of `windows` that the job owns and that are not among the points any more are removed. */
  replace(
    model: string,
    windows: readonly SeriesPlan[],
    owns: (metric: string) => boolean,
    points: readonly MetricPoint[],
  ): Promise<void>;
  profiles(rows: readonly (WindowProfile & { model: string; windowEnd: number; baselineId: string })[]): Promise<void>;
}

export interface WindowJobDependencies {
  planner: Planner;
  models: Pick<ModelsService, 'marked' | 'effective'>;
  chooser: BaselineChooser;
  drift: DriftCalculator;
  quality: QualityCalculator;
  operations: OperationsCalculator;
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
    const config = await this.deps.models.effective(model);
    // A window whose rows are gone keeps its numbers, whatever arrives for it.
    const cutoff = retentionCutoff(config, options.now) ?? 0;
    const planned = await this.deps.planner.plan(job, model, config, options);
    if (job === 'quality' && options.from === null && options.to === null)
      planned.push(...(await this.matured(model, config, options.now, planned)));
    const due = planned.filter((window) => window.start >= cutoff);
    let points = 0;
    let done = 0;
    for (const chunk of job === 'drift' ? byVersion(due).flatMap(chunks) : chunks(due)) {
      points += await this.compute(job, model, config, chunk, options.now);
      done += chunk.length;
      options.progress?.(done, due.length);
    }
    return { windows: done, points };
  }

  private async matured(
    model: string,
    config: EffectiveConfig,
    now: number,
    planned: readonly SeriesPlan[],
  ): Promise<SeriesPlan[]> {
    const known = new Set(planned.map(windowKey));
    return (await this.deps.planner.matured('quality', model, config, now)).filter(
      (window) => !known.has(windowKey(window)),
    );
  }

  private async compute(
    job: WindowJob,
    model: string,
    config: EffectiveConfig,
    chunk: SeriesPlan[],
    now: number,
  ): Promise<number> {
    const selection = selectionOf(model, config, chunk);
    const context: PointContext = {
      model,
      computedAt: this.deps.clock(),
      endOf: (start) => start + config.windowLength,
      baseline: null,
    };
    const points = await this.numbers(job, config, selection, context, chunk, now);
    if (points === null) return 0;
    // A window that was never computed has no numbers that could be stale: only the others are read for what must go.
    const computedBefore = chunk.filter((window) => window.reason === 'dirty' || window.reason === 'requested');
    await this.deps.sink.replace(model, computedBefore, OWNERS[job], points);
    await this.deps.planner.record(job, model, chunk);
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
    const result: DriftResult = await this.deps.drift.compute(selection, baseline, config, {
      ...context,
      baseline: baseline.name,
    });
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
  quality: isQualityMetric,
  operations: (metric) => !isDriftMetric(metric) && !isQualityMetric(metric),
};

/** Windows by version: a version has one baseline. */
function byVersion(plans: readonly SeriesPlan[]): SeriesPlan[][] {
  const versions = new Map<string, SeriesPlan[]>();
  for (const plan of plans) versions.set(plan.version, [...(versions.get(plan.version) ?? []), plan]);
  return [...versions.values()];
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

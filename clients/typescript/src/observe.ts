// Watches a call of a model: its arguments, its result or error, how long it took, what was tracked inside.
import { Current } from './context.js';
import { newId } from './ids.js';
import type { Scope, Usage } from './platform.js';
import { describeError, type Target, type Tracker } from './tracker.js';

/** What a watched call is. */
export interface Call<R> {
  target: Target;
  inputs: unknown;
  tags: Readonly<Record<string, unknown>> | undefined;
  id: string | undefined;
  work: (current: Current) => R;
}

/** How long a measurement of the process is used for, ms. */
const MEASURE_MS = 1_000;

export class Observer {
  private tail = '';
  private measuredAt = 0;
  private measured: Usage | null = null;
  private calls = 0;

  constructor(
    private readonly scope: Scope<Current>,
    private readonly tracker: Tracker,
    private readonly usage: () => Usage | null,
    /** Waited for by calls that return a promise. */
    private readonly room: () => Promise<void> | null,
  ) {}

  /** Do the work and track it; what it returns or throws is returned or thrown. */
  observe<R>(call: Call<R>): R {
    const now = Date.now();
    const current = new Current(call.id ?? newId(now));
    const started = performance.now();
    let result: R;
    try {
      result = this.scope.run(current, call.work, current);
    } catch (error) {
      this.finish(call, current, now, performance.now() - started, undefined, describeError(error));
      throw error;
    }
    if (!isPromise(result)) {
      this.finish(call, current, now, performance.now() - started, result, undefined);
      return result;
    }
    return this.settle(call, current, now, started, result) as R;
  }

  private async settle(
    call: Call<unknown>,
    current: Current,
    now: number,
    started: number,
    result: PromiseLike<unknown>,
  ): Promise<unknown> {
    try {
      const value = await result;
      this.finish(call, current, now, performance.now() - started, value, undefined);
      return value;
    } catch (error) {
      this.finish(call, current, now, performance.now() - started, undefined, describeError(error));
      throw error;
    } finally {
      await this.room();
    }
  }

  private finish(
    { target, inputs, tags }: Call<unknown>,
    current: Current,
    timestamp: number,
    latencyMs: number,
    result: unknown,
    error: string | undefined,
  ): void {
    this.calls++;
    if (timestamp - this.measuredAt >= MEASURE_MS) this.measure(timestamp);
    this.tracker.prediction(
      target,
      { id: current.predictionId, timestamp, inputs, outputs: current.outputs(result), tail: this.tail },
      {
        metrics: current.metrics ?? undefined,
        tags: current.tags === null ? tags : { ...tags, ...current.tags },
        latencyMs: Math.round(latencyMs * 1000) / 1000,
        status: error === undefined ? undefined : 'error',
        error,
      },
    );
  }

  /** The process's memory, and its CPU time since the last look, shared among the calls since: a look at each would cost more than the rest. */
  private measure(now: number): void {
    const usage = this.usage();
    const before = this.measured;
    const cpu = usage === null || before === null ? null : (usage.cpuMs - before.cpuMs) / this.calls;
    this.tail =
      usage === null ? '' : `${cpu === null ? '' : `,"cpu_ms":${cpu.toFixed(3)}`},"memory_bytes":${usage.memoryBytes}`;
    this.measured = usage;
    this.measuredAt = now;
    this.calls = 0;
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

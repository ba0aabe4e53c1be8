// What the client reports of its process to /v1/replica-stats: counts and sums of each model it served, since the last report.
import type { Platform, Usage } from './platform.js';
import type { ReplicaStatsItem } from './types.js';

export interface Sums {
  requests: number;
  failed: number;
  latency: number;
  longest: number;
  requestBytes: number;
  responseBytes: number;
}

/** A model of this process: name, version, deployment. */
export interface Served {
  model: string;
  version: string;
  deployment: string;
}

/** The longest interval that the service takes, ms. */
const MAX_INTERVAL = 15 * 60_000;

export class Heartbeat {
  private readonly served = new Map<string, { of: Served; sums: Sums }>();
  private since: number;
  private usage: Usage | null;
  private dropped = 0;

  constructor(
    private readonly replica: string,
    now: number,
    usage: Usage | null,
  ) {
    this.since = now;
    this.usage = usage;
  }

  /** The sums of a model, to be added to. Kept by the caller: a lookup a call would cost. */
  of(of: Served): Sums {
    const key = JSON.stringify([of.model, of.version, of.deployment]);
    const known = this.served.get(key);
    if (known !== undefined) return known.sums;
    const sums = { requests: 0, failed: 0, latency: 0, longest: 0, requestBytes: 0, responseBytes: 0 };
    this.served.set(key, { of, sums });
    return sums;
  }

  /**
   * One item for each model, and what to call when they have arrived; until then the next report covers this interval too. `dropped`: so far. CPU time
   * and memory are of the process: every model has them.
   */
  report(now: number, usage: Usage | null, dropped: number): { items: ReplicaStatsItem[]; arrived: () => void } {
    // What is older than the longest interval is given up: counted into a shorter one it would look like a peak.
    if (now - this.since > MAX_INTERVAL) this.begin(now, usage, dropped, new Map());
    if (now <= this.since) return { items: [], arrived: () => undefined };
    const before = new Map([...this.served].map(([key, { sums }]) => [key, { ...sums }]));
    const used =
      usage === null || this.usage === null
        ? {}
        : { cpu_ms: usage.cpuMs - this.usage.cpuMs, memory_bytes: usage.memoryBytes };
    const items = [...this.served.values()].map(({ of, sums }) => ({
      ...of,
      replica: this.replica,
      start: this.since,
      end: now,
      requests: sums.requests,
      failed: sums.failed,
      latency_ms_sum: sums.latency,
      latency_ms_max: sums.longest,
      request_bytes: sums.requestBytes,
      response_bytes: sums.responseBytes,
      ...used,
      dropped: dropped - this.dropped,
    }));
    return { items, arrived: () => this.begin(now, usage, dropped, before) };
  }

  /** Report every so often. `send`: whether the items arrived. Returns what ends it. */
  start(
    platform: Platform,
    send: (items: readonly ReplicaStatsItem[]) => Promise<boolean>,
    beat: { every: number; usage: () => Usage | null; dropped: () => number },
  ): () => void {
    let stop: () => void = () => undefined;
    const next = () => {
      stop = platform.later(() => {
        const { items, arrived } = this.report(Date.now(), beat.usage(), beat.dropped());
        if (items.length === 0) return next();
        void send(items)
          .then((done) => {
            if (done) arrived();
          })
          .finally(next);
      }, beat.every);
    };
    next();
    return () => stop();
  }

  /** A new interval from `now` on; what came after `reported` was taken stays in it. */
  private begin(now: number, usage: Usage | null, dropped: number, reported: ReadonlyMap<string, Sums>): void {
    for (const [key, { sums }] of this.served) {
      const gone = reported.get(key) ?? sums;
      Object.assign(sums, {
        requests: sums.requests - gone.requests,
        failed: sums.failed - gone.failed,
        latency: sums.latency - gone.latency,
        longest: 0,
        requestBytes: sums.requestBytes - gone.requestBytes,
        responseBytes: sums.responseBytes - gone.responseBytes,
      });
    }
    this.since = now;
    this.usage = usage;
    this.dropped = dropped;
  }
}

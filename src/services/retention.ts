// The retention job: predictions beyond their model's retention, labels without a prediction, reports of replicas, old logs, and arrivals that every job has read.
import type { JobOptions, JobResult } from '../domain/contract/metrics.js';
import { DAY_MS } from '../domain/duration.js';
import type { ModelsService } from './models.js';

/** How long job runs, uploads, audit rows and dead letters are kept. */
export const JOB_RUN_DAYS = 90;
export const UPLOAD_DAYS = 90;
/** Rows of an upload on a server, whose process was killed. */
export const STAGED_DAYS = 1;
export const AUDIT_DAYS = 730;
export const REJECTED_DAYS = 7;
/** How long outcomes of registry webhooks are kept. */
export const DELIVERY_DAYS = 7;
/** Reports of replicas: as long as Cloudera keeps technical metrics. The numbers that the operations job made of them stay. */
export const REPLICA_STATS_DAYS = 14;

/** Halves of logged inferences: a week longer than they are expected to find one another. */
export const HALF_DAYS = 8;

export interface RetentionDependencies {
  models: Pick<ModelsService, 'marked' | 'expire'>;
  jobRuns: { expire(before: number): Promise<void> };
  rejected: { expire(before: number): Promise<void> };
  windows: { forgetArrivals(): Promise<void> };
  uploads: { expire(before: number): Promise<void> };
  staged: { expire(before: number): Promise<void> };
  audit: { expire(before: number): Promise<void> };
  orphanLabels: { expire(now: number): Promise<number> };
  replicaStats: { expire(before: number): Promise<void> };
  inferenceHalves: { expire(before: number): Promise<void> };

  deliveries: { expire(kind: string, before: number): Promise<void> };
}

/** `points` of the result: predictions removed. With a model, only that model's predictions. */
export async function runRetention(deps: RetentionDependencies, options: JobOptions): Promise<JobResult> {
  const errors: string[] = [];
  let removed = 0;
  for (const model of options.model === null ? await deps.models.marked() : [options.model]) {
    try {
      removed += await deps.models.expire(model, options.now);
    } catch (error) {
      errors.push(`${model}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (options.model === null) {
    await deps.jobRuns.expire(options.now - JOB_RUN_DAYS * DAY_MS);
    await deps.rejected.expire(options.now - REJECTED_DAYS * DAY_MS);
    await deps.uploads.expire(options.now - UPLOAD_DAYS * DAY_MS);
    await deps.staged.expire(options.now - STAGED_DAYS * DAY_MS);
    await deps.audit.expire(options.now - AUDIT_DAYS * DAY_MS);
    await deps.orphanLabels.expire(options.now);
    await deps.replicaStats.expire(options.now - REPLICA_STATS_DAYS * DAY_MS);
    await deps.inferenceHalves.expire(options.now - HALF_DAYS * DAY_MS);

    await deps.deliveries.expire('delivery', options.now - DELIVERY_DAYS * DAY_MS);
    await deps.windows.forgetArrivals();
  }
  return { windows: 0, points: removed, errors };
}

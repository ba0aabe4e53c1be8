// Jobs as the pages of models need them: the newest run, and which failed last.
import type { JobInfo, JobRun } from '../../../src/domain/contract/metrics.js';
import type { OverviewModel } from '../../../src/domain/contract/overview.js';
import { seconds } from './format.js';

/** The newest run of any job, and the last runs that did not succeed; null where nothing ran, or the reader may not know. */
export function newestRun(jobs: readonly JobInfo[]): { run: JobRun; failed: JobRun[] } | null {
  const runs = jobs.flatMap((job) => (job.last_run === null ? [] : [job.last_run]));
  const [run] = [...runs].sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  if (run === undefined) return null;
  return { run, failed: runs.filter((one) => one.status === 'failed' || one.status === 'partial') };
}

/** How long after its last computation a model's newest prediction is, seconds; 0 where it was computed since, null where either is not known. */
export function behindSeconds(model: Pick<OverviewModel, 'last_seen' | 'computed_at'>): number | null {
  if (model.last_seen === null || model.computed_at === null) return null;
  return Math.max(0, (new Date(model.last_seen).getTime() - new Date(model.computed_at).getTime()) / 1000);
}

/** `12 min`; in words where there is nothing to tell. */
export function behindText(behind: number | null): string {
  if (behind === null) return '-';
  return behind === 0 ? 'not at all' : seconds(behind);
}

// Jobs as the pages of models need them: the newest run, and which failed last.
import type { JobInfo, JobRun } from '../../../src/domain/contract/metrics.js';

/** The newest run of any job, and the last runs that did not succeed; null where nothing ran, or the reader may not know. */
export function newestRun(jobs: readonly JobInfo[]): { run: JobRun; failed: JobRun[] } | null {
  const runs = jobs.flatMap((job) => (job.last_run === null ? [] : [job.last_run]));
  const [run] = [...runs].sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  if (run === undefined) return null;
  return { run, failed: runs.filter((one) => one.status === 'failed' || one.status === 'partial') };
}

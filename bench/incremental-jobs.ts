// One side of the incremental benchmark: a history, one hour of it touched, and the jobs that recompute that hour.
import type { JobName } from '../src/domain/contract/metrics.js';
import { HOUR, MODEL } from './stored.js';
import { answering, timed, withContainer } from './support.js';
import { buildHistory, END, type History } from './year.js';

const RUNS = 15;
const JOBS: JobName[] = ['drift', 'quality', 'operations'];

await answering((history: History) =>
  withContainer(async (container) => {
    await buildHistory(container, history);
    const taken = new Map<JobName, number[]>(JOBS.map((job) => [job, []]));
    // The first run is warm-up.
    for (let run = 0; run <= RUNS; run++) {
      const sent = {
        model: MODEL,
        version: '1',
        timestamp: END - HOUR / 2,
        inputs: { feature_0: run },
        outputs: { score: 0.5 },
      };
      await container.services.ingest.predictions([sent], null);
      for (const job of JOBS) {
        const options = { model: null, from: null, to: null, now: END };
        let windows = 0;
        const ms = await timed(async () => {
          windows = (await container.services.jobs.run(job, options, 'api')).windows;
        });
        if (windows !== 1) throw new Error(`${job} computed ${windows} windows, not the one that changed`);
        if (run > 0) taken.get(job)?.push(ms);
      }
    }
    return Object.fromEntries([...taken].map(([job, all]) => [job, Math.min(...all)]));
  }),
);

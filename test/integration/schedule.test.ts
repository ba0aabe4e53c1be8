// The scheduler: jobs run by node-cron, one row a run, never two of one job at a time.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as operations from '../../jobs/operations.js';
import { startScheduler, type Scheduler } from '../../jobs/schedule.js';
import { openTestContainer, type TestContainer } from '../support/container.js';

let test: TestContainer;
let scheduler: Scheduler | null = null;
beforeEach(async () => {
  test = await openTestContainer();
});
afterEach(async () => {
  await scheduler?.stop();
  scheduler = null;
  await test.close();
});

const EVERY_SECOND = '* * * * * *';

it('runs a job at its time, with a row for each run, and says when the next one is', async () => {
  const at = Date.now() - 7_200_000;
  await test.container.services.ingest.predictions([{ model: 'm', timestamp: at, inputs: { x: 1 } }], null);
  scheduler = startScheduler(test.container, { operations: { expression: EVERY_SECOND, run: operations.run } });
  await vi.waitFor(
    async () => {
      const runs = await test.container.services.jobs.runs({ job: 'operations', limit: 10 });
      expect(runs.filter((run) => run.status === 'ok' && run.trigger === 'schedule').length).toBeGreaterThanOrEqual(2);
      expect(runs.reduce((sum, run) => sum + run.windows, 0)).toBeGreaterThanOrEqual(1);
    },
    { timeout: 20_000, interval: 100 },
  );
  const info = (await test.container.services.jobs.list()).find((job) => job.job === 'operations');
  expect(info).toMatchObject({ schedule: EVERY_SECOND, scheduled: true });
  expect(Date.parse(info?.next_run ?? '')).toBeGreaterThan(Date.now() - 1000);
});

it('a run that is still going is not overlapped', async () => {
  let started = 0;
  let ticksMissed = 0;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const run = async () => {
    started += 1;
    await held;
  };
  scheduler = startScheduler(test.container, { drift: { expression: EVERY_SECOND, run } }, () => (ticksMissed += 1));
  await vi.waitFor(() => expect(ticksMissed).toBeGreaterThanOrEqual(2), { timeout: 20_000, interval: 50 });
  expect(started).toBe(1);
  release();
  await vi.waitFor(() => expect(started).toBeGreaterThanOrEqual(2), { timeout: 20_000, interval: 50 });
});

it('two runs of one job, however they were started, happen one after the other', async () => {
  const { jobs } = test.container.services;
  const options = { model: null, from: null, to: null, now: Date.now() };
  const runs = await Promise.all([jobs.run('quality', options, 'api'), jobs.run('quality', options, 'cli')]);
  expect(runs.map((run) => run.status)).toEqual(['ok', 'ok']);
  const rows = await jobs.runs({ job: 'quality', limit: 10 });
  const [second, first] = rows;
  expect(rows).toHaveLength(2);
  expect(Date.parse(first?.finished_at ?? '')).toBeLessThanOrEqual(Date.parse(second?.started_at ?? ''));
});

it('a run that a crash cut off is closed as interrupted at the next start', async () => {
  const { jobRuns } = test.container.tables;
  await jobRuns.write({
    id: '00000000-0000-4000-8000-000000000001',
    job: 'drift',
    trigger: 'schedule',
    model: null,
    status: 'running',
    startedAt: Date.now() - 1000,
    finishedAt: null,
    now: Date.now(),
    windows: 0,
    windowsTotal: 0,
    about: '',
    points: 0,
    errors: [],
  });
  await test.container.start();
  const [run] = await test.container.services.jobs.runs({ job: 'drift', limit: 1 });
  expect(run).toMatchObject({ status: 'interrupted', errors: ['the process ended during the run'] });
  expect(run?.finished_at).not.toBeNull();
});

// The lease of the catalogue: whatever the order in which processes are heard, however slow they are and wherever they die, no number is given twice and nothing acknowledged is lost.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StoreUnavailableError } from '../../src/domain/errors.js';
import {
  ABANDONED_MS,
  CatalogueLease,
  LEASE_MS,
  type LeaseLog,
  type LeaseState,
  type LeaseTime,
} from '../../src/store/catalogue-lease.js';

/** The table: a generation exists once, and rows that replace one another by their version. Every call takes its turn from the scheduler. */
class SharedServer {
  readonly states = new Map<number, LeaseState>();
  counter = { value: 0, version: 0 };

  constructor(readonly scheduler: fc.Scheduler) {}

  log(): LeaseLog {
    return {
      newest: () => this.call(() => this.states.get(Math.max(0, ...this.states.keys())) ?? null),
      append: (state) =>
        this.call(() => {
          if (!this.states.has(state.generation)) this.states.set(state.generation, state);
        }),
      forget: () => this.call(() => undefined),
    };
  }

  call<T>(work: () => T): Promise<T> {
    return this.scheduler.schedule(Promise.resolve(), 'call').then(work);
  }

  write(value: number, version: number): Promise<void> {
    return this.call(() => {
      if (version > this.counter.version) this.counter = { value, version };
    });
  }
}

/** One clock for all; waiting moves it. */
class Time implements LeaseTime {
  at = 0;
  constructor(private readonly scheduler: fc.Scheduler) {}
  now(): number {
    return this.at;
  }
  async pause(ms: number): Promise<void> {
    await this.scheduler.schedule(Promise.resolve(), 'pause');
    this.at += ms;
  }
}

interface Worker {
  changes: number;
  /** Before which of its changes, and at which step of it, it dies or stands still. */
  fate: { change: number; step: 'taken' | 'read' | 'written'; dies: boolean } | null;
}

const workers = fc.array(
  fc.record({
    changes: fc.integer({ min: 1, max: 4 }),
    fate: fc.option(
      fc.record({
        change: fc.integer({ min: 0, max: 3 }),
        step: fc.constantFrom('taken' as const, 'read' as const, 'written' as const),
        dies: fc.boolean(),
      }),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

class Died extends Error {}

async function work(server: SharedServer, time: Time, worker: Worker, acknowledged: number[]): Promise<void> {
  const lease = new CatalogueLease(server.log(), time);
  let version = 0;
  for (let change = 0; change < worker.changes; change += 1) {
    const at = async (step: 'taken' | 'read' | 'written'): Promise<void> => {
      if (worker.fate?.change !== change || worker.fate.step !== step) return;
      if (worker.fate.dies) throw new Died();
      await time.pause(LEASE_MS + ABANDONED_MS);
    };
    await lease.take();
    version = Math.max(version + 1, time.now() * 1000, lease.newestVersion + 1);
    await at('taken');
    const { value } = await server.call(() => server.counter);
    await at('read');
    if (!lease.isHeld) continue;
    lease.wrote('registry', version);
    const stored = server.write(value + 1, version);
    await at('written');
    await stored;
    if (lease.isHeld) acknowledged.push(value + 1);
    await lease.release();
  }
}

describe('processes that share a server', () => {
  test('never give a number twice, and lose none that was acknowledged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), workers, async (scheduler, all) => {
        const server = new SharedServer(scheduler);
        const time = new Time(scheduler);
        const acknowledged: number[] = [];
        const running = all.map((worker) =>
          work(server, time, worker, acknowledged).catch((error: unknown) => {
            // Dead, or refused because others that stood still held it for too long.
            if (!(error instanceof Died) && !(error instanceof StoreUnavailableError)) throw error;
          }),
        );
        await scheduler.waitFor(Promise.all(running));
        expect(new Set(acknowledged).size).toBe(acknowledged.length);
        expect(server.counter.value).toBeGreaterThanOrEqual(Math.max(0, ...acknowledged));
        if (all.every(({ fate }) => fate === null)) {
          const total = all.reduce((sum, { changes }) => sum + changes, 0);
          expect([...acknowledged].sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a process that is alone knows that nobody came between its turns, and knows when somebody did', async () => {
    const scheduler = { schedule: (promise: Promise<unknown>) => promise } as unknown as fc.Scheduler;
    const server = new SharedServer(scheduler);
    const [mine, other] = [new CatalogueLease(server.log()), new CatalogueLease(server.log())];
    expect(await mine.take()).toEqual({ undisturbed: false, abandoned: false });
    await mine.release();
    expect(await mine.take()).toEqual({ undisturbed: true, abandoned: false });
    mine.wrote('registry', 42);
    await mine.release();
    await other.take();
    expect(other.writtenTo('registry')).toBe(42);
    await other.release();
    expect(await mine.take()).toEqual({ undisturbed: false, abandoned: false });
  });

  test('a lease that is kept is not taken, however long it is held', async () => {
    const scheduler = { schedule: (promise: Promise<unknown>) => promise } as unknown as fc.Scheduler;
    const server = new SharedServer(scheduler);
    const time = new Time(scheduler);
    const owner = new CatalogueLease(server.log(), time);
    await owner.take();
    // The other one waits, and each of its looks moves the clock; the owner renews in between.
    let renewals = 0;
    const other = new CatalogueLease(server.log(), {
      now: () => time.at,
      pause: async (ms) => {
        time.at += ms;
        if (time.at > (renewals + 1) * (LEASE_MS / 3)) {
          renewals += 1;
          await owner.renew();
        }
      },
    });
    await expect(other.take()).rejects.toThrow('Another Driftline process');
    expect(time.at).toBeGreaterThan(2 * ABANDONED_MS);
    expect(owner.isHeld).toBe(true);
  });
});

// Group commit: nothing is acknowledged before it is written, order is kept, memory is bounded, and a failure hits its own rows only.
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { BusyError } from '../../src/domain/errors.js';
import { Batcher, type BatcherLimits, type FlushReport } from '../../src/store/batcher.js';

const LIMITS: BatcherLimits = { maxRows: 100, maxPendingBytes: 1_000_000 };

interface Write {
  lines: string[];
  finish: () => void;
  fail: (error: Error) => void;
}

/** A batcher whose writes wait until the test ends them. */
function heldBatcher(limits: BatcherLimits = LIMITS) {
  const writes: Write[] = [];
  const reports: FlushReport[] = [];
  let arrived = () => undefined as void;
  const batcher = new Batcher(
    (body) =>
      new Promise<void>((finish, fail) => {
        writes.push({
          lines: body
            .toString()
            .split('\n')
            .filter((line) => line !== ''),
          finish,
          fail,
        });
        arrived();
      }),
    limits,
    (report) => reports.push(report),
    () => 0,
  );
  /** Wait until the n-th write (from 1) has begun. */
  const write = async (n: number): Promise<Write> => {
    while (writes.length < n) await new Promise<void>((resolve) => (arrived = resolve));
    return writes[n - 1] as Write;
  };
  const add = (...lines: string[]) => batcher.add(Buffer.from(lines.join('\n')), lines.length);
  return { batcher, writes, reports, write, add };
}

/** How a promise stands after everything that is due has run. */
async function stateOf(promise: Promise<unknown>): Promise<'waiting' | 'resolved' | 'rejected'> {
  const settled = promise.then(
    () => 'resolved' as const,
    () => 'rejected' as const,
  );
  return Promise.race([settled, new Promise<'waiting'>((resolve) => setImmediate(() => resolve('waiting')))]);
}

describe('Batcher', () => {
  test('nothing is acknowledged before the write that holds it has ended', async () => {
    const held = heldBatcher();
    const added = held.add('a');
    const write = await held.write(1);
    expect(await stateOf(added)).toBe('waiting');
    write.finish();
    await added;
    expect(held.batcher.depth).toBe(0);
  });

  test('what arrives together shares one write, what arrives meanwhile shares the next', async () => {
    const held = heldBatcher();
    const first = [held.add('a', 'b'), held.add('c')];
    const one = await held.write(1);
    expect(one.lines).toEqual(['a', 'b', 'c']);
    const second = [held.add('d'), held.add('e')];
    expect(await stateOf(Promise.race(second))).toBe('waiting');
    expect(held.writes).toHaveLength(1);
    one.finish();
    await Promise.all(first);
    const two = await held.write(2);
    expect(two.lines).toEqual(['d', 'e']);
    expect(await stateOf(Promise.race(second))).toBe('waiting');
    two.finish();
    await Promise.all(second);
  });

  test('a write holds at most maxRows rows, except for one body that is larger by itself', async () => {
    const held = heldBatcher({ ...LIMITS, maxRows: 3 });
    const added = [held.add('a', 'b'), held.add('c'), held.add('d'), held.add('e', 'f', 'g', 'h', 'i')];
    const seen: string[][] = [];
    for (const n of [1, 2, 3]) {
      const write = await held.write(n);
      seen.push(write.lines);
      write.finish();
    }
    await Promise.all(added);
    expect(seen).toEqual([['a', 'b', 'c'], ['d'], ['e', 'f', 'g', 'h', 'i']]);
  });

  test('a full buffer refuses at once with 429 and Retry-After, and takes more after a write has ended', async () => {
    const held = heldBatcher({ ...LIMITS, maxPendingBytes: 10 });
    const first = held.add('123456');
    const one = await held.write(1);
    const second = held.add('1234');
    const refused = await held.add('x').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BusyError);
    expect(refused).toMatchObject({ status: 429, retryAfterSeconds: 1 });
    expect(held.batcher.depth).toBe(10);
    one.finish();
    await first;
    (await held.write(2)).finish();
    await second;
    const third = held.add('1234567890');
    (await held.write(3)).finish();
    await third;
    expect(held.batcher.depth).toBe(0);
    expect(held.writes.flatMap((write) => write.lines)).toEqual(['123456', '1234', '1234567890']);
  });

  test('a body larger than the whole buffer is taken when nothing waits', async () => {
    const held = heldBatcher({ ...LIMITS, maxPendingBytes: 2 });
    const large = held.add('123456');
    await expect(held.add('x')).rejects.toBeInstanceOf(BusyError);
    (await held.write(1)).finish();
    await large;
    expect(held.batcher.depth).toBe(0);
  });

  test('a failed write rejects exactly its own rows with its own error, and the next write goes on', async () => {
    const held = heldBatcher();
    const failing = [held.add('a'), held.add('b')];
    const one = await held.write(1);
    const next = held.add('c');
    one.fail(new Error('no disk'));
    expect(await Promise.allSettled(failing)).toEqual(
      failing.map(() => ({ status: 'rejected', reason: new Error('no disk') })),
    );
    const two = await held.write(2);
    expect(two.lines).toEqual(['c']);
    expect(await stateOf(next)).toBe('waiting');
    two.finish();
    await next;
    expect(held.reports.map(({ rows, ok }) => ({ rows, ok }))).toEqual([
      { rows: 2, ok: false },
      { rows: 1, ok: true },
    ]);
    expect(held.batcher.depth).toBe(0);
  });

  test('idle waits for everything that was added, also while the last write runs, and returns at once when nothing was', async () => {
    const held = heldBatcher();
    await held.batcher.idle();
    const added = held.add('a');
    const idle = held.batcher.idle();
    const write = await held.write(1);
    const late = held.add('b');
    write.finish();
    await added;
    expect(await stateOf(idle)).toBe('waiting');
    (await held.write(2)).finish();
    await Promise.all([late, idle]);
    expect(held.batcher.depth).toBe(0);
  });

  test('whatever arrives and fails: each line is written once, in order, and acknowledged exactly when its write succeeded', async () => {
    const step = fc.record({ rows: fc.integer({ min: 1, max: 6 }), pause: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.array(fc.boolean(), { maxLength: 25 }),
        fc.integer({ min: 1, max: 8 }),
        async (steps, fails, maxRows) => {
          const written: string[] = [];
          const stored = new Set<string>();
          let flushes = 0;
          let deepest = 0;
          const limits = { maxRows, maxPendingBytes: 60 };
          const batcher = new Batcher(async (body) => {
            const lines = body
              .toString()
              .split('\n')
              .filter((line) => line !== '');
            written.push(...lines);
            await new Promise((resolve) => setImmediate(resolve));
            if (fails[flushes++] === true) throw new Error('failed');
            for (const line of lines) stored.add(line);
          }, limits);
          const outcomes: Promise<void>[] = [];
          const acknowledged: string[] = [];
          const refused: string[] = [];
          for (const [index, { rows, pause }] of steps.entries()) {
            const lines = Array.from({ length: rows }, (_, row) => `${index}.${row}`);
            const add = batcher.add(Buffer.from(lines.join('\n')), rows);
            deepest = Math.max(deepest, batcher.depth);
            outcomes.push(
              add.then(
                () => {
                  // Stored before, not after, the acknowledgement.
                  for (const line of lines) expect(stored.has(line)).toBe(true);
                  acknowledged.push(...lines);
                },
                (error: unknown) => {
                  if (error instanceof BusyError) refused.push(...lines);
                  else expect(lines.some((line) => stored.has(line))).toBe(false);
                },
              ),
            );
            if (pause) await new Promise((resolve) => setImmediate(resolve));
          }
          await Promise.all(outcomes);
          await batcher.idle();
          const offered = steps.flatMap(({ rows }, index) =>
            Array.from({ length: rows }, (_, row) => `${index}.${row}`),
          );
          expect(written).toEqual(offered.filter((line) => !refused.includes(line)));
          expect(acknowledged).toEqual(written.filter((line) => stored.has(line)));
          expect(deepest).toBeLessThanOrEqual(limits.maxPendingBytes);
          expect(batcher.depth).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('after an insert that several callers shared, few rows wait for the spacing; after a single caller they do not', async () => {
    const held = heldBatcher({ maxRows: 10_000, maxPendingBytes: 1_000_000, spacing: 3_600_000 });
    const alone = held.add('a');
    (await held.write(1)).finish();
    await alone;
    // The clock stands: without the exception for single callers this write would wait for an hour.
    const shared = [held.add('b'), held.add('c')];
    (await held.write(2)).finish();
    await Promise.all(shared);
    const few = held.add('d');
    expect(await stateOf(few)).toBe('waiting');
    expect(held.writes).toHaveLength(2);
  });

  test('the spacing follows what inserts take: after a fast one nobody waits for the whole of it', async () => {
    const clock = { now: 0 };
    const writes: (() => void)[] = [];
    const write = () => new Promise<void>((resolve) => void writes.push(resolve));
    const limits = { maxRows: 100, maxPendingBytes: 1_000_000, spacing: 3_600_000, pace: 1.5 };
    const batcher = new Batcher(
      write,
      limits,
      () => undefined,
      () => clock.now,
    );
    const shared = [batcher.add(Buffer.from('a'), 1), batcher.add(Buffer.from('b'), 1)];
    await vi.waitFor(() => expect(writes).toHaveLength(1));
    // It took 4 ms: the next may start 6 ms after it, which are over when the clock says 7.
    clock.now = 4;
    writes[0]?.();
    await Promise.all(shared);
    clock.now = 7;
    const next = batcher.add(Buffer.from('c'), 1);
    await vi.waitFor(() => expect(writes).toHaveLength(2));
    writes[1]?.();
    await next;
  });

  test('enough rows do not wait for the spacing', async () => {
    const held = heldBatcher({ maxRows: 10_000, maxPendingBytes: 1_000_000, spacing: 3_600_000 });
    const shared = [held.add('a'), held.add('b')];
    (await held.write(1)).finish();
    await Promise.all(shared);
    const many = held.add(...Array.from({ length: 1000 }, (_, row) => String(row)));
    (await held.write(2)).finish();
    await many;
  });
});

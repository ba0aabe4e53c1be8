// Rows held by a journal: acknowledged only when they are safe, stored in their order, tried until they are stored, and found by whoever reads.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BusyError } from '../../src/domain/errors.js';
import { WriteBehind, type WriteBehindLimits } from '../../src/store/write-behind.js';

const LIMITS: WriteBehindLimits = { delay: 3_600_000, rows: 1e9, bytes: 1e9, maxBytes: 1e9, journal: 1e9 };

/** A journal of two lists and a table, each of which refuses while it is told to. */
function rig(limits: Partial<WriteBehindLimits> = {}) {
  const state = { journalFails: false, storeFails: false, current: 0, warnings: 0 };
  const journal: [string[], string[]] = [[], []];
  const table: string[] = [];
  const of = (n: number): string[] => (n === 0 ? journal[0] : journal[1]);
  // One insert after another, as the batcher does it.
  let last: Promise<unknown> = Promise.resolve();
  const behind = new WriteBehind<number>(
    {
      append: async (body) => {
        await Promise.resolve();
        if (state.journalFails) throw new Error('journal');
        of(state.current).push(body.toString());
      },
      turn: () => {
        const before = state.current;
        state.current = 1 - before;
        return before;
      },
      empty: async (n) => {
        await Promise.resolve();
        of(n).length = 0;
      },
    },
    (body) => {
      const done = last.then(() => {
        if (state.storeFails) throw new Error('table');
        table.push(body.toString());
      });
      last = done.catch(() => undefined);
      return done;
    },
    { ...LIMITS, ...limits },
    () => void state.warnings++,
  );
  const add = (text: string) => behind.add(Buffer.from(text), 1, []);
  return { behind, add, state, table, journal };
}

describe('WriteBehind', () => {
  test('acknowledged from the journal, stored when somebody reads', async () => {
    const { behind, add, table, journal } = rig();
    await add('a');
    await add('b');
    expect(table).toEqual([]);
    expect(journal[0]).toEqual(['a', 'b']);
    await behind.settle();
    expect(table).toEqual(['a', 'b']);
    expect(behind.waitingBytes).toBe(0);
  });

  test('stored without being asked after so many rows, or bytes, or the time', async () => {
    const rows = rig({ rows: 2 });
    await rows.add('a');
    expect(rows.behind.waitingBytes).toBe(1);
    await rows.add('b');
    expect(rows.behind.waitingBytes).toBe(0);
    const bytes = rig({ bytes: 3 });
    await bytes.add('ab');
    expect(bytes.behind.waitingBytes).toBe(2);
    await bytes.add('c');
    expect(bytes.behind.waitingBytes).toBe(0);
    const time = rig({ delay: 1 });
    await time.add('a');
    await expect.poll(() => time.table).toEqual(['a']);
  });

  test('what the journal refuses is acknowledged when it is stored, and refused when it cannot be stored either', async () => {
    const { behind, add, state, table, journal } = rig();
    await add('a');
    state.journalFails = true;
    await add('b');
    expect(table).toEqual(['a', 'b']);
    state.storeFails = true;
    await expect(add('c')).rejects.toThrow('table');
    state.storeFails = false;
    await behind.settle();
    expect(table).toEqual(['a', 'b']);
    state.journalFails = false;
    await add('d');
    await add('e');
    expect(table).toEqual(['a', 'b']);
    expect(journal.flat()).toEqual(['d', 'e']);
    expect(state.warnings).toBeLessThanOrEqual(2);
  });

  test('a reader hears that acknowledged rows cannot be stored, and finds them as soon as they can', async () => {
    const { behind, add, state, table } = rig();
    await add('a');
    state.storeFails = true;
    await expect(behind.settle()).rejects.toThrow('table');
    await add('b');
    state.storeFails = false;
    await behind.settle();
    expect(table).toEqual(['a', 'b']);
  });

  test('clearing stores everything and empties what was written, not what comes meanwhile', async () => {
    const { behind, add, table, journal } = rig();
    await add('a');
    const cleared = behind.clear();
    const later = add('b');
    await Promise.all([cleared, later]);
    expect(table[0]).toBe('a');
    expect(journal.flat()).toEqual(['b']);
    await behind.clear();
    expect(table).toEqual(['a', 'b']);
    expect(journal.flat()).toEqual([]);
  });

  test('beyond its memory it refuses with 429', async () => {
    const { behind, add } = rig({ maxBytes: 3 });
    await add('abc');
    await expect(add('d')).rejects.toBeInstanceOf(BusyError);
    await behind.settle();
    await add('d');
  });

  type Step = 'add' | 'settle' | 'clear' | 'journal' | 'table' | 'crash';
  const step = fc.constantFrom<Step>('add', 'add', 'add', 'settle', 'clear', 'journal', 'table', 'crash');

  test('law: whatever fails, at any moment an acknowledged row is in the table or in the journal, once each, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), async (steps, rows) => {
        const { behind, add, state, table, journal } = rig({ rows });
        const acknowledged: string[] = [];
        const refused: string[] = [];
        let number = 0;
        const check = () => {
          for (const name of acknowledged) expect([...table, ...journal.flat()]).toContain(name);
          for (const name of refused) expect(table).not.toContain(name);
          expect(new Set(table).size).toBe(table.length);
        };
        const running: Promise<unknown>[] = [];
        for (const action of steps) {
          if (action === 'add') {
            const name = String(number++).padStart(3, '0');
            running.push(
              add(name).then(
                () => acknowledged.push(name),
                () => refused.push(name),
              ),
            );
          } else if (action === 'settle') running.push(behind.settle().catch(() => undefined));
          else if (action === 'clear') running.push(behind.clear().catch(() => undefined));
          else if (action === 'journal') state.journalFails = !state.journalFails;
          else if (action === 'table') state.storeFails = !state.storeFails;
          else await Promise.all(running);
          check();
        }
        await Promise.all(running);
        check();
        state.journalFails = false;
        state.storeFails = false;
        await behind.clear();
        expect([...table].sort()).toEqual([...acknowledged].sort());
        expect(journal.flat()).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('law: as long as the table takes rows, they are stored in the order in which they came', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), async (steps, rows) => {
        const { behind, add, state, table } = rig({ rows });
        let number = 0;
        const running: Promise<unknown>[] = [];
        for (const action of steps) {
          if (action === 'add') running.push(add(String(number++).padStart(3, '0')));
          else if (action === 'settle') running.push(behind.settle());
          else if (action === 'clear') running.push(behind.clear());
          else if (action === 'journal') state.journalFails = !state.journalFails;
          else if (action === 'crash') await Promise.all(running);
        }
        await Promise.all(running);
        await behind.settle();
        expect(table).toEqual([...table].sort());
        expect(table).toHaveLength(number);
      }),
      { numRuns: 500 },
    );
  });
});

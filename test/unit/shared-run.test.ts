// Shared runs: one at a time, everybody who comes meanwhile together in the next, and a failure reaches those of its run only.
import { describe, expect, test } from 'vitest';
import { SharedRun } from '../../src/store/shared-run.js';

interface Run {
  keys: string[];
  finish: () => void;
  fail: (error: Error) => void;
}

/** A shared run whose runs wait until the test ends them. */
function held() {
  const runs: Run[] = [];
  let arrived = () => undefined as void;
  const shared = new SharedRun<string>(
    (keys) =>
      new Promise<void>((finish, fail) => {
        runs.push({ keys: [...keys], finish, fail });
        arrived();
      }),
  );
  /** Wait until the n-th run (from 1) has begun. */
  const run = async (n: number): Promise<Run> => {
    while (runs.length < n) await new Promise<void>((resolve) => (arrived = resolve));
    return runs[n - 1] as Run;
  };
  return { shared, runs, run };
}

describe('SharedRun', () => {
  test('who comes while a run goes on shares the next one, which begins after their call', async () => {
    const { shared, runs, run } = held();
    const first = shared.add(['a']);
    const one = await run(1);
    const others = [shared.add(['b', 'c']), shared.add(['d'])];
    expect(one.keys).toEqual(['a']);
    expect(runs).toHaveLength(1);
    one.finish();
    await first;
    const two = await run(2);
    expect(two.keys).toEqual(['b', 'c', 'd']);
    two.finish();
    await Promise.all(others);
  });

  test('a failed run fails its own callers, and the next one runs', async () => {
    const { shared, run } = held();
    const first = shared.add(['a']);
    const one = await run(1);
    const second = shared.add(['b']);
    one.fail(new Error('down'));
    await expect(first).rejects.toThrow('down');
    (await run(2)).finish();
    await expect(second).resolves.toBeUndefined();
  });

  test('no keys, no run', async () => {
    const { shared, runs } = held();
    await shared.add([]);
    expect(runs).toHaveLength(0);
  });
});

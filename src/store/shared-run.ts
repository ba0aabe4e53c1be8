// Work over keys that callers share: who comes while it runs waits for the next run, together with everybody else who came.

/** One run at a time. */
export class SharedRun<Key> {
  private next: { keys: Key[]; done: Promise<void> } | null = null;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly work: (keys: readonly Key[]) => Promise<void>) {}

  /** Resolves when a run that began after this call has done the keys; rejects with what that run throws. */
  add(keys: readonly Key[]): Promise<void> {
    if (keys.length === 0) return Promise.resolve();
    this.next ??= this.schedule();
    for (const key of keys) this.next.keys.push(key);
    return this.next.done;
  }

  private schedule(): { keys: Key[]; done: Promise<void> } {
    const keys: Key[] = [];
    const done = this.last.then(() => {
      this.next = null;
      return this.work(keys);
    });
    this.last = done.catch(() => undefined);
    return { keys, done };
  }
}

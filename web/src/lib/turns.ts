// Heavy pieces of a page one after another, so that the first is on the screen before the last is done.
import { during } from './busy.js';

let last: Promise<void> = Promise.resolve();

/** Do a piece of work after those before it, with room to draw between them. Returns what takes it back. */
export function inTurn(work: () => void): () => void {
  let wanted = true;
  const turn = last.then(() => {
    if (!wanted) return;
    work();
    return new Promise<void>((resolve) => setTimeout(resolve));
  });
  // A piece that fails is reported and holds up no other.
  last = during(turn).catch(reportError);
  return () => {
    wanted = false;
  };
}

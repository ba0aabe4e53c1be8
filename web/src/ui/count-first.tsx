// What is counted from rows: at once where they are few, on request where it takes a while.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../prepare/format.js';
import { Empty } from './states.js';

/** Rows that are counted without being asked for. */
export const AT_ONCE = 250_000;

/** `children` is made, and asks the service, only when its rows are to be counted. `n`: how many; `what`: is counted, as in "Count the curve". */
export function CountFirst({
  n,
  what,
  note,
  children,
}: {
  n: number;
  what: string;
  note?: ComponentChildren;
  children: () => ComponentChildren;
}) {
  const [asked, ask] = useState(false);
  if (n <= AT_ONCE || asked) return <>{children()}</>;
  return (
    <Empty title={`${count(n)} predictions`}>
      {note !== undefined && (
        <>
          {note}
          <br />
        </>
      )}
      Counting every row takes a moment, so it is done on request.
      <br />
      <button type="button" class="button" onClick={() => ask(true)}>
        Count {what}
      </button>
    </Empty>
  );
}

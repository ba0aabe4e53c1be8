// What is counted from rows: at once where they are few, on request where it takes a while.
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { CountedContext } from '../lib/data.js';
import { change, go } from '../lib/location.js';
import { count } from '../prepare/format.js';
import { Empty } from './states.js';
import { useView } from './view.js';

/** Rows that are counted without being asked for. */
export const AT_ONCE = 250_000;
/** What makes another question of it; a range that moves on by itself does not. */
const ASKED_OF = ['range', 'from', 'to', 'version', 'against'] as const;

/**
 * `children` is made, and asks the service, only when its rows are to be counted. `n`: how many; `name`: its own within the page, under which the address keeps that
 * it was asked for; `what`: is counted, as in "Count the curve". What was counted on request is not counted again with every refresh of the page.
 */
export function CountFirst({
  n,
  name,
  what,
  note,
  children,
}: {
  n: number;
  name: string;
  what: string;
  note?: ComponentChildren;
  children: () => ComponentChildren;
}) {
  const { place } = useView();
  const held = useRef<{ key: string; made: ComponentChildren } | null>(null);
  if (n <= AT_ONCE) return <>{children()}</>;
  const asked = (place.query.get('count') ?? '').split(',').filter((one) => one !== '');
  if (!asked.includes(name)) {
    held.current = null;
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
        <button
          type="button"
          class="button"
          onClick={() => go(change({ count: [...asked, name].join(',') }, place), { replace: true })}
        >
          Count {what}
        </button>
      </Empty>
    );
  }
  const key = ASKED_OF.map((part) => place.query.get(part)).join(' ');
  if (held.current?.key !== key) held.current = { key, made: children() };
  return <CountedContext.Provider value={`${count(n)} predictions`}>{held.current.made}</CountedContext.Provider>;
}

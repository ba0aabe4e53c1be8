// What stands where content is not: loading, failed, empty.
import type { ComponentChildren } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../lib/api.js';
import { CountedContext, type Loaded } from '../lib/data.js';

/** Nothing to show, and why. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <strong>{title}</strong>
      {children !== undefined && <span>{children}</span>}
    </div>
  );
}

/** A call that failed, what the service says to do, and another try. */
export function Failed({ error, retry }: { error: ApiError; retry?: () => void }) {
  if (error.status === 404 && error.code === 'not_found') return <Empty title="Nothing here">{error.detail}</Empty>;
  return (
    <div class="state error" role="alert">
      <strong>{error.title}</strong>
      <span>
        {error.detail}
        {retry !== undefined && error.retryAfter !== null && ` It is tried again every ${error.retryAfter} s.`}
      </span>
      {error.fields.length > 0 && (
        <ul>
          {error.fields.slice(0, 10).map((field) => (
            <li key={field.path}>
              <code>{field.path}</code> {field.message}
            </li>
          ))}
        </ul>
      )}
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Seconds after which one wants to know how long it has been. */
const SLOW = 3;

/** Said only when it takes a moment: a flash of "loading" is noise. */
export function Loading({ what }: { what: string }) {
  const counted = useContext(CountedContext);
  const [late, set] = useState(false);
  const [passed, pass] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => set(true), 250);
    const clock = setInterval(() => pass((last) => last + 1), 1000);
    return () => {
      clearTimeout(timer);
      clearInterval(clock);
    };
  }, []);
  const doing = counted === null ? `Loading ${what}…` : `Counting ${counted} for ${what}…`;
  return (
    <div class="loading" aria-busy="true">
      {late ? doing : ' '}
      {passed >= SLOW && <span aria-hidden="true"> {passed} s</span>}
    </div>
  );
}

/** The content of an answer, or what stands for it. An older answer stays visible while a newer one is fetched. */
export function Await<T>({
  of,
  what,
  children,
}: {
  of: Loaded<T>;
  what: string;
  children: (data: T) => ComponentChildren;
}) {
  const { data, error, loading, reload } = of;
  // What is not there any more is not shown as if it were.
  if (data !== null && error?.status !== 404) {
    return (
      <>
        {error !== null && <Failed error={error} retry={reload} />}
        {children(data)}
      </>
    );
  }
  if (error !== null) return <Failed error={error} retry={reload} />;
  return loading ? <Loading what={what} /> : null;
}

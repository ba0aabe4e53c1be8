// What stands where content is not: loading, failed, empty.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../lib/api.js';
import type { Loaded } from '../lib/data.js';

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
      <span>{error.detail}</span>
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

/** Said only when it takes a moment: a flash of "loading" is noise. */
export function Loading({ what }: { what: string }) {
  const [late, set] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => set(true), 250);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="loading" aria-busy="true">
      {late ? `Loading ${what}…` : ' '}
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
  if (data !== null) {
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

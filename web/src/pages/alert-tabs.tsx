// The pages around alerts, and the way between them.
import type { ComponentChildren } from 'preact';
import type { Loaded } from '../lib/data.js';
import { to } from '../lib/location.js';
import { Await } from '../ui/states.js';
import { useView } from '../ui/view.js';

const TABS = [
  ['/alerts', 'Alerts'],
  ['/rules', 'Rules'],
  ['/silences', 'Silences'],
  ['/channels', 'Channels'],
  ['/notifications', 'Sent'],
] as const;

export function AlertTabs({ title, here }: { title: string; here: string }) {
  const { place } = useView();
  return (
    <>
      <div class="page-head">
        <h1>{title}</h1>
      </div>
      <nav class="tabs" aria-label="Pages about alerts">
        {TABS.map(([path, name]) => (
          <a
            key={path}
            href={to(path, { model: place.query.get('model') }, place.query)}
            aria-current={here === path ? 'page' : undefined}
          >
            {name}
          </a>
        ))}
      </nav>
    </>
  );
}

/** A page about alerts that lists things of one kind, with a form for another one under them, for who may make it. */
export function ListPage<T>({
  title,
  here,
  loaded,
  form,
  children,
}: {
  title: string;
  here: string;
  loaded: Loaded<T>;
  form: ComponentChildren;
  children: (data: T) => ComponentChildren;
}) {
  const { admin } = useView();
  return (
    <>
      <AlertTabs title={title} here={here} />
      <div class="stack">
        <section class="card" aria-label={title}>
          <Await of={loaded} what={title.toLowerCase()}>
            {children}
          </Await>
        </section>
        {admin && form}
      </div>
    </>
  );
}

// A card with its title, tools, and the query behind what it shows.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { asCurl } from '../lib/api.js';
import { Dialog, say } from './dialog.js';
import { useView } from './view.js';

/** Copy text to the clipboard and say so. */
export function copy(text: string, what: string): void {
  navigator.clipboard.writeText(text).then(
    () => say(`${what} copied`),
    () => say('The browser does not allow copying'),
  );
}

/** The calls behind numbers, as commands to paste. */
export function QueryButton({ urls }: { urls: readonly (string | null)[] }) {
  const [open, set] = useState(false);
  const { session } = useView();
  const text = urls.flatMap((url) => (url === null ? [] : asCurl(url, session.authentication))).join('\n');
  return (
    <>
      <button type="button" class="button quiet" onClick={() => set(true)}>
        Query
      </button>
      {open && (
        <Dialog title="The query behind these numbers" close={() => set(false)}>
          <div class="stack">
            <pre class="code wrap" tabIndex={0}>
              {text}
            </pre>
            <div class="row">
              <button type="button" class="button" onClick={() => copy(text, 'Command')}>
                Copy
              </button>
              {session.authentication && <span class="muted small">DRIFTLINE_KEY is an API key of yours.</span>}
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}

/** A titled card. `urls`: the calls behind it. `flush`: content reaches the edges. */
export function Card({
  title,
  urls,
  tools,
  lead,
  span,
  flush = false,
  id,
  children,
}: {
  title: string;
  urls?: readonly (string | null)[];
  tools?: ComponentChildren;
  lead?: ComponentChildren;
  span?: 4 | 5 | 6 | 7 | 8 | 12;
  flush?: boolean;
  id?: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`card${span === undefined ? '' : ` span-${span}`}`} aria-label={title} id={id}>
      <div class="card-head">
        <h2>{title}</h2>
        <div class="tools">
          {tools}
          {urls !== undefined && <QueryButton urls={urls} />}
        </div>
      </div>
      <div class={`card-body${flush ? ' flush' : ''}`}>
        {lead !== undefined && <p class="lead">{lead}</p>}
        {children}
      </div>
    </section>
  );
}

// The address is the state: reading it, changing it, and links that keep what belongs to the whole visit (range, zone, theme).
import { useEffect, useState } from 'preact/hooks';

/** Where the reader is. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

/** What stays in the address from page to page. */
const KEPT = ['range', 'from', 'to', 'tz', 'theme', 'refresh'] as const;
/** Addresses of the service that are not pages of the dashboard. */
const FOREIGN = /^\/(v1|docs|openapi\.json|metrics|healthz|readyz)(\/|$|\?)/;

const listeners = new Set<() => void>();

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** The present place; renders again when it changes. */
export function usePlace(): Place {
  const [place, set] = useState(here);
  useEffect(() => {
    const update = (): void => set(here());
    listeners.add(update);
    addEventListener('popstate', update);
    return () => {
      listeners.delete(update);
      removeEventListener('popstate', update);
    };
  }, []);
  return place;
}

/** Go to an address. `replace` leaves no entry to go back to: for what changes while one types. */
export function go(address: string, options: { replace?: boolean } = {}): void {
  const before = location.pathname;
  if (options.replace === true) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  for (const listener of listeners) listener();
  if (before !== location.pathname) scrollTo(0, 0);
}

type Changes = Record<string, string | null | undefined>;

/** An address that keeps the visit's own parameters and sets others; null or undefined leaves one out. */
export function to(path: string, changes: Changes = {}, from: URLSearchParams = here().query): string {
  const query = new URLSearchParams();
  for (const name of KEPT) {
    const value = from.get(name);
    if (value !== null) query.set(name, value);
  }
  return withQuery(path, apply(query, changes));
}

/** The present address with some parameters changed. */
export function change(changes: Changes, from: Place = here()): string {
  return withQuery(from.path, apply(new URLSearchParams(from.query), changes));
}

function apply(query: URLSearchParams, changes: Changes): URLSearchParams {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  return query;
}

function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The page of a model; `part` is a page under it. */
export function modelPath(model: string, part = ''): string {
  return `/models/${encodeURIComponent(model)}${part === '' ? '' : `/${part}`}`;
}

/** Let plain clicks on links of the dashboard change the address without loading the page again. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || FOREIGN.test(link.pathname)) return;
    if (link.hash !== '' && link.pathname === location.pathname) return;
    event.preventDefault();
    go(`${link.pathname}${link.search}`);
  });
}

// What pages show comes through here: fetched by address, kept while it is fetched again, refreshed together.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get } from './api.js';

/** An answer on its way, or here. `data` stays while a newer one is fetched. */
export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
  url: string | null;
  reload: () => void;
}

const kept = new Map<string, unknown>();
/** Answers that are kept for going back; the oldest goes first. */
const MOST_KEPT = 60;
const refreshes = new Set<() => void>();

/** Fetch everything on the page again. */
export function refreshAll(): void {
  for (const refresh of refreshes) refresh();
}

function keep(url: string, data: unknown): void {
  kept.delete(url);
  kept.set(url, data);
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
}

/** Forget every answer: after signing in or out. */
export function forgetAnswers(): void {
  kept.clear();
}

/** The answer of a GET; null asks nothing. Fetched again when the address changes and with every refresh. */
export function useApi<T>(url: string | null): Loaded<T> {
  const [state, set] = useState<{ url: string | null; data: T | null; error: ApiError | null; loading: boolean }>(
    () => ({
      url,
      data: url === null ? null : ((kept.get(url) as T | undefined) ?? null),
      error: null,
      loading: url !== null,
    }),
  );
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  useEffect(() => {
    refreshes.add(reload);
    return () => void refreshes.delete(reload);
  }, [reload]);
  useEffect(() => {
    if (url === null) return;
    const abort = new AbortController();
    set((last) => ({
      url,
      data: last.url === url ? last.data : ((kept.get(url) as T | undefined) ?? null),
      error: last.url === url ? last.error : null,
      loading: true,
    }));
    get<T>(url, abort.signal).then(
      (data) => {
        keep(url, data);
        set({ url, data, error: null, loading: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError(0, 'page', 'The page failed', String(error));
        set((last) => ({ ...last, url, error: known, loading: false }));
      },
    );
    return () => abort.abort();
  }, [url, round]);
  const current =
    state.url === url
      ? state
      : { data: url === null ? null : ((kept.get(url) as T | undefined) ?? null), error: null, loading: url !== null };
  return { ...current, url, reload };
}

/** Call `work` every so many seconds while the page is visible; 0: never. */
export function useInterval(seconds: number, work: () => void): void {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    if (seconds <= 0) return;
    const timer = setInterval(() => {
      if (!document.hidden) latest.current();
    }, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
}

/** An answer that is good only after typing has paused. */
export function useDebounced<T>(value: T, milliseconds: number): T {
  const [settled, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}

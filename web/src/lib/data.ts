// What pages show comes through here: fetched by address, kept while it is fetched again, refreshed together.
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get } from './api.js';

/** An answer on its way, or here. `data` stays while a newer one is fetched. */
export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
  url: string | null;
  reload: () => void;
}

/** Set around what was counted from many rows on request, to how many they were: it is asked once, not with every refresh. */
export const CountedContext = createContext<string | null>(null);

const kept = new Map<string, unknown>();
/** Answers that are kept for going back; the oldest goes first. */
const MOST_KEPT = 60;
const refreshes = new Set<() => void>();

/** A call that several parts of a page wait for. */
interface Flight {
  answer: Promise<unknown>;
  abort: AbortController;
  waiting: number;
  round: number;
}
const flights = new Map<string, Flight>();
/** Grows when answers under way are out of date: nobody joins them any more. */
let rounds = 0;

/** The answer of a call, shared with whoever waits for the same; the second is to be called by who does not wait any more. */
function join<T>(url: string): [Promise<T>, () => void] {
  const under = flights.get(url);
  const flight = under?.round === rounds ? under : depart(url);
  flight.waiting++;
  const leave = (): void => {
    flight.waiting--;
    if (flight.waiting > 0) return;
    flight.abort.abort();
    if (flights.get(url) === flight) flights.delete(url);
  };
  return [flight.answer as Promise<T>, leave];
}

function depart(url: string): Flight {
  const abort = new AbortController();
  const flight: Flight = { answer: get(url, abort.signal), abort, waiting: 0, round: rounds };
  flights.set(url, flight);
  const arrived = (): void => {
    if (flights.get(url) === flight) flights.delete(url);
  };
  flight.answer.then(arrived, arrived);
  return flight;
}

/** Fetch everything on the page again. */
export function refreshAll(): void {
  rounds++;
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
  rounds++;
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
  const reload = useCallback(() => {
    rounds++;
    setRound((last) => last + 1);
  }, []);
  const again = useCallback(() => setRound((last) => last + 1), []);
  const once = useContext(CountedContext) !== null;
  useEffect(() => {
    if (once) return;
    refreshes.add(again);
    return () => void refreshes.delete(again);
  }, [again, once]);
  useEffect(() => {
    if (url === null) return;
    let gone = false;
    let retry: (() => void) | undefined;
    const [answer, leave] = join<T>(url);
    set((last) => ({
      url,
      data: last.url === url ? last.data : ((kept.get(url) as T | undefined) ?? null),
      error: last.url === url ? last.error : null,
      loading: true,
    }));
    answer.then(
      (data) => {
        if (gone) return;
        keep(url, data);
        set({ url, data, error: null, loading: false });
      },
      (error: unknown) => {
        if (gone) return;
        const known = error instanceof ApiError ? error : new ApiError(0, 'page', 'The page failed', String(error));
        set((last) => ({ ...last, url, error: known, loading: false }));
        if (known.retryAfter !== null) retry = whenLooked(again, known.retryAfter);
      },
    );
    return () => {
      gone = true;
      retry?.();
      leave();
    };
  }, [url, round]);
  const current =
    state.url === url
      ? state
      : { data: url === null ? null : ((kept.get(url) as T | undefined) ?? null), error: null, loading: url !== null };
  return { ...current, url, reload };
}

/** Call `work` after so many seconds, once somebody looks. Returns what takes it back. */
function whenLooked(work: () => void, seconds: number): () => void {
  const tell = (): void => {
    if (!document.hidden) work();
    else document.addEventListener('visibilitychange', work, { once: true });
  };
  const timer = setTimeout(tell, seconds * 1000);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', work);
  };
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

// The frame of every page: who is signed in, the header, and which page the address means.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { apiUrl, get, onSignedOut, send } from './lib/api.js';
import { forgetAnswers, refreshAll, useApi, useInterval } from './lib/data.js';
import { change, go, to, usePlace, type Place } from './lib/location.js';
import { findPage, NAV } from './pages/index.js';
import { zoneName, type Zone } from './prepare/format.js';
import { rangeOf } from './prepare/range.js';
import { Toasts } from './ui/dialog.js';
import { RangePicker } from './ui/range-picker.js';
import { SignIn } from './ui/sign-in.js';
import { ViewContext, useView, type Session, type View } from './ui/view.js';
import type { Alert } from '../../src/domain/contract/alerts.js';

const THEME = 'driftline-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** The theme of the address, else the last one chosen here, else the system's. */
function themeOf(query: URLSearchParams): 'dark' | 'light' {
  const wanted = query.get('theme') ?? localStorage.getItem(THEME);
  return wanted === 'dark' || wanted === 'light' ? wanted : dark.matches ? 'dark' : 'light';
}

const ANYONE: Session = { authentication: false, principal: null };

export function App() {
  const place = usePlace();
  const [session, setSession] = useState<Session | null>(null);
  const [ended, setEnded] = useState(false);
  const [now, setNow] = useState(() => Date.now());
  const load = (): void => {
    get<Session>('/v1/session').then(setSession, () => setSession(ANYONE));
  };
  useEffect(load, []);
  useEffect(
    () =>
      onSignedOut(() => {
        setEnded(true);
        setSession({ authentication: true, principal: null });
      }),
    [],
  );
  const theme = themeOf(place.query);
  document.documentElement.dataset.theme = theme;
  const seconds = Number(place.query.get('refresh') ?? '60');
  useInterval(Number.isFinite(seconds) ? seconds : 60, () => {
    setNow(Date.now());
    refreshAll();
  });
  const view = useMemo<View>(() => {
    const zone: Zone = place.query.get('tz') === 'local' ? 'local' : 'UTC';
    const signedIn = session ?? ANYONE;
    return {
      place,
      zone,
      dark: theme === 'dark',
      range: rangeOf(place.query, now),
      session: signedIn,
      admin: !signedIn.authentication || signedIn.principal?.scopes.includes('admin') === true,
    };
  }, [place, session, theme, now]);
  if (session === null) return null;
  if (session.authentication && session.principal === null) {
    return (
      <main>
        <SignIn
          ended={ended}
          done={(next) => {
            setEnded(false);
            forgetAnswers();
            setSession(next);
          }}
        />
      </main>
    );
  }
  return (
    <ViewContext.Provider value={view}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header place={place} theme={theme} signedOut={() => setSession({ authentication: true, principal: null })} />
      <Page place={place} />
      <Toasts />
    </ViewContext.Provider>
  );
}

function Page({ place }: { place: Place }) {
  const page = findPage(place.path);
  const main = useRef<HTMLElement>(null);
  const shown = useRef(page.key);
  // Another page takes the focus, so that keyboard and screen reader go on there.
  useEffect(() => {
    if (shown.current !== page.key) main.current?.focus({ preventScroll: true });
    shown.current = page.key;
  }, [page.key]);
  useEffect(() => {
    document.title = `${page.title} · Driftline`;
  }, [page.title]);
  return (
    <main id="content" tabIndex={-1} key={page.key} ref={main}>
      {page.render()}
    </main>
  );
}

function Header({ place, theme, signedOut }: { place: Place; theme: 'dark' | 'light'; signedOut: () => void }) {
  const { session, zone } = useView();
  const firing = useApi<Alert[]>(apiUrl('/v1/alerts', { state: 'firing' }));
  const setTheme = (next: 'dark' | 'light'): void => {
    localStorage.setItem(THEME, next);
    go(change({ theme: place.query.has('theme') ? next : null }), { replace: true });
  };
  return (
    <header class="top">
      <div class="top-inner">
        <a class="brand" href={to('/', {}, place.query)}>
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="7" fill="#0f6e66" />
            <path
              d="M5 20h7l4-10 4 13 2-5h5"
              fill="none"
              stroke="#fff"
              stroke-width="2.6"
              stroke-linecap="round"
              stroke-linejoin="round"
            />
          </svg>
          Driftline
        </a>
        <nav class="nav" aria-label="Pages">
          {NAV.map((entry) => (
            <a
              key={entry.path}
              href={to(entry.path, {}, place.query)}
              aria-current={entry.owns(place.path) ? 'page' : undefined}
            >
              {entry.name}
              {entry.path === '/alerts' && (firing.data?.length ?? 0) > 0 && (
                <span class="badge">
                  {firing.data?.length}
                  <span class="hidden"> firing</span>
                </span>
              )}
            </a>
          ))}
        </nav>
        <div class="top-tools">
          <RangePicker />
          <button
            type="button"
            class="button quiet"
            title="The zone of every time on the page; a click changes it"
            onClick={() => go(change({ tz: zone === 'UTC' ? 'local' : null }), { replace: true })}
          >
            {zoneName(zone)}
          </button>
          <Refresh seconds={place.query.get('refresh') ?? '60'} />
          <button
            type="button"
            class="button quiet"
            aria-label={theme === 'dark' ? 'Light theme' : 'Dark theme'}
            onClick={() => setTheme(theme === 'dark' ? 'light' : 'dark')}
          >
            {theme === 'dark' ? 'Light' : 'Dark'}
          </button>
          {session.authentication && (
            <button
              type="button"
              class="button quiet"
              onClick={() => {
                void send('DELETE', '/v1/session').finally(signedOut);
                forgetAnswers();
              }}
            >
              Sign out {session.principal?.name}
            </button>
          )}
        </div>
      </div>
    </header>
  );
}

const INTERVALS = [
  ['0', 'off'],
  ['10', '10 s'],
  ['60', '1 min'],
  ['300', '5 min'],
] as const;

function Refresh({ seconds }: { seconds: string }) {
  return (
    <span class="row refresh">
      <button type="button" class="button quiet" onClick={refreshAll} aria-label="Refresh now" title="Refresh now">
        <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
          <path
            d="M12 7a5 5 0 1 1-1.6-3.6M12 1v3H9"
            fill="none"
            stroke="currentColor"
            stroke-width="1.4"
            stroke-linecap="round"
          />
        </svg>
      </button>
      <select
        aria-label="Refresh every"
        value={seconds}
        onChange={(event) => {
          const next = event.currentTarget.value;
          go(change({ refresh: next === '60' ? null : next }), { replace: true });
        }}
      >
        {INTERVALS.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </span>
  );
}

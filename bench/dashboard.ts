// The dashboard with ten million predictions and 200 features stored: every page is opened in Chromium, and each call that it makes is timed by itself.
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { chromium, type Browser } from 'playwright-core';
import { systemClock } from '../src/clock.js';
import type { Alert } from '../src/domain/contract/alerts.js';
import { buildApp } from '../src/http/app.js';
import { buildWeb } from '../scripts/build-web.js';
import { findChromium, settled } from '../test/browser/browser.js';
import { DRIFT, END, FEATURES, fill, HOURS, MODEL, START } from './dashboard-data.js';
import { held, told, type Line, type Result } from './report.js';
import { load, main, median, medianTime, quiet, ROOT, say, withContainer } from './support.js';

/** `DRIFTLINE_BENCH_PREDICTIONS=200000` tries it with less. */
const PREDICTIONS = Number(process.env.DRIFTLINE_BENCH_PREDICTIONS ?? 10_000_000);
const RUNS = 7;
const KIBIBYTE = 1024;
const DATA_LIMIT = { name: 'limit', value: 300, at: 'most' } as const;
const PAINT_LIMIT = { name: 'limit', value: 1000, at: 'most' } as const;

/** Every page, and what on it is the content: the first of it is the first meaningful paint. */
const pages = (alert: string, prediction: string): [string, string, string][] => [
  ['models', '/', 'main table.data tbody tr'],
  ['model', `/models/${MODEL}`, '.tiles .value'],
  ['features', `/models/${MODEL}/features`, 'main table.data tbody tr'],
  ['feature, the range', `/models/${MODEL}/feature?feature=inputs.f7`, '.chart-canvas svg'],
  ['feature, a window', `/models/${MODEL}/feature?feature=inputs.f7&${WINDOW}`, '.chart-canvas svg'],
  ['quality', `/models/${MODEL}/quality`, 'main table tbody tr'],
  ['replicas', `/models/${MODEL}/replicas`, 'main table.data tbody tr'],
  ['alerts', '/alerts?state=history', 'main table.data tbody tr'],
  ['alert', `/alerts/${alert}`, '.facts'],
  ['rules', '/rules', 'main table.data tbody tr'],
  ['rule, with its backtest', '/rules/accuracy', '.form'],
  ['silences', '/silences', '.form'],
  ['channels', '/channels', 'main table.data tbody tr'],
  ['sent', '/notifications', 'main .card'],
  ['predictions', `/predictions?model=${MODEL}`, 'main table.data tbody tr'],
  ['one prediction', `/predictions/${prediction}`, '.facts'],
  ['jobs', '/data', 'main table.data tbody tr'],
  ['baselines', `/data?tab=baselines&model=${MODEL}`, 'main table.data tbody tr'],
  ['uploads', '/data?tab=uploads', 'main .card'],
  ['refused items', '/data?tab=rejected', 'main .card'],
  ['orphan labels', '/data?tab=orphans', 'main .card'],
  ['API keys', '/data?tab=keys', 'main .card'],
  ['changes', '/data?tab=audit', 'main .card'],
  ['registry', '/registry', 'main table.data tbody tr'],
  ['registered model', `/registry/${MODEL}`, 'main table.data tbody tr'],
];
const at = (hour: number): string => new Date(START + hour * 3_600_000).toISOString();
const WINDOW = `at=${at(HOURS - 1)}&until=${at(HOURS)}`;

/** A call that a page made. */
interface Call {
  method: string;
  address: string;
  body: string | null;
}
interface Visit {
  calls: Call[];
  /** From the start of the navigation, ms. */
  paint: number;
  content: number;
}

/** Open a page in a browser that has nothing cached, down to its end, and note what it asks for. */
async function visit(browser: Browser, url: string, content: string): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const calls: Call[] = [];
  page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    if (/^\/(v1|api)\//.test(pathname))
      calls.push({ method: request.method(), address: pathname + search, body: request.postData() });
  });
  try {
    // Noted by the page itself, in the frame after it is there: to wait from outside looks again only after 20, 100, 100 and 500 ms.
    await page.addInitScript(`new MutationObserver((_, observer) => {
      if (document.querySelector(${JSON.stringify(content)}) === null) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => (document.documentElement.dataset.shown = String(performance.now()))));
    }).observe(document, { childList: true, subtree: true })`);
    await page.goto(url, { waitUntil: 'commit' });
    const shown = Number(await page.locator('html[data-shown]').getAttribute('data-shown'));
    const paint = await page.evaluate<number>(
      `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()`,
    );
    await settled(page);
    // What is asked for only when it comes into view is asked for as well.
    await page.mouse.wheel(0, 20_000);
    await settled(page);
    return { calls, paint, content: shown };
  } finally {
    await context.close();
  }
}

async function timeOf(url: string, { method, address, body }: Call): Promise<number> {
  const headers: Record<string, string> = body === null ? {} : { 'content-type': 'application/json' };
  return medianTime(RUNS, async () => {
    const response = await fetch(url + address, { method, headers, ...(body === null ? {} : { body }) });
    if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  });
}

/** Without what differs between calls of one kind. */
function nameOf({ method, address }: Call): string {
  const url = new URL(address, 'http://localhost');
  return `${method === 'GET' ? '' : `${method} `}${url.pathname.replace(MODEL, '{model}').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '{id}')}`;
}

async function measure(browser: Browser, url: string, alert: string, prediction: string): Promise<Line[]> {
  const lines: Line[] = [];
  const known = new Map<string, number>();
  for (const [name, address, content] of pages(alert, prediction)) {
    // A try with less does not wait for a quiet machine.
    if (PREDICTIONS >= 1e6) await quiet();
    const visits: Visit[] = [];
    for (let i = 0; i < 3; i++) visits.push(await visit(browser, url + address, content));
    const calls = new Map(
      visits.flatMap((one) => one.calls).map((one) => [`${one.method} ${one.address} ${one.body}`, one]),
    );
    let slowest: { call: Call; ms: number } | null = null;
    for (const [key, call] of calls) {
      const ms = known.get(key) ?? (await timeOf(url, call));
      known.set(key, ms);
      if (slowest === null || ms > slowest.ms) slowest = { call, ms };
      if (ms > DATA_LIMIT.value / 2) say(`${name}: ${Math.round(ms)} ms ${call.method} ${call.address}`);
    }
    const shown = median(visits.map((one) => one.content));
    say(
      `${name}: ${calls.size} calls, slowest ${Math.round(slowest?.ms ?? 0)} ms; content after ${Math.round(shown)} ms; load ${load()}`,
    );
    if (slowest !== null)
      lines.push(
        held(`\`${name}\`: slowest of ${calls.size} calls, ${nameOf(slowest.call)}`, slowest.ms, 'ms', DATA_LIMIT),
      );
    lines.push(held(`\`${name}\`: content on the screen, nothing cached`, shown, 'ms', PAINT_LIMIT));
    if (name === 'models' || name === 'model')
      lines.push(held(`\`${name}\`: first paint`, median(visits.map((one) => one.paint)), 'ms', PAINT_LIMIT));
  }
  return lines;
}

function sizes(): Line[] {
  const assets = path.join(ROOT, 'dist', 'web', 'assets');
  const size = (pattern: RegExp): number =>
    readdirSync(assets)
      .filter((name) => pattern.test(name))
      .reduce((sum, name) => sum + statSync(path.join(assets, name)).size, 0) / KIBIBYTE;
  return [
    held('all scripts, gzipped', size(/\.js\.gz$/), 'KiB', { name: 'limit', value: 350, at: 'most' }),
    told('of these before the first chart', size(/^index-.*\.js\.gz$/), 'KiB'),
  ];
}

export async function run(): Promise<Result> {
  await buildWeb({ ifStale: true });
  return withContainer(async (container) => {
    const app = await buildApp({
      services: container.services,
      config: { adminKey: null, bodyLimit: 5e7, uploadLimit: 5e7, dashboard: path.join(ROOT, 'dist', 'web') },
      logger: pino({ level: 'silent' }),
      clock: systemClock,
      version: 'bench',
    });
    const started = performance.now();
    await fill(container, app, PREDICTIONS);
    say(`filled in ${((performance.now() - started) / 1000).toFixed(0)} s`);
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const executablePath = findChromium();
    if (executablePath === null) say('no Chromium: no page can be opened');
    const browser = executablePath === null ? null : await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      const get = async <T>(address: string): Promise<T> => (await (await fetch(url + address)).json()) as T;
      const [alert] = await get<Alert[]>('/v1/alerts');
      const range = `from=${new Date(START).toISOString()}&to=${new Date(END).toISOString()}`;
      const { predictions } = await get<{ predictions: { prediction_id: string }[] }>(
        `/v1/predictions?model=${MODEL}&${range}&limit=1`,
      );
      const pages =
        browser === null ? [] : await measure(browser, url, alert?.id ?? '', predictions[0]?.prediction_id ?? '');
      return {
        name: 'dashboard',
        about: `${PREDICTIONS.toLocaleString('en-US')} predictions in ${HOURS} hourly windows, ${FEATURES} features with ${DRIFT.length} drift numbers a window and their bins, ${alert === undefined ? 'no alert' : 'alerts firing'}. Every page is opened three times in Chromium on loopback with nothing cached and scrolled to its end; each call that it makes is then timed by itself, median of ${RUNS} after one that warms up. What is only counted on a click (calibration, ROC, tests between versions, segments behind a change) is not asked for at this size.`,
        lines: [...sizes(), ...pages],
      };
    } finally {
      await browser?.close();
      await app.close();
    }
  });
}

await main(run);

// The dashboard: the size of its scripts, how soon a page shows something, and how long the data of each page takes, with ten million predictions
// and 200 features stored. Numbers are generated as the jobs would store them.
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { chromium } from 'playwright-core';
import { systemClock } from '../src/clock.js';
import type { Container } from '../src/container.js';
import { buildApp } from '../src/http/app.js';
import { buildWeb } from '../scripts/build-web.js';
import { findChromium } from '../test/browser/browser.js';
import { held, told, type Line, type Result } from './report.js';
import { load, main, medianTime, quiet, ROOT, say, withContainer } from './support.js';

const MODEL = 'bench';
const PREDICTIONS = 10_000_000;
const FEATURES = 200;
const HOURS = 30 * 24;
const HOUR = 3_600_000;
const START = Date.UTC(2025, 0, 1);
const END = START + HOURS * HOUR;
const RUNS = 7;
const DRIFT = ['psi', 'psi_noise_99', 'ks_statistic', 'ks_p_value', 'js_distance', 'missing_share'];
const WHOLE = [
  'accuracy',
  'precision',
  'recall',
  'f1',
  'roc_auc',
  'log_loss',
  'label_coverage',
  'label_lag_p50',
  'label_lag_p90',
  'label_lag_p99',
  'prediction_count',
  'requests_per_second',
  'error_rate',
  'latency_p50',
  'latency_p95',
  'latency_p99',
  'cpu_ms_mean',
  'memory_bytes_max',
  'drifted_share',
];
const KIBIBYTE = 1024;

async function fill(container: Container): Promise<void> {
  const { store, windows } = container.tables;
  await container.services.models.configure(MODEL, {
    task: 'binary',
    prediction: 'outputs.label',
    score: 'outputs.score',
    ground_truth: 'late',
    window: '1h',
  });
  const run = (name: string, sql: string) => store.command({ name, sql });
  await run(
    'bench_predictions',
    `INSERT INTO predictions (model, version, prediction_id, ts, num, flag, status, latency_ms, received_at, row_version)
      SELECT '${MODEL}', '1', generateUUIDv4(number), fromUnixTimestamp64Milli(toInt64(${START} + intDiv(number * ${END - START}, ${PREDICTIONS})), 'UTC') AS at,
        map('inputs.f0', toFloat64(number % 100), 'outputs.score', number % 100 / 100), map('outputs.label', number % 2 = 0), 'ok', number % 50, at, ${START} * 1000 + 2 * number
      FROM numbers(${PREDICTIONS})`,
  );
  await windows.collect();
  const point = (
    metric: string,
    feature: string,
    more: string,
  ) => `SELECT '${MODEL}', '1', '', '', ${feature}, '${metric}',
      fromUnixTimestamp64Milli(toInt64(${START} + hour * ${HOUR}), 'UTC'), fromUnixTimestamp64Milli(toInt64(${START} + (hour + 1) * ${HOUR}), 'UTC'),
      ${more}, ${Math.round(PREDICTIONS / HOURS)}, 0.95, 'train', 'ok', 'exact', fromUnixTimestamp64Milli(${END}, 'UTC'), ${END} * 1000, 0`;
  const columns =
    'model, version, deployment, segment, feature, metric, window_start, window_end, value, lower, upper, n, coverage, baseline, status, method, computed_at, row_version, is_deleted';
  for (const metric of DRIFT) {
    const values =
      metric === 'psi' ? `randUniform(0, 0.21, number), NULL, 0.2` : `randUniform(0, 0.2, number), NULL, NULL`;
    await run(
      'bench_drift',
      `INSERT INTO metric_points (${columns}) ${point(metric, `concat('inputs.f', toString(number % ${FEATURES}))`, values)} FROM (SELECT number, intDiv(number, ${FEATURES}) AS hour FROM numbers(${HOURS * FEATURES}))`,
    );
  }
  for (const metric of WHOLE)
    await run(
      'bench_whole',
      `INSERT INTO metric_points (${columns}) ${point(metric, "''", 'randUniform(0.7, 0.9, number), 0.6, 0.95')} FROM (SELECT number, number AS hour FROM numbers(${HOURS}))`,
    );
}

/** The calls of a page, in the order that it makes them: those of a step together. */
function pages(): Record<string, string[][]> {
  const range = `from=${new Date(START).toISOString()}&to=${new Date(END).toISOString()}`;
  const metrics = (names: string[], more = '') =>
    `/v1/models/${MODEL}/metrics?${names.map((name) => `metric=${name}`).join('&')}&segment=&${range}${more}`;
  const frame = ['/v1/session', '/v1/alerts?state=firing', `/v1/overview?model=${MODEL}`];
  const watch = [
    '/v1/alert-rules',
    `/v1/alerts/history?model=${MODEL}&limit=500`,
    `/v1/models/${MODEL}/events?${range}`,
  ];
  const labels = ['label_coverage', 'label_lag_p50', 'label_lag_p90', 'label_lag_p99'];
  const technical = [
    'requests_per_second',
    'error_rate',
    'latency_p50',
    'latency_p95',
    'latency_p99',
    'cpu_ms_mean',
    'memory_bytes_max',
  ];
  return {
    overview: [['/v1/session', '/v1/alerts?state=firing', '/v1/overview']],
    model: [
      frame,
      [
        metrics(['accuracy']),
        `/v1/models/${MODEL}/grid?metric=psi&version=1&${range}&columns=60`,
        metrics(labels, '&version=1'),
        metrics(technical, '&version=1'),
        ...watch,
      ],
    ],
    features: [frame, [`/v1/models/${MODEL}/grid?metric=psi&version=1&${range}&columns=30&limit=2000`]],
    feature: [frame, [metrics(DRIFT, '&feature=inputs.f7&version=1'), ...watch]],
    alerts: [['/v1/session', '/v1/alerts?state=firing', '/v1/alerts/history?limit=1000']],
    rule: [
      ['/v1/session', '/v1/alert-rules', '/v1/channels', '/v1/overview'],
      [metrics(['psi'], '&feature=inputs.f7')],
    ],
    predictions: [['/v1/session', '/v1/overview'], [`/v1/predictions?model=${MODEL}&${range}&limit=100`]],
    jobs: [['/v1/session', '/v1/jobs', '/v1/job-runs?limit=200']],
  };
}

async function measure(url: string): Promise<Line[]> {
  const lines: Line[] = [];
  for (const [name, steps] of Object.entries(pages())) {
    await quiet();
    const ms = await medianTime(RUNS, async () => {
      for (const step of steps)
        await Promise.all(
          step.map(async (address) => {
            const response = await fetch(url + address);
            if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`);
            await response.arrayBuffer();
          }),
        );
    });
    say(`${name}: ${Math.round(ms)} ms; load ${load()}`);
    lines.push(held(`data of the page \`${name}\``, ms, 'ms', { name: 'limit', value: 300, at: 'most' }));
  }
  return lines;
}

/** The first paint, and until the first numbers stand on the page, ms after the navigation began. */
async function paints(url: string): Promise<Line[]> {
  const executablePath = findChromium();
  if (executablePath === null) {
    say('no Chromium: nothing is painted');
    return [];
  }
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const lines: Line[] = [];
  try {
    for (const [name, address, content] of [
      ['overview', '/', 'main table.data tbody tr'],
      ['model', `/models/${MODEL}`, '.tiles .value'],
    ] as const) {
      await quiet();
      const taken: { paint: number; numbers: number }[] = [];
      for (let i = 0; i < RUNS; i++) {
        // A new context each time: nothing is cached.
        const page = await (await browser.newContext()).newPage();
        await page.goto(url + address, { waitUntil: 'commit' });
        await page.waitForSelector(content);
        const numbers = await page.evaluate<number>('performance.now()');
        const paint = await page.evaluate<number>(
          `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()`,
        );
        taken.push({ paint, numbers });
        await page.context().close();
      }
      const middle = (pick: (one: { paint: number; numbers: number }) => number): number =>
        taken.map(pick).sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
      lines.push(
        held(
          `first paint of \`${name}\`, nothing cached`,
          middle((one) => one.paint),
          'ms',
          { name: 'limit', value: 1000, at: 'most' },
        ),
      );
      lines.push(
        held(
          `numbers of \`${name}\` on the screen, nothing cached`,
          middle((one) => one.numbers),
          'ms',
          { name: 'limit', value: 1000, at: 'most' },
        ),
      );
    }
  } finally {
    await browser.close();
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
    const started = performance.now();
    await fill(container);
    say(`filled in ${((performance.now() - started) / 1000).toFixed(0)} s`);
    const app = await buildApp({
      services: container.services,
      config: { adminKey: null, bodyLimit: 1e6, uploadLimit: 1e6, dashboard: path.join(ROOT, 'dist', 'web') },
      logger: pino({ level: 'silent' }),
      clock: systemClock,
      version: 'bench',
    });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    try {
      return {
        name: 'dashboard',
        about: `${(PREDICTIONS / 1e6).toFixed(0)} M predictions in ${HOURS} hourly windows, ${FEATURES} features with ${DRIFT.length} drift numbers a window. The calls of a page as it makes them, median of ${RUNS} after one that warms up; pages in Chromium on loopback. Calls that count rows (confusion matrix, curves, version comparison, distributions, segments) are not in these times.`,
        lines: [...sizes(), ...(await measure(url)), ...(await paints(url))],
      };
    } finally {
      await app.close();
    }
  });
}

await main(run);

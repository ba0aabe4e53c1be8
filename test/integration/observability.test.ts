// What is watched: every metric that the Grafana dashboard and the Prometheus rules name is really exported, and says what the store has.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../src/package-root.js';
import { call } from '../support/http.js';
import { startTestService, TEST_NOW, type TestService } from '../support/service.js';

const HOUR = 3_600_000;
const START = TEST_NOW - 3 * HOUR;
let service: TestService;
let text = '';

const send = (method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown) =>
  call(service.app, method, url, body === undefined ? {} : { body });

beforeAll(async () => {
  service = await startTestService();
  const rows = Array.from({ length: 600 }, (_, n) => ({
    model: 'watched',
    version: '1',
    prediction_id: `w-${n}`,
    timestamp: START + Math.floor(n / 200) * HOUR + n,
    inputs: { amount: n < 400 ? n % 200 : 1000 + n },
    outputs: { label: n % 2 === 0, score: (n % 100) / 100 },
    latency_ms: 12,
  }));
  await send('POST', '/v1/predictions', rows);
  const labels = rows.map((row, n) => ({ prediction_id: row.prediction_id, values: { late: n % 2 === 0 } }));
  await send('POST', '/v1/ground-truth', [...labels, { prediction_id: 'nobody', values: { late: true } }]);
  await send('POST', '/v1/predictions', { model: 'watched', oops: 1 });
  await send('POST', '/v1/models/watched/baselines', { name: 'first', from: START, to: START + HOUR });
  await send('PUT', '/v1/alert-rules/drift', { model: 'watched', metric: 'psi', feature: 'inputs.*', critical: 0.2 });
  for (const job of ['operations', 'drift', 'quality', 'alerts', 'retention'])
    await send('POST', `/v1/jobs/${job}/run`, {});
  await service.container.tables.store.command({ name: 'a_fault', sql: 'SELECT nonsense' }).catch(() => undefined);
  text = (await send('GET', '/metrics')).text;
});
afterAll(() => service.close());

/** The sample lines of a metric. */
const samples = (name: string) => text.split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
const named = (expression: string) => [...expression.matchAll(/\bdriftline_\w+/g)].map(([name]) => name);

describe('/metrics', () => {
  test('has every metric that the dashboard shows', () => {
    const dashboard = JSON.parse(readFileSync(path.join(packageRoot(), 'docs/grafana-dashboard.json'), 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
      templating: { list: { query: string }[] };
    };
    const expressions = [
      ...dashboard.panels.flatMap((panel) => (panel.targets ?? []).map((target) => target.expr)),
      ...dashboard.templating.list.map((variable) => variable.query),
    ];
    const names = [...new Set(expressions.flatMap(named))];
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect(samples(name), name).not.toEqual([]);
  });

  test('has every metric that an alert rule watches', () => {
    const { groups } = parse(readFileSync(path.join(packageRoot(), 'docs/prometheus-alerts.yml'), 'utf8')) as {
      groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(8);
    for (const rule of rules) {
      expect(rule.annotations.summary.length, rule.alert).toBeGreaterThan(10);
      for (const name of named(rule.expr)) expect(samples(name), `${rule.alert}: ${name}`).not.toEqual([]);
    }
  });

  test('has every metric that docs/operations.md names', () => {
    const page = readFileSync(path.join(packageRoot(), 'docs/operations.md'), 'utf8');
    const names = new Set([...page.matchAll(/`(driftline_\w+)(?:\{[^}]*\})?`/g)].map(([, name]) => String(name)));
    expect(names.size).toBeGreaterThan(20);
    const exported = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => String(name)));
    expect([...names].filter((name) => !exported.has(name))).toEqual([]);
  });

  test('shows the numbers of models in base units, drift found, alerts and orphans', () => {
    const series = 'model="watched",version="1",deployment=""';
    expect(text).toContain(`driftline_model_quality{${series},metric="accuracy"} 1`);
    expect(text).toContain(`driftline_model_latency_seconds{${series},quantile="0.5"} 0.012`);
    expect(text).toContain(`driftline_model_predictions{${series}} 200`);
    expect(text).toContain(`driftline_model_label_coverage_ratio{${series}} 1`);
    expect(text).toContain(`driftline_feature_drift_detected{${series},feature="inputs.amount"} 1`);
    expect(text).toContain(`driftline_model_window_end_timestamp_seconds{${series}} ${TEST_NOW / 1000}`);
    expect(text).toContain('driftline_alert_active{rule="drift",model="watched",severity="critical"} 1');
    expect(text).toContain('driftline_orphan_labels 1');
    expect(text).toContain('driftline_rejected_total{route="predictions",code="unknown_field"} 1');
    expect(text).toContain('driftline_store_errors_total{statement="a_fault"} 1');
    expect(samples('driftline_job_lag_seconds')).toHaveLength(5);
  });

  test('moves with everything that comes in, is refused, waits for its prediction, is written and is computed', async () => {
    const value = (page: string, name: string): number =>
      Number(page.split('\n').find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? 0); // prettier-ignore
    const NAMES = {
      accepted: 'driftline_accepted_total{route="predictions"}',
      labels: 'driftline_accepted_total{route="ground-truth"}',
      rejected: 'driftline_rejected_total{route="predictions",code="unknown_field"}',
      orphans: 'driftline_orphan_labels',
      flushes: 'driftline_flush_seconds_count{ok="true"}',
      flushTime: 'driftline_flush_seconds_sum{ok="true"}',
      flushRows: 'driftline_flush_rows_sum',
      runs: 'driftline_job_seconds_count{job="operations",status="ok"}',
      success: 'driftline_job_last_success_timestamp_seconds{job="operations"}',
      lag: 'driftline_job_lag_seconds{job="operations"}',
    };
    const read = async () => {
      const { text: page } = await send('GET', '/metrics');
      return Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, value(page, name)])) as Record<keyof typeof NAMES, number>; // prettier-ignore
    };
    // Orphan labels are counted again after five minutes.
    service.clock.set(TEST_NOW + 360_000);
    const before = await read();
    expect(before.lag).toBe(360);
    await send('POST', '/v1/predictions', [{ model: 'watched' }, { model: 'watched' }, { model: 'watched', oops: 1 }]);
    await send('POST', '/v1/ground-truth', { prediction_id: 'nobody-else', values: { late: true } });
    service.clock.set(TEST_NOW + 720_000);
    await send('POST', '/v1/jobs/operations/run', {});
    const after = await read();
    const moved = Object.fromEntries(
      Object.entries(after).map(([key, n]) => [key, n - before[key as keyof typeof NAMES]]),
    );
    expect(moved).toMatchObject({
      ...{
        accepted: 2,
        labels: 1,
        rejected: 1,
        orphans: 1,
        flushes: 1,
        flushRows: 2,
        runs: 1,
        success: 720,
        lag: -360,
      },
    });
    expect(moved['flushTime']).toBeGreaterThan(0);
  });

  test('leaves out versions that are no longer used', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => ({
      model: 'watched',
      version: '2',
      timestamp: TEST_NOW + 98 * HOUR + n,
    }));
    service.clock.set(TEST_NOW + 99 * HOUR);
    await send('POST', '/v1/predictions', rows);
    await send('POST', '/v1/jobs/operations/run', {});
    const { text: later } = await send('GET', '/metrics');
    expect(later).toContain('driftline_model_predictions{model="watched",version="2",deployment=""} 200');
    expect(later).not.toContain('driftline_model_predictions{model="watched",version="1"');
  });
});

// What the dashboard's benchmark looks at: predictions, a baseline of many fields, and the numbers that the jobs would have stored of them.
import { QUALITY_BY_TASK } from '../web/src/prepare/model.js';
import type { Container } from '../src/container.js';
import type { App } from '../src/http/app.js';

export const MODEL = 'bench';
export const VERSION = '2';
export const FEATURES = 200;
export const HOURS = 30 * 24;
const HOUR = 3_600_000;
export const START = Date.UTC(2025, 0, 1);
export const END = START + HOURS * HOUR;
const BASELINE_ROWS = 2000;
const REPLICAS = 4;
export const DRIFT = ['psi', 'psi_noise_99', 'ks_statistic', 'ks_p_value', 'js_distance', 'missing_share'];
const WHOLE = [
  ...(QUALITY_BY_TASK.binary ?? []),
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
  'request_bytes_mean',
  'response_bytes_mean',
  'drifted_share',
];
const COLUMNS =
  'model, version, deployment, segment, feature, metric, window_start, window_end, value, lower, upper, n, coverage, baseline, status, method, computed_at, row_version, is_deleted';

/** Fill a store: `predictions` rows of one version, two fields each, in hourly windows of 30 days, and everything computed of `FEATURES` fields. */
export async function fill(container: Container, app: App, predictions: number): Promise<void> {
  const { store, windows } = container.tables;
  const run = (name: string, sql: string) => store.command({ name, sql });
  const call = async (method: 'POST' | 'PUT', url: string, payload: object): Promise<void> => {
    const answer = await app.inject({ method, url, payload });
    if (answer.statusCode >= 300)
      throw new Error(`${method} ${url}: ${answer.statusCode} ${answer.body.slice(0, 300)}`);
  };
  await call('PUT', `/v1/models/${MODEL}`, {
    task: 'binary',
    prediction: 'outputs.label',
    score: 'outputs.score',
    ground_truth: 'late',
    window: '1h',
  });
  await run(
    'bench_predictions',
    `INSERT INTO predictions (model, version, prediction_id, ts, num, flag, status, latency_ms, replica, received_at, row_version)
      SELECT '${MODEL}', '${VERSION}', generateUUIDv4(number), fromUnixTimestamp64Milli(toInt64(${START} + intDiv(number * ${END - START}, ${predictions})), 'UTC') AS at,
        map('inputs.f0', toFloat64(number % 100), 'outputs.score', number % 100 / 100), map('outputs.label', number % 2 = 0), 'ok', number % 50, concat('pod-', toString(number % ${REPLICAS})), at, ${START} * 1000 + 2 * number
      FROM numbers(${predictions})`,
  );
  await windows.collect();
  await call('POST', `/v1/models/${MODEL}/baselines?name=train`, baselineRows());
  await points(run, predictions);
  await profiles(container, run, predictions);
  await call('PUT', '/v1/channels/ops', { type: 'email', to: ['ops@example.com'] });
  const rule = { model: MODEL, metric: 'psi', feature: 'inputs.*', warning: 0.205, critical: 0.5, for: 1, of: 1 };
  await call('PUT', '/v1/alert-rules/drift', { ...rule, channels: [] });
  await call('PUT', '/v1/alert-rules/accuracy', { model: MODEL, metric: 'accuracy', op: '<', warning: 0.71 });
  await call('POST', '/v1/jobs/alerts/run', { now: END + HOUR });
  const registered = '/api/2.0/mlflow';
  await call('POST', `${registered}/registered-models/create`, { name: MODEL });
  for (const version of ['1', VERSION])
    await call('POST', `${registered}/model-versions/create`, { name: MODEL, source: `s3://models/bench/${version}` });
}

function baselineRows(): object[] {
  return Array.from({ length: BASELINE_ROWS }, (_, i) => ({
    inputs: Object.fromEntries(Array.from({ length: FEATURES }, (_, f) => [`f${f}`, (i * (f + 7)) % 101])),
  }));
}

type Run = (name: string, sql: string) => Promise<void>;

async function points(run: Run, predictions: number): Promise<void> {
  const point = (metric: string, feature: string, more: string): string =>
    `SELECT '${MODEL}', '${VERSION}', '', '', ${feature}, '${metric}',
      fromUnixTimestamp64Milli(toInt64(${START} + hour * ${HOUR}), 'UTC'), fromUnixTimestamp64Milli(toInt64(${START} + (hour + 1) * ${HOUR}), 'UTC'),
      ${more}, ${Math.round(predictions / HOURS)}, 0.95, 'train', 'ok', 'exact', fromUnixTimestamp64Milli(${END}, 'UTC'), ${END} * 1000, 0`;
  for (const metric of DRIFT) {
    const values =
      metric === 'psi' ? `randUniform(0, 0.21, number), NULL, 0.2` : `randUniform(0, 0.2, number), NULL, NULL`;
    const select = point(metric, `concat('inputs.f', toString(number % ${FEATURES}))`, values);
    const source = `(SELECT number, intDiv(number, ${FEATURES}) AS hour FROM numbers(${HOURS * FEATURES}))`;
    await run('bench_drift', `INSERT INTO metric_points (${COLUMNS}) ${select} FROM ${source}`);
  }
  for (const metric of WHOLE) {
    const value =
      metric === 'prediction_count' ? String(Math.round(predictions / HOURS)) : 'randUniform(0.7, 0.9, number)';
    const interval = metric === 'prediction_count' ? 'NULL, NULL' : '0.6, 0.95';
    const select = point(metric, "''", `${value}, ${interval}`);
    await run(
      'bench_whole',
      `INSERT INTO metric_points (${COLUMNS}) ${select} FROM (SELECT number, number AS hour FROM numbers(${HOURS}))`,
    );
  }
}

/** Bin counts of every field in every window, in the bins of the baseline. */
async function profiles(container: Container, run: Run, predictions: number): Promise<void> {
  const [baseline] = await container.tables.baselines.list(MODEL);
  if (baseline === undefined) throw new Error('there is no baseline');
  const bins = baseline.fields.find((field) => field.path === 'inputs.f7')?.counts.length ?? 0;
  const each = Math.round(predictions / HOURS / bins);
  await run(
    'bench_profiles',
    `INSERT INTO profiles (model, version, deployment, segment, feature, window_start, window_end, baseline_id, counts, n, row_version, is_deleted)
      SELECT '${MODEL}', '${VERSION}', '', '', concat('inputs.f', toString(number % ${FEATURES})),
        fromUnixTimestamp64Milli(toInt64(${START} + intDiv(number, ${FEATURES}) * ${HOUR}), 'UTC'), fromUnixTimestamp64Milli(toInt64(${START} + (intDiv(number, ${FEATURES}) + 1) * ${HOUR}), 'UTC'),
        toUUID('${baseline.id}'), arrayMap(i -> toUInt64(${each} + rand(number + i) % 20), range(${bins})), ${each * bins}, ${END} * 1000, 0
      FROM numbers(${HOURS * FEATURES})`,
  );
}

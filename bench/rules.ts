// The alerts job over many rules and models: the first run of a process, a run after every model has a new window, and one with nothing new.
import { alertRuleSchema } from '../src/domain/alerts/rule.js';
import type { Container } from '../src/container.js';
import { held, told, type Result } from './report.js';
import { HOUR, settle, START } from './stored.js';
import { load, main, quiet, say, timed, withContainer } from './support.js';

const MODELS = 100;
const FEATURES = 50;
const HOURS = 400;
const LIMIT = 5000;
const END = START + HOURS * HOUR;
/** Ten rules a model. */
const RULES = [
  { metric: 'psi', feature: '*', warning: 0.1, critical: 0.2, for: 2, of: 2 },
  { metric: 'psi', feature: 'inputs.f1*', critical: 0.2, for: 3, of: 5 },
  { metric: 'psi', feature: 'inputs.f7', warning: 0.1 },
  { metric: 'missing_share', feature: '*', critical: 0.2 },
  { metric: 'missing_share', feature: 'inputs.f3', warning: 0.05 },
  { metric: 'accuracy', op: '<', critical: 0.6 },
  { metric: 'label_coverage', op: '<', warning: 0.2 },
  { metric: 'error_rate', critical: 0.05 },
  { metric: 'latency_p95', warning: 500 },
  { metric: 'prediction_count', op: '<', critical: 10 },
];

/** Numbers of every model and hour in [from, to): PSI as chance draws it from a hundred rows, and a feature in a hundred that drifts in the last three hours. */
async function generate(container: Container, from: number, to: number): Promise<void> {
  const { store } = container.tables;
  const wide = [
    {
      metric: 'psi',
      value: `if((m * ${FEATURES} + f) % 100 = 0 AND start >= {drift:Int64}, 0.8, randChiSquared(9) * 0.011)`,
    },
    { metric: 'psi_limit', value: '0.43' },
    { metric: 'missing_share', value: 'randUniform(0, 0.04)' },
  ];
  const whole = [
    { metric: 'accuracy', value: 'randNormal(0.85, 0.03)' },
    { metric: 'label_coverage', value: '0.7' },
    { metric: 'error_rate', value: 'randUniform(0, 0.02)' },
    { metric: 'latency_p95', value: 'randNormal(80, 10)' },
    { metric: 'prediction_count', value: '100' },
  ];
  const hours = (to - from) / HOUR;
  for (const [metrics, features] of [
    [wide, FEATURES],
    [whole, 1],
  ] as const)
    for (const { metric, value } of metrics)
      await store.command({
        name: 'bench_points',
        sql: `INSERT INTO metric_points (model, version, deployment, segment, feature, metric, window_start, window_end, value, lower, n, baseline, status, method, computed_at, row_version, is_deleted)
          SELECT concat('model-', toString(m)), '1', '', '', ${features === 1 ? "''" : "concat('inputs.f', toString(f))"}, '${metric}',
            fromUnixTimestamp64Milli(start, 'UTC'), fromUnixTimestamp64Milli(start + ${HOUR}, 'UTC'), ${value}, ${metric === 'psi_limit' ? '0.43' : 'NULL'},
            100, 'train', 'ok', 'exact', fromUnixTimestamp64Milli(start + ${HOUR}, 'UTC'), {version:UInt64}, 0
          FROM (SELECT intDiv(number, ${hours * features}) AS m, intDiv(number, ${hours}) % ${features} AS f, toInt64({from:Int64} + (number % ${hours}) * ${HOUR}) AS start
            FROM numbers(${MODELS * features * hours}))`,
        params: { from, version: store.versions.next(), drift: END - 3 * HOUR },
      });
}

export function run(): Promise<Result> {
  return withContainer(async (container) => {
    await generate(container, START, END);
    await settle(container, ['metric_points']);
    for (let model = 0; model < MODELS; model++)
      for (const [index, rule] of RULES.entries())
        await container.services.alerts.putRule(
          `rule ${model} ${index}`,
          alertRuleSchema.parse({ model: `model-${model}`, channels: [], ...rule }),
        );
    const evaluate = async (now: number) => {
      const cpu = process.cpuUsage();
      const ms = await timed(async () => {
        const { errors } = await container.services.jobs.run(
          'alerts',
          { model: null, now, from: null, to: null },
          'api',
        );
        if (errors.length > 0) throw new Error(errors.join('; '));
      });
      const { user, system } = process.cpuUsage(cpu);
      say(`${Math.round(ms)} ms, ${Math.round((user + system) / 1000)} ms of processor time; load ${load()}`);
      return ms;
    };
    await quiet();
    const first = await evaluate(END);
    const { length } = await container.services.alerts.alerts({ state: 'firing', model: null });
    await generate(container, END, END + HOUR);
    await quiet();
    const next = await evaluate(END + HOUR);
    await quiet();
    await evaluate(END + HOUR);
    const idle = await evaluate(END + HOUR);
    const limit = { name: 'limit', value: LIMIT, at: 'most' as const };
    return {
      name: 'rules',
      about: `${MODELS * RULES.length} rules over ${MODELS} models of ${FEATURES} features, ${HOURS} hourly windows each: ${(MODELS * (3 * FEATURES + 5) * HOURS).toLocaleString('en-US')} stored numbers. PSI is what chance draws from a hundred rows, so that half of the windows are above the threshold and below their noise limit.`,
      lines: [
        held('first run of the process: everything is read', first, 'ms', limit),
        told('alerts it found firing', length, ''),
        held('run after every model has a new window', next, 'ms', limit),
        held('run with nothing new', idle, 'ms', { ...limit, value: 50 }),
      ],
    };
  });
}

await main(run);

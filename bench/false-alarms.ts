// How often the default rule cries wolf on windows drawn from the baseline's own distribution, and whether it finds what is wrong in real data.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { mulberry32 } from '../demo/random.js';
import { inputsOf, openFlights, FAULT } from '../demo/flights.js';
import { countNumeric, numericBins } from '../src/domain/compat/samples.js';
import { frequentCategories } from '../src/domain/drift/bins.js';
import { psi, psiLimit, psiNoise99 } from '../src/domain/drift/psi.js';
import { held, told, type Line, type Result } from './report.js';
import { main, ROOT, say } from './support.js';

const SIZES = [50, 100, 300, 1000];
const BASELINES = [1000, 10_000];
/** Windows of each size, spread over this many baselines. */
const WINDOWS = 2000;
const DRAWN_BASELINES = 40;
const NUMERIC_FIELDS = 12;
const CATEGORICAL_FIELDS = 8;
const FIELDS = NUMERIC_FIELDS + CATEGORICAL_FIELDS;
/** Most windows in a hundred that may raise any alarm. */
const LIMIT = 1;
const THRESHOLD = 0.2;

/** Values that occur ever more rarely: the k-th most frequent with a weight of 1 / k. */
const CATEGORIES = 52;
const WEIGHTS = Array.from({ length: CATEGORIES }, (_, k) => 1 / (k + 1));

/** A field whose bins are frozen: its baseline's counts, and the chance of each bin. */
interface Frozen {
  baseline: number[];
  draw: (random: () => number) => number;
}

/** Draws an index with the given weights: Walker's alias method, as Vose builds it. */
function alias(weights: readonly number[]): (random: () => number) => number {
  const n = weights.length;
  const sum = weights.reduce((a, b) => a + b, 0);
  const scaled = weights.map((weight) => (weight * n) / sum);
  const [keep, other] = [new Float64Array(n).fill(1), new Int32Array(n)];
  const small = [...scaled.keys()].filter((i) => (scaled[i] ?? 0) < 1);
  const large = [...scaled.keys()].filter((i) => (scaled[i] ?? 0) >= 1);
  while (small.length > 0 && large.length > 0) {
    const [low, high] = [small.pop() ?? 0, large.pop() ?? 0];
    keep[low] = scaled[low] ?? 0;
    other[low] = high;
    scaled[high] = (scaled[high] ?? 0) - (1 - (scaled[low] ?? 0));
    ((scaled[high] ?? 0) < 1 ? small : large).push(high);
  }
  return (random) => {
    const at = random() * n;
    const i = Math.floor(at);
    return at - i < (keep[i] ?? 1) ? i : (other[i] ?? 0);
  };
}

/** Ten bins at the deciles of `rows` uniform numbers. That a row falls into one is then as likely as the bin is wide: counts are drawn, not rows. */
function numericField(rows: number, random: () => number): Frozen {
  const values = Float64Array.from({ length: rows }, random);
  const bins = numericBins([...values]);
  const widths = [...bins.edges, 1].map((edge, i, all) => edge - (all[i - 1] ?? 0));
  return { baseline: countNumeric(bins, [...values]), draw: alias([...widths, 0]) };
}

/** Skewed categories; those beyond the baseline's 50 most frequent share a bin, and so do those that it never saw. */
function categoricalField(rows: number, random: () => number): Frozen {
  const draw = alias(WEIGHTS);
  const counts = new Map<string, number>();
  for (let i = 0; i < rows; i++) {
    const name = String(draw(random));
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const listed = frequentCategories(counts);
  const size = listed.length;
  const binOf = (name: string) => {
    const place = listed.indexOf(name);
    return place >= 0 ? place : counts.has(name) ? size : size + 1;
  };
  const [baseline, weights] = [new Array<number>(size + 3).fill(0), new Array<number>(size + 3).fill(0)];
  for (let k = 0; k < CATEGORIES; k++) {
    const bin = binOf(String(k));
    baseline[bin] = (baseline[bin] ?? 0) + (counts.get(String(k)) ?? 0);
    weights[bin] = (weights[bin] ?? 0) + (WEIGHTS[k] ?? 0);
  }
  return { baseline, draw: alias(weights) };
}

/** Of windows of `n` rows, how many in a hundred raise an alarm in any field, by each rule. */
function simulate(n: number, rows: number, random: () => number): { ours: number; above01: number; noise: number } {
  const passed = { ours: 0, above01: 0, noise: 0 };
  for (let b = 0; b < DRAWN_BASELINES; b++) {
    const fields = Array.from({ length: FIELDS }, (_, i) =>
      i < NUMERIC_FIELDS ? numericField(rows, random) : categoricalField(rows, random),
    );
    for (let w = 0; w < WINDOWS / DRAWN_BASELINES; w++) {
      const seen = { ours: false, above01: false, noise: false };
      for (const { baseline, draw } of fields) {
        const counts = new Array<number>(baseline.length).fill(0);
        for (let i = 0; i < n; i++) {
          const bin = draw(random);
          counts[bin] = (counts[bin] ?? 0) + 1;
        }
        const score = psi(baseline, counts) ?? 0;
        seen.ours ||= score > (psiLimit(baseline, counts, THRESHOLD, FIELDS) ?? Infinity);
        seen.above01 ||= score > 0.1;
        seen.noise ||= score > (psiNoise99(baseline, counts) ?? Infinity);
      }
      passed.ours += Number(seen.ours);
      passed.above01 += Number(seen.above01);
      passed.noise += Number(seen.noise);
    }
  }
  const share = (count: number) => (100 * count) / WINDOWS;
  return { ours: share(passed.ours), above01: share(passed.above01), noise: share(passed.noise) };
}

/** Days of flights whose distance counts as drifted: with the planted fault of kilometres, and before it. */
async function kilometres(): Promise<Line[]> {
  const source = await openFlights('20k');
  const distances = async (days: readonly number[]) =>
    (await Promise.all(days.map((day) => source.day(day)))).map((flights) =>
      flights.map((flight) => inputsOf(flight).distance),
    );
  const january = (await distances(source.januaryDays)).flat();
  const bins = numericBins(january);
  const baseline = countNumeric(bins, january);
  const drifted = async (days: readonly number[]) =>
    (await distances(days)).filter((values) => {
      const counts = countNumeric(bins, values);
      return (psi(baseline, counts) ?? 0) > (psiLimit(baseline, counts, THRESHOLD, 4) ?? Infinity);
    }).length;
  const faulty = source.replayDays.filter((day) => day >= FAULT.start && day < FAULT.end);
  const sound = source.replayDays.filter((day) => day < FAULT.start || day >= FAULT.end);
  await source.close();
  return [
    held('days of flights in kilometres that are found', await drifted(faulty), `of ${faulty.length}`, {
      name: 'all',
      value: faulty.length,
      at: 'least',
    }),
    held('days in miles that raise an alarm', await drifted(sound), `of ${sound.length}`, {
      name: 'none',
      value: 0,
      at: 'most',
    }),
  ];
}

/** The drift of AveOccup in October 2021, where the California data lie beside the repository. */
function california(): Line[] {
  const file = (name: string) => path.resolve(ROOT, '../shared/data', `california_housing_${name}.csv`);
  if (!existsSync(file('reference')) || !existsSync(file('analysis'))) {
    say('skipped: AveOccup needs the California data in ../shared/data');
    return [];
  }
  const values = (name: string, month: string) => {
    const [header = '', ...lines] = readFileSync(file(name), 'utf8').trim().split('\n');
    const columns = header.trim().split(',');
    const [at, time] = [columns.indexOf('AveOccup'), columns.indexOf('timestamp')];
    return lines
      .map((line) => line.split(','))
      .flatMap((cells) => ((cells[time] ?? '').startsWith(month) ? [Number(cells[at])] : []));
  };
  const reference = values('reference', '');
  const bins = numericBins(reference);
  const baseline = countNumeric(bins, reference);
  const counts = countNumeric(bins, values('analysis', '2021-10'));
  const limit = psiLimit(baseline, counts, THRESHOLD, FIELDS) ?? Infinity;
  return [
    held('PSI of AveOccup in October 2021', psi(baseline, counts) ?? 0, '', {
      name: 'its psi_limit',
      value: limit,
      at: 'least',
    }),
  ];
}

export async function run(): Promise<Result> {
  const lines: Line[] = [];
  for (const rows of BASELINES) {
    for (const n of SIZES) {
      const { ours, above01, noise } = simulate(n, rows, mulberry32(rows + n));
      const what = `windows of ${n}, baseline of ${rows.toLocaleString('en-US')}`;
      lines.push(held(`${what}: any PSI above its psi_limit`, ours, '%', { name: 'limit', value: LIMIT, at: 'most' }));
      lines.push(told(`${what}: any PSI above 0.1`, above01, '%'));
      lines.push(told(`${what}: any PSI above its psi_noise_99`, noise, '%'));
    }
  }
  return {
    name: 'false-alarms',
    about: `${WINDOWS.toLocaleString('en-US')} windows of each size, drawn from the distribution of their own baseline (${DRAWN_BASELINES} baselines): any alarm is false. ${FIELDS} independent fields, ${NUMERIC_FIELDS} of ten bins and ${CATEGORICAL_FIELDS} of ${CATEGORIES} skewed categories. Then real faults.`,
    lines: [...lines, ...(await kilometres()), ...california()],
  };
}

await main(run);

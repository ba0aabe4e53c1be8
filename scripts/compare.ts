// `npm run compare -- --as evidently`: our drift numbers beside those of Evidently or NannyML on the same two samples, for people who move over.
import { readFileSync } from 'node:fs';
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parse } from 'csv-parse/sync';
import { openFlights } from '../demo/flights.js';
import { evidentlyCategorical, evidentlyNumeric } from '../src/domain/compat/evidently.js';
import { nannymlCategorical, nannymlContinuous } from '../src/domain/compat/nannyml.js';
import { scoresOf, type Sample } from '../src/domain/compat/samples.js';

type Library = 'evidently' | 'nannyml';
/** Columns by name; empty cells and, in a column of numbers, everything else are null. */
type Columns = Map<string, Sample>;

interface Flags {
  as: Library;
  reference?: string;
  current?: string;
  column?: string[];
  categorical?: string[];
}

/** One line of the table: what they call it, their number, what we call it, our number, and why the two differ. */
type Line = [theirs: string, value: number, ours: string | null, why: string];

const SAME = 'the same';
const BINS: Record<Library, string> = {
  evidently: 'equal-width bins over both samples: an outlier squeezes the rest into one bin',
  nannyml: "equal-width bins over the reference, in base 2 as ours; Evidently's is in nats",
};

function readColumns(file: string, categorical: readonly string[]): Columns {
  const rows = parse<Record<string, string>>(contentOf(file), { columns: true, bom: true, skip_empty_lines: true });
  if (rows.length === 0) throw new InvalidArgumentError(`${file} has no rows.`);
  return new Map(
    Object.keys(rows[0] ?? {}).map((name) => [
      name,
      toSample(
        rows.map((row) => row[name] ?? ''),
        !categorical.includes(name),
      ),
    ]),
  );
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new InvalidArgumentError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A column of numbers where every cell that is not empty is one. */
function toSample(cells: readonly string[], mayBeNumeric: boolean): Sample {
  const texts = cells.map((cell) => (cell.trim() === '' ? null : cell));
  const isNumeric =
    mayBeNumeric &&
    texts.some((text) => text !== null) &&
    texts.every((text) => text === null || Number.isFinite(Number(text)));
  return isNumeric
    ? { kind: 'numeric', values: texts.map((text) => (text === null ? null : Number(text))) }
    : { kind: 'categorical', values: texts };
}

/** January against February of the flights that come with the development packages. */
async function flights(): Promise<[Columns, Columns]> {
  const source = await openFlights('20k');
  const days = [...source.counts.keys()].sort((a, b) => a - b);
  const of = async (from: string, to: string): Promise<Columns> => {
    const wanted = days.filter((day) => day >= Date.parse(from) && day < Date.parse(to));
    const found = (await Promise.all(wanted.map((day) => source.day(day)))).flat();
    return new Map<string, Sample>([
      ['distance', { kind: 'numeric', values: found.map((flight) => flight.distance) }],
      ['hour', { kind: 'numeric', values: found.map((flight) => flight.hour) }],
      ['origin', { kind: 'categorical', values: found.map((flight) => flight.origin) }],
    ]);
  };
  const both = await Promise.all([of('2001-01-01', '2001-02-01'), of('2001-02-01', '2001-03-01')]);
  await source.close();
  return both;
}

function linesOf(library: Library, reference: Sample, current: Sample): Line[] {
  if (reference.kind === 'numeric' && current.kind === 'numeric') {
    const [b, c] = [present(reference.values), present(current.values)];
    return library === 'evidently' ? evidentlyLines(b, c) : nannymlLines(b, c);
  }
  const texts = (sample: Sample) => present<string | number>(sample.values).map(String);
  const [b, c] = [texts(reference), texts(current)];
  if (library === 'evidently') {
    const { bins, psi, kl, js, chi2PValue } = evidentlyCategorical(b, c);
    return [
      ['bins', bins, null, ''],
      ['PSI', psi, 'psi', 'empty bins get 0.0001 there; we add half a row, and MISSING is a bin'],
      ['KL', kl, null, 'not symmetric: we give psi and js_distance'],
      ['JS (nats)', js, 'js_distance', 'ours is in base 2: 1.2 times as large'],
      [
        'chi-square p',
        chi2PValue,
        'chi2_p_value',
        'theirs takes the reference as exact; ours knows that it is a sample',
      ],
    ];
  }
  const { js, hellinger, lInfinity, chi2PValue } = nannymlCategorical(b, c);
  return [
    ['JS', js, 'js_distance', 'ours lists the 50 most frequent values, and MISSING'],
    ['Hellinger', hellinger, null, ''],
    ['L-infinity', lInfinity, 'l_infinity', 'the same up to 50 values without missing ones'],
    ['chi-square p', chi2PValue, 'chi2_p_value', "theirs has Yates' correction for two values"],
  ];
}

function evidentlyLines(b: number[], c: number[]): Line[] {
  const { bins, psi, kl, js, wassersteinNormed, ksStatistic, ksPValue } = evidentlyNumeric(b, c);
  return [
    ['bins', bins, null, BINS.evidently],
    ['PSI', psi, 'psi', 'ours has the deciles of the reference as bins, frozen'],
    ['KL', kl, null, 'not symmetric: we give psi and js_distance'],
    ['JS (nats)', js, 'js_distance', 'ours is in base 2: 1.2 times as large, and in other bins'],
    ['Wasserstein (normed)', wassersteinNormed, 'wasserstein_normed', SAME],
    ['KS D', ksStatistic, 'ks_statistic', SAME],
    ['KS p', ksPValue, 'ks_p_value', 'ours is asymptotic beyond 10,000,000 pairs of rows'],
  ];
}

function nannymlLines(b: number[], c: number[]): Line[] {
  const { bins, leftover, js, hellinger, ksStatistic, wasserstein } = nannymlContinuous(b, c);
  return [
    ['bins', bins, null, BINS.nannyml],
    ['outside of them', leftover, null, 'our outer bins are open'],
    ['JS', js, 'js_distance', 'ours has the deciles of the reference as bins'],
    ['Hellinger', hellinger, null, ''],
    ['KS D', ksStatistic, 'ks_statistic', SAME],
    ['Wasserstein', wasserstein, 'wasserstein', SAME],
  ];
}

function present<T>(values: readonly (T | null)[]): T[] {
  return values.filter((value): value is T => value !== null);
}

const format = (value: number | null | undefined) =>
  value === null || value === undefined ? '' : Number.isInteger(value) ? String(value) : value.toPrecision(7);

async function main(flags: Flags): Promise<void> {
  if ((flags.reference === undefined) !== (flags.current === undefined))
    throw new InvalidArgumentError('--reference and --current belong together.');
  const [reference, current] =
    flags.reference === undefined || flags.current === undefined
      ? await flights()
      : [readColumns(flags.reference, flags.categorical ?? []), readColumns(flags.current, flags.categorical ?? [])];
  const names = flags.column ?? [...reference.keys()].filter((name) => current.has(name));
  if (flags.reference === undefined) console.log('Flights of January 2001 as reference, of February as current.');
  for (const name of names) {
    const [before, now] = [reference.get(name), current.get(name)];
    if (before === undefined || now === undefined)
      throw new InvalidArgumentError(`There is no column "${name}" in both files.`);
    if (present<unknown>(before.values).length === 0 || present<unknown>(now.values).length === 0) {
      console.log(`\n${name}: a side has no values; we give missing_share and psi, they give an error or nothing.`);
      continue;
    }
    const ours = new Map(scoresOf(before, now).map((score) => [score.metric, score.value]));
    const table = new Table({
      head: [flags.as, 'theirs', 'ours', 'driftline', 'why they differ'],
      style: { head: [], border: [] },
    });
    for (const [label, theirs, metric, why] of linesOf(flags.as, before, now))
      table.push([label, format(theirs), metric === null ? '' : format(ours.get(metric)), metric ?? '', why]);
    console.log(`\n${name} (${before.kind}): ${before.values.length} and ${now.values.length} rows`);
    console.log(table.toString());
    console.log(
      `noise level psi_noise_99 ${format(ours.get('psi_noise_99'))}, limit psi_limit ${format(ours.get('psi_limit'))}: a PSI below them is chance.`,
    );
  }
}

const program = new Command()
  .name('npm run compare --')
  .description(
    'Our drift numbers beside those of another library, computed by its own definitions on the same two samples.',
  )
  .addOption(new Option('--as <library>', 'whose numbers').choices(['evidently', 'nannyml']).makeOptionMandatory())
  .option(
    '--reference <file>',
    'a CSV with a header row; without files, flights that come with the development packages',
  )
  .option('--current <file>', 'another one')
  .option('--column <name...>', 'only these columns')
  .option('--categorical <name...>', 'columns of numbers that are names: classes, codes')
  .action(main);
try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

// `driftline export predictions --model flights --output flights.parquet`: rows and numbers as files.
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { DriftlineError, InvalidInputError } from '../../domain/errors.js';
import { collect, queryString, time } from '../arguments.js';
import type { Context } from '../context.js';
import { FILE_TYPES, humanBytes, type FileFormat } from '../files.js';

interface Flags {
  model: string;
  version?: string;
  deployment?: string;
  from?: number;
  to?: number;
  segment?: string;
  labelled?: boolean;
  metric?: string[];
  feature?: string[];
  window?: string;
  format?: FileFormat;
  output?: string;
}

const HELP = `
The form is --format, else that of the file's name, else NDJSON for predictions and CSV for metrics. A file appears under its name when it is whole.

Examples:
  $ driftline export predictions --model flights --from 2001-03-01 --to 2001-04-01 --output march.parquet
  $ driftline export predictions --model flights --labelled | jq .outputs
  $ driftline export metrics --model flights --metric psi --metric accuracy --output numbers.csv`;

/** The commands. */
export function addExport(program: Command, context: Context): void {
  const group = program.command('export').description('write rows and numbers to a file').addHelpText('after', HELP);
  rangeCommand(group, 'predictions', 'predictions with their ground truth, ascending by time', [
    'ndjson',
    'csv',
    'parquet',
  ])
    .option('--segment <path=value>', 'only this segment, such as tags.region=EU')
    .option('--labelled', 'only predictions with ground truth')
    .action(async (flags: Flags, command: Command) => {
      const { model, version, deployment, from, to, segment, labelled } = flags;
      const query = queryString({ model, version, deployment, from, to, segment, labelled });
      await write(context, command, `/v1/predictions${query}`, flags, 'ndjson');
    });
  rangeCommand(group, 'metrics', 'computed numbers, oldest first', ['csv', 'json', 'parquet'])
    .option('--metric <name>', 'only this metric; may be repeated', collect)
    .option('--feature <path>', 'only this feature; may be repeated', collect)
    .option('--segment <segment>', 'only this segment')
    .option('--window <length>', 'merge to windows of this length, such as 7d, or range for one point a series')
    .action(async (flags: Flags, command: Command) => {
      const { model, version, deployment, from, to, segment, metric, feature, window } = flags;
      const query = queryString({ version, deployment, from, to, segment, metric, feature, window });
      await write(context, command, `/v1/models/${encodeURIComponent(model)}/metrics${query}`, flags, 'csv');
    });
}

function rangeCommand(group: Command, name: string, description: string, formats: readonly FileFormat[]): Command {
  return group
    .command(name)
    .description(description)
    .requiredOption('--model <name>', 'the model')
    .option('--version <name>', 'only this version')
    .option('--deployment <name>', 'only this deployment')
    .option('--from <time>', 'at or after this time', time)
    .option('--to <time>', 'before this time', time)
    .addOption(new Option('--format <form>', 'the form of the file').choices(formats))
    .option('--output <file>', 'the file; by default the standard output');
}

async function write(
  context: Context,
  command: Command,
  url: string,
  flags: Flags,
  fallback: FileFormat,
): Promise<void> {
  const output = context.output(command);
  const format = chooseFormat(flags, output.json && fallback === 'csv' ? 'json' : fallback);
  if (format === 'parquet' && flags.output === undefined && output.terminal) {
    throw new InvalidInputError('Parquet is not for a terminal: name a file with --output, or send it on with |.');
  }
  const rows = async () => {
    const response = await (
      await context.api(command)
    ).request('GET', url, { headers: { accept: FILE_TYPES[format] } });
    return response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
  };
  if (flags.output === undefined) {
    await pipeline(await rows(), context.streams.stdout as Writable, { end: false });
    return;
  }
  const bytes = await toFile(rows, flags.output);
  output.note(`${flags.output}: ${humanBytes(bytes)}`);
}

function chooseFormat({ format, output }: Flags, fallback: FileFormat): FileFormat {
  if (format !== undefined) return format;
  const extension = output === undefined ? '' : path.extname(output).slice(1).toLowerCase();
  const named = extension === 'jsonl' ? 'ndjson' : extension;
  return named in FILE_TYPES ? (named as FileFormat) : fallback;
}

/** Under another name until it is whole: what stands under its name is never half a file. It is opened before anything is asked for. */
async function toFile(rows: () => Promise<Readable>, file: string): Promise<number> {
  const partial = `${file}.partial`;
  const handle = await open(partial, 'w').catch((error: unknown) => {
    throw unwritable(file, error);
  });
  try {
    const target = handle.createWriteStream();
    await pipeline(await rows(), target);
    await rename(partial, file);
    return target.bytesWritten;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error instanceof DriftlineError ? error : unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): InvalidInputError {
  return new InvalidInputError(
    `${file} could not be written: ${error instanceof Error ? error.message : String(error)}.`,
  );
}

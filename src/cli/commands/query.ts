// `driftline query "select ..."`: a table on a terminal, CSV, JSON or Parquet otherwise.
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parse } from 'csv-parse/sync';
import { InvalidInputError } from '../../domain/errors.js';
import { collect } from '../arguments.js';
import type { Context } from '../context.js';
import { renderTable } from '../output.js';

const FORMATS = ['table', 'csv', 'json', 'parquet'] as const;
type Format = (typeof FORMATS)[number];

interface Flags {
  format?: Format;
  output?: string;
  param?: string[];
}

const HELP = `
The statement is one SELECT over v_predictions, v_metrics, v_profiles and v_alerts; docs/queries.md has their columns and examples.
Without a statement, or with -, it is read from the standard input.

Examples:
  $ driftline query "SELECT model, version, count() AS n FROM v_predictions GROUP BY ALL"
  $ driftline query "SELECT * FROM v_metrics WHERE model = {model:String}" --param model=flights --output metrics.parquet
  $ driftline query < report.sql > report.csv`;

/** The command. */
export function addQuery(program: Command, context: Context): void {
  program
    .command('query')
    .description('one read-only SELECT: a table on a terminal, CSV, JSON or Parquet otherwise')
    .argument('[sql]', 'the statement')
    .addOption(new Option('--format <format>', 'how the rows are written').choices(FORMATS))
    .option('--output <file>', 'write to a file; its name says the format (.csv, .json, .parquet)')
    .option('--param <name=value>', 'the value of {name:Type}; may be repeated', collect)
    .addHelpText('after', HELP)
    .action(async (sql: string | undefined, flags: Flags, command: Command) => {
      const output = context.output(command);
      const format = chooseFormat(flags, output.json, output.terminal);
      if (format === 'parquet' && flags.output === undefined && output.terminal) {
        throw new InvalidInputError('Parquet is not for a terminal: name a file with --output, or send it on with |.');
      }
      const body = {
        sql: sql === undefined || sql === '-' ? await standardInput() : sql,
        params: parameters(flags.param ?? []),
        format: format === 'table' ? 'csv' : format,
      };
      const response = await (
        await context.api(command)
      ).request('POST', '/v1/query', { body, headers: { accept: '*/*' } });
      if (format === 'table') output.line(table(await response.text()));
      else await write(response.body, flags.output, context);
      if (response.headers.get('x-driftline-truncated') === 'true') {
        output.note('There are more rows than one answer may have: these are the first.');
      }
    });
}

function chooseFormat(flags: Flags, json: boolean, terminal: boolean): Format {
  if (flags.format !== undefined) return flags.format;
  if (flags.output !== undefined) {
    const extension = path.extname(flags.output).slice(1).toLowerCase();
    const named = FORMATS.find((format) => format === extension && format !== 'table');
    if (named === undefined) {
      throw new InvalidInputError(
        `The name of ${flags.output} does not say the format: end it with .csv, .json or .parquet, or use --format.`,
      );
    }
    return named;
  }
  if (json) return 'json';
  return terminal ? 'table' : 'csv';
}

/** `--param name=value`: what is JSON (a number, true, null, an array) is taken as that, anything else as text. */
function parameters(given: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new InvalidArgumentError(`--param ${text}: write name=value.`);
      return [text.slice(0, at), value(text.slice(at + 1))];
    }),
  );
}

function value(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function standardInput(): Promise<string> {
  if (process.stdin.isTTY) throw new InvalidInputError('Give a statement: driftline query "SELECT ..."');
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk);
  return text;
}

/** The rows as text: what the engine wrote, integers beyond 2^53 with every digit. */
function table(csv: string): string {
  const [columns = [], ...lines] = parse(csv);
  if (lines.length === 0) return 'No rows.';
  return renderTable(columns, lines);
}

async function write(body: unknown, file: string | undefined, { streams }: Context): Promise<void> {
  const source = body === null ? Readable.from([]) : Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  if (file === undefined) for await (const chunk of source) streams.stdout.write(chunk as Buffer);
  else await pipeline(source, createWriteStream(file));
}

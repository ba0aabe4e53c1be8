// `driftline import ground-truth labels.parquet`: files of any size into the service, with a bar where a person watches.
import { Option, type Command } from 'commander';
import { systemClock } from '../../clock.js';
import { InvalidInputError } from '../../domain/errors.js';
import { newId } from '../../services/ids.js';
import { uploadBaseline, withBar } from '../baseline-upload.js';
import type { Context } from '../context.js';
import { FILE_TYPES, sourceFile, type FileFormat, type SourceFile } from '../files.js';
import { isTable, readSent, sendLines, sendWhole, withIds, type Sent } from '../upload.js';

interface FileFlags {
  format?: FileFormat;
  strings?: string;
  model?: string;
  version?: string;
  deployment?: string;
  name?: string;
}

const HELP = `
Forms: CSV, Parquet, NDJSON (also .jsonl) and JSON, by the name of the file or by --format; each also gzipped (.gz). - is the standard input.
Lines of JSON go in batches, which are sent again while the service is busy.

Examples:
  $ driftline import ground-truth labels.parquet
  $ driftline import predictions january.csv --model churn --version 3
  $ zcat logs.ndjson.gz | driftline import predictions - --format ndjson
  $ driftline import baseline training.csv --model churn --name training`;

/** The commands. */
export function addImport(program: Command, context: Context): void {
  const group = program.command('import').description('send a file of any size').addHelpText('after', HELP);
  fileCommand(group, 'ground-truth', 'labels: a column prediction_id, every other column a value').action(
    async (path: string, flags: FileFlags, command: Command) => {
      const file = await sourceFile(path, flags.format);
      const target = { path: '/v1/ground-truth', query: isTable(file) ? { strings: flags.strings } : {} };
      await sendItems(context, command, file, target);
    },
  );
  fileCommand(
    group,
    'predictions',
    'predictions: columns inputs.*, outputs.*, tags.*, values.* and those of a prediction',
  )
    .option('--model <name>', 'the model of rows that do not say it (CSV, Parquet)')
    .option('--version <name>', 'their version')
    .option('--deployment <name>', 'their deployment')
    .action(async (path: string, flags: FileFlags, command: Command) => {
      const file = await sourceFile(path, flags.format);
      const { model, version, deployment, strings } = flags;
      if (!isTable(file) && (model ?? version ?? deployment) !== undefined) {
        throw new InvalidInputError(
          '--model, --version and --deployment are for CSV and Parquet: lines of JSON name their own.',
        );
      }
      const query = isTable(file) ? { model, version, deployment, strings } : {};
      await sendItems(context, command, file, { path: '/v1/predictions', query }, (text) =>
        withIds(text, () => newId(systemClock()).id),
      );
    });
  fileCommand(group, 'baseline', 'the rows that production is compared with')
    .requiredOption('--model <name>', 'the model')
    .requiredOption('--name <name>', 'the name of the baseline')
    .option('--version <name>', 'the version it is for; the whole model where left out')
    .action(async (path: string, flags: FileFlags, command: Command) => {
      await sendBaseline(context, command, await sourceFile(path, flags.format), flags);
    });
}

/** A command that takes a file. `--version` of the program stays what it is; a command's own goes before it. */
function fileCommand(group: Command, name: string, description: string): Command {
  return group
    .command(name)
    .description(description)
    .argument('<file>', 'the file, or - for the standard input')
    .addOption(
      new Option('--format <form>', 'the form of the file, by default by its name').choices(Object.keys(FILE_TYPES)),
    )
    .option('--strings <columns>', 'CSV columns that stay text whatever they look like, separated by commas');
}

async function sendItems(
  context: Context,
  command: Command,
  file: SourceFile,
  target: { path: string; query: Record<string, string | undefined> },
  edit?: (text: Buffer) => Uint8Array,
): Promise<void> {
  const output = context.output(command);
  const api = await context.api(command);
  const sent = await withBar(output, file, async (progress) =>
    file.format === 'ndjson'
      ? sendLines(api, target.path, file, progress, edit)
      : readSent(await sendWhole(api, target, file, progress)),
  );
  output.answer(sent, describe(sent));
  if (sent.rejected > 0) context.exitCode = 1;
}

function describe({ accepted, rejected, errors }: Sent): string {
  if (rejected === 0) return `${accepted} accepted`;
  const lines = errors.map(
    ({ index, path, message }) => `  item ${index}${path === '' ? '' : `, ${path}`}: ${message}`,
  );
  return [`${accepted} accepted, ${rejected} refused`, ...lines].join('\n');
}

async function sendBaseline(context: Context, command: Command, file: SourceFile, flags: FileFlags): Promise<void> {
  const output = context.output(command);
  const { model = '', name = '', version, strings } = flags;
  const created = await uploadBaseline(output, await context.api(command), file, { model, name, version, strings });
  output.answer(created, `baseline ${created.name}: ${created.rows} rows, ${created.fields} fields, active`);
}

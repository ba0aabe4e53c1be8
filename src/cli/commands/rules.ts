// `driftline rules`: check a configuration file, compare it with what runs, propose rules from a model's history.
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { z } from 'zod';
import { alertRuleSchema } from '../../domain/alerts/rule.js';
import { oneLine } from '../../domain/alerts/wording.js';
import { builtinAlertsSchema, type BuiltinAlerts } from '../../domain/contract/builtin-alerts.js';
import { configStatusSchema, type ConfigStatus } from '../../domain/contract/config-file.js';
import { proposalsSchema, type Proposals } from '../../domain/contract/proposals.js';
import { InvalidInputError } from '../../domain/errors.js';
import { configVariable } from '../../config.js';
import { channelProblems, ownProblems, unknownChannel } from '../../services/alert-rule-check.js';
import { inBuiltinAlerts, inOrder, inRules } from '../../services/config-check.js';
import { readConfigDocument, type ConfigDocument, type ConfigProblem } from '../../services/config-document.js';
import { problemLine } from '../../services/config-file.js';
import { cronProblem } from '../../../jobs/cron.js';
import { time } from '../arguments.js';
import type { Context } from '../context.js';

const CHECK_HELP = `
Says what is wrong with its line and column: names, fields, thresholds, schedules, channels that are not in the file. Needs no service.

Example:
  $ driftline rules check driftline.yml
  driftline.yml:12:7: alert_rules.drift.critcal: unknown field: did you mean "critical"?`;
const DIFF_HELP = `
+ would be added, ~ would change, - came from a file and is not in this one. Ends with 1 where there is a difference.`;
const INIT_HELP = `
Prints a file that DRIFTLINE_CONFIG takes, with how often each rule would have fired. Nothing is saved.

Example:
  $ driftline rules init flights > driftline.yml`;

/** The commands. */
export function addRules(program: Command, context: Context): void {
  const rules = program.command('rules').description('alert rules and channels as code');
  rules
    .command('check')
    .description('check a configuration file')
    .argument('<file>', 'the YAML file')
    .addHelpText('after', CHECK_HELP)
    .action(async (file: string, _flags: unknown, command: Command) => {
      const output = context.output(command);
      const { document, problems } = await readChecked(file);
      const said = problems.map((one) => problemLine(file, one));
      output.answer({ file, problems }, problems.length > 0 ? said.join('\n') : `${file}: ${countsOf(document)}`);
      if (problems.length > 0) context.exitCode = 1;
    });
  rules
    .command('diff')
    .description('compare a configuration file with what runs')
    .argument('<file>', 'the YAML file')
    .addHelpText('after', DIFF_HELP)
    .action(async (file: string, _flags: unknown, command: Command) => {
      const { document, problems } = await readChecked(file, false);
      if (problems.length > 0)
        throw new InvalidInputError(`${file} is refused:\n${problems.map((one) => problemLine(file, one)).join('\n')}`);
      const api = await context.api(command);
      const running = new Map(
        await Promise.all(
          SECTIONS.map(async ({ section, path }) => [section, await api.get(path, z.array(namedSchema))] as const),
        ),
      );
      const lines = [
        ...SECTIONS.flatMap(({ section, clean }) => diffOf(section, document, running.get(section) ?? [], clean)),
        ...builtinDiff(
          document.builtin_alerts,
          await api.get('/v1/builtin-alerts', builtinAlertsSchema),
          (await api.get('/v1/config', configStatusSchema)).items,
        ),
      ];
      context.output(command).answer(lines, lines.length === 0 ? 'no difference' : lines.map(lineOf).join('\n'));
      if (lines.length > 0) context.exitCode = 1;
    });
  rules
    .command('init')
    .description("propose rules from a model's history")
    .argument('<model>', 'the model')
    .option('--from <time>', 'windows from here; by default the newest 400', time)
    .option('--to <time>', 'windows up to here', time)
    .addHelpText('after', INIT_HELP)
    .action(async (model: string, flags: { from?: number; to?: number }, command: Command) => {
      const query = new URLSearchParams();
      if (flags.from !== undefined) query.set('from', String(flags.from));
      if (flags.to !== undefined) query.set('to', String(flags.to));
      const path = `/v1/models/${encodeURIComponent(model)}/rule-proposals?${query.toString()}`;
      const found = await (await context.api(command)).get(path, proposalsSchema);
      context.output(command).answer(found, proposedFile(found));
    });
}

const namedSchema = z.looseObject({ name: z.string() });
type Named = z.output<typeof namedSchema>;
type Section = 'channels' | 'alert_rules' | 'silences';

/** What is listed, and how a document of the file looks in that list; secrets are masked there, so only what is not secret is compared. */
const SECTIONS: readonly { section: Section; path: string; clean: (doc: object) => object }[] = [
  {
    section: 'channels',
    path: '/v1/channels',
    clean: (doc) => ('to' in doc ? { type: 'email', to: doc.to } : { type: (doc as { type: string }).type }),
  },
  { section: 'alert_rules', path: '/v1/alert-rules', clean: (doc) => doc },
  { section: 'silences', path: '/v1/silences', clean: (doc) => doc },
];

interface Difference {
  sign: '+' | '~' | '-';
  section: Section | 'builtin_alerts';
  name: string;
  fields: string[];
}

function diffOf(
  section: Section,
  document: ConfigDocument,
  running: readonly Named[],
  clean: (doc: object) => object,
): Difference[] {
  const wanted: ReadonlyMap<string, object> = document[section];
  const known = new Map(running.map((one) => [one.name, one]));
  const changes = [...wanted].flatMap(([name, doc]): Difference[] => {
    const there = known.get(name);
    if (there === undefined) return [{ sign: '+', section, name, fields: [] }];
    const fields = Object.entries(clean(doc))
      .filter(([field, value]) => !isDeepStrictEqual(comparable(value), comparable(there[field])))
      .map(([field]) => field);
    return fields.length === 0 ? [] : [{ sign: '~', section, name, fields }];
  });
  const gone = running
    .filter(({ name, ...rest }) => rest['source'] === 'file' && !wanted.has(name))
    .map(({ name }): Difference => ({ sign: '-', section, name, fields: [] }));
  return [...changes, ...gone];
}

/** The built-in alerts are always there: they can only change, or be given back. */
function builtinDiff(
  wanted: ConfigDocument['builtin_alerts'],
  running: BuiltinAlerts,
  items: ConfigStatus['items'],
): Difference[] {
  const section = 'builtin_alerts';
  const changed = [...wanted].flatMap(([name, setting]): Difference[] => {
    const fields = Object.entries(setting)
      .filter(([field, value]) => !isDeepStrictEqual(value, running[name][field as keyof typeof setting]))
      .map(([field]) => field);
    return fields.length === 0 ? [] : [{ sign: '~', section, name, fields }];
  });
  const gone = items
    .filter((item) => item.kind === section && !(wanted as ReadonlyMap<string, unknown>).has(item.name))
    .map(({ name }): Difference => ({ sign: '-', section, name, fields: [] }));
  return [...changed, ...gone];
}

/** Times stand as epoch ms in a file that was read, and as ISO 8601 in an answer. */
function comparable(value: unknown): unknown {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : value;
}

function lineOf({ sign, section, name, fields }: Difference): string {
  return `${sign} ${section}.${name}${fields.length === 0 ? '' : `: ${fields.join(', ')}`}`;
}

/** A file with its problems; `alone`: also channels that only a running service could have are problems. */
async function readChecked(
  file: string,
  alone = true,
): Promise<{ document: ConfigDocument; problems: ConfigProblem[] }> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new InvalidInputError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  });
  const read = readConfigDocument(text, { variable: configVariable, cronProblem });
  const channels = [...read.names.channels];
  const unknown = (channel: string) =>
    !alone || channels.includes(channel) ? null : unknownChannel(channel, channels);
  const problems = [
    ...read.problems,
    ...(await inRules(read, (rule) => [...ownProblems(rule), ...(alone ? channelProblems(rule, channels) : [])])),
    ...inBuiltinAlerts(read, unknown),
  ];
  return { document: read.document, problems: inOrder(problems) };
}

function countsOf(document: ConfigDocument): string {
  return Object.entries(document)
    .map(
      ([section, entries]: [string, ReadonlyMap<string, unknown>]) =>
        `${entries.size} ${section === 'builtin_alerts' ? 'built-in alerts' : section.replace('_', ' ')}`,
    )
    .join(', ');
}

/** The proposals as a file, with the number of times that each would have fired. */
function proposedFile({ model, windows, from, to, proposals }: Proposals): string {
  const head = `# Proposed from ${windows} windows of ${oneLine(model)}, ${from} to ${to}. Put your channels in, and the names of them into each rule.\nalert_rules:`;
  const rules = proposals.map(({ name, rule, fired, because }) => {
    const text = stringify({ [name]: { ...rule, channels: [] } }).trimEnd();
    alertRuleSchema.parse(rule);
    const times = fired === 1 ? 'once' : `${fired} times`;
    return [`# Would have fired ${times}. ${because}.`, text].join('\n').replace(/^/gm, '  ');
  });
  return [head, ...rules].join('\n');
}

// `driftline registry`: models and versions registered, promoted, aliased, tagged, compared; who changed what.
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import {
  challengerSchema,
  frozenComparisonSchema,
  modelEventSchema,
  registeredModelDetailSchema,
  registeredModelSchema,
  registryChangeSchema,
} from '../../domain/contract/registry.js';
import type { MetricPointJson } from '../../domain/contract/metrics.js';
import { problemError, type Api } from '../api.js';
import { collect, positive, queryString, time } from '../arguments.js';
import type { Context } from '../context.js';
import { addRegistryWebhooks } from './registry-webhooks.js';

const MLFLOW = '/api/2.0/mlflow';
const anything = z.record(z.string(), z.unknown());
const versionAnswer = z.object({
  model_version: z.object({ name: z.string(), version: z.string(), current_stage: z.string() }),
});

interface RegisterFlags {
  source?: string;
  run?: string;
  description?: string;
  tag?: Pair[];
  metric?: Pair[];
}
type Pair = [key: string, value: string];

/** `key=value`. */
function pair(text: string, before: readonly Pair[] = []): Pair[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Use key=value.');
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

const modelPath = (model: string, rest = ''): string => `/v1/registry/models/${encodeURIComponent(model)}${rest}`;
const post = (api: Api, call: string, body: object) => api.send('POST', `${MLFLOW}/${call}`, anything, { body });
const remove = (api: Api, call: string, body: object) => api.send('DELETE', `${MLFLOW}/${call}`, anything, { body });
const words = (record: Record<string, unknown>): string =>
  Object.entries(record)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(' ');

/** The commands. */
export function addRegistry(program: Command, context: Context): void {
  const registry = program.command('registry').description('registered models, their versions, stages and aliases');
  addReads(registry, context);
  addRegister(registry, context);
  addPromotion(registry, context);
  addNames(registry, context);
  addComparisons(registry, context);
  addRegistryWebhooks(registry, context);
}

function addReads(registry: Command, context: Context): void {
  registry
    .command('list')
    .description('registered models')
    .action(async (_flags: unknown, command: Command) => {
      const models = await (await context.api(command)).get('/v1/registry/models', z.array(registeredModelSchema));
      context.output(command).rows(
        models.map((model) => ({
          ...model,
          stages: words(model.stages),
          aliases: words(model.aliases),
          tags: words(model.tags),
        })),
        ['model', 'versions', 'stages', 'aliases', 'tags', 'updated_at'],
        'Nothing is registered.',
      );
    });
  registry
    .command('show')
    .description('a registered model with its versions')
    .argument('<model>', 'its name')
    .action(async (model: string, _flags: unknown, command: Command) => {
      const output = context.output(command);
      const detail = await (await context.api(command)).get(modelPath(model), registeredModelDetailSchema);
      if (output.json) return output.value(detail);
      output.rows(
        detail.versions.map((version) => ({
          ...version,
          aliases: version.aliases.join(' '),
          training: words(version.training_metrics),
          commit: version.lineage.git_commit,
        })),
        ['version', 'stage', 'aliases', 'predictions', 'training', 'commit', 'created_by', 'created_at'],
        `${model} has no versions.`,
      );
    });
  registry
    .command('history')
    .description('who changed what, newest first')
    .argument('[model]', 'of this model; of all where left out')
    .option('--limit <n>', 'how many lines', positive, 100)
    .action(async (model: string | undefined, flags: { limit: number }, command: Command) => {
      const path = model === undefined ? '/v1/registry/history' : modelPath(model, '/history');
      const api = await context.api(command);
      const lines = await api.get(`${path}${queryString(flags)}`, z.array(registryChangeSchema));
      context.output(command).rows(lines, ['time', 'by', 'model', 'text', 'comment'], 'Nothing was changed.');
    });
  registry
    .command('events')
    .description('what happened to a model: the marks on its charts')
    .argument('<model>', 'its name')
    .option('--from <time>', 'from this time', time)
    .option('--to <time>', 'before this time', time)
    .action(async (model: string, flags: { from?: number; to?: number }, command: Command) => {
      const path = `/v1/models/${encodeURIComponent(model)}/events${queryString({ ...flags })}`;
      const events = await (await context.api(command)).get(path, z.array(modelEventSchema));
      context.output(command).rows(events, ['time', 'kind', 'version', 'text', 'by'], 'Nothing happened.');
    });
}

function addRegister(registry: Command, context: Context): void {
  registry
    .command('register')
    .description('register a model, and with --source a version of it')
    .argument('<model>', 'its name')
    .option('--source <uri>', 'where the files of the version are')
    .option('--run <id>', 'the run that made it')
    .option('--description <text>', 'what it is')
    .option('--tag <key=value>', 'a tag, such as git_commit=c0ffee; may be repeated', pair)
    .option('--metric <name=value>', 'a number that training reported; may be repeated', pair)
    .addHelpText(
      'after',
      '\nExample:\n  $ driftline registry register churn --source s3://models/churn/7 --tag git_commit=c0ffee --metric accuracy=0.91',
    )
    .action(async (model: string, flags: RegisterFlags, command: Command) => {
      const api = await context.api(command);
      const output = context.output(command);
      const tags = (flags.tag ?? []).map(([key, value]) => ({ key, value }));
      const isVersion = flags.source !== undefined;
      const ofModel = isVersion ? {} : { description: flags.description, tags };
      const made = await ensureModel(api, { name: model, ...ofModel });
      if (!isVersion)
        return output.answer({ model, created: made }, made ? `registered ${model}` : `${model} is registered already`);
      const metrics = (flags.metric ?? []).map(([key, value]) => ({ key, value }));
      const { model_version: version } = await api.send('POST', `${MLFLOW}/model-versions/create`, versionAnswer, {
        body: {
          name: model,
          source: flags.source,
          run_id: flags.run,
          description: flags.description,
          tags,
          model_metrics: metrics,
        },
      });
      output.answer({ model, version: version.version }, `registered version ${version.version} of ${model}`);
    });
}

/** Whether the model was made: false where it was there. */
async function ensureModel(api: Api, model: object): Promise<boolean> {
  const response = await api.request('POST', `${MLFLOW}/registered-models/create`, { body: model, also: [400] });
  if (response.ok) return true;
  const document: unknown = await response.json();
  const error = problemError(response.status, document, 'registering the model');
  if (error.code === 'resource_already_exists') return false;
  throw error;
}

function addPromotion(registry: Command, context: Context): void {
  registry
    .command('promote')
    .description('move a version to a stage')
    .argument('<model>', 'its name')
    .argument('<version>', 'the version')
    .argument('<stage>', 'Staging, Production, Archived or None')
    .option('--archive', 'move the versions that are there to Archived')
    .option('--comment <text>', 'why; kept in the history')
    .addHelpText(
      'after',
      '\nExample:\n  $ driftline registry promote churn 7 Production --archive --comment "approved by risk"',
    )
    .action(
      async (
        model: string,
        version: string,
        stage: string,
        flags: { archive?: boolean; comment?: string },
        command: Command,
      ) => {
        const api = await context.api(command);
        const body = {
          name: model,
          version,
          stage,
          archive_existing_versions: flags.archive === true,
          comment: flags.comment,
        };
        const answer = await api.send('POST', `${MLFLOW}/model-versions/transition-stage`, versionAnswer, { body });
        const now = answer.model_version.current_stage;
        context.output(command).answer({ model, version, stage: now }, `version ${version} of ${model} is ${now}`);
      },
    );
  registry
    .command('alias')
    .description('give an alias to a version')
    .argument('<model>', 'its name')
    .argument('<alias>', 'such as champion')
    .argument('<version>', 'the version')
    .action(async (model: string, alias: string, version: string, _flags: unknown, command: Command) => {
      await post(await context.api(command), 'registered-models/alias', { name: model, alias, version });
      context.output(command).answer({ model, alias, version }, `${alias} of ${model} is version ${version}`);
    });
  registry
    .command('unalias')
    .description('remove an alias')
    .argument('<model>', 'its name')
    .argument('<alias>', 'the alias')
    .action(async (model: string, alias: string, _flags: unknown, command: Command) => {
      await remove(await context.api(command), 'registered-models/alias', { name: model, alias });
      context.output(command).answer({ model, alias: null }, `${model} has no ${alias}`);
    });
}

function addNames(registry: Command, context: Context): void {
  registry
    .command('tag')
    .description('set or remove tags of a model, or of a version of it')
    .argument('<model>', 'its name')
    .argument('[key=value...]', 'the tags to set', pair, [])
    .option('--version-number <version>', 'of this version')
    .option('--remove <key>', 'remove this tag; may be repeated', collect)
    .addHelpText('after', '\nExample:\n  $ driftline registry tag churn data_version=2026-01 --version-number 7')
    .action(
      async (model: string, set: Pair[], flags: { versionNumber?: string; remove?: string[] }, command: Command) => {
        const api = await context.api(command);
        const version = flags.versionNumber;
        const of = version === undefined ? { name: model } : { name: model, version };
        const calls = version === undefined ? 'registered-models' : 'model-versions';
        for (const [key, value] of set) await post(api, `${calls}/set-tag`, { ...of, key, value });
        for (const key of flags.remove ?? []) await remove(api, `${calls}/delete-tag`, { ...of, key });
        const removed = flags.remove ?? [];
        context
          .output(command)
          .answer(
            { model, version: version ?? null, set: Object.fromEntries(set), removed },
            `${set.length} set, ${removed.length} removed`,
          );
      },
    );
  registry
    .command('rename')
    .description('rename a registered model')
    .argument('<model>', 'its name')
    .argument('<new-name>', 'its new name')
    .action(async (model: string, name: string, _flags: unknown, command: Command) => {
      await post(await context.api(command), 'registered-models/rename', { name: model, new_name: name });
      context.output(command).answer({ model: name, renamed_from: model }, `${model} is ${name} now`);
    });
  registry
    .command('delete')
    .description('delete a registered model, or a version of it; what was tracked stays')
    .argument('<model>', 'its name')
    .argument('[version]', 'only this version')
    .requiredOption('--yes', 'it cannot be undone')
    .action(async (model: string, version: string | undefined, _flags: unknown, command: Command) => {
      const api = await context.api(command);
      if (version === undefined) await remove(api, 'registered-models/delete', { name: model });
      else await remove(api, 'model-versions/delete', { name: model, version });
      const what = version === undefined ? model : `version ${version} of ${model}`;
      context.output(command).answer({ model, version: version ?? null, deleted: true }, `deleted ${what}`);
    });
}

/** The numbers of a comparison that say something, one a row. */
function compared(points: readonly MetricPointJson[]): Record<string, unknown>[] {
  return points
    .filter((point) => typeof point.difference === 'number')
    .map((point) => ({
      metric: point.feature === '' ? point.metric : `${point.metric} ${point.feature}`,
      value: point.value,
      difference: point.difference,
      lower: point.difference_lower,
      upper: point.difference_upper,
      p_value: point.p_value,
      n: point.n,
    }));
}

function addComparisons(registry: Command, context: Context): void {
  registry
    .command('comparisons')
    .description('what was frozen when a version took over from another, newest first')
    .argument('<model>', 'its name')
    .action(async (model: string, _flags: unknown, command: Command) => {
      const output = context.output(command);
      const api = await context.api(command);
      const all = await api.get(modelPath(model, '/comparisons'), z.array(frozenComparisonSchema));
      if (output.json) return output.value(all);
      if (all.length === 0) output.line('No version took over from another yet.');
      for (const one of all) {
        output.line(
          `${one.time}  version ${one.version} in place of ${one.replaced} (${one.reason}, by ${one.by}): ${one.detail ?? one.state}`,
        );
        output.rows(compared(one.points), undefined, '  no numbers to compare');
      }
    });
  registry
    .command('challengers')
    .description('versions that stand by, held against the champion')
    .argument('<model>', 'its name')
    .option('--from <time>', 'from this time; 28 days back where left out', time)
    .option('--to <time>', 'before this time', time)
    .action(async (model: string, flags: { from?: number; to?: number }, command: Command) => {
      const output = context.output(command);
      const api = await context.api(command);
      const all = await api.get(
        `${modelPath(model, '/challengers')}${queryString({ ...flags })}`,
        z.array(challengerSchema),
      );
      if (output.json) return output.value(all);
      if (all.length === 0)
        output.line('No version stands by: put one into Staging, or give it an alias such as challenger or shadow.');
      for (const one of all) {
        const names = [one.stage, ...one.aliases].join(', ');
        output.line(
          `version ${one.version} (${names}) against version ${one.champion}${one.detail === null ? '' : `: ${one.detail}`}`,
        );
        output.rows(compared(one.points), undefined, '  no numbers to compare');
      }
    });
}

// `driftline registry`: what changes it. Versions registered, promoted, aliased, tagged, described, copied, renamed, deleted.
import type { Command } from 'commander';
import { InvalidInputError } from '../../domain/errors.js';
import { collect } from '../arguments.js';
import { uploadBaseline } from '../baseline-upload.js';
import type { Context } from '../context.js';
import { sourceFile } from '../files.js';
import { ensureModel, mlflow, pair, patch, post, remove, versionAnswer, type Pair } from './registry-calls.js';

interface RegisterFlags {
  source?: string;
  run?: string;
  description?: string;
  tag?: Pair[];
  metric?: Pair[];
  baseline?: string;
  baselineName: string;
}

/** The commands. */
export function addChanges(registry: Command, context: Context): void {
  addRegister(registry, context);
  addPromotion(registry, context);
  addNames(registry, context);
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
    .option('--baseline <file>', 'the rows that the version is compared with: CSV, Parquet, NDJSON or JSON')
    .option('--baseline-name <name>', 'the name of that baseline', 'training')
    .addHelpText(
      'after',
      '\nExample:\n  $ driftline registry register churn --source s3://models/churn/7 --tag git_commit=c0ffee --metric accuracy=0.91 --baseline training.csv',
    )
    .action(async (model: string, flags: RegisterFlags, command: Command) => {
      const api = await context.api(command);
      const output = context.output(command);
      const tags = (flags.tag ?? []).map(([key, value]) => ({ key, value }));
      const isVersion = flags.source !== undefined;
      if (flags.baseline !== undefined && !isVersion) {
        throw new InvalidInputError('--baseline belongs to a version: give its --source too.');
      }
      // A file that is not there is said before anything is registered.
      const file = flags.baseline === undefined ? null : await sourceFile(flags.baseline, undefined);
      const ofModel = isVersion ? {} : { description: flags.description, tags };
      const isNew = await ensureModel(api, { name: model, ...ofModel });
      if (!isVersion)
        return output.answer(
          { model, created: isNew },
          isNew ? `registered ${model}` : `${model} is registered already`,
        );
      const metrics = (flags.metric ?? []).map(([key, value]) => ({ key, value }));
      const { model_version: version } = await mlflow(
        api,
        'POST',
        'model-versions/create',
        {
          name: model,
          source: flags.source,
          run_id: flags.run,
          description: flags.description,
          tags,
          model_metrics: metrics,
        },
        versionAnswer,
      );
      const number = version.version;
      const made = { model, version: number };
      if (file === null) return output.answer(made, `registered version ${number} of ${model}`);
      const baseline = await uploadBaseline(output, api, file, { model, version: number, name: flags.baselineName });
      output.answer(
        { ...made, baseline: baseline.name, baseline_rows: baseline.rows },
        `registered version ${number} of ${model}, compared with ${baseline.rows} rows of ${baseline.name}`,
      );
    });
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
        const answer = await mlflow(api, 'POST', 'model-versions/transition-stage', body, versionAnswer);
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
        const { versionNumber: version, remove: removed = [] } = flags;
        if (set.length + removed.length === 0) {
          throw new InvalidInputError('Nothing to do: name a tag as key=value, or one to take away with --remove KEY.');
        }
        const of = version === undefined ? { name: model } : { name: model, version };
        const calls = version === undefined ? 'registered-models' : 'model-versions';
        for (const [key, value] of set) await post(api, `${calls}/set-tag`, { ...of, key, value });
        for (const key of removed) await remove(api, `${calls}/delete-tag`, { ...of, key });
        context
          .output(command)
          .answer(
            { model, version: version ?? null, set: Object.fromEntries(set), removed },
            `${set.length} set, ${removed.length} removed`,
          );
      },
    );
  registry
    .command('describe')
    .description('describe a model, or a version of it')
    .argument('<model>', 'its name')
    .argument('<text>', 'what it is; "" for nothing')
    .option('--version-number <version>', 'this version')
    .action(async (model: string, description: string, flags: { versionNumber?: string }, command: Command) => {
      const api = await context.api(command);
      const version = flags.versionNumber;
      if (version === undefined) await patch(api, 'registered-models/update', { name: model, description });
      else await patch(api, 'model-versions/update', { name: model, version, description });
      const what = version === undefined ? model : `version ${version} of ${model}`;
      context.output(command).answer({ model, version: version ?? null, description }, `described ${what}`);
    });
  registry
    .command('copy')
    .description('copy a version to another registered model, which is made where it is not there')
    .argument('<model>', 'its name')
    .argument('<version>', 'the version, or an alias or stage: 7, @champion, Production')
    .argument('<to>', 'the other model')
    .action(async (model: string, version: string, to: string, _flags: unknown, command: Command) => {
      const api = await context.api(command);
      const name = encodeURIComponent(model);
      const source = version.startsWith('@') ? `models:/${name}${version}` : `models:/${name}/${version}`;
      await ensureModel(api, { name: to });
      const made = await mlflow(api, 'POST', 'model-versions/create', { name: to, source }, versionAnswer);
      const number = made.model_version.version;
      context.output(command).answer({ model: to, version: number, source }, `registered version ${number} of ${to}`);
    });
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

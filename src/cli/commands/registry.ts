// `driftline registry`: registered models and versions, found and shown; who changed what.
import type { Command } from 'commander';
import { z } from 'zod';
import {
  modelEventSchema,
  registeredModelDetailSchema,
  registeredModelSchema,
  registryChangeSchema,
  versionDetailSchema,
} from '../../domain/contract/registry.js';
import type { Api } from '../api.js';
import { collect, positive, queryString, time } from '../arguments.js';
import type { Context } from '../context.js';
import { mlflow, modelPath, versionAnswer, words } from './registry-calls.js';
import { addChanges } from './registry-changes.js';
import { addComparisons } from './registry-comparisons.js';
import { addRegistryWebhooks } from './registry-webhooks.js';

/** The commands. */
export function addRegistry(program: Command, context: Context): void {
  const registry = program.command('registry').description('registered models, their versions, stages and aliases');
  addReads(registry, context);
  addChanges(registry, context);
  addComparisons(registry, context);
  addRegistryWebhooks(registry, context);
}

const found = z.array(z.record(z.string(), z.unknown())).default([]);
const pageSchema = z.object({
  registered_models: found,
  model_versions: found,
  next_page_token: z.string().optional(),
});
type Page = z.output<typeof pageSchema>;

/** What a search finds, at most `limit`, page after page. */
async function pages(
  api: Api,
  call: string,
  query: { filter: string | undefined; order_by: string[] | undefined },
  limit: number,
  items: (page: Page) => Page['model_versions'],
): Promise<Page['model_versions']> {
  const all: Page['model_versions'] = [];
  let token: string | undefined;
  do {
    const asked = queryString({ ...query, max_results: Math.min(limit - all.length, MAX_PAGE), page_token: token });
    const page = await mlflow(api, 'GET', `${call}${asked}`, undefined, pageSchema);
    all.push(...items(page));
    token = page.next_page_token;
  } while (token !== undefined && all.length < limit);
  return all;
}
const MAX_PAGE = 1000;

/** Lists of pairs as text. */
const flat = (item: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(item).map(([key, value]) => [
      key,
      Array.isArray(value)
        ? value.map((one) => Object.values(one as Record<string, unknown>).join('=')).join(' ')
        : value,
    ]),
  );

async function versionOfAlias(api: Api, model: string, alias: string): Promise<string> {
  const query = queryString({ name: model, alias });
  const answer = await mlflow(api, 'GET', `registered-models/alias${query}`, undefined, versionAnswer);
  return answer.model_version.version;
}

function addReads(registry: Command, context: Context): void {
  registry
    .command('list')
    .description('registered models')
    .action(async (_flags: unknown, command: Command) => {
      const output = context.output(command);
      const models = await (await context.api(command)).get('/v1/registry/models', z.array(registeredModelSchema));
      if (output.json) return output.value(models);
      output.rows(
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
    .command('version')
    .description('a version: where it comes from, and its measured quality beside what training reported')
    .argument('<model>', 'its name')
    .argument('<version>', 'the version, or an alias or stage: 7, @champion, @Production')
    .option('--from <time>', 'measured from this time; over all of it where left out', time)
    .option('--to <time>', 'measured before this time', time)
    .action(async (model: string, version: string, flags: { from?: number; to?: number }, command: Command) => {
      const output = context.output(command);
      const path = modelPath(model, `/versions/${encodeURIComponent(version)}`);
      const detail = await (await context.api(command)).get(`${path}${queryString({ ...flags })}`, versionDetailSchema);
      if (output.json) return output.value(detail);
      const { lineage } = detail;
      const facts = {
        version: detail.version,
        stage: detail.stage,
        aliases: detail.aliases.join(' '),
        tags: words(detail.tags),
        source: lineage.source,
        run: lineage.run_id,
        commit: lineage.git_commit,
        data: lineage.data_version,
        baseline: detail.baseline === null ? null : `${detail.baseline.name}, ${detail.baseline.rows} rows`,
        predictions: detail.predictions,
        'registered by': `${detail.created_by}, ${detail.created_at}`,
      };
      for (const [name, value] of Object.entries(facts)) {
        if (value !== null && value !== '') output.line(`${name.padEnd(14)}${String(value)}`);
      }
      output.rows(
        detail.quality.map((one) => ({ ...one })),
        ['metric', 'training', 'measured', 'lower', 'upper', 'n', 'coverage', 'status'],
        'Nothing was measured, and training reported nothing.',
      );
    });
  registry
    .command('search')
    .description("find models or versions by MLflow's filters")
    .argument('[filter]', "such as \"name LIKE 'ch%' AND tags.team = 'crm'\"; everything where left out")
    .option('--versions', 'versions, not models')
    .option('--order <field>', 'such as "version_number DESC"; may be repeated', collect)
    .option('--limit <n>', 'how many at most', positive, 100)
    .addHelpText(
      'after',
      '\nExample:\n  $ driftline registry search --versions "name = \'churn\' AND version_number > 3"',
    )
    .action(
      async (
        filter: string | undefined,
        flags: { versions?: boolean; order?: string[]; limit: number },
        command: Command,
      ) => {
        const api = await context.api(command);
        const output = context.output(command);
        const query = { filter, order_by: flags.order };
        if (flags.versions === true) {
          const found = await pages(api, 'model-versions/search', query, flags.limit, (page) => page.model_versions);
          if (output.json) return output.value(found);
          const columns = ['name', 'version', 'current_stage', 'source', 'run_id', 'tags'];
          return output.rows(found.map(flat), columns, 'No version is like that.');
        }
        const found = await pages(
          api,
          'registered-models/search',
          query,
          flags.limit,
          (page) => page.registered_models,
        );
        if (output.json) return output.value(found);
        output.rows(found.map(flat), ['name', 'description', 'tags', 'aliases'], 'No model is like that.');
      },
    );
  registry
    .command('source')
    .description('where the files of a version are')
    .argument('<model>', 'its name')
    .argument('<version>', 'the version, or an alias: 7, @champion')
    .action(async (model: string, asked: string, _flags: unknown, command: Command) => {
      const api = await context.api(command);
      const version = asked.startsWith('@') ? await versionOfAlias(api, model, asked.slice(1)) : asked;
      const query = queryString({ name: model, version });
      const answer = z.object({ artifact_uri: z.string() });
      const { artifact_uri: uri } = await mlflow(
        api,
        'GET',
        `model-versions/get-download-uri${query}`,
        undefined,
        answer,
      );
      context.output(command).answer({ model, version, source: uri }, uri);
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

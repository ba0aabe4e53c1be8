// Wires configuration as code: the file, what it may name, and where what it says goes.
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { cronProblem } from '../../jobs/cron.js';
import type { Config } from '../config.js';
import { alertRuleSchema } from '../domain/alerts/rule.js';
import { channelSchema, silenceSchema } from '../domain/contract/alerts.js';
import { modelConfigSchema } from '../domain/contract/models.js';
import type { KnownFields } from '../services/alert-rule-check.js';
import type { AlertsService } from '../services/alerts.js';
import type { RegistryFacts } from '../services/alert-ports.js';
import type { AuditApi } from '../services/api.js';
import { auditedDocuments, type Note } from '../services/audit.js';
import { ConfigFileService, ownedSchema } from '../services/config-file.js';
import type { Tables } from '../store/tables.js';
import type { Computing } from './computing.js';

/** How often the file's time is looked at, ms. Polling also sees a file that is mounted, or replaced by another of its name. */
const WATCH_EVERY = 1000;
/** The newest predictions that are looked at for a model's fields. */
const FIELD_ROWS = 10_000;

/** What rules may name of models that are there. */
export function knownFields(
  tables: Tables,
  { models }: Computing,
  registry: RegistryFacts,
  clock: () => number,
): KnownFields {
  return {
    models: () => tables.catalogue.watchedModels(),
    features: (names, metric) => tables.watchedSeries.features(names, metric),
    fields: async (model) => {
      const found = await tables.fields.fields(tables.catalogue.fieldSource(model, FIELD_ROWS));
      return found.map(({ path }) => path);
    },
    ownMetrics: (names) => tables.watchedSeries.ownMetrics(names),
    parts: (names) => tables.watchedSeries.parts(names),
    meaning: async (model, reference) => {
      const now = clock();
      return (await registry.held(model, reference, now, now)).at(-1)?.version ?? null;
    },
    segments: async (model) => ((await models.isKnown(model)) ? (await models.effective(model)).segments : null),
  };
}

export function wireConfigFile(
  tables: Tables,
  computing: Computing,
  alerts: AlertsService,
  registry: RegistryFacts,
  config: Config,
  { audit, clock, logger }: { audit: AuditApi; clock: () => number; logger: Logger },
): ConfigFileService & { watch(): void; unwatch(): void } {
  const { models } = computing;
  // The change is made, whatever becomes of its row.
  const note: Note = (action, target, before, after) =>
    audit
      .append({
        actor: 'config-file',
        actor_name: config.configFile ?? '',
        action,
        target,
        before,
        after,
        request_id: '',
      })
      .catch((error: unknown) => logger.error({ err: error, target }, 'a change could not be audited'));
  const documents = tables.documents('models', modelConfigSchema);
  const configured = auditedDocuments(
    {
      get: (name) => documents.get(name),
      list: () => documents.list(),
      remove: (name) => documents.remove(name),
      exclusively: (work) => documents.exclusively(work),
      put: async (model, doc) => void (await models.configure(model, doc)),
    },
    '/v1/models',
    note,
  );
  const service = new ConfigFileService({
    file: config.configFile,
    read: (file) => readFile(file, 'utf8'),
    reading: { variable: config.variable, cronProblem },
    models: { ...configured, configure: (model, doc) => configured.put(model, doc) },
    channels: auditedDocuments(tables.documents('channels', channelSchema), '/v1/channels', note),
    rules: auditedDocuments(tables.documents('alert_rules', alertRuleSchema), '/v1/alert-rules', note),
    silences: auditedDocuments(tables.documents('silences', silenceSchema), '/v1/silences', note),
    builtin: {
      get: () => alerts.builtinAlerts(),
      put: async (settings) => {
        const before = await alerts.builtinAlerts();
        await alerts.putBuiltinAlerts(settings);
        await note('PUT /v1/builtin-alerts', '/v1/builtin-alerts', before, settings);
      },
    },
    settings: tables.documents('settings', ownedSchema),
    known: knownFields(tables, computing, registry, clock),
    channelProblem: (channel) => alerts.channelProblem(channel),
    clock,
    log: logger,
  });
  const changed = () =>
    void service
      .reload()
      .catch((error: unknown) => logger.error({ err: error }, 'the configuration file could not be applied'));
  return Object.assign(service, {
    watch: () => {
      if (config.configFile !== null)
        watchFile(config.configFile, { interval: WATCH_EVERY, persistent: false }, changed);
    },
    unwatch: () => {
      if (config.configFile !== null) unwatchFile(config.configFile, changed);
    },
  });
}

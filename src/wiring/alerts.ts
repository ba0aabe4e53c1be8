// Wires alerting: rules, channels, silences, the evidence behind an alert, and the senders.
import type { Config } from '../config.js';
import { alertRuleSchema } from '../domain/alerts/rule.js';
import { channelSchema, silenceSchema } from '../domain/contract/alerts.js';
import { HttpSender } from '../notify/http-sender.js';
import { MailSender } from '../notify/mail.js';
import { SlackSender } from '../notify/slack.js';
import { WebhookSender } from '../notify/webhook.js';
import { AllPoints } from '../services/aggregate-points.js';
import { RowEvidence } from '../services/alert-evidence.js';
import type { RegistryFacts } from '../services/alert-ports.js';
import { builtinAlertsSchema } from '../domain/contract/builtin-alerts.js';
import { AlertLinks, linkKeySchema } from '../services/alert-links.js';
import { AlertsService } from '../services/alerts.js';
import { BaselineReferences } from '../services/baseline-references.js';
import type { OwnedKind } from '../services/config-document.js';
import { ContributionsService } from '../services/contributions.js';
import { columnsOf } from '../services/quality.js';
import type { Tables } from '../store/tables.js';
import { knownFields } from './config-file.js';
import type { Computing } from './computing.js';

/** What segments contribute to changes: of its own, and behind alerts. */
export function wireContributions(tables: Tables, { models }: Computing): ContributionsService {
  return new ContributionsService({ rows: tables.rows, segments: tables.contributions, models });
}

export function wireAlerts(
  tables: Tables,
  computing: Computing,
  contributions: ContributionsService,
  registry: RegistryFacts,
  config: Config,
  clock: () => number,
  file: { isPlanned: (job: string) => boolean; placeOf: (kind: OwnedKind, name: string) => string | null },
): AlertsService {
  const { models, baselines } = computing;
  const http = new HttpSender({ allowPrivate: config.allowPrivateWebhooks });
  const evidence = new RowEvidence({
    contributions,
    baselines: {
      active: (model, version) => baselines.active(model, version),
      fieldsOf: (id) => tables.baselines.fieldsOf(id),
    },
    profiles: (query) => tables.profiles.sum(query),
  });
  const references = new BaselineReferences({ baselines, rows: tables.baselines, quality: computing.quality, models });
  return new AlertsService({
    registry,
    rules: tables.documents('alert_rules', alertRuleSchema),
    channels: tables.documents('channels', channelSchema),
    silences: tables.documents('silences', silenceSchema),
    points: new AllPoints(tables.points, tables.aggregates),
    series: tables.watchedSeries,
    events: tables.alertEvents,
    notifications: tables.notifications,
    models: {
      list: () => tables.catalogue.watchedModels(),
      minSamples: (model) => models.minSamples(model),
      windowLength: (model) => models.windowLength(model),
      columns: async (model) => columnsOf(await models.effective(model)),
    },
    evidence,
    watchdog: {
      feeds: (now) => tables.watchdog.feeds(now),
      jobs: (now) => tables.watchdog.jobs(now),
      isPlanned: file.isPlanned,
      settings: tables.documents('settings', builtinAlertsSchema),
    },
    links: new AlertLinks(tables.documents('settings', linkKeySchema)),
    senders: {
      email: new MailSender({ smtpUrl: config.smtpUrl, from: config.mailFrom }),
      webhook: new WebhookSender(http, clock),
      slack: new SlackSender(http),
    },
    baselineNumbers: (of) => references.of(of),
    addressProblem: (url) => http.problemOf(url),
    known: knownFields(tables, computing, registry, clock),
    fileOf: (rule) =>
      rule.startsWith('driftline.')
        ? file.placeOf('builtin_alerts', rule.slice('driftline.'.length))
        : file.placeOf('alert_rules', rule),
    clock,
    uptime: () => performance.now(),
    publicUrl:
      config.publicUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`,
  });
}

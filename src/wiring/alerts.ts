// Wires alerting: rules, channels, silences, the evidence behind an alert, and the senders.
import type { Config } from '../config.js';
import { alertRuleSchema } from '../domain/alerts/rule.js';
import { channelSchema, silenceSchema } from '../domain/contract/alerts.js';
import { binLabels } from '../domain/drift/bins.js';
import { total } from '../domain/drift/counts.js';
import { HttpSender } from '../notify/http-sender.js';
import { MailSender } from '../notify/mail.js';
import { SlackSender } from '../notify/slack.js';
import { WebhookSender } from '../notify/webhook.js';
import { AllPoints } from '../services/aggregate-points.js';
import { AlertsService } from '../services/alerts.js';
import type { Tables } from '../store/tables.js';
import type { Computing } from './computing.js';

export function wireAlerts(tables: Tables, computing: Computing, config: Config, clock: () => number): AlertsService {
  const { models, baselines } = computing;
  const http = new HttpSender({ allowPrivate: config.allowPrivateWebhooks });
  return new AlertsService({
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
    },
    evidence: {
      movedBins: async (series, from, to) => {
        const baseline = await baselines.active(series.model, series.version);
        const field = baseline?.fields.find(
          (candidate) => candidate.path === series.feature && candidate.kind !== 'skipped',
        );
        if (baseline === null || field === undefined) return [];
        const [current] = await tables.profiles.sum({ ...series, from, to, length: to - from });
        if (current === undefined || current.baseline_id !== baseline.id) return [];
        const bins =
          field.kind === 'numeric'
            ? { kind: 'numeric' as const, edges: field.edges }
            : { kind: 'categorical' as const, categories: field.categories };
        const before = total(field.counts);
        const now = total(current.total);
        return binLabels(bins).map((label, index) => ({
          label,
          baselineShare: (field.counts[index] ?? 0) / before,
          currentShare: (current.total[index] ?? 0) / now,
        }));
      },
    },
    senders: {
      email: new MailSender({ smtpUrl: config.smtpUrl, from: config.mailFrom }),
      webhook: new WebhookSender(http, clock),
      slack: new SlackSender(http),
    },
    clock,
    uptime: () => performance.now(),
    publicUrl:
      config.publicUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`,
  });
}

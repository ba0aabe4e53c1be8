// What may be asked of alerts: rules, channels, silences, alerts, and what explains them.
import type { AlertRule } from '../../domain/alerts/rule.js';
import type { Alert, Backtest, Channel, Notification, Silence } from '../../domain/contract/alerts.js';
import type { BuiltinAlerts } from '../../domain/contract/builtin-alerts.js';
import type { ConfigStatus } from '../../domain/contract/config-file.js';
import type { ContributionAnswer, ContributionQuery, Explanation } from '../../domain/contract/explanation.js';
import type { JobName } from '../../domain/contract/metrics.js';
import type { Proposals } from '../../domain/contract/proposals.js';
import type { ItemError } from '../../domain/errors.js';
import type { OwnedKind } from '../config-document.js';

export interface AlertsApi {
  putChannel(name: string, channel: Channel): Promise<void>;
  listChannels(): Promise<{ name: string; channel: Channel }[]>;
  removeChannel(name: string): Promise<void>;
  testChannel(name: string): Promise<Notification>;
  putRule(name: string, rule: AlertRule): Promise<ItemError[]>;
  listRules(): Promise<{ name: string; rule: AlertRule }[]>;
  removeRule(name: string): Promise<void>;
  backtest(name: string, range: { from: number; to: number }): Promise<Backtest>;
  /** Rules for a start, from the model's own history. @throws NotFoundError without numbers. */
  proposals(model: string, range: { from: number | null; to: number | null }): Promise<Proposals>;
  /** The same for a rule that is not saved. */
  backtestRule(rule: AlertRule, range: { from: number; to: number }): Promise<Backtest>;
  alerts(filter: { state: string | null; model: string | null }): Promise<Alert[]>;
  alert(id: string): Promise<Alert>;
  /** The alert with all that explains it. @throws NotFoundError. */
  explain(id: string): Promise<Explanation>;
  history(filter: { model: string | null; rule: string | null; limit: number }): Promise<Alert[]>;
  acknowledge(id: string, by: string): Promise<Alert>;
  /** What a mail's link would do. @throws NotFoundError for one that was not made here, ConflictError for one that is too old. */
  openLink(token: string, now: number): Promise<{ kind: 'acknowledge' | 'silence'; rule: string; model: string }>;
  /** Do it; what was done, in a sentence. */
  followLink(token: string, now: number): Promise<string>;
  builtinAlerts(): Promise<BuiltinAlerts>;
  putBuiltinAlerts(settings: BuiltinAlerts): Promise<void>;
  putSilence(name: string, silence: Silence): Promise<void>;
  listSilences(): Promise<{ name: string; silence: Silence }[]>;
  removeSilence(name: string): Promise<void>;
  notifications(filter: { model: string | null; limit: number }): Promise<Notification[]>;
}

/** What comes from a configuration file. */
export interface ConfigFileApi {
  status(): ConfigStatus;
  /** The mark of what comes from the file. */
  sourceOf(kind: OwnedKind, name: string): { source?: 'file' };
  /** @throws ConflictError for what comes from the file. */
  assertFree(kind: OwnedKind, name: string): void;
  schedules(): ReadonlyMap<JobName, string>;
  onChange(listener: () => void): void;
}

export interface ContributionsApi {
  /** @throws NotFoundError, InvalidInputError for a metric that is not a mean over rows. */
  read(model: string, query: ContributionQuery): Promise<ContributionAnswer>;
}

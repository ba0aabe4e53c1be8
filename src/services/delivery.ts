// Tells channels about alerts: decides for each channel on its own, sends, and writes down what came of it after the send.
import { v4 as uuidv4, v5 as uuidv5 } from 'uuid';
import {
  DeliveryError,
  type Delivered,
  type Notice,
  type NoticeLinks,
  type NoticeItem,
  type NoticeRollback,
} from '../domain/alerts/notice.js';
import {
  decideNotification,
  groupKey,
  loggedAlerts,
  previousFrom,
  type FiringAlert,
  type NotifyDecision,
} from '../domain/alerts/notify.js';
import { isSilenced } from '../domain/alerts/silence.js';
import { subjectOf } from '../domain/alerts/wording.js';
import type { Alert, Channel, Silence } from '../domain/contract/alerts.js';
import { parseDuration } from '../domain/duration.js';
import { LINK_LIFE, type LinkAction } from './alert-links.js';
import type { AlertPorts } from './alert-ports.js';
import {
  Evidence,
  noticeItem,
  noticeLink,
  queryLink,
  stopCommands,
  worstFirst,
  type NoticeSubject,
} from './notices.js';
import type { AlertEvent, NotificationRow } from './ports.js';

/** The namespace of Message-Ids. */
const NOTICE_NAMESPACE = '7d1c9a55-2e8b-5f43-a6c0-93b4f0d8e217';

/** The alerts of one rule on one model, each by its newest line. */
export interface NotifyRequest {
  ruleName: string;
  rule: NoticeSubject['rule'];
  model: string;
  now: number;
  alerts: readonly AlertEvent[];
  /** The newest lines of the notification log about the rule on the model, newest first: of each group, channel, outcome and kind. */
  told: readonly NotificationRow[];
  channels: ReadonlyMap<string, Channel>;
  silences: readonly Silence[];
  /** About the service itself: there are no numbers behind it, and this is how it is switched off. */
  plain?: { disable: string };
}

/** One channel of one group, with all that its decision depends on. */
interface Target {
  subject: NoticeSubject;
  channelName: string;
  channel: Channel | null;
  /** Of this group and channel, newest first. */
  rows: NotificationRow[];
  alerts: readonly AlertEvent[];
  silencedIds: ReadonlySet<string>;
}

/** So many sends find a channel dead before the rest of a run leaves it alone: each takes most of a minute, and other channels wait. */
const MAX_VAIN_SENDS = 2;

/** Sends notifications. */
export class Delivery {
  private readonly evidence: Evidence;
  /** Channels that could not be reached in this run. */
  private dead = new Map<string, { sends: number; error: string }>();

  constructor(private readonly ports: AlertPorts) {
    this.evidence = new Evidence(ports);
  }

  /** A new run: every channel is tried again. */
  begin(): void {
    this.dead = new Map();
  }

  /** Tell every channel of a rule what it does not know yet. Failures are in `errors` and tried again by the next call. */
  async notify(request: NotifyRequest): Promise<{ errors: string[] }> {
    const { ruleName, model, rule, now, alerts, told } = request;
    const silencedIds = silencedAlerts(
      alerts.map(({ alert }) => alert),
      request.silences,
      now,
    );
    const deployments = new Set([...alerts.map(({ alert }) => alert.deployment), ...told.map((row) => row.deployment)]);
    const targets = [...deployments].flatMap((deployment) =>
      rule.channels.map((channelName): Target => ({
        subject: {
          ruleName,
          rule,
          model,
          deployment,
          now,
          ...(request.plain === undefined ? {} : { plain: request.plain }),
        },
        channelName,
        channel: request.channels.get(channelName) ?? null,
        rows: told.filter((row) => row.deployment === deployment && row.channel === channelName),
        alerts: alerts.filter(({ alert }) => alert.deployment === deployment),
        silencedIds,
      })),
    );
    const errors = await Promise.all(targets.map((target) => this.tell(target)));
    return { errors: errors.flat() };
  }

  private async tell(target: Target): Promise<string[]> {
    const decision = decide(target);
    if (!decision.send) return [];
    const errors: string[] = [];
    const notice = await this.compose(target, decision, errors);
    const outcome = await this.attemptUnlessDead(target, notice);
    const row = rowOf(notice, outcome, loggedAlerts(decision));
    const channel = `channel ${target.channelName}, rule ${target.subject.ruleName}`;
    if (row.outcome === 'failed') errors.push(`${channel}: ${row.error ?? 'failed'}`);
    // A channel that stays broken is retried at each evaluation, but only its first failure is news.
    if (row.outcome === 'failed' && isSameFailure(target.rows[0], row)) return errors;
    try {
      await this.ports.notifications.append(row);
    } catch (error) {
      errors.push(
        `${channel}: ${row.outcome}, but the log could not be written, so it is tried again: ${errorText(error)}`,
      );
    }
    return errors;
  }

  /** Send a test to a channel and log it. */
  async test(channelName: string, channel: Channel, now: number): Promise<NotificationRow> {
    const id = uuidv4();
    const notice: Notice = {
      id,
      kind: 'test',
      reason: 'test',
      rule: '',
      model: '',
      deployment: '',
      channel: channelName,
      open: [],
      resolved: [],
      movedBins: [],
      quality: [],
      link: this.ports.publicUrl,
      stop: { disable: null, silence: '', file: null },
      messageId: messageId(id),
      inReplyTo: null,
      at: now,
    };
    const row = rowOf(notice, await this.attempt(channel, channelName, notice), { alert_ids: [], severities: [] });
    await this.ports.notifications.append(row);
    return row;
  }

  /** The notice of a decision. Evidence that cannot be had is left out: it must not hold back the alarm. */
  private async compose(target: Target, decision: NotifyDecision, errors: string[]): Promise<Notice> {
    const { subject, channelName, alerts, rows } = target;
    const items = new Map(alerts.map((event) => [event.alert.id, noticeItem(event)]));
    const pick = (ids: readonly string[]) => ids.map((id) => items.get(id)).filter((item) => item !== undefined);
    const open = worstFirst(pick(decision.firing.map((alert) => alert.alertId)));
    const optional = <T>(work: Promise<T[]>): Promise<T[]> =>
      work.catch((error: unknown) => {
        errors.push(`evidence for rule ${subject.ruleName}: ${errorText(error)}`);
        return [];
      });
    const id = uuidv5(
      JSON.stringify([
        groupKey({ rule: subject.ruleName, model: subject.model, deployment: subject.deployment }),
        channelName,
        decision.messageKey,
      ]),
      NOTICE_NAMESPACE,
    );
    const resolved = pick(decision.resolvedIds);
    return {
      id,
      kind: decision.kind,
      reason: decision.reason,
      rule: subject.ruleName,
      model: subject.model,
      deployment: subject.deployment,
      channel: channelName,
      open,
      resolved,
      ...(await this.gather(subject, open, optional)),
      links: open.length === 0 ? undefined : (await optional(this.linksFor(subject)))[0],
      link: noticeLink(this.ports.publicUrl, subject.model, open[0] ?? resolved[0]),
      query: queryLink({ publicUrl: this.ports.publicUrl, model: subject.model }, open[0] ?? resolved[0]),
      stop: stopCommands(this.ports.publicUrl, subject, this.ports.fileOf(subject.ruleName)),
      messageId: messageId(id),
      inReplyTo: decision.kind === 'firing' ? null : threadOf(rows),
      at: subject.now,
    };
  }

  /** What explains a notice. About the service itself there is nothing to explain. */
  private async gather(
    subject: NoticeSubject,
    open: readonly NoticeItem[],
    optional: <T>(work: Promise<T[]>) => Promise<T[]>,
  ): Promise<Pick<Notice, 'movedBins' | 'quality' | 'segments' | 'chart' | 'rollback'>> {
    if (subject.plain !== undefined) return { movedBins: [], quality: [] };
    return {
      movedBins: await optional(this.evidence.movedBins(subject, open)),
      quality: await optional(this.evidence.quality(subject, open)),
      segments: (await optional(this.evidence.segments(subject, open)))[0],
      chart: (await optional(this.evidence.chart(subject, open)))[0],
      rollback: (await optional(this.rollback(subject.model, open)))[0],
    };
  }

  private async linksFor({ ruleName: rule, model, deployment }: NoticeSubject): Promise<NoticeLinks[]> {
    // A link's life counts on the clock of whoever opens it, not on that of the windows.
    const expires = this.ports.clock() + LINK_LIFE;
    const address = async (kind: LinkAction['kind']): Promise<string> => {
      const token = await this.ports.links.sign({ kind, rule, model, deployment, expires });
      return `${this.ports.publicUrl}/alert-links/${token}`;
    };
    return [{ acknowledge: await address('acknowledge'), silence: await address('silence') }];
  }

  /** The first critical alert of a version in charge that has a predecessor. */
  private async rollback(model: string, open: readonly NoticeItem[]): Promise<NoticeRollback[]> {
    const critical = open.filter((item) => item.severity === 'critical' && item.state === 'firing');
    for (const version of new Set(critical.map((item) => item.version))) {
      const previous = await this.ports.registry.previous(model, version);
      if (previous !== null) return [{ version, previousVersion: previous.version, was: previous.was }];
    }
    return [];
  }

  private async attemptUnlessDead({ channel, channelName }: Target, notice: Notice): Promise<Outcome> {
    const dead = this.dead.get(channelName);
    if (dead !== undefined && dead.sends >= MAX_VAIN_SENDS) return { attempts: 0, error: dead.error, sent: false };
    const outcome = await this.attempt(channel, channelName, notice);
    if (outcome.sent) this.dead.delete(channelName);
    else if (outcome.unreachable === true)
      this.dead.set(channelName, { sends: (dead?.sends ?? 0) + 1, error: outcome.error ?? '' });
    return outcome;
  }

  private async attempt(channel: Channel | null, name: string, notice: Notice): Promise<Outcome> {
    if (channel === null) return { attempts: 0, error: `there is no channel ${name}`, sent: false };
    try {
      const { attempts, warning } = await this.send(channel, notice);
      return { attempts, error: warning, sent: true };
    } catch (error) {
      const { attempts, unreachable } = error instanceof DeliveryError ? error : { attempts: 1, unreachable: false };
      return { attempts, error: errorText(error), sent: false, unreachable };
    }
  }

  private send(channel: Channel, notice: Notice): Promise<Delivered> {
    const { senders } = this.ports;
    switch (channel.type) {
      case 'email':
        return senders.email.send(channel, notice);
      case 'webhook':
        return senders.webhook.send(channel, notice);
      case 'slack':
        return senders.slack.send(channel, notice);
    }
  }
}

interface Outcome {
  attempts: number;
  error: string | null;
  sent: boolean;
  unreachable?: boolean;
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function messageId(id: string): string {
  return `<${id}@driftline>`;
}

/** The Message-Id of the mail that opened the incident. */
function threadOf(rows: readonly NotificationRow[]): string | null {
  return rows.find((row) => row.outcome === 'sent' && row.kind === 'firing')?.message_id ?? null;
}

function silencedAlerts(alerts: readonly Alert[], silences: readonly Silence[], now: number): Set<string> {
  return new Set(alerts.filter((alert) => isSilenced(alert, silences, now)).map((alert) => alert.id));
}

const ALERTING: ReadonlySet<Alert['state']> = new Set(['firing', 'acknowledged', 'no_data']);

function firingAlert({ alert, detail }: AlertEvent): FiringAlert {
  const episode = typeof detail['episode'] === 'number' ? detail['episode'] : Date.parse(alert.since);
  return { alertId: alert.id, severity: alert.severity ?? 'warning', episode };
}

function decide({ subject, rows, alerts, silencedIds }: Target): NotifyDecision {
  const { rule, now } = subject;
  const firing = alerts.filter(({ alert }) => ALERTING.has(alert.state));
  return decideNotification({
    firing: firing.map(firingAlert),
    previous: previousFrom(rows),
    // Silences are applied alert by alert; a group is silent when all of its alerts are.
    silenced: false,
    silencedIds,
    acknowledgedIds: new Set(firing.filter(({ alert }) => alert.state === 'acknowledged').map(({ alert }) => alert.id)),
    now,
    repeatEveryMs: rule.repeat_every === null ? null : parseDuration(rule.repeat_every),
  });
}

function rowOf(
  notice: Notice,
  { attempts, error, sent }: Outcome,
  told: { alert_ids: string[]; severities: string[] },
): NotificationRow {
  return {
    id: uuidv4(),
    rule: notice.rule,
    model: notice.model,
    deployment: notice.deployment,
    channel: notice.channel,
    kind: notice.kind,
    reason: notice.reason,
    alert_ids: told.alert_ids,
    severities: told.severities,
    message_id: notice.messageId,
    outcome: sent ? 'sent' : 'failed',
    attempts,
    error,
    subject: subjectOf(notice),
    at: notice.at,
  };
}

function isSameFailure(last: NotificationRow | undefined, row: NotificationRow): boolean {
  return last?.outcome === 'failed' && last.message_id === row.message_id && last.error === row.error;
}

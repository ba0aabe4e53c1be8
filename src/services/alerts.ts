// Alerting as people and clients see it: rules, channels, silences, alerts, what was sent, and the evaluation behind it.
import type { AlertRule } from '../domain/alerts/rule.js';
import { formatTime } from '../domain/alerts/wording.js';
import { DAY_MS } from '../domain/duration.js';
import { isSilenced } from '../domain/alerts/silence.js';
import type { Alert, Backtest, Channel, Notification, Silence } from '../domain/contract/alerts.js';
import type { BuiltinAlerts } from '../domain/contract/builtin-alerts.js';
import type { Explanation } from '../domain/contract/explanation.js';
import { iso } from '../domain/contract/common.js';
import type { Proposals } from '../domain/contract/proposals.js';
import type { JobResult } from '../domain/contract/metrics.js';
import { ConflictError, InvalidInputError, NotFoundError, type ItemError } from '../domain/errors.js';
import { nearest } from '../domain/nearest.js';
import { backtestRule } from './alert-backtest.js';
import { AlertEvaluation, type EvaluateOptions } from './alert-evaluation.js';
import { AlertExplanations } from './alert-explanation.js';
import type { AlertLinks, LinkAction } from './alert-links.js';
import type { AlertPorts } from './alert-ports.js';
import { checkRule, ruleNameProblem, unknownChannel } from './alert-rule-check.js';
import { ruleWarnings } from './alert-rule-warnings.js';
import type { AlertsApi } from './api.js';
import { Delivery } from './delivery.js';
import { muteName } from './notices.js';
import { proposeRules } from './rule-proposals.js';
import type { AlertEvent, NotificationRow } from './ports.js';

/** The most alerts of one answer. */
const MAX_ANSWER = 10_000;
const STATES = ['pending', 'firing', 'acknowledged', 'silenced', 'resolved', 'no_data', 'error'] as const;
const OPEN_STATES: Alert['state'][] = ['pending', 'firing', 'acknowledged', 'no_data', 'error'];

/** The alert use cases. `evaluate` is the job; the rest answers people. */
export class AlertsService implements AlertsApi {
  private readonly delivery: Delivery;
  private readonly links: AlertLinks;
  private readonly explanations: AlertExplanations;
  private readonly evaluation: AlertEvaluation;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly ports: AlertPorts) {
    this.delivery = new Delivery(ports);
    this.links = ports.links;
    this.explanations = new AlertExplanations(ports);
    this.evaluation = new AlertEvaluation(ports, this.delivery);
  }

  /** Hold every rule against the stored numbers, bring the log up to date and tell the channels. Failures are in `errors`. */
  evaluate(options: EvaluateOptions): Promise<JobResult> {
    return this.serially(() => this.evaluation.evaluate(options));
  }

  /** Which of the alerts that nobody has to set up are on, and where they go. */
  builtinAlerts(): Promise<BuiltinAlerts> {
    return this.evaluation.builtin.settings();
  }

  /** @throws InvalidInputError for a channel that does not exist. */
  async putBuiltinAlerts(settings: BuiltinAlerts): Promise<void> {
    const known = (await this.ports.channels.list()).map(({ name }) => name);
    const errors = Object.entries(settings).flatMap(([kind, { channels }]) =>
      (channels ?? [])
        .filter((name) => !known.includes(name))
        .map((name) => ({
          code: 'unknown_channel',
          path: `${kind}.channels`,
          message: unknownChannel(name, known),
        })),
    );
    const [first] = errors;
    if (first !== undefined) throw new InvalidInputError(`${first.path}: ${first.message}.`, errors);
    await this.evaluation.builtin.putSettings(settings);
  }

  /** What is remembered between evaluations is read anew: rows were removed. */
  forget(): void {
    this.evaluation.memory.forget();
  }

  /** @throws InvalidInputError for an address that may not be reached. */
  async putChannel(name: string, channel: Channel): Promise<void> {
    const message = await this.channelProblem(channel);
    if (message !== null)
      throw new InvalidInputError(`The channel is refused. url: ${message}.`, [
        { code: 'forbidden_address', path: 'url', message },
      ]);
    await this.ports.channels.put(name, channel);
  }

  /** Why a channel cannot be used, or null. A name that cannot be looked up now is no reason: that shows when it is used. */
  channelProblem(channel: Channel): Promise<string | null> {
    return channel.type === 'email' ? Promise.resolve(null) : this.ports.addressProblem(channel.url);
  }

  async listChannels(): Promise<{ name: string; channel: Channel }[]> {
    return (await this.ports.channels.list()).map(({ name, doc }) => ({ name, channel: doc }));
  }

  /** @throws NotFoundError, ConflictError while rules send to it. */
  removeChannel(name: string): Promise<void> {
    return this.ports.channels.exclusively(async () => {
      await this.channel(name);
      const users = await this.usersOf(name);
      if (users.length > 0)
        throw new ConflictError(`The channel ${name} is used by ${users.join(' and by ')}. Take it out of them first.`);
      await this.ports.channels.remove(name);
    });
  }

  /** Sends a test; a failure is in the answer, not thrown. @throws NotFoundError. */
  async testChannel(name: string): Promise<Notification> {
    return toNotification(await this.delivery.test(name, await this.channel(name), this.ports.clock()));
  }

  /**
   * Save a rule. It answers with what the rule names that has no numbers yet.
   * @throws InvalidInputError for a metric, channel, field or segment that does not exist, with the nearest one that does.
   */
  async putRule(name: string, rule: AlertRule): Promise<ItemError[]> {
    const message = ruleNameProblem(name);
    if (message !== null)
      throw new InvalidInputError(`${message}.`, [{ code: 'reserved_name', path: 'name', message }]);
    // Looking for fields and segments takes a while, and others do not wait for it.
    await this.check(rule);
    await this.ports.rules.exclusively(async () => {
      // Its channels may have been removed meanwhile.
      const channels = new Set((await this.ports.channels.list()).map((channel) => channel.name));
      if (!rule.channels.every((channel) => channels.has(channel))) await this.check(rule);
      await this.ports.rules.put(name, rule);
    });
    return ruleWarnings(rule, this.ports.known);
  }

  /** What sends to a channel by its name, in words. */
  private async usersOf(channel: string): Promise<string[]> {
    const rules = (await this.ports.rules.list()).filter(({ doc }) => doc.channels.includes(channel));
    const builtin = Object.entries(await this.builtinAlerts()).filter(([, one]) => one.channels?.includes(channel));
    const names = rules.map(({ name }) => name).join(', ');
    return [
      ...(rules.length === 0 ? [] : [`${rules.length === 1 ? 'the rule' : 'the rules'} ${names}`]),
      ...(builtin.length === 0 ? [] : [`the built-in alerts on ${builtin.map(([kind]) => kind).join(', ')}`]),
    ];
  }

  private async check(rule: AlertRule): Promise<void> {
    const channels = await this.ports.channels.list();
    const names = channels.map((channel) => channel.name);
    await checkRule(rule, names, this.ports.known);
  }

  async listRules(): Promise<{ name: string; rule: AlertRule }[]> {
    return (await this.ports.rules.list()).map(({ name, doc }) => ({ name, rule: doc }));
  }

  /** @throws NotFoundError. Its open alerts are closed by the next evaluation. */
  removeRule(name: string): Promise<void> {
    return this.ports.rules.exclusively(async () => {
      await this.rule(name);
      await this.ports.rules.remove(name);
    });
  }

  /** What the rule would have done on the windows that start in the range. @throws NotFoundError. */
  async backtest(name: string, range: { from: number; to: number }): Promise<Backtest> {
    return backtestRule(this.ports, await this.rule(name), range);
  }

  /** The same for a rule that is not saved. @throws InvalidInputError as saving it would. */
  async backtestRule(rule: AlertRule, range: { from: number; to: number }): Promise<Backtest> {
    await this.check(rule);
    return backtestRule(this.ports, rule, range);
  }

  /** Rules for a start, from the model's own history. @throws NotFoundError without numbers. */
  proposals(model: string, range: { from: number | null; to: number | null }): Promise<Proposals> {
    return proposeRules(this.ports, model, range);
  }

  /** Without a state: everything that is not over, worst and newest first as the log has it. */
  async alerts(filter: { state: string | null; model: string | null }): Promise<Alert[]> {
    const lines = await this.ports.events.latest({
      rule: null,
      model: filter.model,
      states: loggedStates(filter.state),
      limit: MAX_ANSWER,
    });
    const shown = await this.withSilences(lines);
    return filter.state === null ? shown : shown.filter((alert) => alert.state === filter.state);
  }

  /** @throws NotFoundError. */
  async alert(id: string): Promise<Alert> {
    const [shown] = await this.withSilences([await this.newestLine(id)]);
    if (shown === undefined) throw new NotFoundError(`There is no alert ${id}.`);
    return shown;
  }

  /** The alert with its numbers, bins, segments, example rows, history and statements. @throws NotFoundError. */
  async explain(id: string): Promise<Explanation> {
    const alert = await this.alert(id);
    const [lines, rule] = await Promise.all([this.ports.events.byId(id), this.ports.rules.get(alert.rule)]);
    return this.explanations.explain(alert, lines, rule);
  }

  /** Every alert there was by its newest line, newest first; those that were never more than pending have no severity. */
  async history(filter: { model: string | null; rule: string | null; limit: number }): Promise<Alert[]> {
    const lines = await this.ports.events.latest({
      rule: filter.rule,
      model: filter.model,
      states: null,
      limit: filter.limit,
    });
    return this.withSilences(lines);
  }

  /** It stays open and in the lists, but is not repeated. @throws NotFoundError, ConflictError when it is not firing. */
  acknowledge(id: string, by: string): Promise<Alert> {
    return this.serially(async () => {
      const line = await this.newestLine(id);
      const { state } = line.alert;
      if (state === 'acknowledged') return line.alert;
      if (state !== 'firing' && state !== 'no_data')
        throw new ConflictError(`The alert ${id} is ${state}: only a firing alert can be acknowledged.`);
      const now = this.ports.clock();
      const alert: Alert = { ...line.alert, state: 'acknowledged', updated_at: iso(now) };
      await this.ports.events.append([{ alert, detail: { ...line.detail, acknowledged_by: by }, at: now }]);
      return alert;
    });
  }

  /** What a mail's link would do. @throws NotFoundError for one that was not made here, ConflictError for one that is too old. */
  async openLink(token: string, now: number): Promise<LinkAction> {
    const action = await this.links.open(token);
    if (action === null) throw new NotFoundError('There is no such link. Open the alert in the dashboard instead.');
    if (now >= action.expires) throw new ConflictError('The link is too old. Open the alert in the dashboard instead.');
    return action;
  }

  /** Do what a mail's link stands for; what was done, in a sentence. Doing it twice changes nothing. @throws as openLink. */
  async followLink(token: string, now: number): Promise<string> {
    const { kind, rule, model, deployment } = await this.openLink(token, now);
    if (kind === 'silence') {
      const matchers = { rule, model };
      await this.putSilence(muteName(rule, model), {
        matchers,
        starts: now,
        ends: now + DAY_MS,
        comment: 'from a link in a notification',
      });
      return `Nothing is sent about the rule ${rule} on ${model} until ${formatTime(now + DAY_MS)}.`;
    }
    const lines = await this.ports.events.latest({ rule, model, states: ['firing', 'no_data'], limit: MAX_ANSWER });
    const open = lines.filter(({ alert }) => alert.deployment === deployment);
    for (const { alert } of open) await this.acknowledge(alert.id, 'a link in a notification');
    if (open.length === 0) return 'There is nothing to acknowledge: the alerts are over, or acknowledged already.';
    return open.length === 1 ? 'The alert is acknowledged.' : `${open.length} alerts are acknowledged.`;
  }

  /** @throws InvalidInputError for a new one that is over already. One that is there may be ended. */
  putSilence(name: string, silence: Silence): Promise<void> {
    return this.ports.silences.exclusively(async () => {
      const now = this.ports.clock();
      if (silence.ends <= now && (await this.ports.silences.get(name)) === null) {
        const message = `${iso(silence.ends)} is past, it is ${iso(now)}: the silence would hold nothing back`;
        throw new InvalidInputError(`The silence is refused. ends: ${message}.`, [
          { code: 'already_over', path: 'ends', message },
        ]);
      }
      await this.ports.silences.put(name, silence);
    });
  }

  async listSilences(): Promise<{ name: string; silence: Silence }[]> {
    return (await this.ports.silences.list()).map(({ name, doc }) => ({ name, silence: doc }));
  }

  /** @throws NotFoundError. */
  async removeSilence(name: string): Promise<void> {
    await this.ports.silences.exclusively(async () => {
      if ((await this.ports.silences.get(name)) === null) throw new NotFoundError(`There is no silence ${name}.`);
      await this.ports.silences.remove(name);
    });
  }

  async notifications(filter: { model: string | null; limit: number }): Promise<Notification[]> {
    return (await this.ports.notifications.list({ rule: null, ...filter })).map(toNotification);
  }

  /** One after another: an acknowledgement must not be lost between an evaluation's reading and writing, nor mail be sent twice. */
  private serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }

  private async withSilences(lines: readonly AlertEvent[]): Promise<Alert[]> {
    const silences = (await this.ports.silences.list()).map(({ doc }) => doc);
    const now = this.ports.clock();
    return lines.map(({ alert }) => {
      const silenced = (alert.state === 'firing' || alert.state === 'no_data') && isSilenced(alert, silences, now);
      return silenced ? { ...alert, state: 'silenced' as const } : alert;
    });
  }

  private async newestLine(id: string): Promise<AlertEvent> {
    const line = (await this.ports.events.byId(id)).at(-1);
    if (line === undefined) throw new NotFoundError(`There is no alert ${id}. GET /v1/alerts lists them.`);
    return line;
  }

  private async rule(name: string): Promise<AlertRule> {
    const rule = await this.ports.rules.get(name);
    if (rule === null) throw new NotFoundError(`There is no alert rule ${name}. GET /v1/alert-rules lists them.`);
    return rule;
  }

  private async channel(name: string): Promise<Channel> {
    const channel = await this.ports.channels.get(name);
    if (channel === null) throw new NotFoundError(`There is no channel ${name}. GET /v1/channels lists them.`);
    return channel;
  }
}

/** The states of log lines that can be shown as `state`; a silenced alert is logged as what it is without the silence. */
function loggedStates(state: string | null): Alert['state'][] {
  if (state === null) return OPEN_STATES;
  if (state === 'silenced') return ['firing', 'no_data'];
  const known = STATES.find((one) => one === state);
  if (known !== undefined) return [known];
  const message = `there is no state "${state}": did you mean "${nearest(state, STATES) ?? 'firing'}"?`;
  throw new InvalidInputError(message, [{ code: 'invalid_value', path: 'state', message }]);
}

function toNotification({
  deployment: _deployment,
  severities: _severities,
  at,
  ...rest
}: NotificationRow): Notification {
  return { ...rest, at: iso(at) };
}

// Whether a group of alerts is notified now, and why: what is true is held against what the receiver was last told.
import type { Severity } from './rule.js';

/** What one notification is about: all the alerts of one rule on one deployment of one model. */
export interface NotificationGroup {
  rule: string;
  model: string;
  deployment: string;
}

/** An alert as a notification names it. */
export interface AnnouncedAlert {
  /** A lower-case UUID, stable for the series (rule, version, deployment, segment, feature) and the same in every episode. */
  alertId: string;
  severity: Severity;
}

/** An alert that is firing (or without data, where the rule calls that an alert). */
export interface FiringAlert extends AnnouncedAlert {
  /** `SeriesState.episode`: epoch milliseconds, the start of the first window of the episode. */
  episode: number;
}

/** `firing` opens an incident of the group, `update` adds to it, `resolved` closes it. */
export type NotificationKind = 'firing' | 'update' | 'resolved';

/** Why something is sent. */
export type SendReason = 'first' | 'new_series' | 'severity_raised' | 'resolved' | 'repeat';
/** Why nothing is sent. */
export type HoldReason = 'partly_resolved' | 'silenced' | 'acknowledged' | 'nothing_new' | 'never_announced';
export type NotifyReason = SendReason | HoldReason;

/**
 * What the decisions need of a row of the notification log. A row is written after the channel took the notification (or gave
 * up: `failed`) and never changed. Each channel of a group has decisions of its own, from its own rows, so that one that
 * failed is told later what the others know already.
 */
export interface LoggedNotification {
  kind: NotificationKind | 'test';
  outcome: 'sent' | 'failed';
  /** Every alert the notification called firing; where it is `resolved`, those it called resolved. */
  alert_ids: readonly string[];
  /** The severity of each of `alert_ids`; empty where it is `resolved`. */
  severities: readonly string[];
  /** The `now` of the run that sent it, epoch milliseconds. */
  at: number;
}

/** What the receiver believes. */
export interface PreviousNotification {
  /** When the receiver was last told anything. */
  at: number;
  /** What it was told to be firing; nothing after a `resolved`. */
  firing: readonly AnnouncedAlert[];
}

/** What a decision depends on. */
export interface NotifyInput {
  /** The group's alerting series, in any order. */
  firing: readonly FiringAlert[];
  /** Alerts of the group that ended since the last decision; they only tell `never_announced` from `nothing_new`. */
  endedIds?: readonly string[];
  /** `previousFrom` the log of this group and channel. */
  previous: PreviousNotification | null;
  /** A silence covers the whole group: what would be sent waits until it is over. */
  silenced: boolean;
  /** Alerts that a silence covers one by one (by feature, say). They stay in `firing`: silenced is not resolved. */
  silencedIds?: ReadonlySet<string>;
  /** Alerts whose present episode somebody acknowledged. The caller drops an acknowledgement when its alert resolves. */
  acknowledgedIds: ReadonlySet<string>;
  /** Epoch milliseconds, on the clock of the windows and of the log's `at`. */
  now: number;
  /** The rule's `repeat_every`; null: never repeat. */
  repeatEveryMs: number | null;
}

/** Whether to send, what it says, and why. With `send` false the rest says what was held back. */
export interface NotifyDecision {
  send: boolean;
  kind: NotificationKind;
  reason: NotifyReason;
  /** What the notification lists: every firing alert that is not silenced by itself, critical ones first; none when `resolved`. */
  firing: FiringAlert[];
  /** Alerts that the receiver believes to be firing and that are not. */
  resolvedIds: string[];
  /** The same for the same news: with group and channel it makes the Message-Id, so that a second try after a crash is the same mail. */
  messageKey: string;
}

/** A text that names the group, the same for equal groups only. */
export function groupKey(group: NotificationGroup): string {
  return JSON.stringify([group.rule, group.model, group.deployment]);
}

const rank = (severity: Severity): number => (severity === 'critical' ? 1 : 0);
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Critical first, then by id: an order that does not depend on how the alerts were read. */
function ordered(firing: readonly FiringAlert[]): FiringAlert[] {
  return [...firing].sort((a, b) => rank(b.severity) - rank(a.severity) || byText(a.alertId, b.alertId));
}

/** The group as this receiver sees it. */
interface View {
  input: NotifyInput;
  /** What it was last told to be firing. */
  believed: ReadonlyMap<string, AnnouncedAlert>;
  resolvedIds: readonly string[];
  isSilenced: (alertId: string) => boolean;
  /** Neither acknowledged nor silenced: may be announced and repeated. */
  isOpen: (alert: FiringAlert) => boolean;
}

/** What `decideNotification` chooses, before a silence of the whole group. */
interface Choice {
  kind: NotificationKind;
  reason: NotifyReason;
}

/** Why alerts that are all held back are. */
function heldReason({ input, isSilenced }: View): HoldReason {
  const acknowledged = input.firing.some((alert) => !isSilenced(alert.alertId));
  return acknowledged ? 'acknowledged' : 'silenced';
}

/** Nothing fires that the receiver knows of or may be told. */
function chooseWhenQuiet(view: View): Choice {
  const { input, believed, isSilenced } = view;
  if (believed.size > 0) {
    const audible = [...believed.keys()].some((id) => !isSilenced(id));
    return { kind: 'resolved', reason: audible ? 'resolved' : 'silenced' };
  }
  if (input.firing.length > 0) return { kind: 'firing', reason: heldReason(view) };
  const ended = (input.endedIds ?? []).length > 0;
  return { kind: 'resolved', reason: ended ? 'never_announced' : 'nothing_new' };
}

/**
 * Whether the receiver has not heard of this alert. One it was told of has begun anew if its episode starts after the telling.
 * That the start has changed is no sign: a late label can move it to an earlier window.
 */
function isUnheard({ input, believed }: View, alert: FiringAlert): boolean {
  return !believed.has(alert.alertId) || alert.episode >= (input.previous?.at ?? Infinity);
}

function isRaised({ believed, isSilenced }: View, alert: FiringAlert): boolean {
  const told = believed.get(alert.alertId);
  return told !== undefined && !isSilenced(alert.alertId) && rank(alert.severity) > rank(told.severity);
}

/** Something fires that the receiver knows of or may be told. */
function chooseWhenFiring(view: View): Choice {
  const { input, believed, isOpen, resolvedIds } = view;
  const { firing, previous, now, repeatEveryMs } = input;
  if (previous === null || believed.size === 0) return { kind: 'firing', reason: 'first' };
  const kind = 'update';
  if (firing.some((alert) => isOpen(alert) && isUnheard(view, alert))) return { kind, reason: 'new_series' };
  if (firing.some((alert) => isRaised(view, alert))) return { kind, reason: 'severity_raised' };
  const open = firing.some(isOpen);
  const repeats = repeatEveryMs !== null && now - previous.at >= repeatEveryMs;
  if (repeats) return { kind, reason: open ? 'repeat' : heldReason(view) };
  if (resolvedIds.length > 0) return { kind, reason: 'partly_resolved' };
  return { kind, reason: open ? 'nothing_new' : heldReason(view) };
}

const SEND_REASONS: ReadonlySet<NotifyReason> = new Set<SendReason>([
  'first',
  'new_series',
  'severity_raised',
  'resolved',
  'repeat',
]);

function viewOf(input: NotifyInput): View {
  const firingIds = new Set(input.firing.map((alert) => alert.alertId));
  const believed = new Map((input.previous?.firing ?? []).map((alert) => [alert.alertId, alert] as const));
  const isSilenced = (alertId: string): boolean => input.silencedIds?.has(alertId) ?? false;
  return {
    input,
    believed,
    resolvedIds: [...believed.keys()].filter((id) => !firingIds.has(id)).sort(byText),
    isSilenced,
    isOpen: ({ alertId }) => !input.acknowledgedIds.has(alertId) && !isSilenced(alertId),
  };
}

/**
 * Whether to notify one channel of one group now. The rules:
 * - the first alert that nobody acknowledged opens an incident (`first`); further ones add to it (`new_series`);
 * - a higher severity than was told is news even when acknowledged (`severity_raised`), a lower one is not;
 * - an incident is closed once, when nothing it told of fires any more (`resolved`), and only if it was opened: a receiver never
 *   hears of the end of what it never heard of (`never_announced`); the end of a part is not sent (`partly_resolved`);
 * - every `repeatEveryMs` since the last notification, unless everything is acknowledged, it is told again (`repeat`);
 * - under a silence nothing is sent (`silenced`); what is still true when it ends is sent then.
 */
export function decideNotification(input: NotifyInput): NotifyDecision {
  const view = viewOf(input);
  const concerned = input.firing.some((alert) => view.believed.has(alert.alertId) || view.isOpen(alert));
  const { kind, reason } = concerned ? chooseWhenFiring(view) : chooseWhenQuiet(view);
  const news = SEND_REASONS.has(reason);
  const audible = input.firing.filter((alert) => !view.isSilenced(alert.alertId));
  const firing = kind === 'resolved' ? [] : ordered(audible);
  const resolvedIds = [...view.resolvedIds];
  const told = firing.map((alert) => [alert.alertId, alert.severity]);
  return {
    send: news && !input.silenced,
    kind,
    reason: news && input.silenced ? 'silenced' : reason,
    firing,
    resolvedIds,
    messageKey: JSON.stringify([input.previous?.at ?? 0, kind, told, resolvedIds]),
  };
}

/** The alerts that the log row of a sent decision names. */
export function loggedAlerts(decision: NotifyDecision): { alert_ids: string[]; severities: Severity[] } {
  const { kind, firing, resolvedIds } = decision;
  if (kind === 'resolved') return { alert_ids: resolvedIds, severities: [] };
  return { alert_ids: firing.map((alert) => alert.alertId), severities: firing.map((alert) => alert.severity) };
}

/**
 * What the receiver believes, from the rows of one group and channel in any order (at least the newest one that was sent), or
 * null where it was never told anything. Tests and failed notifications told nothing.
 */
export function previousFrom(rows: readonly LoggedNotification[]): PreviousNotification | null {
  const newest = rows
    .filter((row) => row.outcome === 'sent' && row.kind !== 'test')
    .reduce<LoggedNotification | null>((best, row) => (best === null || row.at > best.at ? row : best), null);
  if (newest === null) return null;
  if (newest.kind === 'resolved') return { at: newest.at, firing: [] };
  const firing = newest.alert_ids.map((alertId, i): AnnouncedAlert => {
    return { alertId, severity: newest.severities[i] === 'critical' ? 'critical' : 'warning' };
  });
  return { at: newest.at, firing };
}

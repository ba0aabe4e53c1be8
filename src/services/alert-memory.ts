// What evaluation remembers between two runs, so that nothing is read twice. A cache: everything in it is in the store as well.
import type { AlertRule } from '../domain/alerts/rule.js';
import type { Channel, Silence } from '../domain/contract/alerts.js';
import { HOUR_MS } from '../domain/duration.js';
import type { AlertPorts } from './alert-ports.js';
import type { AlertEvent, NewLines, NotificationRow } from './ports.js';

/** A stored document by its name. */
interface Named<T> {
  name: string;
  doc: T;
  updatedAt: number;
}

/** What people configured. */
interface Configured {
  rules: Named<AlertRule>[];
  channels: Map<string, Channel>;
  silences: Silence[];
  models: string[];
}

/** When a rule was last held against a model, and all that the outcome depended on besides the rule. */
export interface Stamp {
  rule: AlertRule;
  ruleSince: number;
  /** Newest version of the model's numbers. */
  version: number;
  windowLength: number;
  minSamples: number;
  endingBy: number;
  /** When the next stored window will have ended, epoch ms; null where none is stored. */
  nextEnd: number | null;
  windows: number;
  points: number;
}

/** The most alerts of one rule on one model that are looked at, newest first. */
export const MAX_ALERTS = 10_000;
/** After so long everything is read anew: another process may have deleted a model. */
const MAX_AGE = HOUR_MS;

/** A text that names a rule on a model. */
export function watchText(rule: string, model: string): string {
  return JSON.stringify([rule, model]);
}

/** Lines of a log by rule and model, kept up to date by reading what is new. */
class LogMemory<Line> {
  private version = 0;
  private total = 0;
  private readonly groups = new Map<string, Map<string, { line: Line; version: number }>>();

  constructor(
    private readonly read: (version: number) => Promise<NewLines<Line>>,
    private readonly groupOf: (line: Line) => string,
    private readonly keyOf: (line: Line) => string,
  ) {}

  /** @returns false where lines have gone: what is remembered is no longer true. */
  async refresh(settle: number): Promise<boolean> {
    const { lines, total } = await this.read(Math.max(0, this.version - settle));
    for (const { line, version } of lines) {
      this.version = Math.max(this.version, version);
      const group = this.groupOf(line);
      const known = this.groups.get(group) ?? new Map<string, { line: Line; version: number }>();
      this.groups.set(group, known);
      const key = this.keyOf(line);
      if ((known.get(key)?.version ?? -1) < version) known.set(key, { line, version });
    }
    const complete = total >= this.total;
    this.total = total;
    return complete;
  }

  /** Newest first. */
  of(group: string): Line[] {
    const lines = [...(this.groups.get(group)?.values() ?? [])];
    return lines.sort((a, b) => b.version - a.version).map(({ line }) => line);
  }

  has(group: string, predicate: (line: Line) => boolean): boolean {
    for (const { line } of this.groups.get(group)?.values() ?? []) if (predicate(line)) return true;
    return false;
  }

  *all(): Iterable<Line> {
    for (const group of this.groups.values()) for (const { line } of group.values()) yield line;
  }
}

/** On a server inserts of several processes become visible in any order: the last two minutes are read again (microseconds). */
const SETTLE = 120_000_000;

function alertLines(ports: AlertPorts) {
  return new LogMemory<AlertEvent>(
    (version) => ports.events.newerThan(version, MAX_ALERTS),
    ({ alert }) => watchText(alert.rule, alert.model),
    ({ alert }) => alert.id,
  );
}

function sentLines(ports: AlertPorts) {
  return new LogMemory<NotificationRow>(
    (version) => ports.notifications.newerThan(version),
    (row) => watchText(row.rule, row.model),
    (row) => JSON.stringify([row.deployment, row.channel, row.outcome, row.kind]),
  );
}

/** Configuration, logs and stamps as of the last look at the store. */
export class AlertMemory {
  configured: Configured = { rules: [], channels: new Map(), silences: [], models: [] };
  private lines: LogMemory<AlertEvent>;
  private sent: LogMemory<NotificationRow>;
  private stamps = new Map<string, Stamp>();
  private versions = new Map<string, number>();
  private newest = 0;
  private writes: number | null = null;
  private bornAt: number;

  constructor(private readonly ports: AlertPorts) {
    this.lines = alertLines(ports);
    this.sent = sentLines(ports);
    this.bornAt = ports.uptime();
  }

  /** Bring everything up to date. Nothing is read where nothing was written since the last time. */
  async refresh(): Promise<void> {
    const age = this.ports.uptime() - this.bornAt;
    if (age >= MAX_AGE) this.forget();
    const { writes } = this.ports.series;
    if (writes !== null && writes === this.writes) return;
    this.writes = null;
    const settle = writes === null ? SETTLE : 0;
    const [changed, whole] = await Promise.all([
      this.ports.series.changedSince(this.newest),
      Promise.all([this.lines.refresh(settle), this.sent.refresh(settle)]),
      this.configure(),
    ]);
    for (const { model, version } of changed) {
      this.versions.set(model, Math.max(version, this.versions.get(model) ?? 0));
      this.newest = Math.max(this.newest, version);
    }
    if (whole.includes(false)) {
      this.forget();
      await Promise.all([this.lines.refresh(0), this.sent.refresh(0)]);
    }
    this.writes = writes;
  }

  /** Everything is read again by the next refresh. */
  forget(): void {
    this.lines = alertLines(this.ports);
    this.sent = sentLines(this.ports);
    this.stamps = new Map();
    this.writes = null;
    this.bornAt = this.ports.uptime();
  }

  private async configure(): Promise<void> {
    const [rules, channels, silences, models] = await Promise.all([
      this.ports.rules.list(),
      this.ports.channels.list(),
      this.ports.silences.list(),
      this.ports.models.list(),
    ]);
    this.configured = {
      rules,
      channels: new Map(channels.map(({ name, doc }) => [name, doc])),
      silences: silences.map(({ doc }) => doc),
      models,
    };
  }

  /** The newest line of each alert of a rule on a model, newest first. */
  logged(watch: string): AlertEvent[] {
    return this.lines.of(watch);
  }

  /** Newest lines of the notification log of a rule on a model, newest first. */
  told(watch: string): NotificationRow[] {
    return this.sent.of(watch);
  }

  /** The newest lines about every rule. */
  allTold(): Iterable<NotificationRow> {
    return this.sent.all();
  }

  /** Models that a rule has alerts on in the log. */
  modelsOf(rule: string): string[] {
    return [
      ...new Set([...this.lines.all()].filter(({ alert }) => alert.rule === rule).map(({ alert }) => alert.model)),
    ];
  }

  /** Whether there is anything of a rule on a model that a channel may have to be told, or told again. */
  hasNews(watch: string): boolean {
    return this.lines.has(watch, ({ alert }) => alert.state !== 'resolved') || this.sent.has(watch, () => true);
  }

  /** Every alert that is not over. */
  open(): AlertEvent[] {
    return [...this.lines.all()].filter(({ alert }) => alert.state !== 'resolved');
  }

  /** The newest version of a model's numbers. */
  versionOf(model: string): number {
    return this.versions.get(model) ?? 0;
  }

  stampOf(watch: string): Stamp | undefined {
    return this.stamps.get(watch);
  }

  /** Remember an evaluation; null: it has to be done again. */
  stamp(watch: string, stamp: Stamp | null): void {
    if (stamp === null) this.stamps.delete(watch);
    else this.stamps.set(watch, stamp);
  }
}

// Configuration as code: what a file says is brought into the store, belongs to the file from then on, and follows it when it changes.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { AlertRule } from '../domain/alerts/rule.js';
import {
  BUILTIN_KINDS,
  builtinAlertsSchema,
  type BuiltinAlerts,
  type BuiltinKind,
  type BuiltinSetting,
} from '../domain/contract/builtin-alerts.js';
import type { Channel, Silence } from '../domain/contract/alerts.js';
import type { ConfigStatus } from '../domain/contract/config-file.js';
import { isoOrNull } from '../domain/contract/common.js';
import type { JobName } from '../domain/contract/metrics.js';
import type { ModelConfig } from '../domain/contract/models.js';
import { ConflictError, DriftlineError, StartupError } from '../domain/errors.js';
import { channelProblems, ownProblems, ruleProblems, unknownChannel, type KnownFields } from './alert-rule-check.js';
import { ruleWarnings } from './alert-rule-warnings.js';
import { inBuiltinAlerts, inOrder, inRules, remembering } from './config-check.js';
import {
  OWNED_KINDS,
  readConfigDocument,
  type ConfigDocument,
  type ConfigProblem,
  type OwnedKind,
  type ReadConfig,
} from './config-document.js';
import type { ConfigReading } from './config-parts.js';
import type { DocumentStore } from './ports.js';

/** What belongs to the file: kind and name, with the line. Kept in the store, so that every process knows. */
export const ownedSchema = z.object({
  file: z.string(),
  items: z.array(z.object({ kind: z.enum(OWNED_KINDS), name: z.string(), line: z.number() })),
});
type Owned = z.output<typeof ownedSchema>;

export interface ConfigFileDependencies {
  /** Null: no file is configured. */
  file: string | null;
  read: (file: string) => Promise<string>;
  reading: ConfigReading;
  models: DocumentStore<ModelConfig> & { configure(model: string, config: ModelConfig): Promise<unknown> };
  channels: DocumentStore<Channel>;
  rules: DocumentStore<AlertRule>;
  silences: DocumentStore<Silence>;
  builtin: { get(): Promise<BuiltinAlerts>; put(settings: BuiltinAlerts): Promise<void> };
  settings: DocumentStore<Owned>;
  known: KnownFields;
  /** Why a channel cannot be used, or null. */
  channelProblem: (channel: Channel) => Promise<string | null>;
  clock: () => number;
  log: { info: (facts: object, message: string) => void; error: (facts: object, message: string) => void };
}

const NAMES: Record<OwnedKind, string> = {
  models: 'configuration of the model',
  channels: 'channel',
  alert_rules: 'alert rule',
  silences: 'silence',
  builtin_alerts: 'built-in alert',
};
const SETTING = 'config_file';

export class ConfigFileService {
  private owned: Owned = { file: '', items: [] };
  private text: string | null = null;
  private loadedAt: number | null = null;
  private checkedAt: number | null = null;
  private problems: ConfigProblem[] = [];
  private warnings: ConfigProblem[] = [];
  private planned = new Map<JobName, string>();
  private listeners: (() => void)[] = [];
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: ConfigFileDependencies) {}

  /** Read and apply the file; without one, what an earlier file brought belongs to nobody. @throws StartupError with every problem and its line. */
  async start(): Promise<void> {
    const { file, settings } = this.deps;
    this.owned = (await settings.get(SETTING)) ?? { file: '', items: [] };
    if (file === null) {
      if (this.owned.items.length > 0) await settings.remove(SETTING);
      this.owned = { file: '', items: [] };
      return;
    }
    await this.load(file);
    if (this.problems.length > 0)
      throw new StartupError(
        `${file} is refused:\n${this.problems.map((one) => `  ${problemLine(file, one)}`).join('\n')}`,
      );
  }

  /** Read the file again where it has changed. What is wrong in it is logged and shown, and what ran goes on running. */
  reload(): Promise<void> {
    const { file } = this.deps;
    if (file === null) return Promise.resolve();
    this.last = this.last.then(() => this.load(file));
    return this.last.then(() => undefined);
  }

  /** Follow what another process loaded. */
  async refresh(): Promise<void> {
    if (this.deps.file === null) this.owned = (await this.deps.settings.get(SETTING)) ?? { file: '', items: [] };
  }

  private async load(file: string): Promise<void> {
    const { log, clock } = this.deps;
    const text = await this.deps.read(file).catch((error: unknown) => error);
    if (text === this.text) return;
    this.checkedAt = clock();
    const before = this.problems;
    try {
      this.problems =
        typeof text === 'string'
          ? await this.deps.settings.exclusively(() => this.take(file, text))
          : [unreadable(text)];
    } catch (error) {
      if (!(error instanceof DriftlineError)) throw error;
      this.problems = [{ line: 1, column: 1, path: '', message: error.detail }];
    }
    this.text = typeof text === 'string' ? text : null;
    if (this.problems.length === 0) {
      this.loadedAt = this.checkedAt;
      const warnings = this.warnings.map((one) => problemLine(file, one));
      log.info({ file, items: this.owned.items.length, warnings }, 'the configuration file is in force');
      for (const listener of this.listeners) listener();
    } else if (!isDeepStrictEqual(before, this.problems)) {
      const problems = this.problems.map((one) => problemLine(file, one));
      log.error({ file, problems }, 'the configuration file is refused: what was in force stays in force');
    }
  }

  /** Check and apply; the problems, none where it is in force now. */
  private async take(file: string, text: string): Promise<ConfigProblem[]> {
    const read = readConfigDocument(text, this.deps.reading);
    // Most likely it is being written at this moment, or was cut off: rules that protect somebody do not go for that.
    if (read.blank && this.owned.items.length > 0)
      return [read.problemAt([], 'the file is empty: write `alert_rules: {}` where all that came from it shall go')];
    const known = remembering(this.deps.known);
    const problems = [...read.problems, ...(await this.semantics(read, known))];
    if (problems.length > 0) return inOrder(problems);
    await this.apply(file, read);
    this.warnings = inOrder(await inRules(read, (rule) => ruleWarnings(rule, known)));
    return [];
  }

  /** What is wrong with what is well-formed. */
  private async semantics(read: ReadConfig, stored: KnownFields): Promise<ConfigProblem[]> {
    const { document, names, problemAt } = read;
    const problems: ConfigProblem[] = [];
    const reachable = (await this.deps.channels.list()).map(({ name }) => name);
    const going = this.owned.items.filter(({ kind, name }) => kind === 'channels' && !names.channels.has(name));
    const channels = [
      ...names.channels,
      ...reachable.filter((name) => !names.channels.has(name) && !going.some((one) => one.name === name)),
    ];
    problems.push(
      ...inBuiltinAlerts(read, (channel) => (channels.includes(channel) ? null : unknownChannel(channel, channels))),
    );
    for (const [name, channel] of document.channels) {
      const problem = await this.deps.channelProblem(channel);
      if (problem !== null) problems.push(problemAt(['channels', name, 'url'], problem));
    }
    // A model's segments may come with the file itself.
    const known: KnownFields = {
      ...stored,
      segments: async (model) => {
        if (names.models.has(model) && !document.models.has(model)) return null;
        return document.models.get(model)?.segments ?? stored.segments(model);
      },
    };
    const running = await this.deps.rules.list();
    const inForce = new Map(running.map(({ name, doc }) => [name, doc]));
    // A rule that runs already stays one although the last row of what it watches has expired.
    problems.push(
      ...(await inRules(read, (rule, name) =>
        isDeepStrictEqual(inForce.get(name), rule)
          ? [...ownProblems(rule), ...channelProblems(rule, channels)]
          : ruleProblems(rule, channels, known),
      )),
    );
    const others = running.filter(({ name }) => !names.alert_rules.has(name) && !this.owns('alert_rules', name));
    const builtin = Object.entries(await this.deps.builtin.get()).filter(
      ([kind]) => !this.owns('builtin_alerts', kind) && !names.builtin_alerts.has(kind),
    );
    for (const { name: channel } of going) {
      const users = [
        ...others.filter(({ doc }) => doc.channels.includes(channel)).map(({ name }) => name),
        ...builtin
          .filter(([, { channels: used }]) => used?.includes(channel) === true)
          .map(([kind]) => `the built-in alerts on ${kind}`),
      ];
      if (users.length > 0)
        problems.push(
          problemAt(
            ['channels'],
            `the channel "${channel}" is gone from the file, but rules outside it use it: ${users.join(', ')}`,
          ),
        );
    }
    return problems;
  }

  private async apply(file: string, { document, problemAt }: ReadConfig): Promise<void> {
    const { models, channels, rules, silences, settings } = this.deps;
    const items = OWNED_KINDS.flatMap((kind) =>
      [...document[kind].keys()].map((name) => ({ kind, name, line: problemAt([kind, name], '').line })),
    );
    const gone = this.owned.items.filter(
      ({ kind, name }) => !(document[kind] as ReadonlyMap<string, unknown>).has(name),
    );
    await putChanged(channels, document.channels, (name, doc) => channels.put(name, doc));
    await putChanged(models, document.models, (name, doc) => models.configure(name, doc));
    await putChanged(rules, document.alert_rules, (name, doc) => rules.put(name, doc));
    await putChanged(silences, document.silences, (name, doc) => silences.put(name, doc));
    await this.applyBuiltin(document.builtin_alerts, gone);
    const owned = { file, items };
    if (!isDeepStrictEqual(owned, this.owned)) await settings.put(SETTING, owned);
    this.owned = owned;
    for (const { kind, name } of gone) {
      if (kind === 'alert_rules') await rules.remove(name);
      else if (kind === 'silences') await silences.remove(name);
      // A model keeps its rows, and is configured as one that nobody configured.
      else if (kind === 'models') await models.configure(name, {});
    }
    for (const { kind, name } of gone) if (kind === 'channels') await channels.remove(name);
    this.planned = new Map(document.schedules);
  }

  /** What the file says, defaults for what it no longer says, and what was there for the rest. */
  private async applyBuiltin(
    wanted: ReadonlyMap<BuiltinKind, BuiltinSetting>,
    gone: readonly Owned['items'][number][],
  ): Promise<void> {
    const { builtin } = this.deps;
    const before = await builtin.get();
    const defaults = builtinAlertsSchema.parse({});
    const after = { ...before };
    for (const kind of BUILTIN_KINDS) {
      const dropped = gone.some((item) => item.kind === 'builtin_alerts' && item.name === kind);
      after[kind] = wanted.get(kind) ?? (dropped ? defaults[kind] : before[kind]);
    }
    if (!isDeepStrictEqual(before, after)) await builtin.put(after);
  }

  private owns(kind: OwnedKind, name: string): boolean {
    return this.owned.items.some((item) => item.kind === kind && item.name === name);
  }

  /** The mark of what comes from the file; nothing for what came by the API, so that a document can be sent back as it was read. */
  sourceOf(kind: OwnedKind, name: string): { source?: 'file' } {
    return this.owns(kind, name) ? { source: 'file' } : {};
  }

  /** `line 12 of /etc/driftline.yml`; null for what does not come from the file. */
  placeOf(kind: OwnedKind, name: string): string | null {
    const item = this.owned.items.find((one) => one.kind === kind && one.name === name);
    return item === undefined ? null : `line ${item.line} of ${this.owned.file}`;
  }

  /** @throws ConflictError for what comes from the file. */
  assertFree(kind: OwnedKind, name: string): void {
    const item = this.owned.items.find((one) => one.kind === kind && one.name === name);
    if (item === undefined) return;
    throw new ConflictError(
      `The ${NAMES[kind]} ${name} comes from the file ${this.owned.file}, line ${item.line}. Change it there; the service follows.`,
    );
  }

  /** The file's schedules by job; `off` for a job that does not run by itself. */
  schedules(): ReadonlyMap<JobName, string> {
    return this.planned;
  }

  /** Whether a job runs by itself, as far as the file speaks of it. */
  isPlanned(job: string): boolean {
    return (this.planned as ReadonlyMap<string, string>).get(job) !== 'off';
  }

  /** Call `listener` whenever another version of the file is in force. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  status(): ConfigStatus {
    const { file } = this.deps;
    return {
      file: file ?? (this.owned.file === '' ? null : this.owned.file),
      state: file === null ? 'none' : this.problems.length > 0 ? 'broken' : 'ok',
      loaded_at: isoOrNull(this.loadedAt),
      checked_at: isoOrNull(this.checkedAt),
      errors: this.problems,
      warnings: this.warnings,
      items: this.owned.items,
      schedules: Object.fromEntries(this.planned),
    };
  }
}

/** `alerts.yml:12:5: alert_rules.drift.critical: ...` */
export function problemLine(file: string, { line, column, path, message }: ConfigProblem): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

function unreadable(error: unknown): ConfigProblem {
  const message = error instanceof Error ? error.message : String(error);
  return { line: 1, column: 1, path: '', message: `cannot be read: ${message}` };
}

/** What is the same already keeps the time of its last change: a rule's history depends on it. */
async function putChanged<T>(
  store: DocumentStore<T>,
  wanted: ReadonlyMap<string, T>,
  put: (name: string, doc: T) => Promise<unknown>,
): Promise<void> {
  if (wanted.size === 0) return;
  const stored = new Map((await store.list()).map(({ name, doc }) => [name, doc]));
  for (const [name, doc] of wanted) if (!isDeepStrictEqual(stored.get(name), doc)) await put(name, doc);
}

export type { ConfigDocument };

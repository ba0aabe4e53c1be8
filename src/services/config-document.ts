// The configuration file: YAML read into models, channels, rules, silences and schedules, every problem with its line and column.
import { isMap, isScalar, LineCounter, parseDocument, visit, type Document, type Node, type Pair } from 'yaml';
import { z } from 'zod';
import type { AlertRule } from '../domain/alerts/rule.js';
import {
  BUILTIN_KINDS,
  builtinSettingSchema,
  type BuiltinKind,
  type BuiltinSetting,
} from '../domain/contract/builtin-alerts.js';
import type { Channel, Silence } from '../domain/contract/alerts.js';
import { modelNameSchema, slugSchema } from '../domain/contract/common.js';
import { JOB_NAMES, type JobName } from '../domain/contract/metrics.js';
import type { ModelConfig } from '../domain/contract/models.js';
import type { ItemError } from '../domain/errors.js';
import { nearest } from '../domain/nearest.js';
import { issuesToErrors, keysAt } from '../domain/validation.js';
import { oneLine } from '../domain/alerts/wording.js';
import { ruleNameProblem } from './alert-rule-check.js';
import {
  CONFIG_KINDS,
  isOff,
  partialRule,
  scheduleProblem,
  SCHEMAS,
  schemaOf,
  syntaxProblem,
  type ConfigKind,
  type ConfigReading,
  type PartialRule,
} from './config-parts.js';

/** Something wrong in the file. `path` is dotted, empty for the file as a whole; line and column count from 1. */
export interface ConfigProblem {
  line: number;
  column: number;
  path: string;
  message: string;
}

/** What a file says. */
export interface ConfigDocument {
  models: Map<string, ModelConfig>;
  channels: Map<string, Channel>;
  alert_rules: Map<string, AlertRule>;
  silences: Map<string, Silence>;
  /** The alerts that nobody has to set up, as far as the file speaks of them. */
  builtin_alerts: Map<BuiltinKind, BuiltinSetting>;
  /** `off`: the job does not run by itself. */
  schedules: Map<JobName, string>;
}
/** What can come from a file and belong to it. */
export const OWNED_KINDS = [...CONFIG_KINDS, 'builtin_alerts'] as const;
export type OwnedKind = (typeof OWNED_KINDS)[number];

/** A file that was read: what it says as far as it could be understood, what is wrong, and where things are. */
export interface ReadConfig {
  document: ConfigDocument;
  problems: ConfigProblem[];
  /** What stands in the file by name, whether it could be understood or not. */
  names: Record<OwnedKind, Set<string>>;
  /** Rules of which some fields could not be understood: the rest of them can be looked at all the same. */
  partial: Map<string, PartialRule>;
  /** There is nothing in the file but blanks and comments. */
  blank: boolean;
  /** The problem of something that is well-formed and wrong all the same, at its place. */
  problemAt: (path: readonly string[], message: string) => ConfigProblem;
}

const SECTIONS = [...OWNED_KINDS, 'schedules'] as const;
/** `${NAME}`: a value of the environment, so that secrets stay out of the file. */
const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
/** Anchors may be used, but not to blow a small file up. */
const MAX_ALIASES = 100;
/** What is no YAML at all has an error in every line. */
const MAX_SYNTAX = 20;

/** Read a file's text. Never throws for what stands in the file. */
export function readConfigDocument(text: string, options: ConfigReading): ReadConfig {
  const counter = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: counter, prettyErrors: false, merge: true });
  const reading = new Reading(yaml, counter, options);
  for (const error of yaml.errors.slice(0, MAX_SYNTAX)) reading.report(error.pos[0], '', syntaxProblem(error));
  // A name that stands twice leaves the rest readable.
  if (yaml.errors.every(({ code }) => code === 'DUPLICATE_KEY')) reading.readAll();
  return {
    document: reading.document,
    problems: reading.problems,
    names: reading.names,
    partial: reading.partial,
    blank: yaml.contents === null,
    problemAt: (path, message) => reading.at(path, message),
  };
}

/** One reading of a file. */
class Reading {
  readonly problems: ConfigProblem[] = [];
  readonly document: ConfigDocument = {
    models: new Map(),
    channels: new Map(),
    alert_rules: new Map(),
    silences: new Map(),
    builtin_alerts: new Map(),
    schedules: new Map(),
  };

  readonly names: ReadConfig['names'] = {
    models: new Set(),
    channels: new Set(),
    alert_rules: new Set(),
    silences: new Set(),
    builtin_alerts: new Set(),
  };
  readonly partial: ReadConfig['partial'] = new Map();

  constructor(
    private readonly yaml: Document.Parsed,
    private readonly counter: LineCounter,
    private readonly options: ConfigReading,
  ) {}

  report(offset: number, path: string, message: string): void {
    this.problems.push(this.problem(offset, path, message));
  }

  /** A problem where the path, or as much of it as there is, stands. */
  at(path: readonly string[], message: string): ConfigProblem {
    return this.problem(this.offsetOf(path), path.join('.'), message);
  }

  private problem(offset: number, path: string, message: string): ConfigProblem {
    const { line, col } = this.counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), path, message };
  }

  readAll(): void {
    const { contents } = this.yaml;
    if (contents === null) return;
    if (!isMap(contents)) {
      this.problems.push(this.at([], `expected the sections ${SECTIONS.join(', ')}`));
      return;
    }
    this.fillIn();
    if (this.reportUnknownAnchors()) return;
    let plain: unknown;
    try {
      plain = this.yaml.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      const why = error instanceof Error ? oneLine(error.message, 200) : String(error);
      this.problems.push(this.at([], `anchors are used too often, ${MAX_ALIASES} times at most: ${why}`));
      return;
    }
    for (const [section, value] of Object.entries(z.record(z.string(), z.unknown()).parse(plain))) {
      const known = SECTIONS.find((one) => one === section);
      if (known === undefined) {
        const near = nearest(section, SECTIONS) ?? '';
        this.problems.push(this.at([section], `there is no section "${section}": did you mean "${near}"?`));
      } else if (value === null) continue;
      else if (typeof value !== 'object' || Array.isArray(value)) {
        this.problems.push(this.at([section], 'expected names with what they stand for'));
      } else if (known === 'schedules') this.readSchedules(value);
      else if (known === 'builtin_alerts') this.readBuiltin(value);
      else this.readSection(known, value);
    }
  }

  /** Whether an alias has no anchor before it: then nothing can be read. */
  private reportUnknownAnchors(): boolean {
    const before = this.problems.length;
    visit(this.yaml, {
      Alias: (_key, alias) => {
        if (alias.resolve(this.yaml) === undefined)
          this.report(alias.range?.[0] ?? 0, '', `there is no anchor &${oneLine(alias.source, 60)} before it`);
      },
    });
    return this.problems.length > before;
  }

  /** Put the environment's values in place of `${NAME}` within channels. */
  private fillIn(): void {
    const channels = this.yaml.get('channels', true);
    if (!isMap(channels)) return;
    visit(channels, {
      Scalar: (_key, node) => {
        if (typeof node.value !== 'string') return;
        node.value = node.value.replace(VARIABLE, (whole, name: string) => {
          const value = this.options.variable(name);
          if (value !== undefined) return value;
          this.report(node.range?.[0] ?? 0, 'channels', `the environment has no ${name}`);
          return whole;
        });
      },
    });
  }

  private readSection(kind: ConfigKind, entries: object): void {
    const names = kind === 'models' ? modelNameSchema : slugSchema;
    for (const [name, value] of Object.entries(entries)) {
      this.names[kind].add(name);
      const named = names.safeParse(name);
      if (!named.success)
        this.problems.push(this.at([kind, name], `"${name}": ${named.error.issues[0]?.message ?? 'not a name'}`));
      const reserved = kind === 'alert_rules' ? ruleNameProblem(name) : null;
      if (reserved !== null) this.problems.push(this.at([kind, name], reserved));
      const parsed = SCHEMAS[kind].safeParse(value ?? {});
      if (parsed.success && named.success) (this.document[kind] as Map<string, unknown>).set(name, parsed.data);
      if (parsed.success) continue;
      const errors = issuesToErrors(parsed.error.issues);
      this.reportItem([kind, name], errors, schemaOf(kind, value));
      const partial = kind === 'alert_rules' ? partialRule(value, errors) : null;
      if (partial !== null) this.partial.set(name, partial);
    }
  }

  private reportItem(place: readonly string[], errors: readonly ItemError[], schema: z.ZodType): void {
    // What is missing only because its name is misspelt is not a second problem.
    const misspelt = errors.some(({ code }) => code === 'unknown_field');
    for (const { code, path, message } of errors) {
      if (misspelt && code !== 'unknown_field' && !this.yaml.hasIn([...place, ...path.split('.').map(asKey)])) continue;
      const full = [...place, ...(path === '' ? [] : path.split('.'))];
      const parts = path.split('.');
      const near = nearest(parts.at(-1) ?? '', keysAt(schema, parts) ?? []);
      const text = code === 'unknown_field' && near !== null ? `unknown field: did you mean "${near}"?` : message;
      this.problems.push(this.at(full, text));
    }
  }

  /** `feeds: off` is short for `feeds: {enabled: false}`. */
  private readBuiltin(entries: object): void {
    for (const [name, value] of Object.entries(entries) as [string, unknown][]) {
      const place = ['builtin_alerts', name];
      this.names.builtin_alerts.add(name);
      const kind = BUILTIN_KINDS.find((one) => one === name);
      if (kind === undefined) {
        const near = nearest(name, BUILTIN_KINDS) ?? '';
        this.problems.push(this.at(place, `there is no built-in alert "${name}": did you mean "${near}"?`));
        continue;
      }
      const parsed = builtinSettingSchema.safeParse(isOff(value) ? { enabled: false } : (value ?? {}));
      if (parsed.success) this.document.builtin_alerts.set(kind, parsed.data);
      else this.reportItem(place, issuesToErrors(parsed.error.issues), builtinSettingSchema);
    }
  }

  private readSchedules(entries: object): void {
    for (const [name, value] of Object.entries(entries) as [string, unknown][]) {
      const job = JOB_NAMES.find((one) => one === name);
      if (job === undefined) {
        const near = nearest(name, JOB_NAMES) ?? '';
        this.problems.push(this.at(['schedules', name], `there is no job "${name}": did you mean "${near}"?`));
        continue;
      }
      const problem = scheduleProblem(value, this.options);
      if (problem === null) this.document.schedules.set(job, value === false ? 'off' : String(value));
      else this.problems.push(this.at(['schedules', name], problem));
    }
  }

  /** Where a path stands: the key of its last part that is there. */
  private offsetOf(path: readonly string[]): number {
    let node: unknown = this.yaml.contents;
    let offset = startOf(node) ?? 0;
    for (const part of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part) as
          Pair<Node, Node | null> | undefined;
        if (pair === undefined) return offset;
        offset = startOf(pair.key) ?? offset;
        node = pair.value;
      } else {
        const item: unknown = this.yaml.getIn(path.slice(0, path.indexOf(part) + 1).map(asKey), true);
        offset = startOf(item) ?? offset;
        node = item;
      }
    }
    return offset;
  }
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

const asKey = (part: string): string | number => (/^\d+$/.test(part) ? Number(part) : part);

// Privacy rules of models at work: what is dropped or hashed before anything is stored.
import { createHmac } from 'node:crypto';
import { applyPrivacy, type PrivacyRules } from '../domain/privacy.js';
import { keptKey } from './kept-key.js';
import type { DocumentStore } from './ports.js';

/** The parts of a prediction or baseline row that rules reach. */
interface Private {
  inputs?: unknown;
  outputs?: unknown;
  tags?: unknown;
}

const KEY_NAME = 'hash_key';
/** Length of a hashed value in hexadecimal digits: 128 bits. */
const DIGITS = 32;

export class PrivacyGuard {
  private key: string | null = null;

  /** `given`: the key of hashed fields where one is set; else one is made at the first start and kept in the store. */
  constructor(
    private readonly rules: { privacy(model: string): PrivacyRules | null; hasPrivacy(): boolean },
    private readonly kept: DocumentStore<{ key: string }>,
    private readonly given: string | null,
  ) {}

  /** Call once at start: without its key nothing can be hashed. */
  async start(): Promise<void> {
    this.key = this.given ?? (await keptKey(this.kept, KEY_NAME));
  }

  /** The row as it may be stored; the same object where the model has no rules. `hashed`: paths that are hashes already. */
  clean<T extends Private>(model: string, row: T, hashed: readonly string[] = []): T {
    const given = this.rules.privacy(model);
    if (given === null) return row;
    const rules = { drop: given.drop, hash: given.hash.filter((path) => !hashed.includes(path)) };
    const apply = (root: string, value: unknown) => applyPrivacy(root, value, rules, (text) => this.hash(text));
    return {
      ...row,
      inputs: apply('inputs', row.inputs),
      outputs: apply('outputs', row.outputs),
      tags: apply('tags', row.tags),
    };
  }

  /**
   * A refused item as it may be kept, or null: an item that names no model may hold another model's private fields. `hashed`: the paths that are
   * hashes in it.
   */
  cleanRefused(item: unknown): { item: unknown; hashed: readonly string[] } {
    if (!this.rules.hasPrivacy()) return { item, hashed: [] };
    if (typeof item !== 'object' || item === null || !('model' in item) || typeof item.model !== 'string')
      return { item: null, hashed: [] };
    return { item: this.clean(item.model, item as Private), hashed: this.rules.privacy(item.model)?.hash ?? [] };
  }

  /** Paths of a model whose values `clean` turns into hashes. */
  hashedPaths(model: string): readonly string[] {
    return this.rules.privacy(model)?.hash ?? [];
  }

  hasPrivacy(): boolean {
    return this.rules.hasPrivacy();
  }

  /** Whether a field is private in a model: such columns of files are left out. */
  hides(model: string, path: string): boolean {
    const rules = this.rules.privacy(model);
    if (rules === null) return false;
    return [...rules.drop, ...rules.hash].some((hidden) => path === hidden || path.startsWith(`${hidden}.`));
  }

  private hash(text: string): string {
    if (this.key === null) throw new Error('the key of hashed fields has not been read');
    return createHmac('sha256', this.key).update(text).digest('hex').slice(0, DIGITS);
  }
}

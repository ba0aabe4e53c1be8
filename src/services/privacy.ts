// Privacy rules of models at work: what is dropped or hashed before anything is stored.
import { createHmac } from 'node:crypto';
import { applyPrivacy, type PrivacyRules } from '../domain/privacy.js';

/** The parts of a prediction or baseline row that rules reach. */
interface Private {
  inputs?: unknown;
  outputs?: unknown;
  tags?: unknown;
}

/** Length of a hashed value in hexadecimal digits: 128 bits. */
const DIGITS = 32;

export class PrivacyGuard {
  /** `hashKey` null: no model can have hashed fields, its configuration is refused. */
  constructor(
    private readonly rules: { privacy(model: string): PrivacyRules | null; hasPrivacy(): boolean },
    private readonly hashKey: string | null,
  ) {}

  /** The row as it may be stored; the same object where the model has no rules. */
  clean<T extends Private>(model: string, row: T): T {
    const rules = this.rules.privacy(model);
    if (rules === null) return row;
    const apply = (root: string, value: unknown) => applyPrivacy(root, value, rules, (text) => this.hash(text));
    return {
      ...row,
      inputs: apply('inputs', row.inputs),
      outputs: apply('outputs', row.outputs),
      tags: apply('tags', row.tags),
    };
  }

  /** A refused item as it may be kept, or null: an item that names no model may hold another model's private fields. */
  cleanRefused(item: unknown): unknown {
    if (!this.rules.hasPrivacy()) return item;
    if (typeof item !== 'object' || item === null || !('model' in item) || typeof item.model !== 'string') return null;
    return this.clean(item.model, item as Private);
  }

  /** Whether a field is private in a model: such columns of files are left out. */
  hides(model: string, path: string): boolean {
    const rules = this.rules.privacy(model);
    if (rules === null) return false;
    return [...rules.drop, ...rules.hash].some((hidden) => path === hidden || path.startsWith(`${hidden}.`));
  }

  private hash(text: string): string {
    return createHmac('sha256', this.hashKey ?? '')
      .update(text)
      .digest('hex')
      .slice(0, DIGITS);
  }
}

// What a baseline keeps of each field: its kind, frozen bins and their counts.
import { z } from 'zod';

/** Beyond this many rows, a text field with more than half of its values distinct is not compared. */
export const TEXT_MIN_ROWS = 100;
/** Categories that get a bin of their own. */
export const MAX_CATEGORIES = 50;
/** Fields of one baseline at the most. */
export const MAX_BASELINE_FIELDS = 2000;

/** One field of a baseline. `counts` are in the order of binLabels; `std` is the population standard deviation of the numbers. */
export const baselineFieldProfileSchema = z.object({
  path: z.string(),
  kind: z.enum(['numeric', 'categorical', 'skipped']),
  reason: z.string().nullable(),
  edges: z.array(z.number()),
  categories: z.array(z.string()),
  /** Values beyond the categories: a window must tell OTHER from UNSEEN. */
  more: z.boolean(),
  counts: z.array(z.number()),
  present: z.number(),
  std: z.number().nullable(),
});
export type BaselineFieldProfile = z.infer<typeof baselineFieldProfileSchema>;

/** Where a baseline came from. */
export type BaselineSource = 'upload' | 'window' | 'previous_version' | 'first_window';

/** A baseline as it is stored. `version` '' means every version of the model. */
export interface Baseline {
  model: string;
  name: string;
  version: string;
  id: string;
  source: BaselineSource;
  rows: number;
  fields: BaselineFieldProfile[];
  createdAt: number;
  /** Orders activations; 0: never activated by a person. */
  activated: number;
}

/** What decides which of a model's baselines is in force. */
export type BaselineHead = Omit<Baseline, 'fields'>;

/** The baseline that a version is compared with: the newest activated one of the version, else of the model, else what was frozen for the version. */
export function inForce<T extends Pick<Baseline, 'version' | 'activated'>>(
  newestFirst: readonly T[],
  version: string,
): T | null {
  return (
    newestFirst.find((one) => one.activated > 0 && one.version === version) ??
    newestFirst.find((one) => one.activated > 0 && one.version === '') ??
    newestFirst.find((one) => one.activated === 0 && one.version === version) ??
    null
  );
}

/** What was counted of one field in a baseline's rows, by type. */
export interface FieldCounts {
  path: string;
  numbers: number;
  strings: number;
  booleans: number;
  /** Distinct strings. */
  distinct: number;
}

/** How a field is compared, and why not if it is not. `override` is the model's configuration of the field. */
export function fieldKind(
  counts: FieldCounts,
  rows: number,
  override: { kind?: 'numeric' | 'categorical'; ignore?: boolean } | undefined,
): { kind: 'numeric' | 'categorical' | 'skipped'; reason: string | null } {
  if (override?.ignore === true) return { kind: 'skipped', reason: 'ignored in the model configuration' };
  if (override?.kind !== undefined) return { kind: override.kind, reason: null };
  if (counts.strings === 0 && counts.booleans === 0) return { kind: 'numeric', reason: null };
  if (rows > TEXT_MIN_ROWS && counts.strings > 0 && counts.distinct * 2 > counts.strings) {
    return { kind: 'skipped', reason: 'more than half of its values are distinct: an identifier or free text' };
  }
  return { kind: 'categorical', reason: null };
}

// The bins of a field: frozen with the baseline, the same for every later window.

/** How many of the most frequent categories get a bin of their own. */
export const CATEGORY_LIMIT = 50;

/**
 * Bins of a numeric field: `v <= e1`, `e1 < v <= e2`, ..., `v > ek`, MISSING.
 * `edges` are finite, ascending and distinct; there may be none (the baseline held no number).
 */
export type NumericBins = { kind: 'numeric'; edges: number[] };

/** Bins of a categorical field: one a category in the given order, OTHER (in the baseline, not listed), UNSEEN (not in the baseline), MISSING. */
export type CategoricalBins = { kind: 'categorical'; categories: string[] };

/** The frozen bins of one field. */
export type FieldBins = NumericBins | CategoricalBins;

/** Number of bins, MISSING included. */
export function binCount(bins: FieldBins): number {
  return bins.kind === 'numeric' ? bins.edges.length + 2 : bins.categories.length + 3;
}

/** Index of MISSING: always the last bin. */
export function missingIndex(bins: FieldBins): number {
  return binCount(bins) - 1;
}

/** Index of UNSEEN, the bin before MISSING; null for a numeric field, which has none. */
export function unseenIndex(bins: FieldBins): number | null {
  return bins.kind === 'numeric' ? null : binCount(bins) - 2;
}

/** Index of OTHER, the bin before UNSEEN; null for a numeric field, which has none. */
export function otherIndex(bins: FieldBins): number | null {
  return bins.kind === 'numeric' ? null : binCount(bins) - 3;
}

/** The edges that a baseline's deciles give: ascending, each value once. Values that are not finite are left out. */
export function distinctEdges(deciles: readonly number[]): number[] {
  return [...new Set(deciles.filter(Number.isFinite))].sort((a, b) => a - b);
}

/** The categories that get a bin of their own: the most frequent first, ties by name (by code point, as the store sorts). */
export function frequentCategories(counts: ReadonlyMap<string, number>, limit = CATEGORY_LIMIT): string[] {
  return [...counts]
    .sort(([nameA, a], [nameB, b]) => b - a || compareCodePoints(nameA, nameB))
    .slice(0, limit)
    .map(([name]) => name);
}

/** Bin of a number: the first edge that is not below it closes its bin. Null and what is not finite fall into MISSING. */
export function binIndexNumeric(bins: NumericBins, value: number | null): number {
  if (value === null || !Number.isFinite(value)) return missingIndex(bins);
  const index = bins.edges.findIndex((edge) => value <= edge);
  return index === -1 ? bins.edges.length : index;
}

/** Readable names of the bins, in order: `<= 196`, `196 - 267`, `> 1547`, `missing`; `ORD`, `other`, `unseen`, `missing`. */
export function binLabels(bins: FieldBins): string[] {
  return bins.kind === 'numeric' ? numericLabels(bins.edges) : categoricalLabels(bins.categories);
}

function numericLabels(edges: readonly number[]): string[] {
  if (edges.length === 0) return ['any number', 'missing'];
  const texts = edgeTexts(edges);
  const inner = texts.slice(1).map((text, i) => between(texts[i] ?? '', text));
  return [`<= ${texts[0] ?? ''}`, ...inner, `> ${texts[texts.length - 1] ?? ''}`, 'missing'];
}

/** A minus sign beside a dash is hard to read, so negative bounds are joined by a word. */
function between(low: string, high: string): string {
  return low.startsWith('-') ? `${low} to ${high}` : `${low} - ${high}`;
}

/** Six significant digits, or as many more as keep neighbouring edges apart. */
function edgeTexts(edges: readonly number[]): string[] {
  for (let digits = 6; digits < 17; digits++) {
    const texts = edges.map((edge) => String(Number(edge.toPrecision(digits))));
    if (new Set(texts).size === edges.length) return texts;
  }
  return edges.map(String);
}

const RESERVED_LABELS = ['other', 'unseen', 'missing'];

/** A category that is called like one of our own bins, or has no visible name, is put in quotes. */
function categoricalLabels(categories: readonly string[]): string[] {
  const quoted = (name: string) => (RESERVED_LABELS.includes(name) || name.trim() === '' ? JSON.stringify(name) : name);
  return [...categories.map(quoted), ...RESERVED_LABELS];
}

/** JavaScript compares UTF-16 units, which sorts characters beyond the basic plane before some within it; the store compares UTF-8. */
function compareCodePoints(a: string, b: string): number {
  const left = Array.from(a, (character) => character.codePointAt(0) ?? 0);
  const right = Array.from(b, (character) => character.codePointAt(0) ?? 0);
  const differs = left.findIndex((point, i) => point !== right[i]);
  if (differs === -1) return left.length - right.length;
  return (left[differs] ?? 0) - (right[differs] ?? -1);
}

// What explains an alert, from rows and profiles: the bins that moved, the segments it comes from, rows that show it.
import type { BinContent } from '../domain/alerts/measure.js';
import type { SeriesKey } from '../domain/alerts/watched-series.js';
import type { Baseline, BaselineFieldProfile } from '../domain/drift/baseline.js';
import { binLabels } from '../domain/drift/bins.js';
import { total } from '../domain/drift/counts.js';
import type { BinShares, EvidencePort, SegmentEvidence } from './alert-ports.js';
import { binsOf } from './baselines.js';
import type { ContributionsService } from './contributions.js';

export interface EvidenceDependencies {
  contributions: ContributionsService;
  baselines: {
    active(model: string, version: string): Promise<Baseline | null>;
    fieldsOf(id: string): Promise<BaselineFieldProfile[] | null>;
  };
  /** Counts of a field in a window, per baseline in whose bins they are. */
  profiles(
    query: Omit<SeriesKey, 'metric'> & { from: number; to: number; length: number },
  ): Promise<{ baseline_id: string; total: number[] }[]>;
}

/** Bins that gained at least this part of what the first one gained are looked at with it. */
const SHARE_OF_FIRST = 0.25;
const MOST_BINS = 3;

export class RowEvidence implements EvidencePort {
  constructor(private readonly deps: EvidenceDependencies) {}

  async movedBins(series: SeriesKey, from: number, to: number): Promise<BinShares[]> {
    const stored = await this.deps.profiles({ ...series, from, to, length: to - from });
    if (stored.length === 0) return [];
    const active = await this.deps.baselines.active(series.model, series.version);
    const current = stored.find((one) => one.baseline_id === active?.id) ?? stored[0];
    if (current === undefined) return [];
    const fields =
      current.baseline_id === active?.id ? active.fields : await this.deps.baselines.fieldsOf(current.baseline_id);
    const field = fields?.find((one) => one.path === series.feature && one.kind !== 'skipped');
    if (field === undefined) return [];
    const [before, now] = [total(field.counts), total(current.total)];
    if (before === 0 || now === 0) return [];
    return binLabels(binsOf(field)).map((label, index) => ({
      label,
      baselineShare: (field.counts[index] ?? 0) / before,
      currentShare: (current.total[index] ?? 0) / now,
      content: contentOf(field, index),
      baseline: { id: current.baseline_id, count: field.counts[index] ?? 0 },
    }));
  }

  async segments(
    series: SeriesKey,
    after: { from: number; to: number },
    before: { from: number; to: number },
    bins: readonly BinShares[],
  ): Promise<SegmentEvidence | null> {
    const range = { ...rangeOf(series), ...after };
    const gained = gainers(bins);
    if (gained.length > 0) {
      // The ground truth is not among the rows of predictions.
      if (series.feature.startsWith('values.')) return null;
      const found = await this.deps.contributions.ofBins(mergedContent(gained), range, before);
      const about = `share of ${series.feature} in ${gained.map(({ label }) => label).join(', ')}`;
      return { metric: 'share', about, found };
    }
    const moved = await this.deps.contributions.ofMetric(series.metric, range, before);
    return moved === null ? null : { ...moved, about: moved.metric };
  }

  examples(
    series: SeriesKey,
    { from, to }: { from: number; to: number },
    bins: readonly BinShares[],
    limit: number,
  ): Promise<string[]> {
    const gained = gainers(bins);
    if (gained.length > 0 && series.feature.startsWith('values.')) return Promise.resolve([]);
    const what = gained.length > 0 ? mergedContent(gained) : series.metric;
    return this.deps.contributions.examples(what, { ...rangeOf(series), from, to }, limit);
  }
}

/** The bins that gained most: where the rows are that were not there before. */
export function gainers(bins: readonly BinShares[]): BinShares[] {
  const gain = (bin: BinShares): number => bin.currentShare - bin.baselineShare;
  const sorted = bins.filter((bin) => gain(bin) > 0).sort((a, b) => gain(b) - gain(a));
  const [first] = sorted;
  if (first === undefined) return [];
  return sorted.filter((bin) => gain(bin) >= SHARE_OF_FIRST * gain(first)).slice(0, MOST_BINS);
}

function rangeOf({ model, version, deployment, segment }: SeriesKey) {
  return { model, version, deployment, segment };
}

/** The values of the bin at an index, in the order of `binLabels`. */
function contentOf(field: BaselineFieldProfile, index: number): BinContent {
  const { path, edges, categories } = field;
  const content: BinContent = {
    path,
    ranges: [],
    values: [],
    noneOf: null,
    missing: false,
    numeric: field.kind === 'numeric',
  };
  if (field.kind === 'numeric') {
    if (index > edges.length) return { ...content, missing: true };
    return { ...content, ranges: [{ above: edges[index - 1] ?? null, upTo: edges[index] ?? null }] };
  }
  const category = categories[index];
  if (category !== undefined) return { ...content, values: [category] };
  // Which values are OTHER and which are UNSEEN is known only in the baseline's rows: both are "none of the listed ones".
  return index === categories.length + 2 ? { ...content, missing: true } : { ...content, noneOf: categories };
}

/** The values of several bins of one field. */
export function mergedContent(bins: readonly BinShares[]): BinContent {
  const contents = bins.map(({ content }) => content);
  const [first] = contents;
  if (first === undefined) throw new Error('the content of no bins');
  return {
    ...first,
    ranges: contents.flatMap(({ ranges }) => ranges),
    values: contents.flatMap(({ values }) => values),
    noneOf: contents.find(({ noneOf }) => noneOf !== null)?.noneOf ?? null,
    missing: contents.some(({ missing }) => missing),
  };
}

// The labels of a model's ground-truth key that wait for their prediction, counted by window when they are asked for: never stored, never stale.
import type { MetricFilter, MetricPoint } from '../domain/contract/metrics.js';
import type { EffectiveConfig } from '../domain/contract/models.js';
import type { LabelWindows } from '../domain/selection.js';
import { windowOf } from '../domain/window.js';
import { windowLengthOf } from './metric-windows.js';
import { originOf } from './planning.js';

/** The metric's name. */
export const ORPHAN_LABELS = 'orphan_labels';
/** How many windows an answer goes back where the question has no start. */
const NEWEST = 1000;

export interface OrphanPointsDependencies {
  models: { effective(model: string): Promise<Pick<EffectiveConfig, 'groundTruth' | 'windowLength'>> };
  table: { perWindow(query: LabelWindows): Promise<{ start: number; orphans: number; labels: number }[]> };
  clock: () => number;
}

export class OrphanPoints {
  constructor(private readonly deps: OrphanPointsDependencies) {}

  /**
   * One point a window that has labels. Nobody knows the version of a prediction that is not there, so a question for one has no answer.
   * @param most points of an answer whose range has a start
   * @throws InvalidInputError for a window that is none
   */
  async read(model: string, filter: MetricFilter, most: number): Promise<MetricPoint[]> {
    if (!isOfWholeModel(filter)) return [];
    const { groundTruth, windowLength } = await this.deps.models.effective(model);
    if (groundTruth === null) return [];
    const length = filter.window === null ? windowLength : windowLengthOf(filter.window);
    const rows = await this.deps.table.perWindow({
      key: groundTruth,
      ...bounds(filter, length),
      length,
      origin: length === null ? 0 : originOf(length),
      limit: filter.from === null ? NEWEST : most,
    });
    const computedAt = this.deps.clock();
    return rows.map(({ start, orphans, labels }) => ({
      model,
      version: '',
      deployment: '',
      segment: '',
      feature: '',
      metric: ORPHAN_LABELS,
      windowStart: start,
      windowEnd: length === null ? (filter.to ?? start) : start + length,
      value: orphans,
      lower: null,
      upper: null,
      n: labels,
      coverage: null,
      baseline: null,
      status: 'ok',
      method: 'labels_without_prediction',
      computedAt,
    }));
  }
}

function isOfWholeModel(filter: MetricFilter): boolean {
  const named = [filter.version, filter.deployment, filter.segment, filter.baseline ?? null];
  const isNamed = named.some((name) => name !== null && name !== '');
  return !isNamed && (filter.features.length === 0 || filter.features.includes(''));
}

/** Whole windows: those that start in the range, as stored numbers are read, or with `window` those that share time with it. */
function bounds(filter: MetricFilter, length: number | null): { from: number | null; to: number | null } {
  const { from, to } = filter;
  if (length === null) return { from, to };
  const endsAt = (time: number) => windowOf(time - 1, length).end;
  const startsAt = (time: number) => (filter.window === null ? endsAt(time) : windowOf(time, length).start);
  return { from: from === null ? null : startsAt(from), to: to === null ? null : endsAt(to) };
}

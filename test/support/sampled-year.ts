// A year of hourly windows whose numbers are computed from rows drawn at random: what the drift job would store of fifty fields, with planted drift.
import type { MetricPoint } from '../../src/domain/contract/metrics.js';
import { HOUR_MS } from '../../src/domain/duration.js';
import { psi, psiChanceLimit } from '../../src/domain/drift/psi.js';
import { seededRandom } from './random.js';

export const FIELDS = 50;
/** Rows of the baseline. */
const BASELINE_ROWS = 5000;
/** Model threshold of `psi_limit`. */
const THRESHOLD = 0.2;

/** Drift that is planted: some neighbouring fields, from one hour for so many. */
export interface PlantedEvent {
  fields: number[];
  from: number;
  hours: number;
}

/** Events every `spacing` hours, of one to five fields and three hours to four days. Now and then one begins before the last is over. */
export function plantedEvents(hours: number, spacing: number): PlantedEvent[] {
  const count = Math.floor((hours - 24) / spacing);
  return Array.from({ length: count }, (_, i) => {
    const first = (i * 7) % (FIELDS - 5);
    const length = 3 + ((i * 13) % 94);
    return {
      fields: Array.from({ length: 1 + (i % 5) }, (_unused, k) => first + k),
      from: (i + 1) * spacing - (i % 4 === 3 ? spacing - 60 : 0),
      hours: Math.min(length, hours - (i + 1) * spacing - 6),
    };
  });
}

/** Deciles and MISSING for three fields of five, skewed categories with OTHER, UNSEEN and MISSING for the others. */
function sharesOf(field: number): number[] {
  if (field % 5 < 3) return [...Array.from({ length: 10 }, () => 0.098), 0.02];
  const weights = Array.from({ length: 8 }, (_, k) => 1 / (k + 1));
  const sum = weights.reduce((all, one) => all + one, 0);
  return [...weights.map((weight) => (weight / sum) * 0.97), 0.01, 0, 0.02];
}

/** What a field looks like while it drifts: half of all rows went to one bin, as after a change of unit or of a default. */
function drifted(shares: readonly number[]): number[] {
  const target = shares.length - 2;
  return shares.map((share, bin) => share * 0.4 + (bin === target ? 0.6 : 0));
}

/** Rows in an hour: few at night, many by day. */
const rowsAt = (hour: number): number => Math.round(150 + 100 * Math.sin(((hour % 24) / 24) * 2 * Math.PI));

function draw(shares: readonly number[], rows: number, next: () => number): number[] {
  const counts = shares.map(() => 0);
  for (let row = 0; row < rows; row++) {
    let at = next();
    let bin = 0;
    while (bin < shares.length - 1 && at >= (shares[bin] ?? 0)) at -= shares[bin++] ?? 0;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** Draws the rows of hour after hour. The same seed gives the same year. */
export class SampledYear {
  private readonly next: () => number;
  private readonly shares = Array.from({ length: FIELDS }, (_, field) => sharesOf(field));
  private readonly baseline: number[][];

  constructor(
    seed: number,
    private readonly start: number,
    private readonly events: readonly PlantedEvent[],
  ) {
    this.next = seededRandom(seed);
    this.baseline = this.shares.map((shares) => draw(shares, BASELINE_ROWS, this.next));
  }

  /** Whether drift is planted in this field in this hour. */
  isPlanted(field: number, hour: number): boolean {
    return this.events.some(({ fields, from, hours }) => fields.includes(field) && hour >= from && hour < from + hours);
  }

  /** `psi` and `psi_limit` of all fields in an hour, as the drift job stores them. */
  points(hour: number): MetricPoint[] {
    return this.shares.flatMap((shares, field) => {
      const before = this.baseline[field] ?? [];
      const rows = rowsAt(hour);
      const counts = draw(this.isPlanted(field, hour) ? drifted(shares) : shares, rows, this.next);
      const chance = psiChanceLimit(before, counts, FIELDS) ?? 0;
      const limit = Math.max(THRESHOLD, chance);
      return [
        this.point('psi', field, hour, rows, { value: psi(before, counts), lower: null, upper: limit }),
        this.point('psi_limit', field, hour, rows, { value: limit, lower: chance, upper: null }),
      ];
    });
  }

  private point(
    metric: string,
    field: number,
    hour: number,
    n: number,
    numbers: Pick<MetricPoint, 'value' | 'lower' | 'upper'>,
  ): MetricPoint {
    const windowStart = this.start + hour * HOUR_MS;
    return {
      model: 'flights',
      version: '1',
      deployment: '',
      segment: '',
      feature: `inputs.f${field}`,
      metric,
      windowStart,
      windowEnd: windowStart + HOUR_MS,
      ...numbers,
      n,
      coverage: null,
      baseline: 'train',
      status: 'ok',
      method: 'exact',
      computedAt: windowStart + HOUR_MS,
    };
  }
}

// What the demo itself knows: what it sent, and what the service must therefore answer.
import { type Flight, inputsOf } from './flights.js';
import type { Outputs, Version } from './models.js';
import { fateOf, type Route } from './truth.js';

/** What must be read back for one version over one range. Shares are null where nothing is labelled. */
export interface Expected {
  predictions: number;
  labelled: number;
  accuracy: number | null;
  rocAuc: number | null;
}

/** A prediction that is read back one by one. `late`: the label it must have in the end, null for none. */
export interface Sample {
  what: string;
  id: string;
  inputs: object;
  outputs: Outputs;
  late: boolean | null;
}

/** A calendar month, [from, to) in epoch ms. */
export interface Month {
  name: string;
  from: number;
  to: number;
}

/** The calendar month (UTC) that holds a time. */
export function monthOf(time: number): Month {
  const date = new Date(time);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { name: date.toISOString().slice(0, 7), from: Date.UTC(year, month), to: Date.UTC(year, month + 1) };
}

/** Scores and truths of labelled predictions, and counts of all. */
interface Tally {
  predictions: number;
  right: number;
  scores: number[];
  truths: boolean[];
}

const emptyTally = (): Tally => ({ predictions: 0, right: 0, scores: [], truths: [] });

/** What is special about a flight: one prediction of each kind is read back. */
function kindOf(flight: Flight): string {
  const { route, corrected } = fateOf(flight.index);
  if (corrected) return 'corrected label';
  if (inputsOf(flight).distance !== flight.distance) return 'distance in kilometres';
  return ROUTE_WORDS[route];
}

const ROUTE_WORDS: Record<Route, string> = {
  early: 'label before the prediction',
  next_day: 'label on the next day',
  two_days: 'label after two days',
  five_days: 'label after five days',
  never: 'no label',
};

/** Counts what was sent, per version and month. */
export class Ledger {
  readonly months: Month[] = [];
  readonly samples = new Map<string, Sample>();
  private readonly tallies = new Map<string, Tally>();

  /** Note one prediction that was sent. */
  note(version: Version, flight: Flight, prediction: { id: string; inputs: object; outputs: Outputs }): void {
    const month = monthOf(flight.departure);
    if (this.months.at(-1)?.name !== month.name) this.months.push(month);
    const key = `${version} ${month.name}`;
    let tally = this.tallies.get(key);
    if (tally === undefined) this.tallies.set(key, (tally = emptyTally()));
    const fate = fateOf(flight.index);
    tally.predictions++;
    if (fate.route !== 'never') {
      if (prediction.outputs.late === flight.late) tally.right++;
      tally.scores.push(prediction.outputs.probability);
      tally.truths.push(flight.late);
    }
    if (version !== '2') return;
    const what = kindOf(flight);
    if (!this.samples.has(what)) {
      this.samples.set(what, { what, ...prediction, late: fate.route === 'never' ? null : flight.late });
    }
  }

  /** What the service must answer for a version over some months (default: all of them). */
  expected(version: Version, months: readonly Month[] = this.months): Expected {
    const parts = months.map((month) => this.tallies.get(`${version} ${month.name}`) ?? emptyTally());
    const scores = parts.flatMap((part) => part.scores);
    const right = parts.reduce((sum, part) => sum + part.right, 0);
    return {
      predictions: parts.reduce((sum, part) => sum + part.predictions, 0),
      labelled: scores.length,
      accuracy: scores.length === 0 ? null : right / scores.length,
      rocAuc: rocAuc(
        scores,
        parts.flatMap((part) => part.truths),
      ),
    };
  }
}

/** Area under the ROC curve by ranks, ties averaged (Mann-Whitney U / (positives x negatives)); null with one class only. */
export function rocAuc(scores: readonly number[], truths: readonly boolean[]): number | null {
  const order = scores.map((_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    let tied = 0;
    while (end < order.length && scores[order[end] as number] === scores[order[start] as number]) {
      if (truths[order[end] as number] === true) tied++;
      end++;
    }
    rankSum += (tied * (start + end + 1)) / 2;
    positives += tied;
    start = end;
  }
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return null;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

// When the truth about each flight becomes known: early, late, out of order, corrected, or never.
import { DAY, type Flight } from './flights.js';
import { randomFor, shuffled } from './random.js';

/** How a flight's label travels. The days are counted from the day of departure. */
export type Route = 'early' | 'next_day' | 'two_days' | 'five_days' | 'never';

/** What happens to the label of one flight. A corrected label is first wrong, then right two days later. */
export interface Fate {
  route: Route;
  corrected: boolean;
}

/** One label as it arrives: `arrival` in epoch ms (simulated), `late` as the sender believes it at that time. */
export interface Label {
  flight: Flight;
  late: boolean;
  arrival: number;
}

/** Share of the flights on each route; the shares add up to one. */
const ROUTES: readonly { route: Route; share: number; days: number }[] = [
  { route: 'early', share: 0.02, days: 0 },
  { route: 'next_day', share: 0.69, days: 1 },
  { route: 'two_days', share: 0.2, days: 2 },
  { route: 'five_days', share: 0.07, days: 5 },
  { route: 'never', share: 0.02, days: 0 },
];
const CORRECTED_SHARE = 0.01;
const CORRECTION_DELAY_DAYS = 2;
const EARLY_BY = 600_000;
/** What a random draw is for: each purpose has numbers of its own. */
const PURPOSE = { fate: 1, order: 2, arrival: 3 };

/** The fate of a flight's label: a function of its index alone, so a second replay sends the same labels. */
export function fateOf(index: number): Fate {
  const random = randomFor(PURPOSE.fate, index);
  let left = random();
  const found = ROUTES.find(({ share }) => (left -= share) < 0);
  const route = found?.route ?? 'never';
  return { route, corrected: route !== 'never' && random() < CORRECTED_SHARE };
}

/** The labels on their way. Memory holds at most the last seven days. */
export class TruthSchedule {
  private readonly waiting = new Map<number, Label[]>();

  /** Take in the flights of a day; the answer is the labels that arrive before their predictions. */
  depart(flights: readonly Flight[]): Label[] {
    const early: Label[] = [];
    for (const flight of flights) {
      const { route, corrected } = fateOf(flight.index);
      if (route === 'never') continue;
      const days = ROUTES.find((entry) => entry.route === route)?.days ?? 0;
      const first = { flight, late: corrected ? !flight.late : flight.late };
      if (route === 'early') early.push({ ...first, arrival: flight.departure - EARLY_BY });
      else this.queue(first, flight.day + days * DAY);
      if (corrected) this.queue({ flight, late: flight.late }, flight.day + (days + CORRECTION_DELAY_DAYS) * DAY);
    }
    return shuffled(early, randomFor(PURPOSE.order, -1 - (flights[0]?.index ?? 0)));
  }

  /** The labels that arrive on a day, in an order that has nothing to do with the order of departure. */
  arrive(day: number): Label[] {
    const labels = this.waiting.get(day) ?? [];
    this.waiting.delete(day);
    return shuffled(labels, randomFor(PURPOSE.order, day / DAY));
  }

  /** The days on which something is still to arrive, earliest first. */
  daysLeft(): number[] {
    return [...this.waiting.keys()].sort((a, b) => a - b);
  }

  private queue(label: Omit<Label, 'arrival'>, day: number): void {
    const time = Math.floor(randomFor(PURPOSE.arrival, label.flight.index)() * DAY);
    const labels = this.waiting.get(day);
    const arriving = { ...label, arrival: day + time };
    if (labels === undefined) this.waiting.set(day, [arriving]);
    else labels.push(arriving);
  }
}

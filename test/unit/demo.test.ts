// The demo's data, without a service: the flights and the planted fault, the models, the labels' routes, what was sent.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { DAY, type Flight, type FlightSource, inputsOf, openFlights, parseDeparture } from '../../demo/flights.js';
import { Ledger, monthOf, rocAuc } from '../../demo/ledger.js';
import { fitLogistic, sigmoid } from '../../demo/logistic.js';
import { trainModels, type TrainedModel, type Version, VERSIONS } from '../../demo/models.js';
import { mulberry32, shuffled } from '../../demo/random.js';
import { predictionId } from '../../demo/replay.js';
import { accuracyFloor } from '../../demo/setup.js';
import { fateOf, type Label, TruthSchedule } from '../../demo/truth.js';

let source: FlightSource;
let january: Flight[];
let later: Flight[];
let trained: Record<Version, TrainedModel>;

beforeAll(async () => {
  source = await openFlights('20k');
  const read = async (days: readonly number[]): Promise<Flight[]> =>
    (await Promise.all(days.map((day) => source.day(day)))).flat();
  january = await read(source.januaryDays);
  later = await read(source.replayDays);
  trained = trainModels(january);
});

const aFlight = (over: Partial<Flight>): Flight => ({
  index: 0,
  departure: Date.UTC(2001, 1, 1, 6, 5),
  day: Date.UTC(2001, 1, 1),
  hour: 6,
  distance: 1000,
  origin: 'ORD',
  destination: 'ATL',
  late: false,
  ...over,
});

const accuracyOf = (version: Version, flights: readonly Flight[]): number =>
  flights.filter((flight) => trained[version].model.score(inputsOf(flight)).late === flight.late).length /
  flights.length;

const aucOf = (version: Version, flights: readonly Flight[]): number =>
  rocAuc(
    flights.map((flight) => trained[version].model.score(inputsOf(flight)).probability),
    flights.map((flight) => flight.late),
  ) ?? NaN;

describe('the flights', () => {
  test('the 20,000 flights split into January, and February and March to replay', () => {
    expect(january).toHaveLength(6937);
    expect(source.januaryDays).toHaveLength(31);
    expect(source.replayDays).toHaveLength(59);
    const months = later.map((flight) => monthOf(flight.departure).name);
    expect(months.filter((month) => month === '2001-02')).toHaveLength(5964);
    expect(months.filter((month) => month === '2001-03')).toHaveLength(7099);
  });

  test('indices number the flights in order of departure', () => {
    const all = [...january, ...later];
    expect(all.map((flight) => flight.index)).toEqual(all.map((_, place) => place));
    expect(all.every((flight, i) => i === 0 || flight.departure >= (all[i - 1]?.departure ?? 0))).toBe(true);
  });

  test('departures are read as UTC, whatever the zone of the host', () => {
    expect(parseDeparture('2001/03/12 00:05')).toBe(Date.UTC(2001, 2, 12, 0, 5));
    expect(() => parseDeparture('2001-03-12 00:05')).toThrow('not a departure time');
  });

  test('distance is in kilometres from 12 March 00:00 up to and including 20 March, and in miles otherwise', () => {
    const distanceAt = (departure: number): number => inputsOf(aFlight({ departure })).distance;
    expect(distanceAt(Date.UTC(2001, 2, 12) - 1)).toBe(1000);
    expect(distanceAt(Date.UTC(2001, 2, 12))).toBeCloseTo(1609.344, 9);
    expect(distanceAt(Date.UTC(2001, 2, 21) - 1)).toBeCloseTo(1609.344, 9);
    expect(distanceAt(Date.UTC(2001, 2, 21))).toBe(1000);
  });
});

describe('the models', () => {
  test('a fit without a penalty gives the observed log odds of each group', () => {
    const rows = [0, 0, 0, 0, 1, 1, 1, 1].map((group) => ({ columns: group === 1 ? [1] : [], values: [1] }));
    const labels = [true, false, false, false, true, true, true, false];
    const weights = fitLogistic(rows, labels, 2, 1e-9);
    expect(sigmoid(weights[0] ?? 0)).toBeCloseTo(0.25, 6);
    expect(sigmoid((weights[0] ?? 0) + (weights[1] ?? 0))).toBeCloseTo(0.75, 6);
  });

  test('training twice gives the same models', () => {
    const again = trainModels(january);
    for (const version of VERSIONS) expect(again[version].onJanuary).toEqual(trained[version].onJanuary);
  });

  test.each(['2001-02', '2001-03'])('version 2 beats version 1 in accuracy and in AUC in %s', (month) => {
    const flights = later.filter((flight) => monthOf(flight.departure).name === month);
    expect(accuracyOf('2', flights)).toBeGreaterThan(accuracyOf('1', flights));
    expect(aucOf('2', flights)).toBeGreaterThan(aucOf('1', flights));
  });

  test('each version calls about as many flights late as were late in January', () => {
    const late = january.filter((flight) => flight.late).length;
    for (const version of VERSIONS) {
      const called = trained[version].onJanuary.filter((output) => output.late).length;
      expect(Math.abs(called - late) / january.length).toBeLessThan(0.04);
    }
  });

  test('no day, of January or of the replay, touches the accuracy floor', () => {
    const { floor, worst } = accuracyFloor(january, trained);
    expect(worst).toBeGreaterThan(floor);
    for (const version of VERSIONS) {
      for (const day of source.replayDays) {
        const flights = later.filter((flight) => flight.day === day);
        expect(accuracyOf(version, flights)).toBeGreaterThan(floor);
      }
    }
  });
});

describe('the truth', () => {
  /** Everything that is delivered for the flights after January, in order of delivery. */
  const deliverAll = (): { label: Label; on: number; early: boolean }[] => {
    const truth = new TruthSchedule();
    const delivered: { label: Label; on: number; early: boolean }[] = [];
    for (const day of source.replayDays) {
      for (const label of truth.depart(later.filter((flight) => flight.day === day))) {
        delivered.push({ label, on: day, early: true });
      }
      for (const label of truth.arrive(day)) delivered.push({ label, on: day, early: false });
    }
    for (const day of truth.daysLeft()) {
      for (const label of truth.arrive(day)) delivered.push({ label, on: day, early: false });
    }
    expect(truth.daysLeft()).toEqual([]);
    return delivered;
  };

  test('about 2 % of the flights never get a label, 2 % get it early, 1 % get a wrong one first', () => {
    const fates = later.map((flight) => fateOf(flight.index));
    const share = (holds: (fate: (typeof fates)[number]) => boolean): number =>
      fates.filter(holds).length / fates.length;
    expect(share(({ route }) => route === 'never')).toBeCloseTo(0.02, 2);
    expect(share(({ route }) => route === 'early')).toBeCloseTo(0.02, 2);
    expect(share(({ route }) => route === 'next_day')).toBeCloseTo(0.69, 1);
    expect(share(({ route }) => route === 'two_days')).toBeCloseTo(0.2, 1);
    expect(share(({ route }) => route === 'five_days')).toBeCloseTo(0.07, 1);
    expect(share(({ corrected }) => corrected)).toBeCloseTo(0.01, 2);
  });

  test('the last label of every labelled flight is the truth, and the first of a corrected one is wrong', () => {
    const byFlight = new Map<number, Label[]>();
    for (const { label } of deliverAll()) {
      byFlight.set(label.flight.index, [...(byFlight.get(label.flight.index) ?? []), label]);
    }
    for (const flight of later) {
      const { route, corrected } = fateOf(flight.index);
      const labels = byFlight.get(flight.index) ?? [];
      expect(labels).toHaveLength(route === 'never' ? 0 : corrected ? 2 : 1);
      if (route === 'never') continue;
      expect(labels.at(-1)?.late).toBe(flight.late);
      expect(labels[0]?.late).toBe(corrected ? !flight.late : flight.late);
      if (corrected) expect(labels[1]?.arrival).toBeGreaterThan(labels[0]?.arrival ?? Infinity);
    }
  });

  test('early labels arrive before the departure; the others on their day, one to seven days later', () => {
    for (const { label, on, early } of deliverAll()) {
      if (early) {
        expect(label.arrival).toBeLessThan(label.flight.departure);
        continue;
      }
      expect(Math.floor(label.arrival / DAY) * DAY).toBe(on);
      const days = (on - label.flight.day) / DAY;
      expect(days).toBeGreaterThanOrEqual(1);
      expect(days).toBeLessThanOrEqual(7);
    }
  });

  test('labels arrive out of order', () => {
    const order = deliverAll()
      .filter(({ on }) => on === source.replayDays[20])
      .map(({ label }) => label.flight.index);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
  });

  test('a second replay delivers the same labels in the same order', () => {
    const told = (): unknown[] =>
      deliverAll().map(({ label, on }) => [label.flight.index, label.late, label.arrival, on]);
    expect(told()).toEqual(told());
  });

  test('shuffling keeps every item', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const numeric = (a: number, b: number): number => a - b;
        expect(shuffled(items, mulberry32(seed)).sort(numeric)).toEqual([...items].sort(numeric));
      }),
    );
  });

  test('prediction ids differ by version and flight and are the same in every run', () => {
    const ids = VERSIONS.flatMap((version) => later.map((flight) => predictionId(version, flight.index)));
    expect(new Set(ids).size).toBe(2 * later.length);
    expect(predictionId('2', 6937)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(predictionId('2', 6937)).toBe(predictionId('2', 6937));
  });
});

describe('the ledger', () => {
  test('AUC is the share of pairs ranked right, a tie counting half', () => {
    const scored = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(scored, (rows) => {
        const positives = rows.filter(([, truth]) => truth);
        const negatives = rows.filter(([, truth]) => !truth);
        const wins = positives.flatMap(([p]) => negatives.map(([n]) => (p > n ? 1 : p === n ? 0.5 : 0)));
        const found = rocAuc(
          rows.map(([score]) => score),
          rows.map(([, truth]) => truth),
        );
        if (wins.length === 0) expect(found).toBeNull();
        else expect(found).toBeCloseTo(wins.reduce((sum: number, win) => sum + win, 0) / wins.length, 12);
      }),
    );
  });

  test('only flights that get a label count for coverage, accuracy and AUC', () => {
    const ledger = new Ledger();
    for (const flight of later) {
      const outputs = { late: flight.late, probability: flight.late ? 0.9 : 0.1 };
      ledger.note('2', flight, { id: `id ${flight.index}`, inputs: {}, outputs });
    }
    const labelled = later.filter((flight) => fateOf(flight.index).route !== 'never').length;
    expect(ledger.expected('2')).toEqual({ predictions: later.length, labelled, accuracy: 1, rocAuc: 1 });
    expect(ledger.expected('1')).toEqual({ predictions: 0, labelled: 0, accuracy: null, rocAuc: null });
    expect(ledger.months.map(({ name }) => name)).toEqual(['2001-02', '2001-03']);
    expect([...ledger.samples.values()].filter(({ late }) => late === null)).toHaveLength(1);
  });
});

// The flights the demo replays: real departures from the npm package vega-datasets, a day at a time, and the fault planted in them.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** One day in milliseconds. */
export const DAY = 86_400_000;
/** A flight counts as late when it arrives more than this many minutes after plan. */
export const LATE_AFTER_MINUTES = 15;
/** Kilometres in a mile: what the planted fault multiplies `distance` by. */
export const KILOMETRES_PER_MILE = 1.609344;
/** The planted fault: `distance` arrives in kilometres in [start, end). 12 March 00:00 up to and including 20 March. */
export const FAULT = { start: Date.UTC(2001, 2, 12), end: Date.UTC(2001, 2, 21) } as const;

/** The data sets the demo knows: 20,000 flights of January to March, or 3 million of January to June 2001. */
export type DataSetName = '20k' | '3m';

/** One flight. `distance` in miles, `delay` in minutes; `departure` and `day` in epoch ms (the file's local times read as UTC). */
export interface Flight {
  /** Its place among all flights in order of departure; prediction ids are made from it. */
  index: number;
  departure: number;
  day: number;
  hour: number;
  distance: number;
  origin: string;
  destination: string;
  late: boolean;
}

/** A data set, readable a day at a time. */
export interface FlightSource {
  readonly name: DataSetName;
  /** The days of January, and the days to replay, as epoch ms of their starts. */
  readonly januaryDays: readonly number[];
  readonly replayDays: readonly number[];
  /** Flights per day (key: start of the day). */
  readonly counts: ReadonlyMap<number, number>;
  /** The flights of one day in order of departure. */
  day(start: number): Promise<Flight[]>;
  close(): Promise<void>;
}

/** A flight as the files hold it. */
interface RawFlight {
  departure: number;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}

/** The inputs of a prediction as the model receives them: during the fault, `distance` is in kilometres. */
export function inputsOf(flight: Flight): { hour: number; distance: number; origin: string; destination: string } {
  const { hour, origin, destination } = flight;
  const faulty = flight.departure >= FAULT.start && flight.departure < FAULT.end;
  return { hour, distance: faulty ? flight.distance * KILOMETRES_PER_MILE : flight.distance, origin, destination };
}

/** "2001/03/12 06:05" as epoch ms, read as UTC. */
export function parseDeparture(text: string): number {
  const parts = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d)$/.exec(text);
  if (parts === null) throw new Error(`not a departure time: ${text}`);
  const [year, month, day, hour, minute] = parts.slice(1).map(Number) as [number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute);
}

/** Open a data set. @throws Error when the file of vega-datasets is not installed. */
export async function openFlights(name: DataSetName): Promise<FlightSource> {
  return name === '20k' ? openJson(dataFile('flights-20k.json')) : openParquet(dataFile('flights-3m.parquet'));
}

function dataFile(name: string): string {
  const file = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../node_modules/vega-datasets/data', name);
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm install\` (with dev dependencies) first.`);
  return file;
}

function openJson(file: string): FlightSource {
  const rows = JSON.parse(readFileSync(file, 'utf8')) as (Omit<RawFlight, 'departure'> & { date: string })[];
  const raw = rows.map((row) => ({ ...row, departure: parseDeparture(row.date) }));
  raw.sort((a, b) => a.departure - b.departure);
  const days = new Map<number, Flight[]>();
  for (const [index, row] of raw.entries()) {
    const flight = toFlight(row, index);
    const sameDay = days.get(flight.day);
    if (sameDay === undefined) days.set(flight.day, [flight]);
    else sameDay.push(flight);
  }
  const counts = new Map([...days].map(([day, flights]) => [day, flights.length]));
  return {
    name: '20k',
    ...splitDays(counts),
    counts,
    day: async (start) => days.get(start) ?? [],
    close: async () => undefined,
  };
}

/** The Parquet file, read by the embedded engine in this process: one query a day, so memory holds one day. */
async function openParquet(file: string): Promise<FlightSource> {
  const { createClient } = await import('@clickhouse/client');
  const { createChdbConnection } = await import('chdb/connection');
  const scratch = mkdtempSync(path.join(tmpdir(), 'driftline-demo-parquet-'));
  const client = createClient({ connection: createChdbConnection({ path: scratch }) } as Parameters<
    typeof createClient
  >[0]);
  // The last six rows depart at midnight of 1 July: a day of six flights is no day.
  const table = `(SELECT toUnixTimestamp64Milli(toDateTime64(date, 3, 'UTC')) AS departure, assumeNotNull(delay) AS delay,
    assumeNotNull(distance) AS distance, assumeNotNull(origin) AS origin, assumeNotNull(destination) AS destination
    FROM file('${file.replaceAll("'", "\\'")}', Parquet) WHERE date < toDateTime64('2001-07-01 00:00:00', 3, 'UTC'))`;
  const rows = async <T>(query: string): Promise<T[]> => {
    const answer = await client.query({ query, format: 'JSONEachRow' });
    return answer.json<T>();
  };
  const perDay = await rows<{ day: number; n: number }>(
    `SELECT toFloat64(intDiv(departure, ${DAY}) * ${DAY}) AS day, toFloat64(count()) AS n FROM ${table} GROUP BY day ORDER BY day`,
  );
  const counts = new Map(perDay.map(({ day, n }) => [day, n]));
  const firstIndex = new Map<number, number>();
  let before = 0;
  for (const [day, n] of counts) {
    firstIndex.set(day, before);
    before += n;
  }
  return {
    name: '3m',
    ...splitDays(counts),
    counts,
    day: async (start) => {
      // Ordered by every column: the index of a flight must be the same in each run.
      const query = `SELECT toFloat64(departure) AS departure, toFloat64(delay) AS delay, toFloat64(distance) AS distance, origin, destination
        FROM ${table} AS flights WHERE flights.departure >= ${start} AND flights.departure < ${start + DAY} ORDER BY ALL`;
      const found = await rows<RawFlight>(query);
      return found.map((row, place) => toFlight(row, (firstIndex.get(start) ?? 0) + place));
    },
    close: async () => {
      await client.close();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

function toFlight(row: RawFlight, index: number): Flight {
  const day = Math.floor(row.departure / DAY) * DAY;
  return {
    index,
    departure: row.departure,
    day,
    hour: Math.floor((row.departure - day) / 3_600_000),
    distance: row.distance,
    origin: row.origin,
    destination: row.destination,
    late: row.delay > LATE_AFTER_MINUTES,
  };
}

function splitDays(counts: ReadonlyMap<number, number>): { januaryDays: number[]; replayDays: number[] } {
  const days = [...counts.keys()].sort((a, b) => a - b);
  const february = Date.UTC(2001, 1, 1);
  return { januaryDays: days.filter((day) => day < february), replayDays: days.filter((day) => day >= february) };
}

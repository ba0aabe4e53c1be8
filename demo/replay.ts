// The replay: flights depart, predictions and labels are sent, and the jobs run, one simulated day after the other.
import { v5 as uuidv5 } from 'uuid';
import { batches, type Client, inParallel } from './client.js';
import { type Flight, type FlightSource, inputsOf } from './flights.js';
import { Ledger } from './ledger.js';
import { type Model, type Version, VERSIONS } from './models.js';
import { randomFor } from './random.js';
import { evaluationOf, MODEL } from './setup.js';
import { type Label, TruthSchedule } from './truth.js';

/** The demo's clock: what time it is in the simulation, in epoch ms. */
export interface SimulatedClock {
  now: number;
}

/** What a replay needs. `client` may point at any running service that `setUp` has prepared. */
export interface ReplayOptions {
  client: Client;
  source: FlightSource;
  models: Record<Version, Model>;
  /** Moved forward by the replay. */
  clock?: SimulatedClock;
  /** The last day to play (epoch ms of its start); labels still on their way are then left out. Default: everything. */
  lastDay?: number;
  /** After the jobs of each day: how many flights have departed, of how many. The next day waits for it. */
  onDay?: (progress: { day: number; done: number; total: number }) => void | Promise<void>;
}

/** What was sent. */
export interface ReplayResult {
  ledger: Ledger;
  predictions: number;
  /** Label records, corrections included. */
  labels: number;
  jobRuns: number;
}

const COMPUTING_JOBS = ['drift', 'quality', 'operations'] as const;
const IN_FLIGHT = 3;
const BATCH_SIZE: Record<FlightSource['name'], number> = { '20k': 250, '3m': 5_000 };
/** The namespace of the prediction ids: the same flight has the same ids in every replay. */
const NAMESPACE = uuidv5('driftline demo: flight-delay', uuidv5.URL);
const LATENCY_PURPOSE = 9;

/** The id of a version's prediction about a flight. */
export function predictionId(version: Version, flightIndex: number): string {
  return uuidv5(`${version}/${flightIndex}`, NAMESPACE);
}

/**
 * Replay the flights after January. Sending the same day again replaces its rows, so an interrupted replay may be repeated.
 * @throws CallError when the service refuses something, Error when a job fails.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { source, clock = { now: 0 }, lastDay = Infinity, onDay } = options;
  const session = new ReplaySession(options.client, options.models, BATCH_SIZE[source.name]);
  const days = source.replayDays.filter((day) => day <= lastDay);
  const total = days.reduce((sum, day) => sum + (source.counts.get(day) ?? 0), 0);
  let done = 0;
  for (const day of days) {
    clock.now = day;
    const flights = await source.day(day);
    await session.playDay(day, flights);
    clock.now = evaluationOf(day);
    await session.runJobs(clock.now);
    done += flights.length;
    await onDay?.({ day, done, total });
  }
  if (lastDay === Infinity) {
    for (const day of session.daysLeft()) {
      clock.now = day;
      await session.deliver(day);
    }
    clock.now = evaluationOf(clock.now);
    await session.runJobs(clock.now);
  }
  return session.result();
}

/** The sending side of one replay. */
class ReplaySession {
  private readonly truth = new TruthSchedule();
  private readonly ledger = new Ledger();
  private predictions = 0;
  private labels = 0;
  private jobRuns = 0;

  constructor(
    private readonly client: Client,
    private readonly models: Record<Version, Model>,
    private readonly batchSize: number,
  ) {}

  /** One day: some labels before their predictions, then the predictions, then labels of earlier days. */
  async playDay(day: number, flights: readonly Flight[]): Promise<void> {
    await this.sendLabels(this.truth.depart(flights));
    const records = flights.flatMap((flight) => VERSIONS.map((version) => this.predict(version, flight)));
    await this.send('/v1/predictions', records);
    this.predictions += records.length;
    await this.deliver(day);
  }

  /** Send the labels that arrive on a day. */
  async deliver(day: number): Promise<void> {
    await this.sendLabels(this.truth.arrive(day));
  }

  daysLeft(): number[] {
    return this.truth.daysLeft();
  }

  /** Run every job as of `now`: the three that compute side by side, then the alerts, which read what they computed. */
  async runJobs(now: number): Promise<void> {
    await inParallel(IN_FLIGHT, COMPUTING_JOBS, (job) => this.runJob(job, now));
    await this.runJob('alerts', now);
  }

  private async runJob(job: string, now: number): Promise<void> {
    const at = new Date(now).toISOString();
    const body = { model: MODEL, now: at };
    const run = await this.client.post<{ status: string; errors: string[] }>(`/v1/jobs/${job}/run`, body);
    if (run.status !== 'ok') {
      throw new Error(`The ${job} job as of ${at} ended with status ${run.status}: ${run.errors.join('; ')}`);
    }
    this.jobRuns++;
  }

  result(): ReplayResult {
    return { ledger: this.ledger, predictions: this.predictions, labels: this.labels, jobRuns: this.jobRuns };
  }

  private predict(version: Version, flight: Flight): object {
    const inputs = inputsOf(flight);
    const outputs = this.models[version].score(inputs);
    const id = predictionId(version, flight.index);
    this.ledger.note(version, flight, { id, inputs, outputs });
    return {
      model: MODEL,
      version,
      prediction_id: id,
      timestamp: flight.departure,
      inputs,
      outputs,
      latency_ms: latencyOf(version, flight.index),
    };
  }

  private async sendLabels(labels: readonly Label[]): Promise<void> {
    const records = labels.flatMap(({ flight, late, arrival }) =>
      VERSIONS.map((version) => ({
        prediction_id: predictionId(version, flight.index),
        values: { late },
        timestamp: arrival,
      })),
    );
    await this.send('/v1/ground-truth', records);
    this.labels += records.length;
  }

  private async send(path: string, records: readonly object[]): Promise<void> {
    await inParallel(IN_FLIGHT, batches(records, this.batchSize), (batch) => this.client.track(path, batch));
  }
}

/** A made-up but plausible latency: around 12 ms (version 2: 20 ms), one in fifty four times as slow. */
function latencyOf(version: Version, index: number): number {
  const random = randomFor(LATENCY_PURPOSE + Number(version), index);
  const base = (version === '1' ? 12 : 20) * (0.7 + 0.6 * random());
  return Math.round(10 * base * (random() < 0.02 ? 4 : 1)) / 10;
}

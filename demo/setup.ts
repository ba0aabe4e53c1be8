// What is set up in the service before the replay: the model, January as its baseline, one mail channel and two alert rules.
import { batches, type Client, CSV, NDJSON, ndjson } from './client.js';
import { DAY, inputsOf, type Flight } from './flights.js';
import { type Inputs, type Outputs, type TrainedModel, type Version, VERSIONS } from './models.js';

/** The model's name in the service. */
export const MODEL = 'flight-delay';
/** Where every call about the model starts. */
export const MODEL_PATH = `/v1/models/${MODEL}`;
/** The names of the two rules. */
export const RULES = { drift: 'input-drift', accuracy: 'accuracy-floor' } as const;
/** Where the alert mails go. */
export const MAIL_TO = 'on-call@localhost.test';
/** Both rules fire when this many windows in a row breach. */
export const WINDOWS_TO_FIRE = 2;

const CHANNEL = 'on-call';
const BASELINE = 'january';
const BASELINE_COLUMNS = [
  'inputs.hour',
  'inputs.distance',
  'inputs.origin',
  'inputs.destination',
  'outputs.late',
  'outputs.probability',
  'values.late',
];
const MOST_JSON_ROWS = 100_000;
const ROWS_PER_PIECE = 5_000;
/** How far under the mean day of January an accuracy must be to mean something. */
const DEVIATIONS = 4;

/** What the model is: late by more than 15 minutes or not, judged a day at a time. */
const MODEL_CONFIG = {
  task: 'binary',
  prediction: 'outputs.late',
  score: 'outputs.probability',
  ground_truth: 'late',
  positive_label: true,
  window: '1d',
  label_delay: '2d',
  min_samples: 100,
  features: {
    'inputs.hour': { kind: 'numeric' },
    'inputs.distance': { kind: 'numeric' },
    'inputs.origin': { kind: 'categorical' },
    'inputs.destination': { kind: 'categorical' },
  },
};

/**
 * PSI of any input, two days in a row. Measured on the 20,000 flights against January: the fault days give 0.32 to 0.47 on
 * distance; without the fault no input passes its limit (0.1, or what chance explains: 0.13 to 0.17 for hour and distance,
 * about 0.4 for the airports) on two days in a row, the nearest reaches 71 % of it.
 */
const DRIFT_RULE = {
  model: MODEL,
  version: '*',
  metric: 'psi',
  feature: 'inputs.*',
  op: '>',
  warning: 0.1,
  critical: 0.2,
  for: WINDOWS_TO_FIRE,
  of: WINDOWS_TO_FIRE,
  no_data: 'keep',
  repeat_every: null,
  channels: [CHANNEL],
};

/** The warning level of the accuracy rule, and what it rests on: the daily accuracies on January. */
export interface AccuracyFloor {
  floor: number;
  mean: number;
  deviation: number;
  worst: number;
}

/**
 * Four standard deviations below the mean day of January (held out, where the model could learn it by heart), of the version where that is lower, rounded down to
 * a hundredth. Days differ by much more than chance (weather), which the standard deviation over days contains.
 */
export function accuracyFloor(january: readonly Flight[], trained: Record<Version, TrainedModel>): AccuracyFloor {
  const floors = VERSIONS.map((version) => {
    const days = dailyAccuracy(january, trained[version]);
    const mean = days.reduce((sum, day) => sum + day, 0) / days.length;
    const deviation = Math.sqrt(days.reduce((sum, day) => sum + (day - mean) ** 2, 0) / (days.length - 1));
    return {
      floor: Math.floor(100 * (mean - DEVIATIONS * deviation)) / 100,
      mean,
      deviation,
      worst: Math.min(...days),
    };
  });
  return floors.reduce((lowest, next) => (next.floor < lowest.floor ? next : lowest));
}

function dailyAccuracy(january: readonly Flight[], { onJanuary }: TrainedModel): number[] {
  const days = new Map<number, { right: number; all: number }>();
  for (const [i, flight] of january.entries()) {
    const day = days.get(flight.day) ?? { right: 0, all: 0 };
    day.all++;
    if (onJanuary[i]?.late === flight.late) day.right++;
    days.set(flight.day, day);
  }
  return [...days.values()].map(({ right, all }) => right / all);
}

/** Configure the model, upload January as the baseline of each version, and set the rules. */
export async function setUp(
  client: Client,
  january: readonly Flight[],
  trained: Record<Version, TrainedModel>,
): Promise<void> {
  await client.put(MODEL_PATH, MODEL_CONFIG);
  for (const version of VERSIONS) {
    // What the deployed model says: hold-out scores are those of other models, and would look like drift of the outputs.
    const said = january.map((flight) => trained[version].model.score(inputsOf(flight)));
    await uploadBaseline(client, version, january, said);
  }
  await client.put(`/v1/channels/${CHANNEL}`, { type: 'email', to: [MAIL_TO] });
  await client.put(`/v1/alert-rules/${RULES.drift}`, DRIFT_RULE);
  await client.put(`/v1/alert-rules/${RULES.accuracy}`, {
    model: MODEL,
    version: '*',
    metric: 'accuracy',
    op: '<',
    warning: accuracyFloor(january, trained).floor,
    critical: 0.5,
    for: WINDOWS_TO_FIRE,
    of: WINDOWS_TO_FIRE,
    no_data: 'keep',
    repeat_every: null,
    channels: [CHANNEL],
  });
}

/** Upload January with what the version says about it. */
async function uploadBaseline(
  client: Client,
  version: Version,
  january: readonly Flight[],
  onJanuary: readonly Outputs[],
): Promise<void> {
  const path = `${MODEL_PATH}/baselines?name=${BASELINE}&version=${version}`;
  const rows = january.map((flight, i) => ({
    inputs: inputsOf(flight),
    outputs: onJanuary[i] as Outputs,
    values: { late: flight.late },
  }));
  // JSON rows are read into memory, so the service limits their size; CSV is streamed, however long it is.
  const answer =
    rows.length <= MOST_JSON_ROWS
      ? await client.postRows<{ rows: number }>(path, NDJSON, ndjson(rows))
      : await client.postRows<{ rows: number }>(path, CSV, csvPieces(rows));
  if (answer.rows !== rows.length) {
    throw new Error(`The baseline of version ${version} has ${answer.rows} rows; ${rows.length} were sent.`);
  }
}

/** A row of a baseline. */
interface BaselineRow {
  inputs: Inputs;
  outputs: Outputs;
  values: { late: boolean };
}

/** The rows as CSV, some thousand lines at a time. Airport codes and numbers need no quotes. */
async function* csvPieces(rows: readonly BaselineRow[]): AsyncGenerator<string> {
  yield `${BASELINE_COLUMNS.join(',')}\n`;
  for (const piece of batches(rows, ROWS_PER_PIECE)) {
    yield piece
      .map(({ inputs, outputs, values }) => {
        const { hour, distance, origin, destination } = inputs;
        return `${[hour, distance, origin, destination, outputs.late, outputs.probability, values.late].join(',')}\n`;
      })
      .join('');
  }
}

/** When the window that starts at `day` is evaluated: five minutes after it is complete. */
export function evaluationOf(day: number): number {
  return day + DAY + 300_000;
}

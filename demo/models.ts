// The two models of the demo, trained on January: version 1 knows the part of the day, version 2 knows everything.
import { type Flight, inputsOf } from './flights.js';
import { fitLogistic, linear, sigmoid, type SparseRow } from './logistic.js';

/** What a model sees of a flight. */
export type Inputs = ReturnType<typeof inputsOf>;
/** What a model says of a flight: late or not, and how probable. */
export interface Outputs {
  late: boolean;
  probability: number;
}
/** The versions of the model, the better one last. */
export const VERSIONS = ['1', '2'] as const;
export type Version = (typeof VERSIONS)[number];

/** A trained version. */
export interface Model {
  version: Version;
  description: string;
  /** A flight is called late from this probability on. */
  cut: number;
  score(inputs: Inputs): Outputs;
}

/** A trained version with what it says about January: the baseline its later predictions are compared with. */
export interface TrainedModel {
  model: Model;
  /** One output per January flight, in the order given to `trainModels`; each by a model that cannot have learnt it by heart. */
  onJanuary: Outputs[];
}

const FOLDS = 5;
/** Airports move the log odds by about 0.3 (standard deviation) once noise is taken off: ridge = 1 / 0.3^2. */
const RIDGE = 10;

/** How a version turns inputs into columns. */
interface Recipe {
  version: Version;
  description: string;
  /** Whether January must be judged day by day by models that never saw the day: a model of many weights learns flights by heart. */
  heldOut: boolean;
  encoder: (training: readonly Flight[]) => { size: number; encode: (inputs: Inputs) => SparseRow };
}

const RECIPES: readonly Recipe[] = [
  {
    version: '1',
    description: 'logistic regression on the part of the day (night, morning, afternoon, evening)',
    heldOut: false,
    encoder: () => ({
      size: 5,
      encode: ({ hour }) => ({ columns: [1 + Math.floor(hour / 6)], values: [1] }),
    }),
  },
  {
    version: '2',
    description: 'logistic regression on hour, distance, origin and destination',
    heldOut: true,
    encoder: fullEncoder,
  },
];

/** Train both versions on January's flights. Deterministic. */
export function trainModels(january: readonly Flight[]): Record<Version, TrainedModel> {
  const [first, second] = RECIPES.map((recipe) => train(recipe, january)) as [TrainedModel, TrainedModel];
  return { '1': first, '2': second };
}

function train(recipe: Recipe, january: readonly Flight[]): TrainedModel {
  const probabilities = holdOutProbabilities(recipe, january);
  const cut = cutAtShare(
    probabilities,
    shareOf(january, (flight) => flight.late),
  );
  const probability = fit(recipe, january);
  const said = (p: number): Outputs => ({ late: p >= cut, probability: p });
  return {
    model: {
      version: recipe.version,
      description: recipe.description,
      cut,
      score: (inputs) => said(probability(inputs)),
    },
    onJanuary: probabilities.map(said),
  };
}

function fit(recipe: Recipe, flights: readonly Flight[]): (inputs: Inputs) => number {
  const { size, encode } = recipe.encoder(flights);
  const weights = fitLogistic(
    flights.map((flight) => encode(inputsOf(flight))),
    flights.map((flight) => flight.late),
    size,
    RIDGE,
  );
  // Six decimals: what is sent is exactly what is compared.
  return (inputs) => Math.round(sigmoid(linear(weights, encode(inputs))) * 1e6) / 1e6;
}

/** Whole days are held out together: the flights of one day share its weather. */
function holdOutProbabilities(recipe: Recipe, flights: readonly Flight[]): number[] {
  const days = [...new Set(flights.map((flight) => flight.day))].sort((a, b) => a - b);
  const foldOf = new Map(days.map((day, place) => [day, place % FOLDS]));
  const models = Array.from({ length: FOLDS }, (_, fold) =>
    fit(
      recipe,
      flights.filter((flight) => foldOf.get(flight.day) !== fold),
    ),
  );
  return flights.map((flight) => models[foldOf.get(flight.day) ?? 0]?.(inputsOf(flight)) ?? 0);
}

/**
 * The cut at which a model calls as large a share of flights late as really were: both versions may then be compared
 * by accuracy. (The cut of best accuracy would call no flight late: four of five are on time.)
 */
function cutAtShare(probabilities: readonly number[], share: number): number {
  const sorted = Float64Array.from(probabilities).sort();
  return sorted[Math.round(sorted.length * (1 - share))] ?? 1;
}

function shareOf<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.filter(holds).length / Math.max(items.length, 1);
}

/** Hour, origin and destination one column a value seen in training (an unseen value has none), distance standardised. */
function fullEncoder(training: readonly Flight[]): ReturnType<Recipe['encoder']> {
  const columns = new Map<string, number>();
  const add = (name: string): void => {
    if (!columns.has(name)) columns.set(name, columns.size + 2);
  };
  for (const flight of training) {
    add(`hour ${flight.hour}`);
    add(`from ${flight.origin}`);
    add(`to ${flight.destination}`);
  }
  const mean = training.reduce((sum, flight) => sum + flight.distance, 0) / training.length;
  const variance = training.reduce((sum, flight) => sum + (flight.distance - mean) ** 2, 0) / training.length;
  const deviation = Math.sqrt(variance);
  return {
    size: columns.size + 2,
    encode: ({ hour, distance, origin, destination }) => {
      const present = [`hour ${hour}`, `from ${origin}`, `to ${destination}`].flatMap(
        (name) => columns.get(name) ?? [],
      );
      return { columns: [1, ...present], values: [(distance - mean) / deviation, ...present.map(() => 1)] };
    },
  };
}

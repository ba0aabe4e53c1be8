// What callers of the client write and read. Documents of the HTTP contract are its own zod schemas, as types: no schema is loaded.
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import type {
  acceptedSchema,
  aggregateItemSchema,
  delayedMetricsItemSchema,
  groundTruthItemSchema,
  predictionItemSchema,
  StoredPrediction,
  trackedSchema,
} from '../../../src/domain/contract/tracking.js';
import type { replicaStatsSchema } from '../../../src/domain/contract/replicas.js';
import type { z } from 'zod';

/** What a request of each route holds, as the contract has it. */
export type PredictionItem = z.input<typeof predictionItemSchema>;
export type GroundTruthItem = z.input<typeof groundTruthItemSchema>;
export type DelayedMetricsItem = z.input<typeof delayedMetricsItemSchema>;
export type AggregateItem = z.input<typeof aggregateItemSchema>;
export type ReplicaStatsItem = z.input<typeof replicaStatsSchema>;
/** What a batch is answered with. */
export type BatchAnswer = z.output<typeof trackedSchema> | z.output<typeof acceptedSchema>;
/** A prediction as it is read back. */
export type Prediction = StoredPrediction;
/** A computed number, with the difference to another version where `compare` asked for it. */
export type MetricPoint = MetricPointJson;

/** Times go in as Date, epoch milliseconds, or ISO 8601 with an offset. */
export type Time = Date | number | string;

/** What the client counts. Predictions and labels are both items. */
export interface Stats {
  /** Items given to the client. */
  tracked: number;
  /** Items that a request carried to the service at least once and was answered. */
  sent: number;
  accepted: number;
  /** Items that the service refused: they are not sent again. */
  rejected: number;
  /** Items that there was no room for. */
  dropped: number;
  /** Requests that were sent again. */
  retries: number;
  /** Requests that failed: no answer, or one that is no verdict on the items. */
  failures: number;
  /** Items waiting now. */
  queued: number;
  /** Values that were not finite numbers, and went as null. */
  nonfinite: number;
  /** Arrays that were too long, and went as length, min, max and mean. */
  summarized: number;
  /** Values of other kinds, which went as text. */
  stringified: number;
  /** Values that were left out: too deep, circular, or of a kind that the place does not take. */
  cut: number;
}

export interface ClientOptions {
  /** The address of the service; `DRIFTLINE_URL`, else http://127.0.0.1:8080. */
  url?: string;
  /** The key for the Authorization header; `DRIFTLINE_API_KEY`. */
  apiKey?: string | null;
  /** For calls that name none; `DRIFTLINE_MODEL`, `DRIFTLINE_VERSION`, `DRIFTLINE_DEPLOYMENT`. */
  model?: string;
  version?: string;
  deployment?: string;
  /** The name of this replica; `DRIFTLINE_REPLICA`, else host name and process id. In a browser none. */
  replica?: string;
  /** Nothing is sent and nothing is kept; `DRIFTLINE_DISABLED=1`. */
  disabled?: boolean;
  /** Items of one request at the most; 2,000. */
  batchSize?: number;
  /** The longest an item waits for others, ms; 500. */
  flushInterval?: number;
  /** Items that may wait, in memory or on their way; 50,000. */
  maxQueue?: number;
  /**
   * When that many wait: `drop` drops new items and counts them. `block` lets wrapped functions that return a promise, and `await client.room()`, wait
   * for room; JavaScript cannot wait in a synchronous call, which drops.
   */
  onFull?: 'drop' | 'block';
  /** Node: a folder that keeps what is not acknowledged, through a crash and an outage; `DRIFTLINE_SPOOL`. Of one replica only. */
  spool?: string | null;
  /** The most bytes in that folder; 256 MiB. */
  spoolLimit?: number;
  /** How long a request may take, ms; 10,000. */
  requestTimeout?: number;
  /** How long the end of the process waits for what is queued, ms; 2,000. */
  exitTimeout?: number;
  /** Send at the end of the process and on SIGTERM (Node), or when the page is hidden (browser); true. */
  flushAtExit?: boolean;
  /** How often the process reports itself to /v1/replica-stats, ms; 10,000; 0: never. */
  heartbeat?: number;
  /** Measure CPU and memory of the process (Node); true. */
  measure?: boolean;
  /** Called once for each kind of failure; `console.warn` by default. */
  warn?: (message: string) => void;
}

/** What a prediction may carry beside inputs and outputs. */
export interface TrackOptions {
  model?: string;
  version?: string;
  deployment?: string;
  /** A UUID, or any text of up to 200 characters, which is mapped to one; made where it is left out. */
  predictionId?: string;
  timestamp?: Time;
  /** Numbers; booleans count as 1 and 0. */
  metrics?: Readonly<Record<string, unknown>>;
  /** For segments; numbers and booleans become text. */
  tags?: Readonly<Record<string, unknown>>;
  latencyMs?: number;
  status?: 'ok' | 'error';
  error?: string;
  requestBytes?: number;
  responseBytes?: number;
  cpuMs?: number;
  memoryBytes?: number;
}

/** Of a model and of one prediction. */
export interface ModelOptions {
  deployment?: string;
  tags?: Readonly<Record<string, unknown>>;
}

/** Which predictions are read. */
export interface PredictionsQuery {
  version?: string;
  deployment?: string;
  start?: Time;
  end?: Time;
  /** `path=value`, e.g. `tags.region=EU`. */
  segment?: string;
  labelled?: boolean;
}

/** Which numbers are read. */
export interface MetricsQuery {
  metric?: string | readonly string[];
  feature?: string | readonly string[];
  version?: string;
  segment?: string;
  start?: Time;
  end?: Time;
  /** A length to merge to, such as `7d`, or `range`. */
  window?: string;
  /** Another version, to compare with. */
  compare?: string;
}

/** Which of Cloudera's rows are read. */
export interface ReadMetricsQuery {
  modelDeploymentCrn?: string;
  modelCrn?: string;
  modelBuildCrn?: string;
  startTimestampMs?: number;
  endTimestampMs?: number;
  model?: string;
  version?: string;
  deployment?: string;
}

/** One of Cloudera's rows: a prediction with everything tracked for it, or an aggregate, which has an empty `predictionUuid`. */
export interface MetricsRow {
  modelDeploymentCrn: string;
  modelBuildCrn: string;
  modelCrn: string;
  startTimeStampMs: number;
  endTimeStampMs: number;
  predictionUuid: string;
  metrics: Record<string, unknown>;
}

// What may be asked of models and their numbers: configurations, baselines, metrics, the overview, jobs.
import type {
  Calibration,
  Confusion,
  ConfusionQuery,
  CurveQuery,
  Distribution,
  DistributionQuery,
  JobInfo,
  JobName,
  JobOptions,
  JobRun,
  JobRunAnswer,
  MetricFilter,
  MetricPointJson,
  RangeNumber,
  Roc,
  SummaryQuery,
} from '../../domain/contract/metrics.js';
import type {
  BaselineCreated,
  BaselineDetail,
  BaselineSummary,
  FieldSummary,
  FreezeBaseline,
  ModelConfig,
  ModelDetail,
  ModelSummary,
  TrackedVersion,
} from '../../domain/contract/models.js';
import type { Grid, Overview } from '../../domain/contract/overview.js';
import type { UploadedFile } from './tracking.js';

export interface ModelsApi {
  list(allowed: readonly string[] | null): Promise<ModelSummary[]>;
  /** @throws NotFoundError when the model has neither rows nor a configuration. */
  get(model: string): Promise<ModelDetail>;
  versions(model: string): Promise<TrackedVersion[]>;
  fields(model: string): Promise<FieldSummary[]>;
  configure(model: string, config: ModelConfig): Promise<ModelDetail>;
  /** Removes every row of the model. */
  remove(model: string): Promise<void>;
}

export interface BaselinesApi {
  fromRows(
    model: string,
    target: { name: string; version: string | null },
    rows: readonly unknown[],
  ): Promise<BaselineCreated>;
  fromFile(
    model: string,
    target: { name: string; version: string | null },
    file: UploadedFile,
  ): Promise<BaselineCreated>;
  freeze(model: string, request: FreezeBaseline): Promise<BaselineCreated>;
  list(model: string): Promise<BaselineSummary[]>;
  get(model: string, name: string, version: string | null): Promise<BaselineDetail>;
  activate(model: string, name: string, version: string | null): Promise<BaselineSummary>;
}

export interface MetricsApi {
  read(model: string, filter: MetricFilter): Promise<MetricPointJson[]>;
  distribution(model: string, query: DistributionQuery): Promise<Distribution>;
  confusion(model: string, query: ConfusionQuery): Promise<Confusion>;
  /** From stored windows. @throws NotFoundError */
  summary(model: string, query: SummaryQuery): Promise<RangeNumber[]>;
  calibration(model: string, query: CurveQuery): Promise<Calibration>;
  roc(model: string, query: CurveQuery): Promise<Roc>;
}

export interface OverviewApi {
  /** Models, worst first. `allowed` limits them (null: all). @throws NotFoundError for a model that is not known. */
  overview(query: {
    model: string | null;
    version: string | null;
    /** null: 30 days that end with the newest data. */
    from: number | null;
    to: number | null;
    now: number;
    allowed: readonly string[] | null;
  }): Promise<Overview>;
  /** @throws NotFoundError. */
  grid(
    model: string,
    query: {
      metric: string;
      version: string | null;
      segment: string;
      from: number;
      to: number;
      columns: number;
      limit: number;
    },
  ): Promise<Grid>;
}

export interface JobsApi {
  list(): Promise<JobInfo[]>;
  runs(filter: { job: JobName | null; limit: number }): Promise<JobRun[]>;
  run(job: JobName, options: JobOptions, trigger: 'api' | 'cli' | 'schedule'): Promise<JobRunAnswer>;
}

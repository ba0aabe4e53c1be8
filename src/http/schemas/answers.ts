// How routes declare their answers, and the names that the documents have in the OpenAPI description.
import { z } from 'zod';
import {
  alertSchema,
  apiKeySchema,
  backtestSchema,
  channelSchema,
  notificationSchema,
} from '../../domain/contract/alerts.js';
import {
  auditRowSchema,
  erasedSchema,
  labelValueSchema,
  orphanLabelsSchema,
  uploadSchema,
} from '../../domain/contract/ingestion.js';
import { alertRuleSchema } from '../../domain/alerts/rule.js';
import {
  calibrationSchema,
  confusionSchema,
  distributionSchema,
  jobInfoSchema,
  jobRunAnswerSchema,
  jobRunSchema,
  metricPointSchema,
  rocSchema,
} from '../../domain/contract/metrics.js';
import {
  baselineCreatedSchema,
  baselineDetailSchema,
  baselineSummarySchema,
  fieldSummarySchema,
  modelConfigSchema,
  modelDetailSchema,
  modelSummarySchema,
  versionSummarySchema,
} from '../../domain/contract/models.js';
import {
  acceptedSchema,
  aggregateItemSchema,
  delayedMetricsItemSchema,
  groundTruthItemSchema,
  predictionItemSchema,
  rejectedItemSchema,
  storedPredictionSchema,
  trackedSchema,
} from '../../domain/contract/tracking.js';
import { PROBLEM_TYPE, problemSchema } from './problem.js';

export const CSV = 'text/csv';
export const NDJSON = 'application/x-ndjson';
export const PARQUET = 'application/vnd.apache.parquet';
export const JSON_TYPE = 'application/json';

/** A JSON answer. In a route's `schema.response` it is also what the answer is checked against before it is sent. */
export const json = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { 'application/json': { schema } },
});

/** An answer that may be had in several forms; for the documentation only. */
export const forms = (description: string, schema: z.ZodType, others: readonly string[]) => ({
  description,
  content: {
    [JSON_TYPE]: { schema },
    ...Object.fromEntries(others.map((type) => [type, { schema: z.string().describe('the same rows') }])),
  },
});

/** An answer without a body. */
export const nothing = (description: string) => z.undefined().describe(description);

/** An error that a route documents besides the general ones. */
export const problemAnswer = (description: string) => ({
  description,
  content: { [PROBLEM_TYPE]: { schema: problemSchema } },
});

/** The mark of what comes from the configuration file. */
export const sourceSchema = z
  .literal('file')
  .optional()
  .describe('comes from the configuration file, and is changed there');

const DOCUMENTS: Record<string, z.ZodType> = {
  Problem: problemSchema,
  Prediction: predictionItemSchema,
  GroundTruth: groundTruthItemSchema,
  DelayedMetrics: delayedMetricsItemSchema,
  AggregateMetrics: aggregateItemSchema,
  Tracked: trackedSchema,
  Accepted: acceptedSchema,
  StoredPrediction: storedPredictionSchema,
  RejectedItem: rejectedItemSchema,
  Upload: uploadSchema,
  OrphanLabels: orphanLabelsSchema,
  LabelValue: labelValueSchema,
  AuditRow: auditRowSchema,
  Erased: erasedSchema,
  ModelConfig: modelConfigSchema,
  Model: modelSummarySchema,
  ModelDetail: modelDetailSchema,
  Version: versionSummarySchema,
  Field: fieldSummarySchema,
  Baseline: baselineSummarySchema,
  BaselineCreated: baselineCreatedSchema,
  BaselineDetail: baselineDetailSchema,
  MetricPoint: metricPointSchema,
  Distribution: distributionSchema,
  Confusion: confusionSchema,
  Calibration: calibrationSchema,
  Roc: rocSchema,
  Job: jobInfoSchema,
  JobRun: jobRunSchema,
  JobRunAnswer: jobRunAnswerSchema,
  AlertRule: alertRuleSchema,
  Channel: channelSchema,
  Alert: alertSchema,
  Notification: notificationSchema,
  Backtest: backtestSchema,
  ApiKey: apiKeySchema,
};
for (const [id, schema] of Object.entries(DOCUMENTS)) {
  z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), id });
}

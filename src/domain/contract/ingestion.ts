// What the routes around ingestion answer: uploads and their progress, orphan labels, label history, audit rows, erasures.
import { z } from 'zod';

/** What an upload holds. */
export const uploadKindSchema = z.enum(['ground_truth', 'predictions', 'baseline']);
export type UploadKind = z.output<typeof uploadKindSchema>;

/**
 * `receiving`: bytes arrive. `storing`: rows are read and stored. `done`, `failed`: it ended. `interrupted`: its process ended before it did;
 * sending the file again is safe.
 */
export const uploadStateSchema = z.enum(['receiving', 'storing', 'done', 'failed', 'interrupted']);
export type UploadState = z.output<typeof uploadStateSchema>;

/** A name that a client chooses for an upload, so that it can be watched while its request runs. */
export const uploadIdSchema = z.string().regex(/^[\w.:-]{1,100}$/, 'use 1 to 100 letters, digits or . _ : -');

/** An upload. `bytes` as they arrived, before decompression; `bytes_total` is null where the client does not say; `rows` are the accepted ones. */
export const uploadSchema = z.object({
  id: z.string(),
  kind: uploadKindSchema,
  model: z.string().nullable(),
  state: uploadStateSchema,
  bytes: z.number(),
  bytes_total: z.number().nullable(),
  rows: z.number(),
  rejected: z.number(),
  started_at: z.string(),
  finished_at: z.string().nullable(),
  error: z.string().nullable(),
});
export type Upload = z.output<typeof uploadSchema>;

/** A label that waits for its prediction. */
export const orphanLabelSchema = z.object({
  prediction_id: z.string(),
  values: z.record(z.string(), z.unknown()),
  timestamp: z.string(),
  received_at: z.string(),
});
export type OrphanLabel = z.output<typeof orphanLabelSchema>;

/** `total`: all labels without a prediction; `expire_after_days`: when they are removed, null for never. */
export const orphanLabelsSchema = z.object({
  total: z.number(),
  expire_after_days: z.number().nullable(),
  orphans: z.array(orphanLabelSchema),
});
export type OrphanLabels = z.output<typeof orphanLabelsSchema>;

/** One value that a key of the ground truth had, in the order of arrival; the last of a key is the one that counts. */
export const labelValueSchema = z.object({
  key: z.string(),
  value: z.unknown(),
  timestamp: z.string(),
  received_at: z.string(),
});
export type LabelValue = z.output<typeof labelValueSchema>;

/** An administrative change: who, what, when, and the document before and after, without secrets. */
export const auditRowSchema = z.object({
  id: z.string(),
  at: z.string(),
  actor: z.string(),
  actor_name: z.string(),
  action: z.string(),
  target: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  request_id: z.string(),
});
export type AuditRow = z.output<typeof auditRowSchema>;

/** What an erasure removed; `windows` are marked to be computed again by the next jobs. */
export const erasedSchema = z.object({
  predictions: z.number(),
  labels: z.number(),
  rejected: z.number(),
  inference_halves: z.number().describe('logged requests and responses, each as a whole'),
  baseline_rows: z.number(),
  alert_events: z.number(),
  windows: z.number(),
  baselines_searched_by_content: z
    .array(z.string())
    .describe('`model/name` of frozen baselines whose rows name no prediction: rows that say the same were removed'),
  baselines_not_searched: z
    .array(z.string())
    .describe('`model/name` of uploaded baselines whose rows name no prediction: whose they are, only their file says'),
});
export type Erased = z.output<typeof erasedSchema>;

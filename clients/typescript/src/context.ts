// The prediction that is being made: what is tracked in it, and how a call of a model finds it.

/** A prediction under way. */
export class Current {
  metrics: Record<string, unknown> | null = null;
  others: Record<string, unknown> | null = null;
  tags: Record<string, unknown> | null = null;

  constructor(readonly predictionId: string) {}

  /** A number is a metric of the prediction, anything else stands with its outputs; the last call of a key counts. */
  trackMetric(key: string, value: unknown): void {
    if (typeof value === 'number') {
      if (this.others !== null) delete this.others[key];
      (this.metrics ??= {})[key] = value;
    } else {
      if (this.metrics !== null) delete this.metrics[key];
      (this.others ??= {})[key] = value;
    }
  }

  /** A tag, for segments. */
  trackTag(key: string, value: unknown): void {
    (this.tags ??= {})[key] = value;
  }

  /** What goes as outputs: the result, with what was tracked beside it; a key of the result goes before a tracked one. */
  outputs(result: unknown): unknown {
    if (this.others === null) return result;
    if (result === undefined || result === null) return this.others;
    return { ...this.others, ...(isRecord(result) ? result : { value: result }) };
  }
}

/** Whether a value has keys of its own, as the inputs of a prediction must. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return !(value instanceof Date || value instanceof Set || value instanceof Map || value instanceof ArrayBuffer);
}

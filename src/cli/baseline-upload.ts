// Sends the rows of a baseline: for `import baseline`, and for `registry register --baseline`.
import type { z } from 'zod';
import { baselineCreatedSchema } from '../domain/contract/models.js';
import type { Api } from './api.js';
import { humanBytes, type SourceFile } from './files.js';
import type { Output, Progress } from './output.js';
import { isTable, refusal, sendWhole } from './upload.js';

/** Do something with a file under a bar, where a person watches. */
export async function withBar<T>(
  output: Output,
  file: SourceFile,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = output.progress(file.path, '', humanBytes);
  try {
    return await work(progress);
  } finally {
    progress.stop();
  }
}

/** @throws DriftlineError where the service refuses it */
export async function uploadBaseline(
  output: Output,
  api: Api,
  file: SourceFile,
  {
    model,
    name,
    version,
    strings,
  }: { model: string; name: string; version?: string | undefined; strings?: string | undefined },
): Promise<z.output<typeof baselineCreatedSchema>> {
  const query = { name, version, ...(isTable(file) ? { strings } : {}) };
  const target = { path: `/v1/models/${encodeURIComponent(model)}/baselines`, query };
  const response = await withBar(output, file, (progress) => sendWhole(api, target, file, progress));
  const document: unknown = await response.json().catch(() => undefined);
  const created = baselineCreatedSchema.safeParse(document);
  if (!created.success) throw refusal(response.status, document);
  return created.data;
}

// The Python that has MLflow's client: DRIFTLINE_MLFLOW_PYTHON, or the environment that `.ci/run` makes.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** null where there is none: tests say so and skip. */
export function mlflowPython(): string | null {
  const candidates = [process.env.DRIFTLINE_MLFLOW_PYTHON, path.join(ROOT, '.venv-mlflow/bin/python')];
  return candidates.find((file) => file !== undefined && file !== '' && existsSync(file)) ?? null;
}

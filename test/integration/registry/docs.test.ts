// The examples of docs/registry.md, run in order against a service: what they print is what the text shows.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mlflowPython } from '../../support/mlflow-python.js';
import { startTestService, type TestService } from '../../support/service.js';

const ROOT = path.join(import.meta.dirname, '../../..');
const text = readFileSync(path.join(ROOT, 'docs/registry.md'), 'utf8');
const run = promisify(execFile);
const python = mlflowPython();
if (python === null)
  console.warn('skipped: examples for the Python client of MLflow, which is not here; .ci/run installs it');

interface Example {
  language: string;
  code: string;
  output: string | null;
}

const examples = [
  ...text.matchAll(/^```(python|ts|bash) run\n([\s\S]*?)^```\n(?:\n```text output\n([\s\S]*?)^```)?/gm),
].map(([, language = '', code = '', output]): Example => ({ language, code, output: output ?? null }));

let service: TestService;
let url: string;
beforeAll(async () => {
  // Webhooks of the examples name a host that nobody answers for: it need not be looked up.
  service = await startTestService({ allowPrivateWebhooks: true });
  url = await service.listen();
});
afterAll(() => service.close());

const quiet = { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true', PYTHONWARNINGS: 'ignore' };
const programs: Record<string, (code: string) => [string, string[]]> = {
  python: (code) => [python ?? 'python3', ['-c', code]],
  ts: (code) => [process.execPath, ['--input-type=module', '-e', code]],
  bash: (code) => ['bash', ['-euo', 'pipefail', '-c', code]],
};

/** What the Python example does, where there is no Python client. */
async function instead(): Promise<void> {
  const post = async (call: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    await fetch(`${url}/api/2.0/mlflow/${call}`, { method: 'POST', headers, body: JSON.stringify(body) });
  };
  await post('registered-models/create', { name: 'churn' });
  await post('model-versions/create', { name: 'churn', source: 's3://models/churn/1' });
  const version = { name: 'churn', version: '1' };
  await post('model-versions/transition-stage', { ...version, stage: 'Production', archive_existing_versions: true });
  await post('registered-models/alias', { ...version, alias: 'champion' });
}

it('has examples for Python, Node and the shell', () => {
  expect(new Set(examples.map(({ language }) => language))).toEqual(new Set(['python', 'ts', 'bash']));
});

it('has examples that do what the text says', async () => {
  for (const { language, code, output } of examples) {
    if (language === 'python' && python === null) {
      await instead();
      continue;
    }
    const [program, args] = programs[language]?.(code.replaceAll('http://127.0.0.1:8080', url)) ?? ['false', []];
    const { stdout } = await run(program, args, { cwd: ROOT, env: quiet, timeout: 40_000 });
    if (output !== null) expect(stdout).toBe(output);
    if (language === 'bash') expect(stdout).not.toMatch(/"error_code"|"status":4|"status":5/);
  }
});

it('leaves the registry as the text describes it', async () => {
  const detail = await service.services.registered.get('churn');
  expect(detail.versions).toMatchObject([
    { version: '2', stage: 'None' },
    { version: '1', stage: 'Production', aliases: ['champion'], baseline: { name: 'train', rows: 3 } },
  ]);
  if (python !== null) {
    expect(detail.versions[1]).toMatchObject({
      lineage: { run_id: '5f3c1b', git_commit: 'c0ffee1', data_version: '2026-01' },
      training_metrics: { accuracy: 0.91, roc_auc: 0.88 },
    });
  }
  expect(await service.services.webhooks.list('databricks')).toMatchObject([{ status: 'TEST_MODE' }]);
  expect(await service.services.webhooks.list('mlflow')).toMatchObject([{ name: 'new-versions' }]);
});

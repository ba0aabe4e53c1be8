// California housing, a year of monthly windows with strong drift. The data lie in an optional folder beside the repository.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Expected,
  expectBinaryQuality,
  expectCategoricalField,
  expectNumericField,
} from '../support/golden-checks.js';

const shared = new URL('../../../shared/', import.meta.url);
const FILES = [
  'golden/california_expected.json',
  'data/california_housing_reference.csv',
  'data/california_housing_analysis.csv',
  'data/california_housing_analysis_gt.csv',
] as const;
const absent = FILES.filter((name) => !existsSync(new URL(name, shared)));
if (absent.length > 0) process.stderr.write(`skipped: california needs ${absent.join(', ')} in ${shared.pathname}\n`);

interface ExpectedWindow {
  n: number;
  drift: Record<string, Expected>;
  quality: Expected;
}

type Row = Record<string, string>;

/** No field of these files is quoted. */
function readCsv(name: (typeof FILES)[number]): Row[] {
  const [header = '', ...lines] = readFileSync(new URL(name, shared), 'utf8').trim().split('\n');
  const names = header.trim().split(',');
  return lines.map((line) => {
    const cells = line.trim().split(',');
    return Object.fromEntries(names.map((column, i) => [column, cells[i] ?? '']));
  });
}

const numeric = (rows: Row[], name: string) => rows.map((row) => (row[name] === '' ? null : Number(row[name])));

describe.skipIf(absent.length > 0)('california: every number of the reference file', () => {
  const data = absent.length > 0 ? null : load();

  it.each(Object.keys(data?.windows ?? {}))('agrees for %s', { timeout: 120_000 }, (name) => {
    const expected = data?.windows[name] as ExpectedWindow;
    const rows = (data?.analysis ?? []).filter((row) => name === 'all' || row.timestamp?.startsWith(name));
    expect(rows.length).toBe(expected.n);
    const { y_pred: label, ...fields } = expected.drift;
    expect(Object.keys(fields).length).toBe(9);
    for (const [field, want] of Object.entries(fields)) {
      expectNumericField(numeric(data?.baseline ?? [], field), numeric(rows, field), want, `${name} ${field}`);
    }
    const labels = (of: Row[]) => of.map((row) => row.y_pred ?? null);
    expectCategoricalField(labels(data?.baseline ?? []), labels(rows), label ?? {}, `${name} y_pred`);
    const outcomes = rows.map((row) => ({
      truth: data?.truth.get(row.id) === '1',
      predicted: row.y_pred === '1',
      score: Number(row.y_pred_proba),
    }));
    expectBinaryQuality(outcomes, expected.quality, `${name} quality`);
  });
});

function load() {
  const { windows } = JSON.parse(readFileSync(new URL(FILES[0], shared), 'utf8')) as {
    windows: Record<string, ExpectedWindow>;
  };
  const truth = new Map(readCsv(FILES[3]).map((row) => [row.id, row.clf_target]));
  return { windows, baseline: readCsv(FILES[1]), analysis: readCsv(FILES[2]), truth };
}

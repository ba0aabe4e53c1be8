// Files in and out by the command line: every form, refused items, interrupted services, and what comes out is what went in.
import { gzipSync } from 'node:zlib';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lineBatches } from '../../../src/cli/files.js';
import { withIds } from '../../../src/cli/upload.js';
import { cli } from '../../support/cli.js';
import { startTestService, TEST_NOW, type TestService } from '../../support/service.js';

let on: TestService;
let url: string;
const folder = mkdtempSync(path.join(tmpdir(), 'driftline-cli-'));
const file = (name: string, text: string | Buffer): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};
const at = (...args: string[]) => cli([...args, '--url', url]);

beforeAll(async () => {
  on = await startTestService();
  url = await on.listen();
});
afterAll(async () => {
  await on.close();
  rmSync(folder, { recursive: true, force: true });
});

const prediction = (n: number, more: object = {}) =>
  JSON.stringify({
    model: 'm',
    version: '7',
    prediction_id: `p-${n}`,
    timestamp: TEST_NOW - 1000 + n,
    inputs: { n },
    outputs: n % 2 === 0,
    ...more,
  });

describe('import', () => {
  test('lines of JSON, gzipped, with blank lines and without a last line break', async () => {
    const lines = [prediction(1), '', prediction(2), '   ', prediction(3)].join('\n');
    const answer = await at('import', 'predictions', file('some.ndjson.gz', gzipSync(lines)));
    expect(answer).toEqual({ code: 0, err: '', out: '3 accepted\n' });
    expect(await on.services.predictions.get('p-3', null)).toMatchObject({
      version: '7',
      inputs: { n: 3 },
      outputs: { value: false },
    });
  });

  test('labels as CSV and as NDJSON', async () => {
    const csv = file('labels.csv', 'prediction_id,late,code\np-1,true,007\np-2,false,8\n');
    expect((await at('import', 'ground-truth', csv, '--strings', 'code')).out).toBe('2 accepted\n');
    expect((await on.services.predictions.get('p-1', null)).ground_truth).toEqual({ late: true, code: '007' });
    const lines = file('labels.jsonl', '{"prediction_id":"p-3","values":{"late":true}}\n');
    expect((await at('import', 'ground-truth', lines, '--json')).out).toBe('{"accepted":1,"rejected":0,"errors":[]}\n');
  });

  test('what is refused is named by its place in the file, and the rest is stored', async () => {
    const lines = file(
      'mixed.ndjson',
      [prediction(4), '{"model":', '{"model":"m","latency_ms":"x"}', prediction(5)].join('\n'),
    );
    const { code, out, err } = await at('import', 'predictions', lines);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toMatch(/^2 accepted, 2 refused\n {2}item 1: .*not valid JSON.*\n {2}item 2, latency_ms: .*\n$/);
    const none = await at('import', 'predictions', file('none.ndjson', '{"model":1}\n'));
    expect(none).toMatchObject({ code: 1, out: expect.stringContaining('0 accepted, 1 refused') as string });
  });

  test('a baseline, and the reason where it is refused', async () => {
    const csv = file(
      'training.csv',
      `n,values.late\n${Array.from({ length: 50 }, (_, n) => `${n},true`).join('\n')}\n`,
    );
    expect((await at('import', 'baseline', csv, '--model', 'm', '--name', 'training', '--version', '7')).out).toBe(
      'baseline training: 50 rows, 2 fields, active\n',
    );
    const [baseline] = await on.services.baselines.list('m');
    expect(baseline).toMatchObject({ name: 'training', version: '7', rows: 50 });
    const bad = await at('import', 'baseline', file('bad.parquet', 'nonsense'), '--model', 'm', '--name', 'bad');
    expect(bad).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^[^\n]+\n$/) as string });
  });

  test('a missing file, an empty one, a name without a form and options that do not fit are refused before anything is sent', async () => {
    for (const args of [
      ['predictions', path.join(folder, 'absent.csv')],
      ['predictions', folder + '/'],
      ['predictions', file('words.txt', 'x')],
      ['predictions', file('empty.ndjson', '\n \n')],
      ['predictions', file('fits.ndjson', prediction(1)), '--model', 'm'],
    ]) {
      expect([args, await at('import', ...args)]).toEqual([
        args,
        { code: 1, out: '', err: expect.stringMatching(/^[^\n]+\n$/) as string },
      ]);
    }
  });
});

describe('batches of lines', () => {
  async function* chunks(text: string, size: number) {
    for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
  }

  test('hold every line once, wherever the chunks are cut, and say which comes first', async () => {
    const lines = Array.from({ length: 23 }, (_, n) => `{"line":${n}}`);
    const text = lines.join('\n\n');
    for (let size = 1; size < 40; size++) {
      const found: string[] = [];
      for await (const batch of lineBatches(chunks(text, size), { bytes: 1000, lines: 5 })) {
        expect(batch.first).toBe(found.length);
        found.push(
          ...batch.text
            .toString()
            .split('\n')
            .filter((line) => line !== ''),
        );
      }
      expect(found).toEqual(lines);
    }
  });

  test('get ids where they have none, and only there', () => {
    let next = 0;
    const edit = (text: string) => Buffer.from(withIds(Buffer.from(text), () => `id-${++next}`)).toString();
    expect(
      edit('{"model":"m"}\n{}\n {"prediction_id":"mine"}\n{"inputs":{"prediction_id":1}}\nnonsense\n{"prediction_id"'),
    ).toBe(
      '{"prediction_id":"id-1","model":"m"}\n{"prediction_id":"id-2"}\n {"prediction_id":"mine"}\n{"prediction_id":"id-3","inputs":{"prediction_id":1}}\nnonsense\n{"prediction_id"',
    );
  });
});

describe('export', () => {
  test('what was imported, as NDJSON, CSV and Parquet', async () => {
    const lines = (await at('export', 'predictions', '--model', 'm', '--labelled')).out.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { external_id: string }).external_id)).toEqual([
      'p-1',
      'p-2',
      'p-3',
    ]);
    expect((await at('export', 'predictions', '--model', 'm', '--version', '8')).out).toBe('');
    expect((await at('export', 'predictions', '--model', 'm', '--format', 'csv')).out.split('\n')).toHaveLength(7);
    const target = path.join(folder, 'all.parquet');
    expect(await at('export', 'predictions', '--model', 'm', '--output', target)).toMatchObject({ code: 0, out: '' });
    expect(readFileSync(target).subarray(0, 4).toString()).toBe('PAR1');
    expect(existsSync(`${target}.partial`)).toBe(false);
  });

  test('numbers, as CSV and as JSON', async () => {
    await at('job', 'operations');
    expect((await at('export', 'metrics', '--model', 'm', '--metric', 'prediction_count')).out).toMatch(/^time,/);
    expect((await at('export', 'metrics', '--model', 'm', '--json')).out).toMatch(/^\[/);
  });

  test('a model that is not there and a file that cannot be written are said', async () => {
    expect(await at('export', 'metrics', '--model', 'nobody')).toMatchObject({ code: 1, out: '' });
    const { code, err } = await at(
      'export',
      'predictions',
      '--model',
      'm',
      '--output',
      path.join(folder, 'no/where.csv'),
    );
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('could not be written') as string });
  });
});

// Bodies of inference requests and responses in every form that is read, as rows by name; and the ones that cannot be.
import { describe, expect, test } from 'vitest';
import { inputsOf, outputsOf } from '../../src/domain/logs/bodies.js';
import { captured, captureSchema, truths, truthSchema } from '../../src/domain/logs/sagemaker.js';

const tensor = (name: string, shape: number[], data: unknown, datatype = 'FP32') => ({ name, shape, datatype, data });

describe('requests', () => {
  test('the four forms of MLflow, KServe v1, Open Inference v2 and Seldon give the same rows', () => {
    const rows = [
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ];
    for (const body of [
      {
        dataframe_split: {
          columns: ['a', 'b'],
          index: [0, 1],
          data: [
            [1, 'x'],
            [2, 'y'],
          ],
        },
      },
      { dataframe_records: rows },
      { inputs: { a: [1, 2], b: ['x', 'y'] }, params: { temperature: 1 } },
      { instances: rows },
      { inputs: [tensor('a', [2], [1, 2], 'INT64'), tensor('b', [2, 1], [['x'], ['y']], 'BYTES')] },
      {
        data: {
          names: ['a', 'b'],
          ndarray: [
            [1, 'x'],
            [2, 'y'],
          ],
        },
      },
    ])
      expect(inputsOf(body, {})).toEqual(rows);
  });

  test('columns without names take those of the mapping, else numbers', () => {
    const bodies = [
      {
        instances: [
          [1, 2],
          [3, 4],
        ],
      },
      {
        inputs: [
          [1, 2],
          [3, 4],
        ],
      },
      { inputs: [tensor('x', [2, 2], [1, 2, 3, 4])] },
      { data: { tensor: { shape: [2, 2], values: [1, 2, 3, 4] } } },
    ];
    for (const body of bodies)
      expect(inputsOf(body, { features: ['u', 'v'] })).toEqual([
        { u: 1, v: 2 },
        { u: 3, v: 4 },
      ]);
    expect(inputsOf(bodies[0], {})).toEqual([
      { f0: 1, f1: 2 },
      { f0: 3, f1: 4 },
    ]);
    expect(inputsOf(bodies[2], {})).toEqual([
      { x_0: 1, x_1: 2 },
      { x_0: 3, x_1: 4 },
    ]);
    expect(inputsOf({ instances: [5, 6] }, { features: ['age'] })).toEqual([{ age: 5 }, { age: 6 }]);
    expect(inputsOf({ inputs: [tensor('ok', [2], [1, 0], 'BOOL'), tensor('x', [2], [1.5, 'NaN'])] }, {})).toEqual([
      { ok: true, x: 1.5 },
      { ok: false, x: null },
    ]);
  });

  test('what cannot be read is refused with the reason, and without its values', () => {
    for (const [body, reason] of [
      ['text', 'no JSON object'],
      [{}, 'exactly one of'],
      [{ instances: [], inputs: {} }, 'instances and inputs'],
      [{ instances: [] }, 'no instance'],
      [{ instances: {} }, 'no list'],
      [{ instances: [['secret', 2, 3]] }, '3 values'],
      [{ inputs: { a: [1, 2], b: [1] } }, 'one length'],
      [{ dataframe_split: { columns: ['a'], data: [[1, 2]] } }, '1 values'],
      [{ inputs: [tensor('x', [2, 2], [1, 2, 3])] }, '3 values'],
      [{ inputs: [tensor('x', [2], [1, 2]), tensor('y', [3], [1, 2, 3])] }, 'batch size'],
      [{ inputs: [{ name: 'x', shape: [1], parameters: { binary_data_size: 4 } }] }, 'binary'],
    ] as const) {
      expect(() => inputsOf(body, { features: ['u', 'v'] }), JSON.stringify(body)).toThrow(reason);
      expect(() => inputsOf(body, { features: ['u', 'v'] })).not.toThrow('secret');
    }
  });
});

describe('responses', () => {
  test('a single value stays one, several get names, an error is one', () => {
    expect(outputsOf({ predictions: [0, 2] }, {})).toEqual({ outputs: [0, 2] });
    expect(outputsOf({ predictions: [[0.1], [0.9]] }, {})).toEqual({ outputs: [0.1, 0.9] });
    expect(outputsOf({ predictions: [[0.1, 0.9]] }, { outputs: ['no', 'yes'] })).toEqual({
      outputs: [{ no: 0.1, yes: 0.9 }],
    });
    expect(outputsOf({ predictions: [[0.1, 0.9]] }, {})).toEqual({ outputs: [{ o0: 0.1, o1: 0.9 }] });
    expect(outputsOf({ predictions: [1] }, { outputs: ['label'] })).toEqual({ outputs: [{ label: 1 }] });
    expect(outputsOf({ predictions: [{ label: 'a' }] }, {})).toEqual({ outputs: [{ label: 'a' }] });
    expect(outputsOf({ outputs: [tensor('y', [2], [0, 1], 'INT64')] }, {})).toEqual({ outputs: [{ y: 0 }, { y: 1 }] });
    expect(outputsOf({ data: { names: ['p'], ndarray: [[0.5]] } }, {})).toEqual({ outputs: [{ p: 0.5 }] });
    expect(outputsOf({ error: 'out of memory' }, {})).toEqual({ error: 'out of memory' });
    expect(() => outputsOf({ result: 1 }, {})).toThrow('no predictions');
  });
});

describe('SageMaker', () => {
  const capture = (input: object, output?: object, id: object = { eventId: 'e' }) =>
    captureSchema.parse({
      captureData: {
        endpointInput: { encoding: 'CSV', ...input },
        ...(output === undefined ? {} : { endpointOutput: { encoding: 'CSV', ...output } }),
      },
      eventMetadata: id,
      eventVersion: '0',
    });

  test('CSV, JSON and base64; one instance has the id of the request, several a number each', () => {
    const features = ['a', 'b'];
    expect(
      captured(
        capture(
          { data: '132,25' },
          { data: '0.0107' },
          { eventId: 'e', inferenceId: 'order-17', inferenceTime: '2026-01-02T03:04:05Z' },
        ),
        { features },
      ),
    ).toEqual([
      { id: 'order-17', timestamp: Date.UTC(2026, 0, 2, 3, 4, 5), inputs: { a: 132, b: 25 }, outputs: 0.0107 },
    ]);
    expect(captured(capture({ data: '1,x\n2,"y, z"\n' }, { data: '0.1\n0.9' }), {})).toMatchObject([
      { id: 'e#0', timestamp: null, inputs: { f0: 1, f1: 'x' }, outputs: 0.1 },
      { id: 'e#1', inputs: { f0: 2, f1: 'y, z' }, outputs: 0.9 },
    ]);
    expect(
      captured(
        capture(
          { data: '{"instances":[{"a":1}]}', encoding: 'JSON' },
          { data: '{"predictions":[{"score":0.5}]}', encoding: 'JSON' },
        ),
        {},
      ),
    ).toMatchObject([{ inputs: { a: 1 }, outputs: { score: 0.5 } }]);
    const base64 = (text: string) => ({ data: Buffer.from(text).toString('base64'), encoding: 'BASE64' });
    expect(captured(capture(base64('7,8')), { features })).toMatchObject([
      { inputs: { a: 7, b: 8 }, outputs: undefined },
    ]);
    expect(() => captured(capture(base64('\0\x01')), {})).toThrow('neither JSON nor CSV');
    expect(() => captured(capture({ data: '1\n2' }, { data: '1' }), {})).toThrow('2 instances and 1 outputs');
    expect(captured(capture({ data: '17,5' }), { features: ['id', 'x'], id: 'id' })).toMatchObject([{ id: '17' }]);
  });

  test("ground truth finds them, under the name of the model's label", () => {
    const truth = (data: string, encoding = 'CSV') =>
      truthSchema.parse({
        groundTruthData: { data, encoding },
        eventMetadata: { eventId: 'order-17' },
        eventVersion: '0',
      });
    expect(truths(truth('1'), 'late')).toEqual([{ id: 'order-17', values: { late: 1 } }]);
    expect(truths(truth('yes\nno'), 'value')).toEqual([
      { id: 'order-17#0', values: { value: 'yes' } },
      { id: 'order-17#1', values: { value: 'no' } },
    ]);
    expect(truths(truth('{"late":true}', 'JSON'), 'value')).toEqual([{ id: 'order-17', values: { late: true } }]);
  });
});

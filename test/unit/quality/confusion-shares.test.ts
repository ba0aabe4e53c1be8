// A confusion matrix from its shares is the matrix that they were computed of, added over windows.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { binaryScores } from '../../../src/domain/quality/binary.js';
import { confusionFromShares } from '../../../src/domain/quality/confusion.js';

const cell = fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.nat(100_000) });
const matrix = fc.record({ tp: cell, fp: cell, fn: cell, tn: cell });

test('shares of any windows add up to the sum of their matrices', () => {
  fc.assert(
    fc.property(fc.array(matrix, { minLength: 1, maxLength: 20 }), (windows) => {
      const share = (metric: string) => {
        const scores = windows.map((one) => {
          const n = one.tp + one.fp + one.fn + one.tn;
          return binaryScores({ n, ...one, scored: null }).find((score) => score.metric === metric);
        });
        const known = scores.filter((score) => score !== undefined && score.value !== null);
        return {
          hits: Math.round(known.reduce((sum, score) => sum + (score?.value ?? 0) * (score?.n ?? 0), 0)),
          n: known.reduce((sum, score) => sum + (score?.n ?? 0), 0),
        };
      };
      const sum = (key: 'tp' | 'fp' | 'fn' | 'tn') => windows.reduce((all, one) => all + one[key], 0);
      expect(confusionFromShares(share('precision'), share('recall'), share('specificity'))).toEqual({
        tp: sum('tp'),
        fp: sum('fp'),
        fn: sum('fn'),
        tn: sum('tn'),
      });
    }),
  );
});

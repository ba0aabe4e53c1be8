// Drift as Evidently computes it, for people who move over and want to find their numbers again. Its definitions, faults included: nothing here is used elsewhere.
import { chiSquareUpperTail } from '../drift/chi-square.js';
import { ksStatistic } from '../drift/kolmogorov.js';
import { entropy, jensenShannon, sumOf, valuesOf } from './divergences.js';
import { histogram, sturgesEdges } from './histogram.js';
import { exactKsPValue, populationVariance, wassersteinDistance } from './samples.js';

/** Evidently's numbers of a numeric column. `js` is the natural-log distance. */
export interface EvidentlyNumeric {
  bins: number;
  psi: number;
  kl: number;
  js: number;
  wassersteinNormed: number;
  ksStatistic: number;
  ksPValue: number;
}

export interface EvidentlyCategorical {
  bins: number;
  psi: number;
  kl: number;
  js: number;
  chi2: number;
  chi2PValue: number;
}

/** Up to this many distinct values of the reference, each is a bin of its own. */
const MAX_DISTINCT = 20;

/** A numeric column: equal-width bins by Sturges over both samples together, or one bin a value. Values are finite; neither side is empty. */
export function evidentlyNumeric(reference: readonly number[], current: readonly number[]): EvidentlyNumeric {
  const both = [...reference, ...current];
  const few = new Set(reference).size <= MAX_DISTINCT;
  const edges = sturgesEdges(both);
  const [b, c] = few ? valuesOf(reference, current) : [histogram(reference, edges), histogram(current, edges)];
  const statistic = ksStatistic(reference, current) ?? Number.NaN;
  return {
    bins: b.length,
    ...binnedScores(b, reference.length, c, current.length),
    wassersteinNormed:
      wassersteinDistance(reference, current) / Math.max(Math.sqrt(populationVariance(reference)), 0.001),
    ksStatistic: statistic,
    ksPValue: exactKsPValue(statistic, reference.length, current.length),
  };
}

/** A categorical column. The test is one of fit: the reference's shares are taken as exact, not as a sample. */
export function evidentlyCategorical(reference: readonly string[], current: readonly string[]): EvidentlyCategorical {
  const [b, c] = valuesOf(reference, current);
  let chi2 = 0;
  b.forEach((count, i) => {
    const expected = (count * current.length) / reference.length;
    chi2 += ((c[i] ?? 0) - expected) ** 2 / expected;
  });
  return {
    bins: b.length,
    ...binnedScores(b, reference.length, c, current.length),
    chi2,
    chi2PValue: chi2 === Infinity ? 0 : b.length === 1 ? 1 : chiSquareUpperTail(chi2, b.length - 1),
  };
}

/** PSI, Kullback-Leibler and Jensen-Shannon of counts in the same bins. */
export function binnedScores(b: readonly number[], n: number, c: readonly number[], m: number) {
  const [p, q] = [b.map((count) => count / n), c.map((count) => count / m)];
  const [filledP, filledQ] = [zeroFilled(p), zeroFilled(q)];
  return {
    psi: sumOf(filledP.map((share, i) => (share - (filledQ[i] ?? 0)) * Math.log(share / (filledQ[i] ?? 0)))),
    kl: entropy(filledP, filledQ),
    js: jensenShannon(p, q),
  };
}

/** Empty bins get 0.0001, or a millionth of the smallest share where that is smaller; nothing is normalised afterwards. */
function zeroFilled(shares: readonly number[]): number[] {
  const least = Math.min(...shares.filter((share) => share > 0));
  const fill = least > 0.0001 ? 0.0001 : least / 1e6;
  return shares.map((share) => (share === 0 ? fill : share));
}

// Every drift number of one field in one window, from bin counts and from what the store computed on the raw numbers.
import { finite, plain, shareScore } from '../quality/score.js';
import { type FieldBins, missingIndex, unseenIndex } from './bins.js';
import { chiSquareTest } from './chi-square.js';
import { total } from './counts.js';
import { jsDistance, jsNoise99, lInfinity, lInfinityNoise99 } from './distances.js';
import { ksAsymptoticPValue } from './kolmogorov.js';
import { psi, psiLimit, psiNoise99 } from './psi.js';

/**
 * One computed number. `lower` and `upper`: a 95 % interval, except for `psi`, whose `upper` is its `psi_limit`, and for `js_distance` and
 * `l_infinity`, whose `upper` is what chance alone passes one time in a hundred.
 * `n`: the rows behind it. `method`: `exact`, `asymptotic`, `binned` (the exact number lies between `lower` and `upper`), or the name of the interval. Nothing in it is ever NaN or infinite.
 */
export interface Score {
  metric: string;
  value: number | null;
  lower: number | null;
  upper: number | null;
  method: string;
  n: number;
  /** The standard error behind the interval, where there is one. */
  error?: number;
}

/** What `scoreField` needs. Counts are one a bin, in the order of `bins`. */
export interface FieldInput {
  bins: FieldBins;
  baseline: readonly number[];
  current: readonly number[];
  /** PSI from which a field counts as drifted, if chance alone does not reach further. */
  threshold: number;
  /** How many fields are compared in this window. */
  comparedFields: number;
  /** Numeric fields: over the raw numbers, MISSING left out. `pValue` is the exact one, or null to take the asymptotic one; `bounds`: known up to bins. */
  ks?: { statistic: number; pValue: number | null; bounds?: Bounds | null } | null;
  /** Numeric fields: W1 over the raw numbers, and the population standard deviation of the baseline's numbers (null where it overflows); `bounds`: known up to bins. */
  wasserstein?: { value: number; baselineStd: number | null; bounds?: Bounds | null } | null;
}

/** Between them lies the exact number. */
export interface Bounds {
  lower: number;
  upper: number;
}

/**
 * The drift scores of one field: psi, psi_noise_99, psi_limit, js_distance, missing_share for all; ks_statistic, ks_p_value,
 * wasserstein, wasserstein_normed for numeric; chi2_p_value, l_infinity, unseen_share for categorical fields. The list is the
 * same for every window; a number that cannot be computed is null, and in an empty window all are.
 * @throws RangeError where the two sides do not have the same bins.
 */
export function scoreField(input: FieldInput): Score[] {
  const { bins, baseline, current, threshold, comparedFields } = input;
  const n = total(current);
  const limit = psiLimit(baseline, current, threshold, comparedFields);
  const scores = [
    { ...plain('psi', psi(baseline, current), n), upper: limit },
    plain('psi_noise_99', psiNoise99(baseline, current), n),
    plain('psi_limit', limit, n),
    { ...plain('js_distance', jsDistance(baseline, current), n), upper: jsNoise99(baseline, current) },
    binShare('missing_share', current, missingIndex(bins)),
  ];
  return scores.concat(bins.kind === 'numeric' ? rawScores(input) : categoricalScores(input));
}

function categoricalScores({ bins, baseline, current }: FieldInput): Score[] {
  const n = total(current);
  return [
    plain('chi2_p_value', chiSquareTest(baseline, current).pValue, n),
    { ...plain('l_infinity', lInfinity(baseline, current), n), upper: lInfinityNoise99(baseline, current) },
    binShare('unseen_share', current, unseenIndex(bins) ?? -1),
  ];
}

/** The scores over raw numbers; their `n` leaves MISSING out. */
function rawScores({ bins, baseline, current, ks, wasserstein }: FieldInput): Score[] {
  const missing = missingIndex(bins);
  const before = total(baseline) - (baseline[missing] ?? 0);
  const now = total(current) - (current[missing] ?? 0);
  const comparable = before > 0 && now > 0;
  const statistic = comparable ? finite(ks?.statistic) : null;
  const exactP = finite(ks?.pValue);
  const p = statistic === null ? null : (exactP ?? ksAsymptoticPValue(statistic, before, now));
  const distance = comparable ? finite(wasserstein?.value) : null;
  const std = finite(wasserstein?.baselineStd);
  const [around, near] = [ks?.bounds ?? null, wasserstein?.bounds ?? null];
  // The larger the distance, the smaller its p-value.
  const pBounds = around && {
    lower: ksAsymptoticPValue(around.upper, before, now) ?? 0,
    upper: ksAsymptoticPValue(around.lower, before, now) ?? 1,
  };
  const unit = near && { lower: normed(near.lower, std) ?? 0, upper: normed(near.upper, std) ?? Number.NaN };
  return [
    bounded(plain('ks_statistic', statistic, now), around),
    bounded(
      { ...plain('ks_p_value', p, now), method: p !== null && exactP === null ? 'asymptotic' : 'exact' },
      pBounds,
    ),
    bounded(plain('wasserstein', distance, now), near),
    bounded(plain('wasserstein_normed', normed(distance, std), now), unit),
  ];
}

/** A score that is known up to its bins. */
function bounded(score: Score, bounds: Bounds | null): Score {
  if (bounds === null || score.value === null) return score;
  return { ...score, lower: finite(bounds.lower), upper: finite(bounds.upper), method: 'binned' };
}

/** In units of the baseline's spread; a baseline without spread has no unit, but staying where it is is 0 in any. */
function normed(distance: number | null, baselineStd: number | null): number | null {
  if (distance === null || baselineStd === null) return null;
  if (baselineStd > 0) return finite(distance / baselineStd);
  return distance === 0 ? 0 : null;
}

/** A bin's share of the window's rows. */
function binShare(metric: string, counts: readonly number[], index: number): Score {
  return shareScore(metric, counts[index] ?? 0, total(counts));
}

/** Whether a field counts as drifted: its PSI is above its limit. False where there is no PSI. */
export function isDrifted(scores: readonly Score[]): boolean {
  const score = scores.find(({ metric }) => metric === 'psi');
  return score !== undefined && score.value !== null && score.upper !== null && score.value > score.upper;
}

/**
 * `drifted_share`: the share of the compared fields (those with a PSI) that count as drifted; null where none could be compared.
 * @param fields the scores of each field, as `scoreField` gives them.
 * @param n rows of the window.
 */
export function driftedShare(fields: readonly (readonly Score[])[], n: number): Score {
  const compared = fields.filter((scores) => scores.some(({ metric, value }) => metric === 'psi' && value !== null));
  const value = compared.length === 0 ? null : compared.filter(isDrifted).length / compared.length;
  return plain('drifted_share', value, n);
}

// Kolmogorov-Smirnov: the two-sample statistic, and its asymptotic p-value.

/** Up to this product of the sample sizes the exact p-value is computed in the store; beyond, it costs more than 20 ms a field. */
export const EXACT_KS_LIMIT = 10_000_000;

/**
 * Two-sample Kolmogorov-Smirnov statistic: the largest distance of the two empirical distribution functions, in O(n log n).
 * Null where a sample is empty. The store computes it over the rows; this is for small samples in memory.
 */
export function ksStatistic(a: readonly number[], b: readonly number[]): number | null {
  if (a.length === 0 || b.length === 0) return null;
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  let [i, j, largest] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const value = Math.min(x[i] as number, y[j] as number);
    while (i < x.length && x[i] === value) i++;
    while (j < y.length && y[j] === value) j++;
    largest = Math.max(largest, Math.abs(i / x.length - j / y.length));
  }
  return largest;
}

/**
 * Two-sided p-value of a two-sample statistic `d` of samples of `n` and `m`: the one-sample distribution at
 * round(n m / (n + m)), as scipy.stats.ks_2samp(method='asymp'). Agrees with scipy to 1e-4 relative for p above 1e-12.
 * Null where a sample is empty.
 */
export function ksAsymptoticPValue(d: number, n: number, m: number): number | null {
  if (n <= 0 || m <= 0 || !Number.isFinite(d)) return null;
  return kolmogorovTail(Math.max(1, roundHalfEven((n * m) / (n + m))), d);
}

/** numpy rounds halves to the even neighbour. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Up to this sample size Durbin's matrix is cheap (35 x 35 at most); beyond, Pelz and Good's series has the digits. */
const MATRIX_LIMIT = 140;
/** From this n d^2 the two one-sided events hardly ever meet: leaving their overlap out costs less than 2e-6 of p. */
const TAIL_FROM = 2.2;
/** Below this n d^2 the probability of a smaller distance is under 1e-16. */
const CERTAIN_BELOW = 0.03;

/**
 * P(D_n >= d) of the one-sample two-sided statistic, 0..1, by the plan of Simard & L'Ecuyer, "Computing the two-sided
 * Kolmogorov-Smirnov distribution", J. Stat. Software 39(11), 2011: twice the one-sided tail where p is small, Durbin's
 * matrix for small n, the series of Pelz & Good between.
 */
export function kolmogorovTail(n: number, d: number): number {
  if (d >= 1) return 0;
  if (n * d <= 0.5) return 1;
  const scaled = n * d * d;
  if (d >= 0.5 || scaled >= TAIL_FROM) return Math.min(1, 2 * smirnovTail(n, d));
  if (n <= MATRIX_LIMIT) return clip(1 - durbin(n, d));
  return scaled < CERTAIN_BELOW ? 1 : clip(1 - pelzGood(n, Math.sqrt(scaled)));
}

function clip(p: number): number {
  return Math.min(1, Math.max(0, p));
}

/** Up to here the one-sided tail is summed term by term (about 1 ms); beyond, the expansion errs by less than 2e-6 of p. */
const SUM_LIMIT = 20_000;

/** P(D_n+ >= d) of the one-sided statistic. */
function smirnovTail(n: number, d: number): number {
  return n <= SUM_LIMIT ? smirnovSum(n, d) : smirnovExpansion(n, d);
}

/** Smirnov (1944), Birnbaum & Tingey (1951): d sum_j C(n, j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j), in logarithms. */
function smirnovSum(n: number, d: number): number {
  let sum = 0;
  let logChoose = 0;
  for (let j = 0; 1 - d - j / n > 0; j++) {
    const up = d + j / n;
    // log1p keeps the digits where `up` is small and the power is high.
    sum += Math.exp(logChoose + (j - 1) * Math.log(up) + (n - j) * Math.log1p(-up));
    logChoose += Math.log((n - j) / (j + 1));
  }
  return d * sum;
}

/**
 * Logarithm of the expansion exp(-2z^2) (1 - 2z / (3 sqrt n) + ...), z = d sqrt n, of Lauwerier, "The asymptotic
 * expansion of the statistical distribution of N. V. Smirnov" (1963): in the exponent its highest powers cancel.
 */
function smirnovExpansion(n: number, d: number): number {
  const z = d * Math.sqrt(n);
  const u = 1 / Math.sqrt(n);
  const z2 = z * z;
  const first = (-2 / 3) * z;
  const second = (4 / 9) * (z2 - z2 * z2);
  const third = (4 / 45) * z - (88 / 405) * z * z2;
  return Math.exp(-2 * z2 + u * (first + u * (second + u * third)));
}

/** P(D_n < d) by the matrix of Durbin (1968) as Marsaglia, Tsang & Wang (2003) compute it; n <= 140 needs no rescaling. */
function durbin(n: number, d: number): number {
  const k = Math.ceil(n * d);
  const size = 2 * k - 1;
  let power = durbinMatrix(size, k - n * d);
  let row = new Float64Array(size);
  row[k - 1] = 1;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) row = multiply(row, power, size);
    if (rest > 1) power = multiply(power, power, size);
  }
  let p = row[k - 1] as number;
  for (let i = 1; i <= n; i++) p *= i / n;
  return p;
}

/** H of Marsaglia, Tsang & Wang: 1/(i-j+1)! with a first column and a last row that know the fraction h. */
function durbinMatrix(size: number, h: number): Float64Array<ArrayBuffer> {
  const inverseFactorial = new Float64Array(size + 1);
  inverseFactorial[0] = 1;
  for (let i = 1; i <= size; i++) inverseFactorial[i] = (inverseFactorial[i - 1] as number) / i;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= Math.min(i + 1, size - 1); j++) {
      const order = i - j + 1;
      let entry = 1;
      if (j === 0) entry -= h ** order;
      if (i === size - 1) entry -= h ** order;
      if (j === 0 && i === size - 1) entry += Math.max(2 * h - 1, 0) ** order;
      matrix[i * size + j] = entry * (inverseFactorial[order] as number);
    }
  }
  return matrix;
}

/** Rows of `size` times a square matrix of `size`. */
function multiply(left: Float64Array, right: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(left.length);
  for (let start = 0; start < left.length; start += size) {
    for (let k = 0; k < size; k++) {
      const factor = left[start + k] as number;
      if (factor === 0) continue;
      for (let j = 0; j < size; j++) result[start + j]! += factor * (right[k * size + j] as number);
    }
  }
  return result;
}

/** P(D_n < z / sqrt n) as K0 + K1 / sqrt n + K2 / n + K3 / n^1.5: Pelz & Good, "Approximating the lower tail-areas of the Kolmogorov-Smirnov one-sample statistic" (1976). */
function pelzGood(n: number, z: number): number {
  const z2 = z * z;
  const [z4, z6] = [z2 * z2, z2 * z2 * z2];
  const pi2 = Math.PI * Math.PI;
  const k = [0, 0, 0, 0] as [number, number, number, number];
  for (let m = 1; m <= 39; m += 2) {
    // s = (m pi / 2)^2
    const s = (m * m * pi2) / 4;
    const weight = Math.exp(-s / (2 * z2));
    k[0] += weight;
    k[1] += weight * (s - z2);
    k[2] += weight * (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * s + (1 - 2 * z2) * s * s);
    k[3] +=
      weight *
      (-30 * z6 - 90 * z6 * z2 + (135 * z4 - 96 * z6) * s + (212 * z4 - 60 * z2) * s * s + (5 - 30 * z2) * s ** 3);
  }
  k[0] /= z;
  k[1] /= 6 * z4;
  k[2] /= 72 * z6 * z;
  k[3] /= 6480 * z6 * z4;
  for (let i = 1; i <= 20; i++) {
    const s = i * i * pi2;
    const weight = s * Math.exp(-s / (2 * z2));
    k[2] -= weight / (36 * z2 * z);
    k[3] += (weight * (3 * z2 - s)) / (216 * z6);
  }
  return Math.sqrt(2 * Math.PI) * (k[0] + k[1] / Math.sqrt(n) + k[2] / n + k[3] / (n * Math.sqrt(n)));
}

// Logistic regression with a ridge penalty, fitted exactly and deterministically (Newton's method). No dependency.

/** The columns of one row that are not zero, with their values. */
export interface SparseRow {
  columns: number[];
  values: number[];
}

const MAX_STEPS = 25;
const CONVERGED = 1e-8;

/** 1 / (1 + e^-x). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The linear score of a row: the intercept (weight 0) plus weight x value of each column. */
export function linear(weights: Float64Array, row: SparseRow): number {
  let sum = weights[0] ?? 0;
  for (const [k, column] of row.columns.entries()) sum += (weights[column] ?? 0) * (row.values[k] ?? 0);
  return sum;
}

/**
 * Fit the weights; weight 0 is the intercept (no row lists it) and carries no penalty.
 * Minimises -sum(log likelihood) + ridge/2 x sum(weight^2) by iteratively re-weighted least squares
 * (Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 4.4.1).
 */
export function fitLogistic(
  rows: readonly SparseRow[],
  labels: readonly boolean[],
  size: number,
  ridge: number,
): Float64Array {
  const weights = new Float64Array(size);
  for (let step = 0; step < MAX_STEPS; step++) {
    const { gradient, hessian } = derivatives(rows, labels, weights, ridge);
    const move = solveSymmetric(hessian, gradient);
    let largest = 0;
    for (let j = 0; j < size; j++) {
      const delta = move[j] ?? 0;
      weights[j] = (weights[j] ?? 0) - delta;
      largest = Math.max(largest, Math.abs(delta));
    }
    if (largest < CONVERGED) break;
  }
  return weights;
}

/** Gradient and Hessian (lower triangle, row by row) of the penalised loss. */
function derivatives(
  rows: readonly SparseRow[],
  labels: readonly boolean[],
  weights: Float64Array,
  ridge: number,
): { gradient: Float64Array; hessian: Float64Array } {
  const size = weights.length;
  const gradient = weights.map((weight, j) => (j === 0 ? 0 : ridge * weight));
  const hessian = new Float64Array(size * size);
  for (let j = 1; j < size; j++) hessian[j * size + j] = ridge;
  for (const [i, row] of rows.entries()) {
    const p = sigmoid(linear(weights, row));
    const residual = p - (labels[i] === true ? 1 : 0);
    const curvature = p * (1 - p);
    const columns = [0, ...row.columns];
    const values = [1, ...row.values];
    for (let a = 0; a < columns.length; a++) {
      const j = columns[a] as number;
      const x = values[a] as number;
      gradient[j] = (gradient[j] as number) + residual * x;
      for (let b = 0; b < columns.length; b++) {
        const k = columns[b] as number;
        if (k > j) continue;
        const at = j * size + k;
        hessian[at] = (hessian[at] as number) + curvature * x * (values[b] as number);
      }
    }
  }
  return { gradient, hessian };
}

/** Solve A x = b for a symmetric positive definite A given by its lower triangle, by Cholesky factors in place. */
function solveSymmetric(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (a[i * n + k] as number) * (a[j * n + k] as number);
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / (a[j * n + j] as number);
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] = (x[i] as number) - (a[i * n + k] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (a[i * n + i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = (x[i] as number) - (a[k * n + i] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (a[i * n + i] as number);
  }
  return x;
}

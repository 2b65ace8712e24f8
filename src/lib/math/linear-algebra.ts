/**
 * Small dense linear algebra in float64 with a fixed order of operations. Matrices are square, row-major
 * `Float64Array`s of n × n values; inputs are never changed.
 */

/** Sum in index order. */
export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
}

/** Mean in index order; NaN when empty. */
export function mean(values: ArrayLike<number>): number {
  return sum(values) / values.length;
}

/** Inner product in index order. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] as number) * (b[i] as number);
  return total;
}

/**
 * Lower triangular L with L·Lᵀ = matrix.
 * @returns n × n, zero above the diagonal; undefined when the matrix is not positive definite.
 */
export function cholesky(matrix: Float64Array, n: number): Float64Array<ArrayBuffer> | undefined {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * n + j] as number;
      for (let k = 0; k < j; k++) rest -= (lower[i * n + k] as number) * (lower[j * n + k] as number);
      if (i !== j) lower[i * n + j] = rest / (lower[j * n + j] as number);
      else if (rest > 0) lower[i * n + i] = Math.sqrt(rest);
      else return undefined;
    }
  }
  return lower;
}

/** Solves L·Lᵀ·x = right for the factor that `cholesky` gave; n values. */
export function solveCholesky(
  lower: Float64Array,
  right: ArrayLike<number>,
  n: number
): Float64Array<ArrayBuffer> {
  const x = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let rest = right[i] as number;
    for (let k = 0; k < i; k++) rest -= (lower[i * n + k] as number) * (x[k] as number);
    x[i] = rest / (lower[i * n + i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    let rest = x[i] as number;
    for (let k = i + 1; k < n; k++) rest -= (lower[k * n + i] as number) * (x[k] as number);
    x[i] = rest / (lower[i * n + i] as number);
  }
  return x;
}

/** Inverse of a symmetric positive definite matrix; undefined when it is not one. */
export function invertPositiveDefinite(
  matrix: Float64Array,
  n: number
): Float64Array<ArrayBuffer> | undefined {
  const lower = cholesky(matrix, n);
  if (!lower) return undefined;
  const inverse = new Float64Array(n * n);
  const unit = new Float64Array(n);
  for (let column = 0; column < n; column++) {
    unit.fill(0);
    unit[column] = 1;
    const x = solveCholesky(lower, unit, n);
    for (let row = 0; row < n; row++) inverse[row * n + column] = x[row] as number;
  }
  return inverse;
}

export interface SymmetricEigen {
  /** n values, descending. */
  values: Float64Array<ArrayBuffer>;
  /** n × n: row i is the unit eigenvector of value i, its component of largest magnitude positive. */
  vectors: Float64Array<ArrayBuffer>;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder reduction to tridiagonal form, then QL with implicit
 * shifts (tred2 and tql2: Bowdler, Martin, Reinsch and Wilkinson, Numerische Mathematik 11, 1968; EISPACK).
 * @throws RangeError when the matrix holds NaN or infinity.
 */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  for (let i = 0; i < n * n; i++)
    if (!Number.isFinite(matrix[i])) throw new RangeError('A matrix with NaN or infinity has no eigenvalues');
  const basis = matrix.slice(0, n * n); // becomes the accumulated transformation, columns are eigenvectors
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  tridiagonalize(basis, diagonal, off, n);
  diagonalize(basis, diagonal, off, n);
  return sorted(basis, diagonal, n);
}

function sorted(basis: Float64Array, diagonal: Float64Array, n: number): SymmetricEigen {
  const order = Array.from({ length: n }, (_, i) => i);
  order.sort((i, j) => (diagonal[j] as number) - (diagonal[i] as number) || i - j);
  const values = new Float64Array(n);
  const vectors = new Float64Array(n * n);
  order.forEach((column, row) => {
    values[row] = diagonal[column] as number;
    let largest = 0;
    for (let k = 0; k < n; k++) {
      const value = basis[k * n + column] as number;
      if (Math.abs(value) > Math.abs(largest)) largest = value;
    }
    const sign = largest < 0 ? -1 : 1;
    for (let k = 0; k < n; k++) vectors[row * n + k] = sign * (basis[k * n + column] as number);
  });
  return { values, vectors };
}

/** Householder reduction: z becomes the orthogonal transformation, d the diagonal, e[1…] the sub-diagonal. */
function tridiagonalize(z: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  for (let i = n - 1; i > 0; i--) {
    let scale = 0;
    let h = 0;
    for (let k = 0; k < i; k++) scale += Math.abs(z[i * n + k] as number);
    if (i === 1 || scale === 0) {
      e[i] = z[i * n + i - 1] as number;
      d[i] = 0;
      continue;
    }
    for (let k = 0; k < i; k++) {
      const value = (z[i * n + k] as number) / scale;
      z[i * n + k] = value;
      h += value * value;
    }
    const f = z[i * n + i - 1] as number;
    const g = f >= 0 ? -Math.sqrt(h) : Math.sqrt(h);
    e[i] = scale * g;
    h -= f * g;
    z[i * n + i - 1] = f - g;
    let along = 0;
    for (let j = 0; j < i; j++) {
      z[j * n + i] = (z[i * n + j] as number) / h;
      let product = 0;
      for (let k = 0; k <= j; k++) product += (z[j * n + k] as number) * (z[i * n + k] as number);
      for (let k = j + 1; k < i; k++) product += (z[k * n + j] as number) * (z[i * n + k] as number);
      e[j] = product / h;
      along += (e[j] as number) * (z[i * n + j] as number);
    }
    const half = along / (h + h);
    for (let j = 0; j < i; j++) {
      const vector = z[i * n + j] as number;
      const update = (e[j] as number) - half * vector;
      e[j] = update;
      for (let k = 0; k <= j; k++)
        z[j * n + k] =
          (z[j * n + k] as number) - (vector * (e[k] as number) + update * (z[i * n + k] as number));
    }
    d[i] = h;
  }
  accumulate(z, d, e, n);
}

/** Multiplies the Householder reflections out into z. */
function accumulate(z: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  d[0] = 0;
  e[0] = 0;
  for (let i = 0; i < n; i++) {
    if (d[i] !== 0) {
      for (let j = 0; j < i; j++) {
        let g = 0;
        for (let k = 0; k < i; k++) g += (z[i * n + k] as number) * (z[k * n + j] as number);
        for (let k = 0; k < i; k++) z[k * n + j] = (z[k * n + j] as number) - g * (z[k * n + i] as number);
      }
    }
    d[i] = z[i * n + i] as number;
    z[i * n + i] = 1;
    for (let j = 0; j < i; j++) {
      z[j * n + i] = 0;
      z[i * n + j] = 0;
    }
  }
}

/** √(a² + b²) without overflow. */
function hypotenuse(a: number, b: number): number {
  const larger = Math.max(Math.abs(a), Math.abs(b));
  if (larger === 0) return 0;
  const ratio = Math.min(Math.abs(a), Math.abs(b)) / larger;
  return larger * Math.sqrt(1 + ratio * ratio);
}

/** QL iterations with implicit shifts; d becomes the eigenvalues and z's columns the eigenvectors. */
function diagonalize(z: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      for (; m < n - 1; m++) {
        const size = Math.abs(d[m] as number) + Math.abs(d[m + 1] as number);
        if (Math.abs(e[m] as number) <= Number.EPSILON * size) break;
      }
      if (m === l) break;
      if (iteration === 60) throw new RangeError('The eigenvalues did not converge');
      rotate(z, d, e, { n, l, m });
    }
  }
}

/** One implicit QL sweep over rows l … m. */
function rotate(
  z: Float64Array,
  d: Float64Array,
  e: Float64Array,
  { n, l, m }: { n: number; l: number; m: number }
): void {
  let g = ((d[l + 1] as number) - (d[l] as number)) / (2 * (e[l] as number));
  let r = hypotenuse(g, 1);
  g = (d[m] as number) - (d[l] as number) + (e[l] as number) / (g + (g >= 0 ? r : -r));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    let f = s * (e[i] as number);
    const b = c * (e[i] as number);
    r = hypotenuse(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = (d[i + 1] as number) - p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = (d[i + 1] as number) - p;
    r = ((d[i] as number) - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    for (let k = 0; k < n; k++) {
      f = z[k * n + i + 1] as number;
      z[k * n + i + 1] = s * (z[k * n + i] as number) + c * f;
      z[k * n + i] = c * (z[k * n + i] as number) - s * f;
    }
  }
  d[l] = (d[l] as number) - p;
  e[l] = g;
  e[m] = 0;
}

/**
 * The symmetric matrix W with W·matrix·W = 1 where the matrix has variance (ZCA whitening): eigenvalues are raised to
 * −½ after `floor` is added to each.
 */
export function inverseSquareRoot(matrix: Float64Array, n: number, floor = 0): Float64Array<ArrayBuffer> {
  const { values, vectors } = symmetricEigen(matrix, n);
  const root = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const value = (values[k] as number) + floor;
    if (!(value > 0)) throw new RangeError('A matrix without full rank needs a positive floor');
    const weight = 1 / Math.sqrt(value);
    for (let i = 0; i < n; i++) {
      const left = weight * (vectors[k * n + i] as number);
      for (let j = 0; j < n; j++)
        root[i * n + j] = (root[i * n + j] as number) + left * (vectors[k * n + j] as number);
    }
  }
  return root;
}

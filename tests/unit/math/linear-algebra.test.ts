import { describe, expect, it } from 'vitest';
import {
  cholesky,
  dot,
  inverseSquareRoot,
  invertPositiveDefinite,
  mean,
  solveCholesky,
  symmetricEigen
} from '#lib/math/linear-algebra.ts';
import { randomStream } from '#lib/math/random.ts';

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++)
        product[i * n + j] = (product[i * n + j] ?? 0) + (a[i * n + k] ?? 0) * (b[k * n + j] ?? 0);
  return product;
}

/** A random covariance of `rank` samples plus `floor` on the diagonal. */
function covariance(n: number, rank: number, floor: number): Float64Array {
  const stream = randomStream(5, n, rank);
  const matrix = new Float64Array(n * n);
  for (let r = 0; r < rank; r++) {
    const row = Float64Array.from({ length: n }, () => stream.normal());
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        matrix[i * n + j] = (matrix[i * n + j] ?? 0) + (row[i] ?? 0) * (row[j] ?? 0);
  }
  for (let i = 0; i < n; i++) matrix[i * n + i] = (matrix[i * n + i] ?? 0) + floor;
  return matrix;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs((a[i] ?? NaN) - (b[i] ?? NaN)));
  return largest;
}

const identity = (n: number) => Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

describe('symmetricEigen', () => {
  it.each([1, 2, 3, 10, 33, 100])(
    'rebuilds a %i × %i matrix from orthonormal vectors, values descending',
    (n) => {
      const matrix = covariance(n, Math.ceil(n / 2), 0.1);
      const { values, vectors } = symmetricEigen(matrix, n);
      const rebuilt = new Float64Array(n * n);
      const products = new Float64Array(n * n);
      for (let k = 0; k < n; k++) {
        const vector = vectors.subarray(k * n, (k + 1) * n);
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++)
            rebuilt[i * n + j] =
              (rebuilt[i * n + j] ?? 0) + (values[k] ?? 0) * (vector[i] ?? 0) * (vector[j] ?? 0);
        for (let l = 0; l < n; l++) products[k * n + l] = dot(vector, vectors.subarray(l * n, (l + 1) * n));
      }
      expect(largestDifference(rebuilt, matrix)).toBeLessThan(1e-12 * (values[0] ?? 0) * n);
      expect(largestDifference(products, identity(n))).toBeLessThan(1e-12);
      expect([...values]).toEqual([...values].toSorted((a, b) => b - a));
    }
  );

  it('finds the eigenvalues of a matrix worked out by hand', () => {
    const { values, vectors } = symmetricEigen(new Float64Array([2, 1, 1, 2]), 2);
    expect(values[0]).toBeCloseTo(3, 14);
    expect(values[1]).toBeCloseTo(1, 14);
    expect(vectors[0]).toBeCloseTo(Math.SQRT1_2, 14);
    expect(vectors[1]).toBeCloseTo(Math.SQRT1_2, 14);
  });

  it('takes diagonal and zero matrices, and refuses NaN', () => {
    expect([...symmetricEigen(new Float64Array([1, 0, 0, 0, 3, 0, 0, 0, 2]), 3).values]).toEqual([3, 2, 1]);
    expect([...symmetricEigen(new Float64Array(4), 2).values]).toEqual([0, 0]);
    expect(() => symmetricEigen(new Float64Array([NaN]), 1)).toThrow(RangeError);
  });
});

describe('positive definite matrices', () => {
  it('are inverted and solved through their Cholesky factor', () => {
    const n = 12;
    const matrix = covariance(n, 30, 0);
    const inverse = invertPositiveDefinite(matrix, n) ?? new Float64Array();
    expect(largestDifference(multiply(matrix, inverse, n), identity(n))).toBeLessThan(1e-10);
    const lower = cholesky(matrix, n) ?? new Float64Array();
    const right = Float64Array.from({ length: n }, (_, i) => i - 3);
    const x = solveCholesky(lower, right, n);
    const back = Float64Array.from({ length: n }, (_, i) => dot(matrix.subarray(i * n, (i + 1) * n), x));
    expect(largestDifference(back, right)).toBeLessThan(1e-10);
  });

  it('are told from those that are not', () => {
    expect(cholesky(new Float64Array([1, 2, 2, 1]), 2)).toBeUndefined();
    expect(invertPositiveDefinite(new Float64Array([0]), 1)).toBeUndefined();
  });

  it('are whitened by their inverse square root', () => {
    const n = 8;
    const matrix = covariance(n, 20, 0);
    const root = inverseSquareRoot(matrix, n);
    expect(largestDifference(multiply(multiply(root, matrix, n), root, n), identity(n))).toBeLessThan(1e-12);
    expect(() => inverseSquareRoot(covariance(3, 1, 0), 3)).toThrow(RangeError);
  });
});

it('the mean adds in index order', () => {
  expect(mean([1, 2, 3, 4])).toBe(2.5);
});

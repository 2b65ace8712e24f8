/**
 * isosplit6: clusters points without a number of clusters or a scale being given; neighbouring clusters stay apart
 * only where the density between them dips (Magland & Barnett, arXiv:1508.04841; package isosplit6, Apache-2.0).
 * Labels equal the package's for equal points; tests/python/test_isosplit6.py compares them.
 */
import { isocut6 } from './isocut6.ts';
import { parcellate } from './parcellation.ts';

export interface IsosplitOptions {
  dimensions: number;
  /** Dip score from which two clusters stay apart. */
  threshold?: number;
  initialParcels?: number;
  /** A cluster with fewer points is merged into its neighbour. */
  minSize?: number;
}

const maxIterationsPerPass = 500;

interface State {
  points: Float64Array;
  dimensions: number;
  threshold: number;
  minSize: number;
  /** Cluster of each point. */
  labels: Int32Array;
  /** clusters × dimensions */
  centroids: Float64Array;
  /** clusters × dimensions × dimensions, divided by the number of points */
  covariances: Float64Array;
  active: number[];
  clusterCount: number;
  compared: Uint8Array;
}

/** Cluster of each point, numbered from 0 without gaps; `points` is points × dimensions, not changed. */
export function isosplit6(points: Float64Array, options: IsosplitOptions): Int32Array {
  const { dimensions, threshold = 2, initialParcels = 200, minSize = 10 } = options;
  if (points.length === 0) return new Int32Array(0);
  const labels = parcellate(points, { dimensions, minSize, targetCount: initialParcels });
  const clusterCount = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const state: State = {
    points,
    dimensions,
    threshold,
    minSize,
    labels,
    centroids: new Float64Array(clusterCount * dimensions),
    covariances: new Float64Array(clusterCount * dimensions * dimensions),
    active: [],
    clusterCount,
    compared: new Uint8Array(clusterCount * clusterCount)
  };
  updateClusters(state, new Uint8Array(clusterCount).fill(1));
  state.active = Array.from({ length: clusterCount }, (_, k) => k);
  // One pass more after the first in which nothing merged, for last redistributions.
  let lastPass = false;
  for (;;) {
    const merged = runPass(state);
    if (merged) lastPass = false;
    if (lastPass) break;
    if (!merged) lastPass = true;
  }
  const numbers = new Int32Array(clusterCount);
  state.active.forEach((cluster, number) => (numbers[cluster] = number));
  return labels.map((label) => numbers[label] as number);
}

/** Compares nearest pairs until none is left; whether any two clusters became one. */
function runPass(state: State): boolean {
  const { clusterCount, compared } = state;
  const changedInPass = new Uint8Array(clusterCount);
  let merged = false;
  for (let iteration = 0; iteration < maxIterationsPerPass; iteration++) {
    const pairs = findPairs(state);
    if (pairs.length === 0) break;
    const changed = comparePairs(state, pairs);
    changed.forEach((is, k) => {
      if (is) changedInPass[k] = 1;
    });
    for (const [a, b] of pairs) compared[a * clusterCount + b] = compared[b * clusterCount + a] = 1;
    updateClusters(state, changed);
    const present = new Uint8Array(clusterCount);
    for (const label of state.labels) present[label] = 1;
    const active = state.active.filter((cluster) => present[cluster]);
    if (active.length < state.active.length) merged = true;
    state.active = active;
  }
  for (let k = 0; k < clusterCount; k++)
    if (changedInPass[k])
      for (let other = 0; other < clusterCount; other++)
        compared[k * clusterCount + other] = compared[other * clusterCount + k] = 0;
  return merged;
}

/** Pairs of active clusters that are each other's nearest among those not yet compared. */
function findPairs({ active, centroids, dimensions, compared, clusterCount }: State): [number, number][] {
  const nearest = active.map((a) => {
    let best = -1;
    let bestDistance = Infinity;
    for (const b of active) {
      if (a === b || compared[a * clusterCount + b]) continue;
      let sum = 0;
      for (let m = 0; m < dimensions; m++) {
        const difference =
          (centroids[a * dimensions + m] as number) - (centroids[b * dimensions + m] as number);
        sum += difference * difference;
      }
      const distance = Math.sqrt(sum);
      if (distance < bestDistance) {
        bestDistance = distance;
        best = b;
      }
    }
    return best;
  });
  const nearestOf = new Map(active.map((a, i) => [a, nearest[i] as number]));
  return active
    .filter((a) => {
      const b = nearestOf.get(a) as number;
      return b > a && nearestOf.get(b) === a;
    })
    .map((a) => [a, nearestOf.get(a) as number]);
}

/** Merges or redistributes each pair; all of them see the labels as they were. Returns 1 for each changed cluster. */
function comparePairs(state: State, pairs: [number, number][]): Uint8Array {
  const { labels } = state;
  const members = new Map<number, number[]>(pairs.flat().map((cluster) => [cluster, []]));
  labels.forEach((label, point) => members.get(label)?.push(point));
  const changed = new Uint8Array(state.clusterCount);
  for (const [a, b] of pairs) {
    const first = members.get(a) as number[];
    const second = members.get(b) as number[];
    if (first.length === 0 || second.length === 0) continue;
    const cut =
      first.length < state.minSize || second.length < state.minSize
        ? undefined
        : testPair(state, { a, b, first, second });
    if (!cut) {
      for (const point of second) labels[point] = a;
      changed[a] = changed[b] = 1;
    } else if (relabel(labels, [...first, ...second], { a, b, ...cut })) changed[a] = changed[b] = 1;
  }
  return changed;
}

/** Gives each point the side of the cut it lies on; whether that moved any. */
function relabel(
  labels: Int32Array,
  members: number[],
  { a, b, projection, cutPoint }: { a: number; b: number; projection: Float64Array; cutPoint: number }
): boolean {
  let moved = false;
  members.forEach((point, i) => {
    const label = (projection[i] as number) < cutPoint ? a : b;
    if (labels[point] !== label) moved = true;
    labels[point] = label;
  });
  return moved;
}

/** Projects two clusters on the line that separates them best; undefined if there is no dip between them. */
function testPair(
  { points, dimensions, centroids, covariances, threshold }: State,
  { a, b, first, second }: { a: number; b: number; first: number[]; second: number[] }
): { projection: Float64Array; cutPoint: number } | undefined {
  const size = dimensions * dimensions;
  const pooled = new Float64Array(size);
  for (let i = 0; i < size; i++)
    pooled[i] = ((covariances[a * size + i] as number) + (covariances[b * size + i] as number)) / 2;
  const difference = new Float64Array(dimensions);
  for (let m = 0; m < dimensions; m++)
    difference[m] = (centroids[b * dimensions + m] as number) - (centroids[a * dimensions + m] as number);
  const direction = normalised(solve(pooled, difference));
  const projection = new Float64Array(first.length + second.length);
  [...first, ...second].forEach((point, i) => {
    let sum = 0;
    for (let m = 0; m < dimensions; m++)
      sum += (direction[m] as number) * (points[point * dimensions + m] as number);
    projection[i] = sum;
  });
  const { dip, cutPoint } = isocut6(projection);
  return dip < threshold ? undefined : { projection, cutPoint };
}

function normalised(vector: Float64Array): Float64Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return sum > 0 ? vector.map((value) => value / Math.sqrt(sum)) : vector;
}

/** Recomputes centroid and covariance of the marked clusters; sums run over the points in order. */
function updateClusters(
  { points, dimensions, labels, centroids, covariances }: State,
  marked: Uint8Array
): void {
  const size = dimensions * dimensions;
  const counts = new Float64Array(marked.length);
  marked.forEach((is, k) => {
    if (!is) return;
    centroids.fill(0, k * dimensions, (k + 1) * dimensions);
    covariances.fill(0, k * size, (k + 1) * size);
  });
  for (let i = 0; i < labels.length; i++) {
    const k = labels[i] as number;
    if (!marked[k]) continue;
    counts[k] = (counts[k] as number) + 1;
    for (let m = 0; m < dimensions; m++)
      centroids[k * dimensions + m] =
        (centroids[k * dimensions + m] as number) + (points[i * dimensions + m] as number);
  }
  divideByCounts(centroids, counts, dimensions);
  const deviation = new Float64Array(dimensions);
  for (let i = 0; i < labels.length; i++) {
    const k = labels[i] as number;
    if (!marked[k]) continue;
    for (let m = 0; m < dimensions; m++)
      deviation[m] = (points[i * dimensions + m] as number) - (centroids[k * dimensions + m] as number);
    for (let m = 0; m < dimensions; m++)
      for (let n = 0; n < dimensions; n++) {
        const at = k * size + m * dimensions + n;
        covariances[at] = (covariances[at] as number) + (deviation[m] as number) * (deviation[n] as number);
      }
  }
  divideByCounts(covariances, counts, size);
}

/** Rows whose count is zero stay as they are. */
function divideByCounts(rows: Float64Array, counts: Float64Array, width: number): void {
  counts.forEach((count, k) => {
    if (count > 0) for (let i = k * width; i < (k + 1) * width; i++) rows[i] = (rows[i] as number) / count;
  });
}

/** Solution of a linear system by elimination with partial pivoting; zeros where the matrix is singular. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  const rows = Float64Array.from(matrix);
  const result = Float64Array.from(right);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++)
      if (Math.abs(rows[i * n + k] as number) > Math.abs(rows[pivot * n + k] as number)) pivot = i;
    if (rows[pivot * n + k] === 0) return new Float64Array(n);
    swapRows(rows, result, { n, a: k, b: pivot });
    for (let i = k + 1; i < n; i++) {
      const factor = (rows[i * n + k] as number) / (rows[k * n + k] as number);
      for (let j = k; j < n; j++)
        rows[i * n + j] = (rows[i * n + j] as number) - factor * (rows[k * n + j] as number);
      result[i] = (result[i] as number) - factor * (result[k] as number);
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    let sum = result[k] as number;
    for (let j = k + 1; j < n; j++) sum -= (rows[k * n + j] as number) * (result[j] as number);
    result[k] = sum / (rows[k * n + k] as number);
  }
  return result;
}

function swapRows(
  rows: Float64Array,
  right: Float64Array,
  { n, a, b }: { n: number; a: number; b: number }
): void {
  if (a === b) return;
  for (let j = 0; j < n; j++) {
    const held = rows[a * n + j] as number;
    rows[a * n + j] = rows[b * n + j] as number;
    rows[b * n + j] = held;
  }
  const held = right[a] as number;
  right[a] = right[b] as number;
  right[b] = held;
}

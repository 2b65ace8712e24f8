/**
 * How well a unit's spikes stand apart from the others in feature space, by the shape of its cloud. Formulas as in
 * SpikeInterface 0.105 (`mahalanobis`, `d_prime`, `silhouette` by the simplified method), over all spikes given.
 */
import { chiSquareTail } from '#lib/math/chi-square.ts';
import { cholesky, dot, mean, solveCholesky, symmetricEigen } from '#lib/math/linear-algebra.ts';
import {
  centroid,
  featuresOf,
  momentsOf,
  spikesOf,
  type Moments,
  type SpikeFeatures
} from './spike-features.ts';

export interface MahalanobisIsolation {
  /** Squared Mahalanobis distance within which there are as many foreign spikes as the unit has. */
  isolationDistance: number;
  /** Foreign spikes that the unit's Gaussian would be expected to hold, for each of its own. */
  lRatio: number;
}

/**
 * Distances of the other units' spikes from this unit's centre, in its own covariance (K. D. Harris et al., Neuron 32,
 * 2001; N. Schmitzer-Torbert et al., Neuroscience 131, 2005, doi:10.1016/j.neuroscience.2004.09.066). The isolation
 * distance is that of the N-th nearest foreign spike, where N is the smaller of the two numbers of spikes.
 * @returns NaN when the unit has no more spikes than dimensions, a singular covariance, or there are less than two others.
 */
export function mahalanobisIsolation(features: SpikeFeatures, unit: number): MahalanobisIsolation {
  const { dimensions } = features;
  const unknown = { isolationDistance: NaN, lRatio: NaN };
  const own = momentsOf(features, spikesOf(features, unit));
  const others = spikesOf(features, unit, { others: true });
  const rank = Math.min(own.count, others.length);
  if (rank < 2 || own.count <= dimensions) return unknown;
  const lower = cholesky(
    own.scatter.map((value) => value / (own.count - 1)),
    dimensions
  );
  if (!lower) return unknown;
  const squares = Float64Array.from(others, (spike) => {
    const deviation = difference(featuresOf(features, spike), own.mean);
    return dot(deviation, solveCholesky(lower, deviation, dimensions));
  }).sort();
  const tails = squares.reduce((total, square) => total + chiSquareTail(square, dimensions), 0);
  return { isolationDistance: squares[rank - 1] as number, lRatio: tails / own.count };
}

/**
 * Distance of this unit's mean from the others' along the axis that separates them best (Fisher's linear discriminant),
 * over the root of the two variances' mean (D. N. Hill, S. B. Mehta and D. Kleinfeld, J. Neurosci. 31, 2011); not negative.
 * Directions in which the spikes barely vary are left out as scikit-learn leaves them out.
 * @returns NaN without spikes of this unit or of another.
 * @throws RangeError when a feature is NaN or infinite.
 */
export function dPrime(features: SpikeFeatures, unit: number): number {
  const own = momentsOf(features, spikesOf(features, unit));
  const others = momentsOf(features, spikesOf(features, unit, { others: true }));
  if (own.count === 0 || others.count === 0 || own.count + others.count <= 2) return NaN;
  const axis = discriminant(own, others);
  const spread = (varianceAlong(axis, own) + varianceAlong(axis, others)) / 2;
  return dot(axis, difference(own.mean, others.mean)) / Math.sqrt(spread);
}

/** Singular values below this, of deviations scaled to unit variance, count as none (scikit-learn's default). */
const leastSingularValue = 1e-4;

/** The pooled covariance's (pseudo-)inverse times the difference of the means. */
function discriminant(own: Moments, others: Moments): Float64Array {
  const dimensions = own.mean.length;
  const count = own.count + others.count;
  const pooled = own.scatter.map((value, at) => value + (others.scatter[at] as number));
  const scale = own.mean.map((_, d) => Math.sqrt((pooled[d * dimensions + d] as number) / count) || 1);
  const scaled = pooled.map((value, at) => {
    const row = Math.floor(at / dimensions);
    return value / ((scale[row] as number) * (scale[at - row * dimensions] as number) * (count - 2));
  });
  const { values, vectors } = symmetricEigen(scaled, dimensions);
  const apart = difference(own.mean, others.mean).map((value, d) => value / (scale[d] as number));
  const axis = new Float64Array(dimensions);
  values.forEach((value, k) => {
    if (!(value > leastSingularValue * leastSingularValue)) return;
    const vector = vectors.subarray(k * dimensions, (k + 1) * dimensions);
    const weight = dot(vector, apart) / value;
    for (let d = 0; d < dimensions; d++) axis[d] = (axis[d] as number) + weight * (vector[d] as number);
  });
  return axis.map((value, d) => value / (scale[d] as number));
}

function varianceAlong(axis: Float64Array, { count, scatter }: Moments): number {
  const dimensions = axis.length;
  let total = 0;
  for (let i = 0; i < dimensions; i++)
    total += (axis[i] as number) * dot(axis, scatter.subarray(i * dimensions, (i + 1) * dimensions));
  return total / count;
}

/**
 * Simplified silhouette (E. R. Hruschka, L. N. de Castro and R. J. G. B. Campello, ICDM 2004): the mean over the unit's spikes
 * of (b − a) / max(a, b), with a the distance to the own centroid and b that to the centroid of the unit which is nearest
 * on average.
 * @returns −1 to 1; NaN without spikes of this unit or of another.
 */
export function silhouette(features: SpikeFeatures, unit: number): number {
  const own = spikesOf(features, unit);
  const distances = (spikes: readonly number[]) => {
    const centre = centroid(features, spikes);
    return own.map((spike) => distance(featuresOf(features, spike), centre));
  };
  const others = [...new Set(Array.from(features.labels))].filter((label) => label !== unit);
  others.sort((a, b) => a - b);
  let nearest: number[] | undefined;
  for (const label of others) {
    const candidate = distances(spikesOf(features, label));
    if (!nearest || mean(candidate) < mean(nearest)) nearest = candidate;
  }
  if (!nearest) return NaN;
  const outside = nearest;
  return mean(
    distances(own).map((a, k) => {
      const b = outside[k] as number;
      return (b - a) / Math.max(a, b);
    })
  );
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (value, d) => value - (b[d] as number));
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const apart = difference(a, b);
  return Math.sqrt(dot(apart, apart));
}

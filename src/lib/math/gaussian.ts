/** Sampled Gaussians. */
import { exp } from './portable.ts';

/**
 * Weights of a Gaussian smoothing by distance in samples, cut off at four standard deviations; both sides together add up
 * to 1. SciPy's `gaussian_filter1d` has the same.
 * @returns Entries for the distances 0, 1, …
 */
export function gaussianWeights(sigma: number): Float64Array<ArrayBuffer> {
  const reach = Math.trunc(4 * sigma + 0.5);
  const weights = Float64Array.from({ length: reach + 1 }, (_, lag) =>
    exp((-0.5 / (sigma * sigma)) * (lag * lag))
  );
  const total = weights.reduce((sum, weight, lag) => sum + (lag === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / total);
}

/** Features of spikes (principal components, for one) with the unit of each, and their moments. */

export interface SpikeFeatures {
  /** spikes × dimensions */
  points: Float32Array | Float64Array;
  dimensions: number;
  /** Unit of each spike. */
  labels: ArrayLike<number>;
}

export interface Moments {
  count: number;
  mean: Float64Array<ArrayBuffer>;
  /** dimensions × dimensions: sums of products of the deviations from the mean. */
  scatter: Float64Array<ArrayBuffer>;
}

/** One spike's features, a view. */
export function featuresOf(
  { points, dimensions }: SpikeFeatures,
  spike: number
): Float32Array | Float64Array {
  return points.subarray(spike * dimensions, (spike + 1) * dimensions);
}

/** Spikes that carry the unit's label, or those that do not. */
export function spikesOf({ labels }: SpikeFeatures, unit: number, { others = false } = {}): number[] {
  const chosen: number[] = [];
  for (let spike = 0; spike < labels.length; spike++)
    if ((labels[spike] === unit) !== others) chosen.push(spike);
  return chosen;
}

/** Mean of the chosen spikes' features; NaN when there are none. */
export function centroid(features: SpikeFeatures, spikes: readonly number[]): Float64Array<ArrayBuffer> {
  const { points, dimensions } = features;
  const mean = new Float64Array(dimensions);
  for (const spike of spikes)
    for (let d = 0; d < dimensions; d++)
      mean[d] = (mean[d] as number) + (points[spike * dimensions + d] as number);
  return mean.map((total) => total / spikes.length);
}

export function momentsOf(features: SpikeFeatures, spikes: readonly number[]): Moments {
  const { points, dimensions } = features;
  const mean = centroid(features, spikes);
  const scatter = new Float64Array(dimensions * dimensions);
  const deviation = new Float64Array(dimensions);
  for (const spike of spikes) {
    for (let d = 0; d < dimensions; d++)
      deviation[d] = (points[spike * dimensions + d] as number) - (mean[d] as number);
    for (let i = 0; i < dimensions; i++)
      for (let j = 0; j <= i; j++)
        scatter[i * dimensions + j] =
          (scatter[i * dimensions + j] as number) + (deviation[i] as number) * (deviation[j] as number);
  }
  for (let i = 0; i < dimensions; i++)
    for (let j = 0; j < i; j++) scatter[j * dimensions + i] = scatter[i * dimensions + j] as number;
  return { count: spikes.length, mean, scatter };
}

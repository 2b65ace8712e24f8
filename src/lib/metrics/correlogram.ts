/** How often a unit's spikes follow each other at each lag. */

export interface CorrelogramOptions {
  samplingRateHz: number;
  binMs: number;
  windowMs: number;
}

/**
 * Autocorrelogram: counts of ordered pairs of different spikes by their lag.
 * @param train Ascending sample indices.
 * @returns Counts from −windowMs to +windowMs, 2 × windowMs / binMs bins, symmetric. A lag on the edge between two bins
 *   belongs to the one farther from zero; lag 0 of two spikes in one sample counts on both sides.
 */
export function autocorrelogram(train: Float64Array, options: CorrelogramOptions): Float64Array {
  const { samplingRateHz, binMs, windowMs } = options;
  const half = Math.round(windowMs / binMs);
  const binSamples = (binMs * samplingRateHz) / 1000;
  const counts = new Float64Array(2 * half);
  for (let first = 0; first < train.length; first++) {
    for (let second = first + 1; second < train.length; second++) {
      const bin = Math.floor(((train[second] as number) - (train[first] as number)) / binSamples);
      if (bin >= half) break;
      counts[half + bin] = (counts[half + bin] as number) + 1;
      counts[half - 1 - bin] = (counts[half - 1 - bin] as number) + 1;
    }
  }
  return counts;
}

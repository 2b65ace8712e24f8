/** Finding the spike that is next to a place, of one unit. Pure. */

export type SoughtSpikes = 'all' | 'violations';

/** Two spikes of a neuron that are closer than this, in ms, are taken for a violation of its refractory period. */
export const refractoryMs = 1.5;

/**
 * The spike nearest to a sample, beyond it in the direction.
 * @param samples ascending
 * @param minInterval with it, only spikes that follow another by fewer samples are sought
 */
export function nextSpike(
  samples: Float64Array,
  at: number,
  direction: 1 | -1,
  minInterval?: number
): number | undefined {
  let index = direction > 0 ? firstAtLeast(samples, at + 1) : firstAtLeast(samples, at - 1) - 1;
  const isSought = (): boolean =>
    minInterval === undefined ||
    (index > 0 && (samples[index] ?? 0) - (samples[index - 1] ?? 0) < minInterval);
  while (index >= 0 && index < samples.length && !isSought()) index += direction;
  return samples[index];
}

/** Index of the first value that is not below. */
export function firstAtLeast(samples: Float64Array, value: number): number {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

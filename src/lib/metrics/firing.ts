/** When a unit fires, and how often it breaks the refractory period. */

/**
 * Spikes a second in equal bins from the recording's start; the last bin is divided by its own, shorter length.
 * @param train Ascending sample indices.
 */
export function firingRates(
  train: Float64Array,
  options: { samplingRateHz: number; sampleCount: number; binSeconds: number }
): Float64Array {
  const { samplingRateHz, sampleCount, binSeconds } = options;
  const durationSeconds = sampleCount / samplingRateHz;
  const rates = new Float64Array(Math.max(1, Math.ceil(durationSeconds / binSeconds - 1e-9)));
  for (const sample of train) {
    const bin = Math.min(rates.length - 1, Math.floor(sample / samplingRateHz / binSeconds));
    rates[bin] = (rates[bin] as number) + 1;
  }
  return rates.map((count, bin) => count / Math.min(binSeconds, durationSeconds - bin * binSeconds));
}

/** The part of a unit's intervals between spikes that is shorter than its refractory period; NaN under two spikes. */
export function shortIntervalFraction(
  train: Float64Array,
  options: { samplingRateHz: number; refractoryMs: number }
): number {
  if (train.length < 2) return NaN;
  const limit = (options.refractoryMs * options.samplingRateHz) / 1000;
  let short = 0;
  for (let index = 1; index < train.length; index++)
    if ((train[index] as number) - (train[index - 1] as number) < limit) short++;
  return short / (train.length - 1);
}

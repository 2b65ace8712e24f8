/** When a unit fires, and how often it breaks the refractory period. */
import { quantile } from '#lib/math/quantile.ts';

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

/** A recording's length. */
export interface RecordingSpan {
  samplingRateHz: number;
  sampleCount: number;
}

/** Spikes a second over the whole recording; NaN without spikes, as SpikeInterface has it. */
export function firingRate(train: Float64Array, { samplingRateHz, sampleCount }: RecordingSpan): number {
  return train.length === 0 ? NaN : train.length / (sampleCount / samplingRateHz);
}

/**
 * Part of the recording's whole bins in which the unit fires (SpikeInterface 0.105, `presence_ratio`).
 * @param train Ascending sample indices.
 * @returns 0 to 1; NaN without spikes or when the recording is shorter than one bin.
 */
export function presenceRatio(
  train: Float64Array,
  { binSeconds = 60, ...span }: RecordingSpan & { binSeconds?: number }
): number {
  const counts = countsInWholeBins(train, { ...span, binSeconds });
  if (train.length === 0 || counts.length === 0) return NaN;
  return counts.filter((count) => count > 0).length / counts.length;
}

/**
 * How far the firing rate varies: the 95th less the 5th percentile of the rates in whole bins, in spikes a second
 * (S. Musall; SpikeInterface 0.105, `firing_range`).
 * @param train Ascending sample indices.
 * @returns NaN without spikes or when the recording is shorter than one bin.
 */
export function firingRange(
  train: Float64Array,
  { binSeconds = 5, ...span }: RecordingSpan & { binSeconds?: number }
): number {
  const rates = countsInWholeBins(train, { ...span, binSeconds }).map((count) => count / binSeconds);
  return train.length === 0 ? NaN : quantile(rates, 0.95) - quantile(rates, 0.05);
}

/** Spikes in each bin that the recording fills; the last bin takes the sample behind its end too, as NumPy's do. */
function countsInWholeBins(
  train: Float64Array,
  { samplingRateHz, sampleCount, binSeconds }: RecordingSpan & { binSeconds: number }
): Float64Array {
  const binSamples = Math.trunc(binSeconds * samplingRateHz);
  const counts = new Float64Array(Math.floor(sampleCount / binSamples));
  const end = counts.length * binSamples;
  for (const sample of train) {
    if (sample > end) break;
    const bin = Math.min(Math.floor(sample / binSamples), counts.length - 1);
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

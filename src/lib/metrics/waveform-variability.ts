/**
 * How much the waveforms of a unit differ from their mean, from the standard deviations that a sorting holds: noise alone
 * gives the same deviation everywhere; spikes of several neurons, or of changing size, deviate more where they differ.
 */
import { mean } from '#lib/math/linear-algebra.ts';
import { median } from '#lib/math/quantile.ts';
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';

export interface WaveformVariability {
  /** Standard deviation at the mean waveform's extremum on the main channel, over the extremum's size. */
  extremumSdPerMean: number;
  /** The same, and the largest on the main channel, over the channel's noise. */
  extremumSdPerNoise: number;
  largestSdPerNoise: number;
  /** Mean standard deviation on the main channel at the window's start, over its noise. */
  baselineSdPerNoise: number;
  /** Largest standard deviation on any other channel, over the median on that channel. */
  otherChannelsSd: number;
}

/** NaN where the unit has no waveform, no deviations or no noise (it is taken from the SNR). */
export function waveformVariability(
  { samplingRateHz, channelCount }: Sorting,
  { waveformMean, waveformSd, mainChannel, snr }: SortedUnit,
  { baselineMs }: { baselineMs: number }
): WaveformVariability {
  const on = (values: Float32Array, channel: number) =>
    Float32Array.from(
      { length: values.length === 0 ? 0 : values.length / channelCount },
      (_, t) => values[t * channelCount + channel] as number
    );
  const main = on(waveformMean, mainChannel);
  const deviations = on(waveformSd, mainChannel);
  const at = main.reduce(
    (best, value, i) => (Math.abs(value) > Math.abs(main[best] as number) ? i : best),
    0
  );
  const extremum = Math.abs(main[at] ?? NaN);
  const noise = extremum / snr;
  const atExtremum = deviations[at] ?? NaN;
  const start = deviations.subarray(0, Math.max(1, Math.trunc((baselineMs / 1000) * samplingRateHz)));
  let others = NaN;
  for (let channel = 0; channel < channelCount; channel++) {
    if (channel === mainChannel) continue;
    const own = on(waveformSd, channel);
    const usual = median(own);
    // Channels that the unit is not described on hold zeros.
    if (!(usual > 0)) continue;
    const most = own.reduce((a, b) => Math.max(a, b)) / usual;
    if (!(most <= others)) others = most;
  }
  return {
    extremumSdPerMean: atExtremum / extremum,
    extremumSdPerNoise: atExtremum / noise,
    largestSdPerNoise: deviations.reduce((a, b) => Math.max(a, b), deviations[0] ?? NaN) / noise,
    baselineSdPerNoise: start.length === 0 ? NaN : mean(start) / noise,
    otherChannelsSd: others
  };
}

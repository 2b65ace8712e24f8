/**
 * How much the waveforms of a unit differ from their mean, from the standard deviations that a sorting holds: noise alone
 * gives the same deviation everywhere; spikes of several neurons, or of changing size, deviate more where they differ.
 */
import { mean } from '#lib/math/linear-algebra.ts';
import { median } from '#lib/math/quantile.ts';
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';
import { measuredChannels, waveformOn } from '#lib/model/unit-waveform.ts';

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
  unit: SortedUnit,
  { baselineMs }: { baselineMs: number }
): WaveformVariability {
  const { mainChannel, snr } = unit;
  const deviationOn = (channel: number) =>
    waveformOn(unit, channel, { channelCount, values: unit.waveformSd });
  const main = waveformOn(unit, mainChannel, { channelCount });
  const deviations = deviationOn(mainChannel);
  const at = main.reduce(
    (best, value, i) => (Math.abs(value) > Math.abs(main[best] as number) ? i : best),
    0
  );
  const extremum = Math.abs(main[at] ?? NaN);
  const noise = extremum / snr;
  const atExtremum = deviations[at] ?? NaN;
  const start = deviations.subarray(0, Math.max(1, Math.trunc((baselineMs / 1000) * samplingRateHz)));
  let others = NaN;
  for (const channel of measuredChannels(unit, channelCount)) {
    if (channel === mainChannel) continue;
    const own = deviationOn(channel);
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

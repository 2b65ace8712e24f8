/** How a unit's mean waveform lies over the channels, and how much it is like those of other units. */
import { dot } from '#lib/math/linear-algebra.ts';
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';

export interface Footprint {
  /** Share of the mean waveform's energy on its main channel, 0 to 1. */
  energyOnMainChannel: number;
  /** Channels with more than a share of the largest peak-to-peak amplitude. */
  channelsReached: number;
}

/** NaN without a waveform. */
export function footprint(
  { waveformMean, mainChannel }: SortedUnit,
  { channelCount, reachedShare }: { channelCount: number; reachedShare: number }
): Footprint {
  let total = 0;
  let onMain = 0;
  waveformMean.forEach((value, at) => {
    total += value * value;
    if (at % channelCount === mainChannel) onMain += value * value;
  });
  if (total === 0) return { energyOnMainChannel: NaN, channelsReached: NaN };
  const sizes = peakToPeak(waveformMean, channelCount);
  const largest = sizes.reduce((a, b) => Math.max(a, b));
  return {
    energyOnMainChannel: onMain / total,
    channelsReached: sizes.filter((size) => size > reachedShare * largest).length
  };
}

/** Waveforms whose sizes over the channels are less alike than this are not compared sample by sample. */
const leastProfileSimilarity = 0.3;

/** Of each unit the largest cosine of its mean waveform with another unit's; 0 where none is near, NaN without waveform. */
export function templateSimilarities({ units, channelCount }: Sorting): Float64Array {
  const waveforms = units.map(({ waveformMean }) => normalized(waveformMean));
  const profiles = units.map(({ waveformMean }) => normalized(peakToPeak(waveformMean, channelCount)));
  const most = Float64Array.from(waveforms, ({ length }) => (length === 0 ? NaN : 0));
  waveforms.forEach((first, i) => {
    for (let j = i + 1; j < waveforms.length; j++) {
      const second = waveforms[j] as Float64Array;
      const near = dot(profiles[i] as Float64Array, profiles[j] as Float64Array) >= leastProfileSimilarity;
      if (!near || first.length !== second.length) continue;
      const similarity = dot(first, second);
      most[i] = Math.max(most[i] as number, similarity);
      most[j] = Math.max(most[j] as number, similarity);
    }
  });
  return most;
}

/** One a channel. @param waveform samples × channels */
function peakToPeak(waveform: Float32Array, channelCount: number): Float64Array {
  const low = new Float64Array(channelCount);
  const high = new Float64Array(channelCount);
  waveform.forEach((value, at) => {
    const channel = at % channelCount;
    low[channel] = Math.min(low[channel] as number, value);
    high[channel] = Math.max(high[channel] as number, value);
  });
  return high.map((value, channel) => value - (low[channel] as number));
}

function normalized(values: Float32Array | Float64Array): Float64Array {
  const length = Math.sqrt(dot(values, values));
  return Float64Array.from(values, (value) => (length > 0 ? value / length : 0));
}

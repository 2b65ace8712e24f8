/** How a unit's mean waveform lies over the channels, and how much it is like those of other units. */
import { dot } from '#lib/math/linear-algebra.ts';
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';
import { measuredChannels, waveformOn } from '#lib/model/unit-waveform.ts';

export interface Footprint {
  /** Share of the mean waveform's energy on its main channel, 0 to 1. */
  energyOnMainChannel: number;
  /** Channels with more than a share of the largest peak-to-peak amplitude. */
  channelsReached: number;
}

/** NaN without a waveform. */
export function footprint(
  unit: SortedUnit,
  { channelCount, reachedShare }: { channelCount: number; reachedShare: number }
): Footprint {
  const onMain = waveformOn(unit, unit.mainChannel, { channelCount });
  const total = dot(unit.waveformMean, unit.waveformMean);
  if (total === 0) return { energyOnMainChannel: NaN, channelsReached: NaN };
  const sizes = peakToPeak(unit.waveformMean, measuredChannels(unit, channelCount).length);
  const largest = sizes.reduce((a, b) => Math.max(a, b));
  return {
    energyOnMainChannel: dot(onMain, onMain) / total,
    channelsReached: sizes.filter((size) => size > reachedShare * largest).length
  };
}

/** Waveforms whose sizes over the channels are less alike than this are not compared sample by sample. */
const leastProfileSimilarity = 0.3;

/** A waveform or profile scaled to a norm of 1, and the channels of its columns. */
interface Shape {
  channels: Int32Array;
  waveform: Float64Array;
  profile: Float64Array;
}

/** Of each unit the largest cosine of its mean waveform with another unit's; 0 where none is near, NaN without waveform. */
export function templateSimilarities({ units, channelCount }: Sorting): Float64Array {
  const shapes = units.map((unit): Shape => {
    const channels = measuredChannels(unit, channelCount);
    return {
      channels,
      waveform: normalized(unit.waveformMean),
      profile: normalized(peakToPeak(unit.waveformMean, channels.length))
    };
  });
  const most = Float64Array.from(shapes, ({ waveform }) => (waveform.length === 0 ? NaN : 0));
  shapes.forEach((first, i) => {
    const column = new Int32Array(channelCount).fill(-1);
    first.channels.forEach((channel, at) => (column[channel] = at));
    for (let j = i + 1; j < shapes.length; j++) {
      const second = shapes[j] as Shape;
      if (first.waveform.length === 0 || second.waveform.length === 0) continue;
      if (product(first, second, { column, of: 'profile' }) < leastProfileSimilarity) continue;
      const similarity = product(first, second, { column, of: 'waveform' });
      most[i] = Math.max(most[i] as number, similarity);
      most[j] = Math.max(most[j] as number, similarity);
    }
  });
  return most;
}

/** Inner product over the channels that both have; `column` says where the first has each channel, or −1. */
function product(
  first: Shape,
  second: Shape,
  { column, of }: { column: Int32Array; of: 'profile' | 'waveform' }
): number {
  const [width, step] = [second.channels.length, first.channels.length];
  const rows = Math.min(first[of].length / step, second[of].length / width);
  let sum = 0;
  second.channels.forEach((channel, at) => {
    const own = column[channel] as number;
    if (own < 0) return;
    for (let t = 0; t < rows; t++)
      sum += (first[of][t * step + own] as number) * (second[of][t * width + at] as number);
  });
  return sum;
}

/** One a column. @param waveform samples × width */
function peakToPeak(waveform: Float32Array, width: number): Float64Array {
  const low = new Float64Array(width);
  const high = new Float64Array(width);
  waveform.forEach((value, at) => {
    const column = at % width;
    low[column] = Math.min(low[column] as number, value);
    high[column] = Math.max(high[column] as number, value);
  });
  return high.map((value, column) => value - (low[column] as number));
}

function normalized(values: Float32Array | Float64Array): Float64Array {
  const length = Math.sqrt(dot(values, values));
  return Float64Array.from(values, (value) => (length > 0 ? value / length : 0));
}

/** Mean waveforms of units, which are measured on the channels around a unit only. */
import { type SortedUnit } from './sorting.ts';

type Measured = Pick<SortedUnit, 'waveformChannels' | 'waveformMean' | 'waveformSd'>;

/** Channels that a unit's waveforms are of, in their order. */
export function measuredChannels({ waveformChannels }: Measured, channelCount: number): Int32Array {
  return waveformChannels ?? Int32Array.from({ length: channelCount }, (_, channel) => channel);
}

/**
 * A unit's mean waveform, or another array of its form, on one channel: zeros where it was not measured, empty where
 * there is no waveform.
 */
export function waveformOn(
  { waveformChannels, waveformMean }: Measured,
  channel: number,
  { channelCount, values = waveformMean }: { channelCount: number; values?: Float32Array }
): Float32Array<ArrayBuffer> {
  const width = waveformChannels?.length ?? channelCount;
  const column = waveformChannels ? waveformChannels.indexOf(channel) : channel;
  return Float32Array.from({ length: values.length / Math.max(1, width) }, (_, t) =>
    column < 0 ? 0 : (values[t * width + column] as number)
  );
}

/** A unit's mean waveform, or another array of its form, on all channels: samples × channels. */
export function wholeWaveform(
  { waveformChannels, waveformMean }: Measured,
  { channelCount, values = waveformMean }: { channelCount: number; values?: Float32Array }
): Float32Array {
  if (!waveformChannels) return values;
  const width = Math.max(1, waveformChannels.length);
  const whole = new Float32Array((values.length / width) * channelCount);
  values.forEach((value, at) => {
    const channel = waveformChannels[at % width] as number;
    whole[Math.floor(at / width) * channelCount + channel] = value;
  });
  return whole;
}

/** Templates: what a unit's spike looks like in the whitened traces, on the channels around its main channel. */
import { type ClusterOutput } from './cluster.ts';
import { type PeakSign, heightOf } from './detect.ts';
import { type FeatureSpace } from './features.ts';
import { type ChannelSpikes } from './reservoir.ts';
import { moveRows, peakAt } from './sub-sample.ts';

/** Structured-clonable. */
export interface Template {
  /** Channel on which it is largest. */
  mainChannel: number;
  /** Channels that it is known on. */
  channels: Int32Array;
  /** channels × samples of the snippet window, in noise SDs; its extremum on the main channel is at the window's peak. */
  waveform: Float32Array;
  /** What the components leave out of the waveform, if that is known: channels × samples. */
  remainder?: Float32Array | undefined;
  /** Spikes that it was made from. */
  spikeCount: number;
}

/** The templates of one channel's clusters. One that most spikes belong to has what is left of all as its remainder. */
export function makeTemplates(
  { channel, samples, remainder }: Pick<ChannelSpikes, 'channel' | 'samples'> & Pick<Template, 'remainder'>,
  { clusters, space }: { clusters: ClusterOutput; space: FeatureSpace }
): Template[] {
  const channels = space.neighbours[channel] as Int32Array;
  const count = clusters.medians.length / space.rowLength;
  return Array.from({ length: count }, (_, cluster) => {
    const row = clusters.medians.subarray(cluster * space.rowLength, (cluster + 1) * space.rowLength);
    const waveform = synthesise(row, { channelCount: channels.length, space });
    const spikeCount = clusters.labels.reduce((sum, label) => sum + Number(label === cluster), 0);
    return {
      ...{ mainChannel: channel, channels, waveform, spikeCount },
      ...(remainder && 2 * spikeCount >= samples.length && { remainder })
    };
  });
}

/** Waveform of a feature row: channels × samples. */
function synthesise(
  row: Float32Array,
  { channelCount, space }: { channelCount: number; space: FeatureSpace }
): Float32Array {
  const { basis, componentCount, window } = space;
  const waveform = new Float32Array(channelCount * window.length);
  for (let c = 0; c < channelCount; c++)
    for (let i = 0; i < window.length; i++) {
      let sum = 0;
      for (let p = 0; p < componentCount; p++)
        sum += (row[c * componentCount + p] as number) * (basis[p * window.length + i] as number);
      waveform[c * window.length + i] = sum;
    }
  return waveform;
}

/**
 * The template moved in time, by parts of samples too, so that its extremum, on whatever channel, lies at the window's
 * peak, and that channel is its main one. What moves in at the window's ends is silence.
 */
export function centreTemplate(
  template: Template,
  { beforeSamples, sign }: { beforeSamples: number; sign: PeakSign }
): Template {
  const { channels, waveform } = template;
  const length = waveform.length / channels.length;
  let best = 0;
  waveform.forEach((value, at) => {
    if (heightOf(value, sign) > heightOf(waveform[best] as number, sign)) best = at;
  });
  const row = Math.floor(best / length);
  const sample = best % length;
  const shift = sample - beforeSamples;
  const inside = sample >= 2 && sample < length - 2;
  const heights = [-2, -1, 0, 1, 2].map((k) => heightOf(waveform[best + k] as number, sign));
  const { offset } = inside ? peakAt(heights, 2) : { offset: 0 };
  return {
    ...template,
    mainChannel: channels[row] as number,
    waveform: moved(waveform, { length, shift, offset }),
    ...(template.remainder && { remainder: moved(template.remainder, { length, shift, offset }) })
  };
}

/** Rows of the given length as they are `shift` samples and a part of one later. */
function moved(
  rows: Float32Array,
  { length, shift, offset }: { length: number; shift: number; offset: number }
): Float32Array {
  const whole = new Float32Array(rows.length);
  for (let row = 0; row < rows.length; row += length)
    for (let t = Math.max(0, -shift); t < Math.min(length, length - shift); t++)
      whole[row + t] = rows[row + t + shift] as number;
  return moveRows(whole, length, -offset);
}

/** Sum of squares: the squared distance from silence in noise SDs. */
export function templateEnergy({ waveform }: Template): number {
  let sum = 0;
  for (let i = 0; i < waveform.length; i++) sum += (waveform[i] as number) * (waveform[i] as number);
  return sum;
}

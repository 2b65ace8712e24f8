/**
 * Signal-to-noise ratio of units whose spikes are known: the extremum of the mean waveform on the main channel over that
 * channel's noise, both in the same band-passed recording.
 */
import { medianInPlace } from '#lib/math/quantile.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';

export interface UnitSnr {
  /** NaN for a unit without spikes. */
  snr: number;
  /** Channel on which the mean waveform is largest; −1 for a unit without spikes. */
  mainChannel: number;
  /** Extremum of the mean waveform on that channel, with its sign, in µV. */
  extremumUv: number;
}

export interface SnrOptions {
  /** Window of the mean waveform around the spike sample, in ms. */
  beforeMs?: number;
  afterMs?: number;
  /** Samples read at once. */
  chunkSamples?: number;
  signal?: AbortSignal;
}

/** Median of |x − median(x)| over 0.6745: the standard deviation of Gaussian noise, little moved by spikes. */
export function medianDeviation(values: Float32Array): number {
  const middle = medianInPlace(values.slice());
  const deviations = values.map((value) => Math.abs(value - middle));
  return medianInPlace(deviations) / 0.6744897501960817;
}

/** Noise of every channel in µV, from up to 20 stretches spread evenly over the recording. */
export async function channelNoise(source: TraceSource, options: SnrOptions = {}): Promise<Float64Array> {
  const { sampleCount, channelCount, samplingRateHz } = source.info;
  const stretch = Math.min(sampleCount, Math.round(0.5 * samplingRateHz));
  const stretches = Math.min(20, Math.max(1, Math.floor(sampleCount / stretch)));
  const collected = new Float32Array(channelCount * stretches * stretch); // channels × stretches × samples
  for (let k = 0; k < stretches; k++) {
    const start = Math.floor((k * (sampleCount - stretch)) / Math.max(1, stretches - 1));
    const values = await source.read(start, start + stretch, options.signal);
    for (let channel = 0; channel < channelCount; channel++)
      collected.set(
        values.subarray(channel * stretch, (channel + 1) * stretch),
        (channel * stretches + k) * stretch
      );
  }
  const length = stretches * stretch;
  return Float64Array.from({ length: channelCount }, (_, channel) =>
    medianDeviation(collected.subarray(channel * length, (channel + 1) * length))
  );
}

/**
 * Measures each unit of `trains` in a band-passed recording.
 * @param filtered The recording behind the band-pass in which spikes are looked for.
 */
export async function measureSnr(
  filtered: TraceSource,
  trains: SpikeTrains,
  options: SnrOptions = {}
): Promise<UnitSnr[]> {
  const noise = await channelNoise(filtered, options);
  const waveforms = await meanWaveforms(filtered, trains, options);
  return waveforms.map((waveform) => {
    let [mainChannel, extremumUv] = [-1, 0];
    const samples = waveform.length / noise.length;
    waveform.forEach((value, at) => {
      if (Math.abs(value) > Math.abs(extremumUv)) {
        extremumUv = value;
        mainChannel = Math.floor(at / samples);
      }
    });
    const snr = mainChannel < 0 ? NaN : Math.abs(extremumUv) / (noise[mainChannel] as number);
    return { snr, mainChannel, extremumUv };
  });
}

/** Mean waveforms in µV, each channels × window samples; spikes too close to an end for the window are left out. */
async function meanWaveforms(
  source: TraceSource,
  { trains }: SpikeTrains,
  options: SnrOptions
): Promise<Float64Array[]> {
  const { channelCount, sampleCount, samplingRateHz } = source.info;
  const before = Math.round(((options.beforeMs ?? 1) / 1000) * samplingRateHz);
  const after = Math.round(((options.afterMs ?? 2) / 1000) * samplingRateHz);
  const window = before + after;
  const sums = trains.map(() => new Float64Array(channelCount * window));
  const counts = new Float64Array(trains.length);
  const next = new Uint32Array(trains.length);
  const step = options.chunkSamples ?? Math.round(samplingRateHz);
  for (let start = 0; start < sampleCount; start += step) {
    const end = Math.min(start + step, sampleCount);
    const from = Math.max(0, start - before);
    const to = Math.min(sampleCount, end + after);
    const values = await source.read(from, to, options.signal);
    trains.forEach((train, unit) => {
      let spike = next[unit] as number;
      for (; spike < train.length && (train[spike] as number) < end; spike++) {
        const first = (train[spike] as number) - before;
        if (first < 0 || first + window > sampleCount) continue;
        addWindow(sums[unit] as Float64Array, { values, length: to - from, offset: first - from, window });
        counts[unit] = (counts[unit] as number) + 1;
      }
      next[unit] = spike;
    });
  }
  return sums.map((total, unit) => total.map((value) => value / Math.max(1, counts[unit] as number)));
}

function addWindow(
  total: Float64Array,
  { values, length, offset, window }: { values: Float32Array; length: number; offset: number; window: number }
): void {
  for (let at = 0, row = offset; at < total.length; at += window, row += length)
    for (let k = 0; k < window; k++) total[at + k] = (total[at + k] as number) + (values[row + k] as number);
}

/** The outcome of spike sorting: units, their spike trains and mean waveforms. */

/** Not of neurons, of several neurons, of one. */
export type UnitLabel = 'noise' | 'multi' | 'single';

export interface SortedUnit {
  /** Position in the sorting, from 0; stable for one result. */
  id: number;
  /** Ascending sample indices of the spikes' extrema on the main channel (mostly troughs), whole numbers. */
  spikeSamples: Float64Array;
  /** Channel on which the mean waveform is largest. */
  mainChannel: number;
  /** Channels that the waveforms were measured on, in their order; absent if that is all of them (unit-waveform.ts). */
  waveformChannels?: Int32Array;
  /** Mean waveform in µV of the filtered recording, window samples × measured channels. */
  waveformMean: Float32Array;
  /** Standard deviation of the same, window samples × measured channels. */
  waveformSd: Float32Array;
  /** |mean waveform extremum on the main channel| over that channel's MAD noise. */
  snr: number;
  /** What the unit classifier says and how sure it is, 0 to 1; absent where it was not asked. */
  quality?: { label: UnitLabel; probability: number };
}

export interface Sorting {
  samplingRateHz: number;
  channelCount: number;
  sampleCount: number;
  /** The mean waveforms' window around the spike sample: [−beforeSamples, afterSamples). */
  waveformWindow: { beforeSamples: number; afterSamples: number };
  units: SortedUnit[];
  /** Channels left out because they are constant, saturated or disconnected; absent if there are none. */
  excludedChannels?: number[];
}

/** Units known beforehand (generated recordings) or from a file, without waveforms. */
export interface SpikeTrains {
  samplingRateHz: number;
  /** Ascending sample indices, one array a unit. */
  trains: Float64Array[];
}

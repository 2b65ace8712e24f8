/**
 * Spike features: each channel's stretch around a peak, projected on a few temporal principal components that all
 * channels share. The same components describe templates, so a mean of features is a template.
 */
import { symmetricEigen } from '../math/linear-algebra.ts';
import { type Chunk } from './chunks.ts';
import { type Peaks, detectSpikes } from './detect.ts';
import { type MatchedFilter } from './matched-filter.ts';
import { MatchedMap } from './matched-map.ts';
import { viewTraces } from './kernels/traces.ts';
import { type CleanChunk, type Preparation, cleanParts, detectInParts, thinnedDetection } from './prepare.ts';
import { movedRows, peakAt, phaseOf } from './sub-sample.ts';

/** The stretch around a peak, in ms. */
const beforeMs = 0.8;
const afterMs = 1.4;
const componentCount = 6;
/** At most so many peaks a chunk are used to learn the components. */
const maxSnippetsPerChunk = 400;
/** Noise is compared with itself at every so manyeth sample, with values beyond so many SDs clipped. */
const noiseStride = 16;
const noiseClip = 4;
/** A peak between two samples shows at least this part of its height on one of them. */
const sampledPart = 0.9;

export interface SnippetWindow {
  beforeSamples: number;
  /** Length in samples, the peak's own included. */
  length: number;
}

/** Structured-clonable: how spikes are described. */
export interface FeatureSpace {
  window: SnippetWindow;
  /** components × samples of the window, orthonormal rows. */
  basis: Float64Array;
  componentCount: number;
  /** Channels that describe a spike on each channel, itself first. */
  neighbours: Int32Array[];
  /** Row length of the features: most neighbours × components. Rows of fewer neighbours end in zeros. */
  rowLength: number;
}

/** @param samplingRateHz of the samples that spikes are described by */
export function snippetWindow(samplingRateHz: number): SnippetWindow {
  const beforeSamples = Math.round((beforeMs * samplingRateHz) / 1000);
  return { beforeSamples, length: beforeSamples + Math.round((afterMs * samplingRateHz) / 1000) + 1 };
}

export interface ChunkMoments {
  /** Of main-channel snippets, each scaled to a peak of 1: samples × samples. */
  moments: Float64Array<ArrayBuffer>;
  /** Products of the whitened traces with themselves, one a lag from 0 up to the window's length. */
  autocorrelation: Float64Array<ArrayBuffer>;
}

/** What one chunk tells of the shape of spikes and of noise: the task `moments`. */
export function snippetMoments({
  preparation,
  chunk
}: {
  preparation: Preparation;
  chunk: Chunk;
}): ChunkMoments {
  const parts = cleanParts(preparation, chunk);
  const peaks = detectInParts(preparation, parts);
  const { beforeSamples, length } = snippetWindow(preparation.samplingRateHz / preparation.decimation);
  const { samples } = parts.whitened;
  const clean = { whitened: viewTraces(parts.whitened), from: parts.from, to: parts.to };
  const step = Math.max(1, Math.ceil(peaks.samples.length / maxSnippetsPerChunk));
  const moments = new Float64Array(length * length);
  for (let k = 0; k < peaks.samples.length; k += step) {
    const start = (peaks.channels[k] as number) * samples + (peaks.samples[k] as number) - beforeSamples;
    const height = peaks.amplitudes[k] as number;
    for (let i = 0; i < length; i++) {
      const value = (clean.whitened[start + i] as number) / (height * height);
      for (let j = i; j < length; j++)
        moments[i * length + j] =
          (moments[i * length + j] as number) + value * (clean.whitened[start + j] as number);
    }
  }
  for (let i = 0; i < length; i++)
    for (let j = 0; j < i; j++) moments[i * length + j] = moments[j * length + i] as number;
  return { moments, autocorrelation: noiseProducts(clean, { samples, length }) };
}

/** Sums over all channels of clipped products at each lag. */
function noiseProducts(
  { whitened, from, to }: Omit<CleanChunk, 'filtered'>,
  { samples, length }: { samples: number; length: number }
): Float64Array<ArrayBuffer> {
  const sums = new Float64Array(length);
  const clipped = (value: number) => Math.max(-noiseClip, Math.min(noiseClip, value));
  for (let base = 0; base < whitened.length; base += samples)
    for (let t = base + from; t < base + to; t += noiseStride) {
      const value = clipped(whitened[t] as number);
      for (let lag = 0; lag < length; lag++)
        sums[lag] = (sums[lag] as number) + value * clipped(whitened[t + lag] as number);
    }
  return sums;
}

/** The leading temporal components from summed moments; with no spikes at all, single samples around the peak. */
export function learnBasis(moments: Float64Array, { beforeSamples, length }: SnippetWindow): Float64Array {
  const count = Math.min(componentCount, length);
  const { vectors } = symmetricEigen(moments, length);
  if (moments.some((value) => value !== 0)) return vectors.slice(0, count * length);
  const basis = new Float64Array(count * length);
  for (let k = 0; k < count; k++) basis[k * length + Math.min(beforeSamples + k, length - 1)] = 1;
  return basis;
}

export function makeFeatureSpace(
  basis: Float64Array,
  { window, neighbours }: { window: SnippetWindow; neighbours: Int32Array[] }
): FeatureSpace {
  const components = basis.length / window.length;
  const widest = neighbours.reduce((most, near) => Math.max(most, near.length), 0);
  return { window, basis, componentCount: components, neighbours, rowLength: widest * components };
}

/** Peaks, each with the part of a sample by which it lies beside its own, as a number of `phaseOf`. */
export interface PlacedPeaks extends Pick<Peaks, 'samples' | 'channels'> {
  phases: Uint8Array;
}

/**
 * Features of peaks in whitened traces (channels × samples): peaks × row length, a row being neighbours × components.
 */
export function projectPeaks(
  whitened: Float32Array,
  { peaks, space, channelCount }: { peaks: PlacedPeaks; space: FeatureSpace; channelCount: number }
): Float32Array<ArrayBuffer> {
  const { window, basis, neighbours, componentCount: components, rowLength } = space;
  const { beforeSamples, length } = window;
  const samples = whitened.length / channelCount;
  const moved = movedRows(basis, length);
  const features = new Float32Array(peaks.samples.length * rowLength);
  for (let k = 0; k < peaks.samples.length; k++) {
    const near = neighbours[peaks.channels[k] as number] as Int32Array;
    const at = (peaks.samples[k] as number) - beforeSamples;
    const first = (peaks.phases[k] as number) * basis.length;
    for (let n = 0; n < near.length; n++) {
      const start = (near[n] as number) * samples + at;
      for (let p = 0; p < components; p++) {
        let sum = 0;
        for (let i = 0; i < length; i++)
          sum += (moved[first + p * length + i] as number) * (whitened[start + i] as number);
        features[k * rowLength + n * components + p] = sum;
      }
    }
  }
  return features;
}

export interface DetectInput {
  preparation: Preparation;
  space: FeatureSpace;
  filter: MatchedFilter;
  chunk: Chunk;
}

/** Peaks of one chunk, by their sample in the recording, with their features. */
export interface DetectedChunk {
  samples: Float64Array<ArrayBuffer>;
  channels: Int32Array<ArrayBuffer>;
  /** peaks × row length of the feature space */
  features: Float32Array<ArrayBuffer>;
}

/** Cleans a chunk, finds where the matched filter sees spikes and describes them: the task `detect`. */
export function describePeaks({ preparation, space, filter, chunk }: DetectInput): DetectedChunk {
  const { whitened, from, to } = cleanParts(preparation, chunk);
  const { channelCount, decimation } = preparation;
  const { map } = new MatchedMap(whitened, filter);
  const detection = thinnedDetection(preparation);
  const sampled = detectSpikes(map, {
    ...{ ...detection, channelCount, from, to, sign: 'positive' },
    threshold: sampledPart * detection.threshold
  });
  const found = Array.from(sampled.samples, (sample, k) => {
    const channel = sampled.channels[k] as number;
    return { sample, channel, ...peakAt(map, channel * whitened.samples + sample) };
  }).filter(({ height }) => height >= detection.threshold);
  const channels = Int32Array.from(found, ({ channel }) => channel);
  const peaks = {
    samples: Int32Array.from(found, ({ sample }) => sample),
    channels,
    phases: Uint8Array.from(found, ({ offset }) => phaseOf(offset))
  };
  const origin = chunk.startSample - chunk.haloSamples;
  return {
    samples: Float64Array.from(
      found,
      ({ sample, offset }) => origin + Math.round((sample + offset) * decimation)
    ),
    channels,
    features: projectPeaks(viewTraces(whitened), { peaks, space, channelCount })
  };
}

/**
 * What has to be known of a recording before any chunk can be worked on alone: the filter, the usable channels,
 * their noise, the whitening and the neighbourhoods. Measured on fixed chunks, so it is the same every time.
 */
import { TaggedError } from '../model/errors.ts';
import { type WorkerPool } from '../model/engine.ts';
import { type Probe, type RecordingInfo, type TraceSource } from '../model/recording.ts';
import { type Chunk, planChunks, readChunk, spreadChunks } from './chunks.ts';
import { type PeakSign, type Peaks, detectSpikes } from './detect.ts';
import { type BandPass, designBandPass, filterChunk, filterPart } from './filter.ts';
import { findNeighbours } from './geometry.ts';
import { runInOrder } from './in-order.ts';
import { type TracesPart, placeTraces, thinPart, viewTraces } from './kernels/traces.ts';
import { correctionRows } from './motion/correct.ts';
import { type Motion, displacementOfChannels } from './motion/motion.ts';
import { combineNoise, findUsableChannels, measureNoise } from './noise.ts';
import { type SortingParameters } from './parameters.ts';
import { subtractReference } from './reference.ts';
import { type SortingTasks } from './tasks.ts';
import { type Whitening, computeWhitening, measureCovariance, whitenPart } from './whitening.ts';

/** So many chunks, spread evenly, are measured. */
const measuredChunks = 10;
/** From so many channels on, `auto` takes off the median. */
const medianReferenceChannels = 32;
/** Every other sample is left out where this many stay for a period of the band's upper edge. */
const leastSamplesPerPeriod = 2.4;

/** Structured-clonable; see the file's header. */
export interface Preparation {
  samplingRateHz: number;
  channelCount: number;
  probe: Probe;
  filter: BandPass;
  reference: 'median' | 'mean' | 'none';
  /** Spikes are looked for, described and matched on every so manyeth sample. */
  decimation: number;
  /** Where it moved, how: chunks are cleaned as if it had not. */
  motion?: Motion;
  /** 1 where the channel carries a signal, one a channel. */
  usable: Uint8Array;
  /** MAD noise of the filtered traces in µV, one a channel. */
  noise: Float64Array;
  whitening: Whitening;
  detection: { sign: PeakSign; threshold: number; exclusionSamples: number; neighbours: Int32Array[] };
}

/** What one chunk tells of the recording. */
export interface ChunkProfile {
  noise: Float64Array;
  /** Of the noise-scaled traces, channels × channels. */
  covariance: Float64Array;
}

export interface ProfileInput {
  chunk: Chunk;
  channelCount: number;
  filter: BandPass;
  reference: 'median' | 'mean' | 'none';
  whiteningNeighbours: Int32Array[];
}

export interface PrepareOptions {
  source: TraceSource;
  parameters: SortingParameters;
  pool: WorkerPool<SortingTasks>;
  onProgress?: ((fraction: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Measures a recording.
 * @throws TaggedError `recording-empty`, `probe-mismatch`, or `no-usable-channels` when every channel is constant.
 */
export async function prepare(options: PrepareOptions): Promise<Preparation> {
  const { source, parameters, pool, onProgress, signal } = options;
  const { info } = source;
  checkRecording(info);
  const grid = planChunks(info);
  const all = new Uint8Array(info.channelCount).fill(1);
  const whiteningNeighbours = findNeighbours(info.probe, {
    radiusUm: Infinity,
    maxCount: parameters.whitenChannels,
    usable: all
  });
  const filter = designBandPass({
    lowHz: parameters.bandLowHz,
    highHz: parameters.bandHighHz,
    samplingRateHz: info.samplingRateHz
  });
  const reference = chooseReference(parameters, info.channelCount);
  const indices = spreadChunks(grid, measuredChunks);
  const profiles = await runInOrder(indices, {
    limit: pool.size + 1,
    signal,
    run: async (index) => {
      const chunk = await readChunk(source, grid, { index, signal });
      const input = { chunk, channelCount: info.channelCount, filter, reference, whiteningNeighbours };
      return pool.run('profile', input, { transfer: [chunk.data.buffer], ...(signal && { signal }) });
    },
    onDone: (done) => onProgress?.(done / indices.length)
  });
  return assemble({ info, parameters, filter, reference, profiles });
}

function checkRecording(info: RecordingInfo): void {
  if (info.sampleCount < 1 || info.channelCount < 1)
    throw new TaggedError('recording-empty', 'The recording holds no samples.', {
      sampleCount: info.sampleCount,
      channelCount: info.channelCount
    });
  if (info.probe.contacts.length !== info.channelCount)
    throw new TaggedError(
      'probe-mismatch',
      `The probe has ${info.probe.contacts.length} contacts but the recording ${info.channelCount} channels.`,
      { contacts: info.probe.contacts.length, channelCount: info.channelCount }
    );
}

function chooseReference(parameters: SortingParameters, channelCount: number): 'median' | 'mean' | 'none' {
  if (parameters.reference !== 'auto') return parameters.reference;
  return channelCount >= medianReferenceChannels ? 'median' : 'none';
}

/** Filters a chunk and measures its noise and covariance: the task `profile`. */
export function profileChunk({
  chunk,
  channelCount,
  filter,
  reference,
  whiteningNeighbours
}: ProfileInput): ChunkProfile {
  const { data, haloSamples } = chunk;
  const range = { channelCount, from: haloSamples, to: data.length / channelCount - haloSamples };
  const all = new Uint8Array(channelCount).fill(1);
  filterChunk(data, { channelCount, filter, usable: all, reference: 'none' });
  const usable = findUsableChannels(measureNoise(data, range));
  if (reference !== 'none') subtractReference(data, { channelCount, usable, kind: reference });
  const noise = measureNoise(data, range).map((sd, channel) => (usable[channel] ? sd : 0));
  const covariance = measureCovariance(data, { ...range, noise, neighbours: whiteningNeighbours });
  return { noise, covariance };
}

interface Assembly {
  info: RecordingInfo;
  parameters: SortingParameters;
  filter: BandPass;
  reference: 'median' | 'mean' | 'none';
  profiles: ChunkProfile[];
}

function assemble({ info, parameters, filter, reference, profiles }: Assembly): Preparation {
  const { probe, channelCount, samplingRateHz } = info;
  const { bandHighHz } = parameters;
  const noise = combineNoise(profiles.map((profile) => profile.noise));
  const usable = findUsableChannels(noise);
  if (!usable.includes(1))
    throw new TaggedError(
      'no-usable-channels',
      'Every channel of the recording is constant: there is no signal.',
      {
        channelCount
      }
    );
  const covariance = new Float64Array(channelCount * channelCount);
  for (const profile of profiles)
    profile.covariance.forEach((value, at) => {
      covariance[at] = (covariance[at] as number) + value / profiles.length;
    });
  const neighbours = findNeighbours(probe, {
    radiusUm: Infinity,
    maxCount: parameters.whitenChannels,
    usable
  });
  return {
    samplingRateHz,
    channelCount,
    probe,
    filter,
    reference,
    decimation: samplingRateHz >= 2 * leastSamplesPerPeriod * bandHighHz ? 2 : 1,
    usable,
    noise,
    whitening: computeWhitening(covariance, { noise, neighbours }),
    detection: {
      sign: parameters.peakSign,
      threshold: parameters.detectThreshold,
      exclusionSamples: Math.round((parameters.exclusionMs * samplingRateHz) / 1000),
      neighbours: findNeighbours(probe, { radiusUm: parameters.radiusUm, maxCount: Infinity, usable })
    }
  };
}

/** The traces of a chunk as the engine sees them. */
export interface CleanChunk {
  /** Band-passed and referenced, µV, channels × samples: the chunk's own array where nothing moved. */
  filtered: Float32Array<ArrayBuffer>;
  /** Whitened, in noise standard deviations, channels × samples. */
  whitened: Float32Array<ArrayBuffer>;
  /** The chunk's own samples within them: [from, to). */
  from: number;
  to: number;
}

/** The same in the kernels' memory, where it holds until the next chunk is cleaned. */
export interface CleanParts {
  filtered: TracesPart;
  /** Of every so manyeth sample only, as `decimation` has it. */
  whitened: TracesPart;
  /** The chunk's own samples within the whitened traces: [from, to). */
  from: number;
  to: number;
}

/** Filters a chunk, moves it back to where it was, and whitens it; `chunk.data` stays as it is. */
export function cleanParts(
  preparation: Preparation,
  chunk: Chunk,
  decimation: number = preparation.decimation
): CleanParts {
  const traces = placeTraces(chunk.data, preparation.channelCount);
  filterPart(traces, preparation);
  const filtered = withoutMotion(traces, preparation, chunk);
  return {
    filtered,
    whitened: whitenPart(thinPart(filtered, decimation), preparation.whitening),
    from: Math.ceil(chunk.haloSamples / decimation),
    to: Math.ceil((traces.samples - chunk.haloSamples) / decimation)
  };
}

/** The same in arrays and of every sample, `chunk.data` being filtered in place. */
export function cleanChunk(preparation: Preparation, chunk: Chunk): CleanChunk {
  const { filtered, whitened, from, to } = cleanParts(preparation, chunk, 1);
  if (preparation.motion)
    return { filtered: viewTraces(filtered).slice(), whitened: viewTraces(whitened).slice(), from, to };
  chunk.data.set(viewTraces(filtered));
  return { filtered: chunk.data, whitened: viewTraces(whitened).slice(), from, to };
}

function withoutMotion(
  traces: TracesPart,
  { motion, probe, usable, samplingRateHz }: Preparation,
  { startSample, endSample }: Chunk
): TracesPart {
  if (!motion) return traces;
  const middle = (startSample + endSample) / 2 / samplingRateHz;
  const displacement = displacementOfChannels(motion, probe, middle);
  return whitenPart(traces, correctionRows(displacement, { probe, usable }));
}

/** The peaks of a cleaned chunk's own samples in its whitened traces. */
export function detectChunk(
  { channelCount, detection }: Preparation,
  { whitened, from, to }: Omit<CleanChunk, 'filtered'>
): Peaks {
  return detectSpikes(whitened, { channelCount, from, to, ...detection });
}

/** The same of traces in the kernels' memory, of which samples may have been left out. */
export function detectInParts(preparation: Preparation, { whitened, from, to }: CleanParts): Peaks {
  const detection = thinnedDetection(preparation);
  return detectSpikes(viewTraces(whitened), { channelCount: whitened.channelCount, from, to, ...detection });
}

/** How peaks are detected where samples are left out. */
export function thinnedDetection({ detection, decimation }: Preparation): Preparation['detection'] {
  return { ...detection, exclusionSamples: Math.round(detection.exclusionSamples / decimation) };
}

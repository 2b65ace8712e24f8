/**
 * The fixed grid of chunks that a recording is worked through in. Every stage, the preview and every number of
 * workers use the same grid, so that a sample is always filtered with the same surroundings.
 */
import { type RecordingInfo, type TraceSource } from '../model/recording.ts';

/** Largest chunk in values, so that a chunk of a probe with many channels stays some tens of MB. */
const maxChunkValues = 4_000_000;
/** Enough for the band-pass to settle (at 300 Hz to 1e-8) with room for neighbouring spikes inside. */
const haloSeconds = 0.03;

export interface ChunkGrid {
  chunkCount: number;
  coreSamples: number;
  haloSamples: number;
  sampleCount: number;
  channelCount: number;
}

export interface Chunk {
  index: number;
  /** The chunk's own samples: [startSample, endSample). */
  startSample: number;
  endSample: number;
  haloSamples: number;
  /** µV, channels × (halo + own samples + halo). */
  data: Float32Array<ArrayBuffer>;
}

/** The grid of a recording: chunks of about one second. */
export function planChunks(
  info: Pick<RecordingInfo, 'samplingRateHz' | 'channelCount' | 'sampleCount'>
): ChunkGrid {
  const { samplingRateHz, channelCount, sampleCount } = info;
  const perSecond = Math.max(1, Math.round(samplingRateHz));
  const coreSamples = Math.max(1, Math.min(perSecond, Math.floor(maxChunkValues / channelCount)));
  return {
    chunkCount: Math.ceil(sampleCount / coreSamples),
    coreSamples,
    haloSamples: Math.ceil(haloSeconds * samplingRateHz),
    sampleCount,
    channelCount
  };
}

/** First and last sample (exclusive) that belong to a chunk. */
export function chunkRange(grid: ChunkGrid, index: number): { startSample: number; endSample: number } {
  const startSample = index * grid.coreSamples;
  return { startSample, endSample: Math.min(startSample + grid.coreSamples, grid.sampleCount) };
}

/** `count` chunks spread evenly over the grid, ascending; all of them if there are not more. */
export function spreadChunks(grid: ChunkGrid, count: number): number[] {
  if (count >= grid.chunkCount) return Array.from({ length: grid.chunkCount }, (_, index) => index);
  return Array.from({ length: count }, (_, k) => Math.floor(((k + 0.5) * grid.chunkCount) / count));
}

/**
 * Reads a chunk with its halo. Where the halo reaches beyond the recording, the traces are continued by point
 * reflection at their end, which gives the filter no step.
 */
export async function readChunk(
  source: TraceSource,
  grid: ChunkGrid,
  { index, signal }: { index: number; signal?: AbortSignal | undefined }
): Promise<Chunk> {
  const { startSample, endSample } = chunkRange(grid, index);
  const first = Math.max(0, startSample - grid.haloSamples);
  const last = Math.min(grid.sampleCount, endSample + grid.haloSamples);
  const read = await source.read(first, last, signal);
  const samples = endSample - startSample + 2 * grid.haloSamples;
  const shape = { index, startSample, endSample, haloSamples: grid.haloSamples };
  if (last - first === samples) return { ...shape, data: read };
  const data = new Float32Array(grid.channelCount * samples);
  const lead = first - (startSample - grid.haloSamples);
  for (let channel = 0; channel < grid.channelCount; channel++) {
    const into = data.subarray(channel * samples, (channel + 1) * samples);
    into.set(read.subarray(channel * (last - first), (channel + 1) * (last - first)), lead);
    reflectEnds(into, lead, lead + last - first);
  }
  return { ...shape, data };
}

/** Fills [0, start) and [end, length) by 2·edge − mirrored value. */
function reflectEnds(values: Float32Array, start: number, end: number): void {
  const span = end - start;
  const head = values[start] as number;
  for (let k = 1; k <= start; k++)
    values[start - k] = 2 * head - (values[start + Math.min(k, span - 1)] as number);
  const tail = values[end - 1] as number;
  for (let k = 1; k <= values.length - end; k++)
    values[end - 1 + k] = 2 * tail - (values[end - 1 - Math.min(k, span - 1)] as number);
}

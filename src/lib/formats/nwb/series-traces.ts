/** The samples of one ElectricalSeries: plain byte arithmetic where the data are contiguous, else decoded blocks. */
import { type ByteSource } from '../../bytes/byte-source.ts';
import { type RecordingInfo, type TraceSource } from '../../model/recording.ts';
import { type Hdf5Dataset, type Hdf5File, type NumericArray } from '../hdf5/hdf5-file.ts';
import { checkSamples } from '../raw/raw-recording.ts';
import { scaleInterleaved, toMicrovolts } from '../raw/to-microvolts.ts';

/** Decoded blocks kept, in bytes. */
const cacheBytes = 64 << 20;
const largestBlockBytes = 64 << 20;
/** Less costs more in calls than in bytes. */
const usefulBlockBytes = 2 << 20;

export function seriesTraces(options: {
  file: Hdf5File;
  source: ByteSource;
  data: Hdf5Dataset;
  info: RecordingInfo;
}): TraceSource {
  const { file, source, data, info } = options;
  const stored = { channelCount: info.channelCount, gainUv: info.gainUv, offsetUv: info.offsetUv };
  const dtype = plainType(data);
  const offset = dtype && file.contiguousOffset(data.path);
  const frameBytes = data.size * info.channelCount;
  if (dtype && offset !== undefined) {
    return {
      info,
      async read(startSample, endSample, signal) {
        checkSamples(info, startSample, endSample);
        const length = (endSample - startSample) * frameBytes;
        const bytes = await source.read(offset + startSample * frameBytes, length, signal);
        return toMicrovolts(bytes, { ...stored, dtype });
      }
    };
  }
  const blocks = blockReader(file, data, info);
  return {
    info,
    async read(startSample, endSample, signal) {
      checkSamples(info, startSample, endSample);
      const { channelCount } = info;
      const traces = new Float32Array((endSample - startSample) * channelCount); // channels × samples
      for (let sample = startSample; sample < endSample;) {
        signal?.throwIfAborted();
        const { values, start } = blocks.at(sample);
        const end = Math.min(endSample, start + values.length / channelCount);
        const part = values.subarray((sample - start) * channelCount, (end - start) * channelCount);
        scaleInterleaved(asNumbers(part), stored, { traces, at: sample - startSample });
        sample = end;
      }
      return traces;
    }
  };
}

function plainType({ kind, size, signed }: Hdf5Dataset): 'int16' | 'float32' | undefined {
  if (kind === 'integer' && size === 2 && signed) return 'int16';
  return kind === 'float' && size === 4 ? 'float32' : undefined;
}

function asNumbers(values: NumericArray): Exclude<NumericArray, BigInt64Array | BigUint64Array> {
  const isWide = values instanceof BigInt64Array || values instanceof BigUint64Array;
  return isWide ? Float64Array.from(values, Number) : values;
}

/**
 * Samples a block: whole chunks, as the library decodes them whole, several of them where they are small; a chunk that
 * is too large for memory is read in equal parts.
 */
export function blockSamplesOf(chunkSamples: number, frameBytes: number): number {
  const most = Math.max(1, Math.floor(largestBlockBytes / frameBytes));
  if (chunkSamples > most) return Math.ceil(chunkSamples / Math.ceil(chunkSamples / most));
  const chunks = Math.max(1, Math.floor(usefulBlockBytes / (chunkSamples * frameBytes)));
  return chunkSamples * chunks;
}

/** Blocks of all channels, samples × channels, the ones used last kept decoded. */
function blockReader(file: Hdf5File, data: Hdf5Dataset, info: RecordingInfo) {
  const { channelCount, sampleCount } = info;
  const frameBytes = data.size * channelCount;
  const blockSamples = blockSamplesOf(data.chunks?.[0] ?? 1, frameBytes);
  const mostBlocks = Math.max(2, Math.floor(cacheBytes / (blockSamples * frameBytes)));
  const cache = new Map<number, NumericArray>();

  function load(index: number): NumericArray {
    const start = index * blockSamples;
    const count = Math.min(blockSamples, sampleCount - start);
    return data.shape.length === 1
      ? file.readBox(data.path, [start], [count])
      : file.readBox(data.path, [start, 0], [count, channelCount]);
  }

  return {
    /** The block that holds a sample, and its first sample. */
    at(sample: number): { values: NumericArray; start: number } {
      const index = Math.floor(sample / blockSamples);
      const values = cache.get(index) ?? load(index);
      cache.delete(index);
      cache.set(index, values);
      const [oldest] = cache.keys();
      if (cache.size > mostBlocks && oldest !== undefined) cache.delete(oldest);
      return { values, start: index * blockSamples };
    }
  };
}

/** The samples of one ElectricalSeries: plain byte arithmetic where the data are contiguous, else decoded blocks. */
import { type ByteSource } from '../../bytes/byte-source.ts';
import { type RecordingInfo, type TraceSource } from '../../model/recording.ts';
import { type Hdf5Dataset, type Hdf5File, type NumericArray } from '../hdf5/hdf5-file.ts';
import { checkSamples } from '../raw/raw-recording.ts';
import { scaleInterleaved, toMicrovolts } from '../raw/to-microvolts.ts';

/** Decoded blocks kept, in bytes. */
const cacheBytes = 64 << 20;
const largestBlockBytes = 16 << 20;

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
      return scaleInterleaved(blocks(startSample, endSample, signal), stored);
    }
  };
}

function plainType({ kind, size, signed }: Hdf5Dataset): 'int16' | 'float32' | undefined {
  if (kind === 'integer' && size === 2 && signed) return 'int16';
  return kind === 'float' && size === 4 ? 'float32' : undefined;
}

/** Reads samples [start, end) of all channels, samples × channels, through an LRU of chunk-aligned blocks. */
function blockReader(file: Hdf5File, data: Hdf5Dataset, info: RecordingInfo) {
  const { channelCount, sampleCount } = info;
  const frameBytes = data.size * channelCount;
  const chunkSamples = data.chunks?.[0] ?? 65_536;
  const blockSamples = Math.max(1, Math.min(chunkSamples, Math.floor(largestBlockBytes / frameBytes)));
  const mostBlocks = Math.max(2, Math.floor(cacheBytes / (blockSamples * frameBytes)));
  const cache = new Map<number, NumericArray>();

  function block(index: number): NumericArray {
    const known = cache.get(index);
    cache.delete(index);
    const start = index * blockSamples;
    const count = Math.min(blockSamples, sampleCount - start);
    const isFlat = data.shape.length === 1;
    const values =
      known ??
      file.readBox(data.path, isFlat ? [start] : [start, 0], isFlat ? [count] : [count, channelCount]);
    cache.set(index, values);
    const [oldest] = cache.keys();
    if (cache.size > mostBlocks && oldest !== undefined) cache.delete(oldest);
    return values;
  }

  return (start: number, end: number, signal?: AbortSignal): Float64Array => {
    const values = new Float64Array((end - start) * channelCount); // samples × channels
    for (let at = start; at < end;) {
      signal?.throwIfAborted();
      const index = Math.floor(at / blockSamples);
      const from = at - index * blockSamples;
      const count = Math.min(blockSamples - from, end - at);
      const decoded = block(index).subarray(from * channelCount, (from + count) * channelCount);
      for (let i = 0, into = (at - start) * channelCount; i < decoded.length; i++, into++)
        values[into] = Number(decoded[i]);
      at += count;
    }
    return values;
  };
}

/** Interleaved stored samples as µV, one channel after the other. */
import { KernelMemory } from '../../sorting/kernels/kernels.ts';

export interface StoredSamples {
  dtype: 'int16' | 'float32';
  channelCount: number;
  /** µV a count, and µV at zero counts; one a channel. */
  gainUv: readonly number[];
  offsetUv: readonly number[];
}

/**
 * @param bytes samples × channels, little-endian
 * @returns channels × samples
 */
export function toMicrovolts(
  bytes: Uint8Array<ArrayBuffer>,
  stored: StoredSamples
): Float32Array<ArrayBuffer> {
  const values = typedView(bytes, stored.dtype);
  const traces = new Float32Array(values.length);
  scaleInterleaved(values, stored, { traces, at: 0 });
  return traces;
}

/** Where samples go: channels × samples, the first of them at `at`. */
export interface TraceTarget {
  traces: Float32Array;
  at: number;
}

/** Samples a tile: strides through a whole stretch would miss the processor's caches at each step. */
const tileSamples = 64;
/** Counts are scaled so many at a time, which stay in the processor's cache. */
const blockValues = 1 << 17;

/**
 * Scales stored values into a part of a longer stretch. A sample that is no number (NaN, infinite) is taken as 0 µV, as
 * it would spread over every later sample of a filter.
 * @param values samples × channels
 */
export function scaleInterleaved(
  values: ArrayLike<number>,
  stored: Omit<StoredSamples, 'dtype'>,
  target: TraceTarget
): void {
  if (values instanceof Int16Array) return scaleCounts(values, stored, target);
  const { channelCount, gainUv, offsetUv } = stored;
  const { traces, at } = target;
  const samples = values.length / channelCount;
  const stretch = traces.length / channelCount;
  for (let tile = 0; tile < samples; tile += tileSamples) {
    const end = Math.min(tile + tileSamples, samples) * channelCount;
    for (let channel = 0; channel < channelCount; channel++)
      scaleFinite(values, {
        traces,
        into: channel * stretch + at + tile,
        from: tile * channelCount + channel,
        end,
        step: channelCount,
        gain: gainUv[channel] ?? 1,
        offset: offsetUv[channel] ?? 0
      });
  }
}

/** One channel's samples of a tile. */
interface TileRow {
  traces: Float32Array;
  into: number;
  from: number;
  end: number;
  step: number;
  gain: number;
  offset: number;
}

/** Counts, of which every one is finite, by the kernel, a block at a time. */
function scaleCounts(
  values: Int16Array,
  { channelCount, gainUv, offsetUv }: Omit<StoredSamples, 'dtype'>,
  { traces, at }: TraceTarget
): void {
  const samples = values.length / channelCount;
  const stretch = traces.length / channelCount;
  const blockSamples = Math.min(samples, Math.ceil(blockValues / channelCount));
  const memory = new KernelMemory();
  const gains = memory.addDoubles(Array.from({ length: channelCount }, (_, channel) => gainUv[channel] ?? 1));
  const offsets = memory.addDoubles(
    Array.from({ length: channelCount }, (_, channel) => offsetUv[channel] ?? 0)
  );
  const counts = memory.add(2 * blockSamples * channelCount);
  const scaled = memory.add(4 * blockSamples * channelCount);
  const [from, to] = [
    memory.shorts(counts, blockSamples * channelCount),
    memory.floats(scaled, blockSamples * channelCount)
  ];
  for (let start = 0; start < samples; start += blockSamples) {
    const width = Math.min(blockSamples, samples - start);
    from.set(values.subarray(start * channelCount, (start + width) * channelCount));
    memory.run.scaleCounts(
      ...([memory.address(counts), width, channelCount] as const),
      ...([memory.address(gains), memory.address(offsets), memory.address(scaled)] as const)
    );
    for (let channel = 0; channel < channelCount; channel++)
      traces.set(to.subarray(channel * width, (channel + 1) * width), channel * stretch + at + start);
  }
}

function scaleFinite(
  values: ArrayLike<number>,
  { traces, into, from, end, step, gain, offset }: TileRow
): void {
  for (let i = from, to = into; i < end; i += step) {
    const value = (values[i] as number) * gain + offset;
    traces[to++] = Number.isFinite(value) ? value : 0;
  }
}

function typedView(bytes: Uint8Array<ArrayBuffer>, dtype: StoredSamples['dtype']): Int16Array | Float32Array {
  const View = dtype === 'int16' ? Int16Array : Float32Array;
  // Typed arrays start at multiples of their element size only; `slice` of Node's Buffer would not copy.
  const aligned = bytes.byteOffset % View.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new View(aligned.buffer, aligned.byteOffset, aligned.byteLength / View.BYTES_PER_ELEMENT);
}

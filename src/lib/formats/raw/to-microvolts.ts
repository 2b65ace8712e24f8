/** Interleaved stored samples as µV, one channel after the other. */

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

/**
 * Scales stored values into a part of a longer stretch. A sample that is no number (NaN, infinite) is taken as 0 µV, as
 * it would spread over every later sample of a filter.
 * @param values samples × channels
 */
export function scaleInterleaved(
  values: ArrayLike<number>,
  { channelCount, gainUv, offsetUv }: Omit<StoredSamples, 'dtype'>,
  { traces, at }: TraceTarget
): void {
  const samples = values.length / channelCount;
  const stretch = traces.length / channelCount;
  // Of whole numbers every one is finite: without the question the loop takes half the time.
  const scale = values instanceof Int16Array ? scaleCounts : scaleFinite;
  for (let tile = 0; tile < samples; tile += tileSamples) {
    const end = Math.min(tile + tileSamples, samples) * channelCount;
    for (let channel = 0; channel < channelCount; channel++)
      scale(values as Int16Array, {
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

function scaleCounts(values: Int16Array, { traces, into, from, end, step, gain, offset }: TileRow): void {
  for (let i = from, to = into; i < end; i += step) traces[to++] = (values[i] as number) * gain + offset;
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

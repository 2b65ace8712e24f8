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
  return scaleInterleaved(typedView(bytes, stored.dtype), stored);
}

/**
 * @param values samples × channels
 * @returns channels × samples
 */
export function scaleInterleaved(
  values: ArrayLike<number>,
  { channelCount, gainUv, offsetUv }: Omit<StoredSamples, 'dtype'>
): Float32Array<ArrayBuffer> {
  const samples = values.length / channelCount;
  const traces = new Float32Array(values.length); // channels × samples
  for (let channel = 0; channel < channelCount; channel++) {
    const gain = gainUv[channel] ?? 1;
    const offset = offsetUv[channel] ?? 0;
    const start = channel * samples;
    for (let i = 0, from = channel; i < samples; i++, from += channelCount)
      traces[start + i] = (values[from] ?? 0) * gain + offset;
  }
  return traces;
}

function typedView(bytes: Uint8Array<ArrayBuffer>, dtype: StoredSamples['dtype']): Int16Array | Float32Array {
  const View = dtype === 'int16' ? Int16Array : Float32Array;
  // Typed arrays start at multiples of their element size only.
  const aligned = bytes.byteOffset % View.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new View(aligned.buffer, aligned.byteOffset, aligned.byteLength / View.BYTES_PER_ELEMENT);
}

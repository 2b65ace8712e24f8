/** Common reference: what all channels share at a sample is taken off each of them. */
import { buildMedianNetwork, columnMedians } from './median-network.ts';

export interface ReferenceOptions {
  channelCount: number;
  /** 1 where the channel counts and is referenced, one a channel. */
  usable: Uint8Array;
  kind: 'median' | 'mean';
}

/** So many samples at a time, which keeps a block of all channels in the nearest cache. */
const blockSamples = 128;

/** Subtracts the median or mean over the usable channels in place; `data` is channels × samples. */
export function subtractReference(
  data: Float32Array,
  { channelCount, usable, kind }: ReferenceOptions
): void {
  const samples = data.length / channelCount;
  const channels = Array.from({ length: channelCount }, (_, channel) => channel).filter((c) => usable[c]);
  if (channels.length === 0) return;
  const network = buildMedianNetwork(channels.length);
  const block = new Float32Array(channels.length * blockSamples); // channels × samples
  const shared = new Float32Array(blockSamples);
  for (let start = 0; start < samples; start += blockSamples) {
    const width = Math.min(blockSamples, samples - start);
    for (let row = 0; row < channels.length; row++) {
      const from = (channels[row] as number) * samples + start;
      for (let t = 0; t < width; t++) block[row * blockSamples + t] = data[from + t] as number;
    }
    if (kind === 'median') columnMedians(network, { block, width: blockSamples, into: shared });
    else columnMeans(block, { rowCount: channels.length, into: shared });
    for (const channel of channels) {
      const from = channel * samples + start;
      for (let t = 0; t < width; t++) data[from + t] = (data[from + t] as number) - (shared[t] as number);
    }
  }
}

function columnMeans(
  block: Float32Array,
  { rowCount, into }: { rowCount: number; into: Float32Array }
): void {
  for (let t = 0; t < into.length; t++) {
    let sum = 0;
    for (let row = 0; row < rowCount; row++) sum += block[row * into.length + t] as number;
    into[t] = sum / rowCount;
  }
}

/** Median of the values, which are reordered; 0 of none. Of an even number, the mean of the two in the middle. */
export function medianInPlace(values: Float32Array | Float64Array): number {
  const count = values.length;
  if (count === 0) return 0;
  const upper = selectInPlace(values, count >> 1);
  if (count % 2 === 1) return upper;
  let lower = values[0] as number;
  for (let i = 1; i < count >> 1; i++) if ((values[i] as number) > lower) lower = values[i] as number;
  return (lower + upper) / 2;
}

/** The k-th smallest value; afterwards none before position k is larger (Hoare's selection). */
export function selectInPlace(values: Float32Array | Float64Array, k: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = values[(left + right) >> 1] as number;
    let i = left;
    let j = right;
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i <= j) {
        const swap = values[i] as number;
        values[i] = values[j] as number;
        values[j] = swap;
        i++;
        j--;
      }
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k] as number;
}

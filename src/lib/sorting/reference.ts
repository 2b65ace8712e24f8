/** Common reference: what all channels share at a sample is taken off each of them. */
import { KernelMemory } from './kernels/kernels.ts';
import { medianSteps } from './median-network.ts';

export interface ReferenceOptions {
  channelCount: number;
  /** 1 where the channel counts and is referenced, one a channel. */
  usable: Uint8Array;
  kind: 'median' | 'mean';
}

/** A block of a trace that the kernel works on at a time. */
const blockBytes = 512;

/** Subtracts the median or mean over the usable channels in place; `data` is channels × samples. */
export function subtractReference(
  data: Float32Array,
  { channelCount, usable, kind }: ReferenceOptions
): void {
  const samples = data.length / channelCount;
  const rows = usedRows(usable, channelCount);
  if (rows.length === 0) return;
  if (kind === 'mean') return subtractMean(data, { rows, samples });
  const steps = medianSteps(rows.length);
  const memory = new KernelMemory(
    ...[data.byteLength, rows.byteLength, steps.byteLength],
    rows.length * blockBytes
  );
  const [traces = 0, list = 0, network = 0, block = 0] = memory.addresses;
  memory.floats(0, data.length).set(data);
  memory.integers(1, rows.length).set(rows);
  memory.integers(2, steps.length).set(steps);
  memory.run.subtractMedian(traces, samples, list, rows.length, network, steps.length / 2, block);
  data.set(memory.floats(0, data.length));
}

/** Numbers of the channels that are used, ascending. */
export function usedRows(usable: Uint8Array, channelCount: number): Int32Array<ArrayBuffer> {
  return Int32Array.from(
    Array.from({ length: channelCount }, (_, channel) => channel).filter((channel) => usable[channel])
  );
}

function subtractMean(data: Float32Array, { rows, samples }: { rows: Int32Array; samples: number }): void {
  for (let t = 0; t < samples; t++) {
    let sum = 0;
    for (const row of rows) sum += data[row * samples + t] as number;
    const mean = Math.fround(sum / rows.length);
    for (const row of rows) data[row * samples + t] = (data[row * samples + t] as number) - mean;
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

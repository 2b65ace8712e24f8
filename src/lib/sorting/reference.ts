/** Common reference: what all channels share at a sample is taken off each of them. */
import { type TracesPart, placeTraces, viewTraces } from './kernels/traces.ts';
import { medianSteps } from './median-network.ts';

export interface ReferenceOptions {
  channelCount: number;
  /** 1 where the channel counts and is referenced, one a channel. */
  usable: Uint8Array;
  kind: 'median' | 'mean';
}

/** A block of a trace that the kernel works on at a time. */
const blockBytes = 256;

/** Subtracts the median or mean over the usable channels in place; `data` is channels × samples. */
export function subtractReference(data: Float32Array, { channelCount, ...options }: ReferenceOptions): void {
  const traces = placeTraces(data, channelCount);
  subtractReferencePart(traces, options);
  data.set(viewTraces(traces));
}

/** The same of traces that lie in the kernels' memory. */
export function subtractReferencePart(
  traces: TracesPart,
  { usable, kind }: Omit<ReferenceOptions, 'channelCount'>
): void {
  const { memory, part, channelCount, samples } = traces;
  const rows = usedRows(usable, channelCount);
  if (rows.length === 0) return;
  if (kind === 'mean') return subtractMean(viewTraces(traces), { rows, samples });
  const steps = medianSteps(rows.length);
  const [list, network] = [memory.addIntegers(rows), memory.addIntegers(steps)];
  const block = memory.add(rows.length * blockBytes);
  memory.run.subtractMedian(
    ...([memory.address(part), samples, memory.address(list), rows.length] as const),
    ...([memory.address(network), steps.length / 2, memory.address(block)] as const)
  );
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

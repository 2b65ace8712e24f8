/** Common reference: what all channels share at a sample is taken off each of them. */

export interface ReferenceOptions {
  channelCount: number;
  /** 1 where the channel counts and is referenced, one a channel. */
  usable: Uint8Array;
  kind: 'median' | 'mean';
}

/** Subtracts the median or mean over the usable channels in place; `data` is channels × samples. */
export function subtractReference(
  data: Float32Array,
  { channelCount, usable, kind }: ReferenceOptions
): void {
  const samples = data.length / channelCount;
  const offsets: number[] = [];
  for (let channel = 0; channel < channelCount; channel++)
    if (usable[channel]) offsets.push(channel * samples);
  const rows = Int32Array.from(offsets);
  const values = new Float32Array(rows.length);
  for (let t = 0; t < samples; t++) {
    for (let i = 0; i < rows.length; i++) values[i] = data[(rows[i] as number) + t] as number;
    const shared = kind === 'median' ? medianInPlace(values) : mean(values);
    for (let i = 0; i < rows.length; i++) {
      const at = (rows[i] as number) + t;
      data[at] = (data[at] as number) - shared;
    }
  }
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return values.length === 0 ? 0 : sum / values.length;
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

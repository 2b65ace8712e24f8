/**
 * Medians of many sets of values at once, by a sorting network that runs along whole rows: no branch depends on the
 * data, which makes it several times faster than selection for the few dozen channels of a probe.
 */

/** Compare-exchange steps between rows, those that cannot reach the middle left out. */
export interface MedianNetwork {
  rowCount: number;
  lower: Int32Array;
  upper: Int32Array;
}

/** Merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M), which takes any number of rows. */
export function buildMedianNetwork(rowCount: number): MedianNetwork {
  const steps: [number, number][] = [];
  let top = 1;
  while (top * 2 < rowCount) top *= 2;
  for (let p = top; p > 0 && rowCount > 1; p >>= 1) {
    let q = top;
    let r = 0;
    let d = p;
    for (;;) {
      for (let i = 0; i < rowCount - d; i++) if ((i & p) === r) steps.push([i, i + d]);
      if (q === p) break;
      d = q - p;
      q >>= 1;
      r = p;
    }
  }
  const wanted = new Set([(rowCount - 1) >> 1, rowCount >> 1]);
  const kept = steps
    .reverse()
    .filter(([a, b]) => {
      if (!wanted.has(a) && !wanted.has(b)) return false;
      wanted.add(a).add(b);
      return true;
    })
    .reverse();
  return {
    rowCount,
    lower: Int32Array.from(kept, ([a]) => a),
    upper: Int32Array.from(kept, ([, b]) => b)
  };
}

/** Values are scaled by this power of two, so that the bit patterns of any two are less than 2³¹ apart. */
const scale = 1 / 1_099_511_627_776;
const unscale = 1_099_511_627_776;
const magnitudeBits = 0x7fffffff;

/** Whole numbers in the order of the values, in place: the bit patterns of floats, those of negative ones mirrored. */
function orderedBits(values: Float32Array<ArrayBuffer>): Int32Array {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * scale;
  for (let i = 0; i < bits.length; i++) {
    const pattern = bits[i] as number;
    bits[i] = pattern ^ ((pattern >> 31) & magnitudeBits);
  }
  return bits;
}

/**
 * Median over the rows of each column. `block` is rows × width and is destroyed; its values must lie within ±2⁴⁰.
 */
export function columnMedians(
  { rowCount, lower, upper }: MedianNetwork,
  { block, width, into }: { block: Float32Array<ArrayBuffer>; width: number; into: Float32Array }
): void {
  const bits = orderedBits(block);
  for (let k = 0; k < lower.length; k++) {
    const a = (lower[k] as number) * width;
    const b = (upper[k] as number) * width;
    for (let t = 0; t < width; t++) {
      const x = bits[a + t] as number;
      const y = bits[b + t] as number;
      // min(x − y, 0) by its sign: a branch here would be mispredicted every other time.
      const difference = (x - y) | 0;
      const negative = difference & (difference >> 31);
      bits[a + t] = y + negative;
      bits[b + t] = x - negative;
    }
  }
  for (let i = 0; i < bits.length; i++) {
    const pattern = bits[i] as number;
    bits[i] = pattern ^ ((pattern >> 31) & magnitudeBits);
  }
  const below = ((rowCount - 1) >> 1) * width;
  const above = (rowCount >> 1) * width;
  for (let t = 0; t < width; t++)
    into[t] = (((block[below + t] as number) + (block[above + t] as number)) / 2) * unscale;
}

/** Medians and quantiles. */

/** Middle value, or the mean of the middle two; NaN when empty. Sorts the array in place. */
export function medianInPlace(values: Float32Array | Float64Array): number {
  values.sort();
  const half = values.length >> 1;
  if (values.length === 0) return NaN;
  if (values.length % 2 === 1) return values[half] as number;
  return ((values[half - 1] as number) + (values[half] as number)) / 2;
}

/** Middle value, or the mean of the middle two; NaN when empty. */
export function median(values: ArrayLike<number>): number {
  return medianInPlace(Float64Array.from(values));
}

/**
 * The value below which the given part of the values lies, interpolated between the two nearest ranks: type 7 of
 * R. J. Hyndman and Y. Fan (The American Statistician 50, 1996), NumPy's default. NaN when empty.
 * @param part From 0 to 1.
 */
export function quantile(values: ArrayLike<number>, part: number): number {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  const rank = part * (sorted.length - 1);
  const below = Math.floor(rank);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (rank - below) * (high - low);
}

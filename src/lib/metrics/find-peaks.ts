/** Local maxima of a waveform with their prominences and widths, as SciPy's `find_peaks` has them. */

export interface Peak {
  /** Sample of the maximum; the middle one of a plateau. */
  index: number;
  /** Height over the higher of the two valleys that part it from higher ground, or from the ends. */
  prominence: number;
  /** Width at half the prominence, in samples, interpolated linearly. */
  width: number;
}

/** Maxima inside the waveform (its first and last sample are none) of at least the given prominence, in order. */
export function findPeaks(values: Float64Array, leastProminence: number): Peak[] {
  const peaks: Peak[] = [];
  for (const index of localMaxima(values)) {
    const left = valley(values, index, -1);
    const right = valley(values, index, 1);
    const top = values[index] as number;
    const prominence = top - Math.max(values[left] as number, values[right] as number);
    if (prominence < leastProminence) continue;
    const level = top - prominence / 2;
    const width =
      crossing(values, { index, level, end: right }) - crossing(values, { index, level, end: left });
    peaks.push({ index, prominence, width });
  }
  return peaks;
}

function localMaxima(values: Float64Array): number[] {
  const found: number[] = [];
  const last = values.length - 1;
  for (let i = 1; i < last; i++) {
    const value = values[i] as number;
    if (!((values[i - 1] as number) < value)) continue;
    let ahead = i + 1;
    while (ahead < last && values[ahead] === value) ahead++;
    if (!((values[ahead] as number) < value)) continue;
    found.push((i + ahead - 1) >> 1);
    i = ahead - 1;
  }
  return found;
}

/** The lowest sample, nearest to the peak, before the waveform rises above the peak on that side. */
function valley(values: Float64Array, peak: number, step: 1 | -1): number {
  let lowest = peak;
  const top = values[peak] as number;
  for (let i = peak; i >= 0 && i < values.length && (values[i] as number) <= top; i += step)
    if ((values[i] as number) < (values[lowest] as number)) lowest = i;
  return lowest;
}

/** Where the waveform falls to the level between the peak and a valley. */
function crossing(
  values: Float64Array,
  { index, level, end }: { index: number; level: number; end: number }
): number {
  const step = end < index ? -1 : 1;
  let i = index;
  while (i !== end && level < (values[i] as number)) i += step;
  const value = values[i] as number;
  return value < level ? i - (step * (level - value)) / ((values[i - step] as number) - value) : i;
}

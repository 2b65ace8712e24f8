/**
 * What a unit's spike amplitudes tell: how many spikes the detection threshold hides, and how much they vary. Formulas as
 * in SpikeInterface 0.105 (`amplitude_cutoff`, `amplitude_median`, `amplitude_cv`).
 */
import { gaussianWeights } from '#lib/math/gaussian.ts';
import { mean } from '#lib/math/linear-algebra.ts';
import { median, quantile } from '#lib/math/quantile.ts';
import { type RecordingSpan } from './firing.ts';

const bins = 100;
const leastSpikesPerBin = 5;
const smoothingBins = 3;

/** Median amplitude in the unit of the amplitudes, with its sign; NaN without any. */
export function amplitudeMedian(amplitudes: ArrayLike<number>): number {
  return median(amplitudes);
}

/**
 * Estimated part of a unit's spikes that were missed, taking the distribution of amplitudes to be symmetric (after
 * D. N. Hill, S. B. Mehta and D. Kleinfeld, J. Neurosci. 31, 2011): the spikes in the upper tail beyond the density at
 * which the lower tail ends. A histogram of 100 bins is smoothed by a Gaussian of 3 bins and, as SpikeInterface has it,
 * cut to whole spikes.
 * @param amplitudes One a spike, all of one sign but for outliers; a median below zero turns them over.
 * @returns 0 to 0.5; NaN with fewer than 500 spikes.
 */
export function amplitudeCutoff(amplitudes: ArrayLike<number>): number {
  const spikes = amplitudes.length;
  if (spikes / bins < leastSpikesPerBin) return NaN;
  const sign = median(amplitudes) < 0 ? -1 : 1;
  const density = smooth(histogram(Float64Array.from(amplitudes, (value) => sign * value)));
  const lowest = density[0] as number;
  const balance = density.findLastIndex((value) => value >= lowest);
  let missed = 0;
  for (let bin = balance + 1; bin < bins; bin++) missed += density[bin] as number;
  return Math.min(missed / (spikes + missed), 0.5);
}

/** Counts in equal bins from the least to the largest value, with NumPy's edges. */
function histogram(values: Float64Array): Float64Array {
  let least = values.reduce((a, b) => Math.min(a, b));
  let largest = values.reduce((a, b) => Math.max(a, b));
  if (least === largest) {
    least -= 0.5;
    largest += 0.5;
  }
  const step = (largest - least) / bins;
  const edge = (bin: number) => (bin === bins ? largest : bin * step + least);
  const counts = new Float64Array(bins);
  for (const value of values) {
    let bin = Math.min(Math.trunc(((value - least) / (largest - least)) * bins), bins - 1);
    if (value < edge(bin)) bin--;
    else if (value >= edge(bin + 1) && bin < bins - 1) bin++;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

/** Gaussian smoothing, the outermost counts going on beyond the ends; whole numbers, cut towards zero. */
function smooth(counts: Float64Array): Float64Array {
  const kernel = gaussianWeights(smoothingBins);
  const at = (bin: number) => counts[Math.max(0, Math.min(bins - 1, bin))] as number;
  return counts.map((count, bin) => {
    let total = count * (kernel[0] as number);
    for (let lag = kernel.length - 1; lag > 0; lag--)
      total += (at(bin - lag) + at(bin + lag)) * (kernel[lag] as number);
    return Math.trunc(total);
  });
}

export interface AmplitudeVariation {
  /** Median over time bins of the standard deviation over |mean amplitude of the unit|. */
  cvMedian: number;
  /** 95th less 5th percentile of the same. */
  cvRange: number;
}

/**
 * How much amplitudes vary within stretches of time that hold 50 spikes on average (S. Musall and A. Buccino).
 * @param spikes `train` ascending, one amplitude each.
 * @returns NaN when there are fewer than ten whole stretches, or one without a spike.
 */
export function amplitudeVariation(
  { train, amplitudes }: { train: Float64Array; amplitudes: Float32Array | Float64Array },
  { samplingRateHz, sampleCount }: RecordingSpan
): AmplitudeVariation {
  const rate = train.length / (sampleCount / samplingRateHz);
  const stretch = Math.max(1, Math.trunc((50 / rate) * samplingRateHz));
  const size = Math.abs(mean(amplitudes));
  const variations: number[] = [];
  let first = 0;
  for (let end = stretch; end <= sampleCount; end += stretch) {
    let last = first;
    while (last < train.length && (train[last] as number) < end) last++;
    variations.push(standardDeviation(amplitudes.subarray(first, last)) / size);
    first = last;
  }
  if (variations.length < 10 || variations.some(Number.isNaN)) return { cvMedian: NaN, cvRange: NaN };
  return { cvMedian: median(variations), cvRange: quantile(variations, 0.95) - quantile(variations, 0.05) };
}

/** Over n, not n − 1; NaN when empty. */
function standardDeviation(values: ArrayLike<number>): number {
  const middle = mean(values);
  return Math.sqrt(mean(Float64Array.from(values, (value) => (value - middle) * (value - middle))));
}

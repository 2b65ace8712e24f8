/**
 * isocut6: whether one-dimensional samples have one mode or two, and where to cut them (Magland & Barnett,
 * arXiv:1508.04841; package isosplit6, Apache-2.0).
 */
import { exp, log } from '../math/portable.ts';
import { fitDownUp, fitUpDown } from './isotonic.ts';

export interface Cut {
  /** How far the samples are from one mode: a Kolmogorov–Smirnov distance scaled by the root of the count. */
  dip: number;
  /** Between the two modes, if there are two. */
  cutPoint: number;
}

/** Log-density where two samples coincide. */
const densestLog = 1e-9;

/** Tests samples in any order, at least two; the array is not changed. */
export function isocut6(samples: Float64Array): Cut {
  const sorted = samples.toSorted();
  const count = sorted.length - 1;
  const spacings = new Float64Array(count);
  const logDensities = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const spacing = (sorted[i + 1] as number) - (sorted[i] as number);
    spacings[i] = spacing;
    logDensities[i] = spacing === 0 ? log(densestLog) : log(1 / spacing);
  }
  const unimodal = fitUpDown(logDensities);
  const expected = unimodal.map((value, i) => exp(value) * (spacings[i] as number));
  const { dip, first, last } = findDip(expected, indexOfMaximum(unimodal));
  const residual = new Float64Array(last - first + 1);
  for (let i = first; i <= last; i++)
    residual[i - first] = (logDensities[i] as number) - (unimodal[i] as number);
  const at = first + indexOfMinimum(fitDownUp(residual));
  return { dip, cutPoint: ((sorted[at] as number) + (sorted[at + 1] as number)) / 2 };
}

/**
 * The largest distance between one sample a spacing and `expected`, over stretches from either end to the peak and
 * their halves, quarters …; [first, last] is the stretch that has it.
 */
function findDip(expected: Float64Array, peak: number): { dip: number; first: number; last: number } {
  const count = expected.length;
  let best = { dip: -1, first: 0, last: count - 1 };
  for (let length = peak + 1; length >= 4 || length === peak + 1; length >>= 1) {
    const dip = distance(expected, { start: 0, step: 1, length });
    if (dip > best.dip) best = { dip, first: 0, last: length - 1 };
  }
  for (let length = count - peak; length >= 4 || length === count - peak; length >>= 1) {
    const dip = distance(expected, { start: count - 1, step: -1, length });
    if (dip > best.dip) best = { dip, first: count - length, last: count - 1 };
  }
  return best;
}

/** Scaled Kolmogorov–Smirnov distance between uniform counts and the expected ones along a stretch. */
function distance(
  expected: Float64Array,
  { start, step, length }: { start: number; step: 1 | -1; length: number }
): number {
  let total = 0;
  for (let i = 0; i < length; i++) total += expected[start + step * i] as number;
  if (!(total > 0)) return 0;
  let cumulative = 0;
  let largest = 0;
  for (let i = 0; i < length; i++) {
    cumulative += expected[start + step * i] as number;
    const difference = Math.abs((i + 1) / length - cumulative / total);
    if (difference > largest) largest = difference;
  }
  return largest * Math.sqrt((length + total) / 2);
}

function indexOfMaximum(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

function indexOfMinimum(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) < (values[best] as number)) best = i;
  return best;
}

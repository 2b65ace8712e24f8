/**
 * By how much two seconds of a raster are shifted against each other within a window along the probe: the maximum of
 * their normalised cross-correlation.
 */
import { type FourierPlan, planFourier, transform, transformSize } from '../../math/fourier.ts';
import { type Raster } from './raster.ts';

/** A part of the probe that moves as one. */
export interface DepthWindow {
  /** First depth bin of the raster that counts. */
  start: number;
  /** Weight of each depth bin from `start` on. */
  weights: Float64Array;
}

/** Pairs of time bins, the earlier and the later one. */
export interface BinPairs {
  earlier: Int32Array;
  later: Int32Array;
}

/** What the pairs of one window say, one a pair. */
export interface PairShifts {
  /** Displacement of the later bin less that of the earlier one, in depth bins. */
  shifts: Float32Array<ArrayBuffer>;
  /** Correlation at that shift; zero where it says nothing. */
  correlations: Float32Array<ArrayBuffer>;
}

export interface CorrelateOptions {
  pairs: BinPairs;
  /** Largest shift looked for, in depth bins. */
  maxShift: number;
  minCorrelation: number;
}

/** Every bin in the form that pairs are made from. */
interface Spectra {
  plan: FourierPlan;
  lagCount: number;
  /** bins × size: the transform of the weighted bin, centred. */
  windowedReal: Float32Array;
  windowedImaginary: Float32Array;
  /** bins × size: the transform of the bin with room for every shift. */
  wideReal: Float32Array;
  wideImaginary: Float32Array;
  /** Standard deviation within the window times √(sum of weights), one a bin. */
  windowedSize: Float64Array;
  /** The same of the bin at each shift; bins × lags. */
  wideSize: Float32Array;
}

/**
 * Shifts of all pairs. The bins are correlated by Fourier transforms, two pairs by each inverse one.
 */
export function correlatePairs(raster: Raster, window: DepthWindow, options: CorrelateOptions): PairShifts {
  const { pairs, maxShift, minCorrelation } = options;
  const spectra = transformBins(raster, window, maxShift);
  const { plan, lagCount } = spectra;
  const count = pairs.earlier.length;
  const found: PairShifts = { shifts: new Float32Array(count), correlations: new Float32Array(count) };
  const real = new Float64Array(plan.size);
  const imaginary = new Float64Array(plan.size);
  const correlation = new Float64Array(lagCount);
  for (let pair = 0; pair < count; pair += 2) {
    real.fill(0);
    imaginary.fill(0);
    addProduct(spectra, { pairs, pair, real, imaginary });
    // Added as i times the product: the second pair's correlation becomes the imaginary part.
    if (pair + 1 < count)
      addProduct(spectra, { pairs, pair: pair + 1, real: imaginary, imaginary: real, turn: true });
    transform(plan, imaginary, real);
    for (let k = 0; k < 2 && pair + k < count; k++) {
      normalise(spectra, { pairs, pair: pair + k, products: k === 0 ? real : imaginary, correlation });
      const best = findPeak(correlation);
      if (!best || best.height < minCorrelation) continue;
      found.shifts[pair + k] = best.position - maxShift;
      found.correlations[pair + k] = best.height;
    }
  }
  return found;
}

function transformBins(raster: Raster, { start, weights }: DepthWindow, maxShift: number): Spectra {
  const { values, depthCount, binCount } = raster;
  const lagCount = 2 * maxShift + 1;
  const width = weights.length;
  const plan = planFourier(transformSize(width + lagCount - 1));
  const { size } = plan;
  const spectra: Spectra = {
    plan,
    lagCount,
    windowedReal: new Float32Array(binCount * size),
    windowedImaginary: new Float32Array(binCount * size),
    wideReal: new Float32Array(binCount * size),
    wideImaginary: new Float32Array(binCount * size),
    windowedSize: new Float64Array(binCount),
    wideSize: new Float32Array(binCount * lagCount)
  };
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  const wide = new Float64Array(width + lagCount - 1);
  for (let bin = 0; bin < binCount; bin++) {
    for (let i = 0; i < wide.length; i++) {
      const depth = start - maxShift + i;
      wide[i] = depth >= 0 && depth < depthCount ? (values[bin * depthCount + depth] as number) : 0;
    }
    real.fill(0);
    real.set(wide);
    imaginary.fill(0);
    transform(plan, real, imaginary);
    spectra.wideReal.set(real, bin * size);
    spectra.wideImaginary.set(imaginary, bin * size);
    measureLags(wide, weights, spectra.wideSize.subarray(bin * lagCount, (bin + 1) * lagCount));
    spectra.windowedSize[bin] = spectra.wideSize[bin * lagCount + maxShift] as number;
    let mean = 0;
    for (let i = 0; i < width; i++) mean += ((weights[i] as number) * (wide[maxShift + i] as number)) / total;
    real.fill(0);
    // Centred, so that the mean of the other bin drops out of the product.
    for (let i = 0; i < width; i++)
      real[i] = (weights[i] as number) * ((wide[maxShift + i] as number) - mean);
    imaginary.fill(0);
    transform(plan, real, imaginary);
    spectra.windowedReal.set(real, bin * size);
    spectra.windowedImaginary.set(imaginary, bin * size);
  }
  return spectra;
}

/** √(Σ w·(x − mean)²) of the values under the window at each of its places. */
function measureLags(wide: Float64Array, weights: Float64Array, sizes: Float32Array): void {
  const width = weights.length;
  for (let lag = 0; lag < sizes.length; lag++) {
    let [total, first, second] = [0, 0, 0];
    for (let i = 0; i < width; i++) {
      const weight = weights[i] as number;
      const value = wide[lag + i] as number;
      total += weight;
      first += weight * value;
      second += weight * value * value;
    }
    sizes[lag] = Math.sqrt(Math.max(0, second - (first * first) / total));
  }
}

interface Product {
  pairs: BinPairs;
  pair: number;
  real: Float64Array;
  imaginary: Float64Array;
  /** Subtracts the imaginary part: with the arrays exchanged this multiplies by i. */
  turn?: boolean;
}

/** Adds the cross-spectrum of a pair, conj(windowed earlier) × wide later. */
function addProduct(spectra: Spectra, { pairs, pair, real, imaginary, turn }: Product): void {
  const { size } = spectra.plan;
  const { windowedReal, windowedImaginary, wideReal, wideImaginary } = spectra;
  const a = (pairs.earlier[pair] as number) * size;
  const b = (pairs.later[pair] as number) * size;
  const sign = turn ? -1 : 1;
  for (let k = 0; k < size; k++) {
    const p = windowedReal[a + k] as number;
    const q = windowedImaginary[a + k] as number;
    const r = wideReal[b + k] as number;
    const s = wideImaginary[b + k] as number;
    real[k] = (real[k] as number) + p * r + q * s;
    imaginary[k] = (imaginary[k] as number) + sign * (p * s - q * r);
  }
}

function normalise(
  { plan, lagCount, windowedSize, wideSize }: Spectra,
  target: { pairs: BinPairs; pair: number; products: Float64Array; correlation: Float64Array }
): void {
  const { pairs, pair, products, correlation } = target;
  const own = windowedSize[pairs.earlier[pair] as number] as number;
  const row = (pairs.later[pair] as number) * lagCount;
  for (let lag = 0; lag < lagCount; lag++) {
    const size = own * (wideSize[row + lag] as number) * plan.size;
    correlation[lag] = size > 0 ? (products[lag] as number) / size : 0;
  }
}

/** The highest value's place, between samples by a parabola; none at either end, where the maximum may lie beyond. */
function findPeak(values: Float64Array): { position: number; height: number } | undefined {
  let at = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[at] as number)) at = i;
  if (at === 0 || at === values.length - 1) return undefined;
  const before = values[at - 1] as number;
  const height = values[at] as number;
  const after = values[at + 1] as number;
  const bend = before - 2 * height + after;
  return { position: at + (bend < 0 ? (before - after) / (2 * bend) : 0), height };
}

/** How active each depth is in each second: the picture of the recording whose shifts are looked for. */
import { exp, log1p } from '../../math/portable.ts';
import { type LocatedPeaks } from './localise.ts';

/** Width of a depth bin. */
export const depthBinUm = 1;
/** The raster goes so far beyond the outermost contacts. */
const marginUm = 30;
/** Standard deviations of the Gaussians that the raster is smoothed with. */
const depthSmoothingUm = 2;
const timeSmoothingBins = 0.7;

export interface RasterShape {
  /** Depth of the first bin's middle, in µm. */
  originUm: number;
  depthCount: number;
  binCount: number;
  binSeconds: number;
}

/** Activity by time and depth. */
export interface Raster extends RasterShape {
  /** bins × depths */
  values: Float32Array<ArrayBuffer>;
  /** Peaks that fell into it. */
  peakCount: number;
}

export function planRaster(
  depths: { lowestUm: number; highestUm: number },
  times: { binCount: number; binSeconds: number }
): RasterShape {
  const originUm = Math.floor(depths.lowestUm - marginUm);
  const depthCount = Math.ceil((depths.highestUm + marginUm - originUm) / depthBinUm) + 1;
  return { originUm, depthCount, ...times };
}

/**
 * Sums log(1 + amplitude) over the peaks of each cell, so that a few large spikes do not outweigh all others; smooths
 * lightly; and takes log(1 + sum), so that a unit's wandering rate changes the picture little.
 * @param chunks In the recording's order; the order of peaks within decides the last bits.
 */
export function drawRaster(chunks: Iterable<LocatedPeaks>, shape: RasterShape): Raster {
  const { originUm, depthCount, binCount, binSeconds } = shape;
  const values = new Float32Array(binCount * depthCount);
  let peakCount = 0;
  for (const { times, depthsUm, amplitudes } of chunks) {
    for (let k = 0; k < times.length; k++) {
      const bin = Math.floor((times[k] as number) / binSeconds);
      const depth = Math.round(((depthsUm[k] as number) - originUm) / depthBinUm);
      if (!(bin >= 0 && bin < binCount && depth >= 0 && depth < depthCount)) continue;
      const cell = bin * depthCount + depth;
      values[cell] = (values[cell] as number) + log1p(amplitudes[k] as number);
      peakCount++;
    }
  }
  smooth(values, { length: depthCount, stride: 1, rows: binCount, sd: depthSmoothingUm / depthBinUm });
  smooth(values, { length: binCount, stride: depthCount, rows: depthCount, sd: timeSmoothingBins });
  for (let cell = 0; cell < values.length; cell++)
    if (values[cell] !== 0) values[cell] = log1p(values[cell] as number);
  return { ...shape, values, peakCount };
}

interface Lines {
  length: number;
  /** Between neighbours of a line. */
  stride: number;
  rows: number;
  sd: number;
}

/** Gaussian smoothing of every line, in place; beyond a line's ends there is nothing. */
function smooth(values: Float32Array, { length, stride, rows, sd }: Lines): void {
  const reach = Math.ceil(3 * sd);
  const taps = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    exp(-((i - reach) ** 2) / (2 * sd * sd))
  );
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  const line = new Float64Array(length + 2 * reach);
  const between = stride === 1 ? length : 1;
  for (let row = 0; row < rows; row++) {
    const base = row * between;
    for (let i = 0; i < length; i++) line[reach + i] = values[base + i * stride] as number;
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = 0; k < taps.length; k++) sum += (taps[k] as number) * (line[i + k] as number);
      values[base + i * stride] = sum / total;
    }
  }
}

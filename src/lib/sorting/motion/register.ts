/**
 * Estimates how the tissue moved along the probe from the depths of detected peaks: decentralised registration as in
 * DREDge (Varol et al., ICASSP 2021, doi:10.1109/ICASSP39728.2021.9414145; Windolf et al., Nature Methods 2025,
 * doi:10.1038/s41592-025-02614-5). Every second's picture of activity over depth is compared with those of other
 * seconds, not with one template, and displacements follow from all these shifts together.
 */
import { type Probe } from '../../model/recording.ts';
import { exp } from '../../math/portable.ts';
import { medianInPlace } from '../reference.ts';
import { type BinPairs, type DepthWindow, type PairShifts, correlatePairs } from './correlate.ts';
import { type LocatedPeaks } from './localise.ts';
import { type Motion, motionless } from './motion.ts';
import { type Raster, depthBinUm, drawRaster, planRaster } from './raster.ts';
import { solveDisplacements } from './solve.ts';

/** At most so many time bins: in longer recordings bins are longer than asked for, and memory stays bounded. */
const maxBins = 7200;
/** Weights beyond so many standard deviations of a window's Gaussian are left out. */
const windowReachSds = 2.35;
/** Below so many peaks in all, or a bin, there is nothing to register. */
const leastPeaks = 200;
const leastPeaksPerBin = 5;
/**
 * A window counts if so large a share of its pairs agree. Where one unit stands out it is above 0.9, of few and badly
 * located ones among noise 0.7; of peaks without any structure 0.1 to 0.45, and following these would move what rests.
 */
const leastAgreement = 0.5;
/** A contact's reach: a probe of less extent along its depth shows no motion. */
const leastExtentUm = 40;
/** The longest shank there is has 45 mm: what is longer has contacts that see nothing of each other. */
const largestExtentUm = 50_000;
/** Within so much of the probe's ends, on both sides, a depth's weight falls from 1 to the least. */
const endTaperUm = 20;
const endWeight = 0.1;

export interface EstimateOptions {
  probe: Probe;
  durationSeconds: number;
  binSeconds?: number | undefined;
  /** Largest shift between two bins; 100 or a quarter of the probe's extent, whichever is smaller, if left out. */
  maxShiftUm?: number | undefined;
  minCorrelation?: number | undefined;
  /** Bins farther apart are not compared. */
  horizonSeconds?: number | undefined;
  /** Each bin is compared with at most so many later ones: the next ones, then some spread up to the horizon. */
  maxPartners?: number | undefined;
  /** `windowUm` apart tissue may move differently; `Infinity` for one rigid motion. */
  windowUm?: number | undefined;
}

const defaults = {
  binSeconds: 1,
  minCorrelation: 0.1,
  horizonSeconds: 1000,
  maxPartners: 120,
  windowUm: 400
};

/**
 * Estimates motion from the located peaks of all chunks. Equal peaks give equal displacements to the last bit.
 * @param chunks In the recording's order. Peaks of all shanks count together: shanks are taken to move as one.
 */
export function estimateMotion(chunks: readonly LocatedPeaks[], options: EstimateOptions): Motion {
  const settings = { ...defaults, ...definedOnly(options) };
  const extent = probeExtent(options.probe);
  const bins = planBins(options.durationSeconds, settings.binSeconds);
  const extentUm = extent.highestUm - extent.lowestUm;
  const followed = extentUm >= leastExtentUm && extentUm <= largestExtentUm;
  const shape = {
    windowCentresUm: placeWindows(extent, followed ? settings.windowUm : Infinity),
    binTimes: Float64Array.from({ length: bins.binCount }, (_, bin) => (bin + 0.5) * bins.binSeconds)
  };
  if (!followed) return motionless('no-depth-extent', shape);
  const raster = drawRaster(chunks, planRaster(extent, bins));
  if (raster.peakCount < Math.max(leastPeaks, leastPeaksPerBin * bins.binCount))
    return motionless('too-few-peaks', shape);
  const maxShiftUm = options.maxShiftUm ?? Math.min(100, extentUm / 4);
  const pairs = choosePairs(bins.binCount, {
    horizon: Math.floor(settings.horizonSeconds / bins.binSeconds),
    maxPartners: settings.maxPartners
  });
  const windows = shape.windowCentresUm;
  const shifts: PairShifts[] = [];
  for (const centreUm of windows) {
    const window = weighDepths(raster, {
      extent,
      window: windows.length > 1 ? { centreUm, windowUm: settings.windowUm } : undefined
    });
    const maxShift = Math.max(2, Math.round(maxShiftUm / depthBinUm));
    shifts.push(correlatePairs(raster, window, { pairs, maxShift, minCorrelation: settings.minCorrelation }));
  }
  const displacementsUm = solveWhereConsistent(shifts, { pairs, binCount: bins.binCount });
  if (!displacementsUm) return motionless('no-structure', shape);
  for (let at = 0; at < displacementsUm.length; at += bins.binCount)
    centre(displacementsUm.subarray(at, at + bins.binCount));
  return { outcome: 'estimated', ...shape, displacementsUm };
}

/** Displacements of all windows; one whose pairs contradict each other only follows its neighbours. */
function solveWhereConsistent(
  shifts: readonly PairShifts[],
  options: { pairs: BinPairs; binCount: number }
): Float64Array | undefined {
  const { displacements, agreement } = solveDisplacements(shifts, options);
  if (agreement.every((share) => share >= leastAgreement)) return displacements;
  if (agreement.every((share) => share < leastAgreement)) return undefined;
  const trusted = shifts.map((window, k) =>
    (agreement[k] as number) >= leastAgreement
      ? window
      : { ...window, correlations: new Float32Array(window.correlations.length) }
  );
  return solveDisplacements(trusted, options).displacements;
}

/** Options that are there: one that is undefined does not hide its default. */
function definedOnly<Options extends object>(options: Options): Partial<typeof defaults> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

interface Extent {
  lowestUm: number;
  highestUm: number;
}

function probeExtent({ contacts }: Probe): Extent {
  let [lowestUm, highestUm] = [Infinity, -Infinity];
  for (const { y } of contacts) {
    lowestUm = Math.min(lowestUm, y);
    highestUm = Math.max(highestUm, y);
  }
  return { lowestUm, highestUm };
}

function planBins(durationSeconds: number, wishedSeconds: number): { binCount: number; binSeconds: number } {
  const binSeconds = wishedSeconds * Math.max(1, Math.ceil(durationSeconds / wishedSeconds / maxBins));
  return { binCount: Math.max(1, Math.ceil(durationSeconds / binSeconds)), binSeconds };
}

/** Centres of the windows, evenly along the probe and 0.75 of a window apart; one for a probe that is shorter. */
function placeWindows({ lowestUm, highestUm }: Extent, windowUm: number): Float64Array {
  const extentUm = highestUm - lowestUm;
  const count = extentUm < windowUm ? 1 : Math.max(1, Math.round(extentUm / (0.75 * windowUm)));
  return Float64Array.from({ length: count }, (_, k) => lowestUm + ((k + 0.5) / count) * extentUm);
}

/**
 * A Gaussian that is `windowUm` wide at half its height, or the same weight everywhere for a rigid motion. Depths at the
 * probe's ends count little: what lies beyond the last contacts is drawn onto them, and seems to move less than it does.
 */
function weighDepths(
  { originUm, depthCount }: Raster,
  { extent, window }: { extent: Extent; window?: { centreUm: number; windowUm: number } | undefined }
): DepthWindow {
  const extentUm = extent.highestUm - extent.lowestUm;
  const taperUm = Math.min(endTaperUm, extentUm / 6);
  const atEnds = (depth: number) => {
    const y = originUm + depth * depthBinUm;
    const inside = Math.min(y - extent.lowestUm, extent.highestUm - y);
    return Math.max(endWeight, Math.min(1, (inside + taperUm) / (2 * taperUm)));
  };
  if (!window) return { start: 0, weights: Float64Array.from({ length: depthCount }, (_, i) => atEnds(i)) };
  const sd = window.windowUm / 2.355 / depthBinUm;
  const middle = (window.centreUm - originUm) / depthBinUm;
  const start = Math.max(0, Math.ceil(middle - windowReachSds * sd));
  const end = Math.min(depthCount, Math.floor(middle + windowReachSds * sd) + 1);
  return {
    start,
    weights: Float64Array.from({ length: end - start }, (_, i) => {
      const z = (start + i - middle) / sd;
      return atEnds(start + i) * exp((-z * z) / 2);
    })
  };
}

/** Which bins are compared: the same distances for each, so that all are tied to each other in many ways. */
function choosePairs(
  binCount: number,
  { horizon, maxPartners }: { horizon: number; maxPartners: number }
): BinPairs {
  const farthest = Math.max(1, Math.min(horizon, binCount - 1));
  const near = Math.min(farthest, Math.ceil(maxPartners / 4));
  const spread = Math.min(farthest - near, maxPartners - near);
  const distances = Array.from({ length: near }, (_, k) => k + 1);
  for (let k = 1; k <= spread; k++) distances.push(near + Math.round((k * (farthest - near)) / spread));
  const [earlier, later]: [number[], number[]] = [[], []];
  for (let bin = 0; bin < binCount; bin++) {
    for (const distance of distances) {
      if (bin + distance >= binCount) break;
      earlier.push(bin);
      later.push(bin + distance);
    }
  }
  return { earlier: Int32Array.from(earlier), later: Int32Array.from(later) };
}

function centre(values: Float64Array): void {
  const median = medianInPlace(values.slice());
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) - median;
}

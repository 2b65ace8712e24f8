/**
 * Matched-filter detection: whitened traces are correlated with the common shape of spikes, and the results of
 * neighbouring channels are summed with spatial profiles of several widths. A spike stands out by all that it leaves
 * on several samples and channels, not by one sample's height. (Turin 1960; for spikes on probes Steinmetz et al.
 * 2021 and SpikeInterface's `matched_filtering`.)
 */
import { exp } from '../math/portable.ts';
import { type PeakSign } from './detect.ts';
import { type SnippetWindow } from './features.ts';

/** The stretch of the common shape that is used, in ms around the peak. */
const beforeMs = 0.5;
const afterMs = 0.8;
/** Widths (SD in µm) of the spatial profiles; 0 is the channel alone. */
const widthsUm = [0, 20, 45] as const;
/** A profile ends at so many SDs, and holds at most so many channels. */
const reachSd = 2;
const maxProfileChannels = 16;

/** A spatial profile around a channel. */
export interface Profile {
  near: Int32Array;
  /** Scaled so that noise comes out with a standard deviation of 1. */
  weights: Float32Array;
}

/** Structured-clonable. */
export interface MatchedFilter {
  /** Common shape, unit norm, spike-like values giving positive products. */
  taps: Float32Array<ArrayBuffer>;
  /** Taps before the peak's own. */
  beforeSamples: number;
  /** For each channel its profiles; none for an unusable one. */
  profiles: Profile[][];
  /** Variance of noise after the taps: above 1 as neighbouring samples of noise are alike. */
  noiseVariance: number;
}

export interface MatchedFilterOptions {
  /** Leading temporal component: samples of the snippet window. */
  shape: Float64Array;
  window: SnippetWindow;
  samplingRateHz: number;
  sign: PeakSign;
  /** Products of noise with itself at lags 0, 1, …, relative to lag 0. */
  autocorrelation: Float64Array;
  /** Channels around each with their distances in µm, itself first. */
  around: { near: Int32Array; distances: Float64Array }[];
}

export function makeMatchedFilter(options: MatchedFilterOptions): MatchedFilter {
  const { shape, window, samplingRateHz, sign, autocorrelation, around } = options;
  const before = Math.min(window.beforeSamples, Math.round((beforeMs * samplingRateHz) / 1000));
  const after = Math.round((afterMs * samplingRateHz) / 1000);
  const taps = shape.slice(window.beforeSamples - before, window.beforeSamples + after + 1);
  const norm = Math.sqrt(taps.reduce((sum, value) => sum + value * value, 0));
  // The component's sign is arbitrary: the taps are to point the way the peaks do.
  const points = (taps[before] as number) > 0 ? 1 : -1;
  const wanted = sign === 'positive' ? 1 : -1;
  const pointing = taps.map((value) => (value * points * wanted) / norm);
  const noiseVariance = varianceAfter(pointing, autocorrelation);
  return {
    taps: Float32Array.from(pointing),
    beforeSamples: before,
    profiles: around.map((place) => makeProfiles(place, { noiseVariance, sign })),
    noiseVariance
  };
}

/** Variance of unit noise of the given autocorrelation behind a filter. */
function varianceAfter(taps: Float64Array, autocorrelation: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < taps.length; i++)
    for (let j = 0; j < taps.length; j++)
      sum += (taps[i] as number) * (taps[j] as number) * (autocorrelation[Math.abs(i - j)] ?? 0);
  return Math.max(sum, 0.05);
}

function makeProfiles(
  { near, distances }: MatchedFilterOptions['around'][number],
  { noiseVariance, sign }: { noiseVariance: number; sign: PeakSign }
): Profile[] {
  if (near.length === 0) return [];
  const profiles: Profile[] = [];
  for (const width of widthsUm) {
    const inside = width === 0 ? 1 : countWithin(distances, reachSd * width);
    const count = Math.min(inside, maxProfileChannels);
    if (width > 0 && count < 2) continue;
    const heights = Float64Array.from({ length: count }, (_, k) => {
      const ratio = width > 0 ? (distances[k] as number) / width : 0;
      return exp(-(ratio * ratio) / 2);
    });
    const norm = Math.sqrt(noiseVariance * heights.reduce((sum, height) => sum + height * height, 0));
    profiles.push({
      near: near.slice(0, count),
      weights: Float32Array.from(heights, (height) => height / norm)
    });
  }
  if (sign !== 'both') return profiles;
  return [
    ...profiles,
    ...profiles.map(({ near: same, weights }) => ({ near: same, weights: weights.map((w) => -w) }))
  ];
}

function countWithin(distances: Float64Array, reach: number): number {
  return distances.reduce((count, distance) => count + Number(distance <= reach), 0);
}

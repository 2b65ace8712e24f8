/** The trough of a template and the peaks on either side of it, as SpikeInterface 0.105 looks for them. */
import { findPeaks, type Peak } from './find-peaks.ts';

export interface Extremum {
  /** Its sample; −1 when the stretch to look in is empty. */
  index: number;
  /** Width at half the prominence, in samples; NaN for an extremum that is no local one. */
  width: number;
  /** How many local extrema of sufficient prominence there are in the stretch. */
  count: number;
}

export interface TemplateExtrema {
  trough: Extremum;
  peakBefore: Extremum;
  peakAfter: Extremum;
}

/** Least prominence, as a part of the largest magnitude. */
const leastProminence = 0.3;
/** What is left out at either end, in ms. */
const edgeMs = 0.09;
/** Least distance from the trough to a peak: so many samples, and this part of the trough's half width. */
const leastDistanceSamples = 3;
const leastDistancePart = 0.2;

/**
 * Finds the main trough, then the main peak before and after it: the most prominent local extremum; where there is none of
 * sufficient prominence the most prominent of half of it, and without that the largest value.
 * @param template In µV, upsampled or not.
 */
export function findExtrema(template: Float64Array, samplingRateHz: number): TemplateExtrema {
  const inverted = template.map((value) => -value);
  const largest = template.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const edge = Math.trunc((edgeMs / 1000) * samplingRateHz);
  const prominence = leastProminence * largest;
  const end = template.length - edge;
  const trough = search(inverted, { start: edge, end, prominence });
  const half = halfHeight(inverted, trough.index);
  const distance = half
    ? Math.max(leastDistanceSamples, Math.trunc(leastDistancePart * (half.end - half.start)))
    : leastDistanceSamples;
  return {
    trough,
    peakBefore: search(template, { start: edge, end: trough.index - distance, prominence }),
    peakAfter: search(template, { start: trough.index + distance, end, prominence })
  };
}

/** The main maximum of the samples from start to before end. */
function search(
  values: Float64Array,
  { start, end, prominence }: { start: number; end: number; prominence: number }
): Extremum {
  if (end <= start || start <= 0) return { index: -1, width: NaN, count: 0 };
  const stretch = values.subarray(start, end);
  const peaks = findPeaks(stretch, prominence);
  const main = mostProminent(peaks) ?? mostProminent(findPeaks(stretch, 0.5 * prominence));
  if (main) return { index: start + main.index, width: main.width, count: peaks.length };
  const largest = stretch.reduce((most, value, i) => (value > (stretch[most] as number) ? i : most), 0);
  return { index: start + largest, width: NaN, count: 0 };
}

function mostProminent([first, ...rest]: readonly Peak[]): Peak | undefined {
  if (!first) return undefined;
  return rest.reduce((most, peak) => (peak.prominence > most.prominence ? peak : most), first);
}

/**
 * The samples after which the waveform crosses half the extremum's height, on either side of it.
 * @param values The waveform, with the extremum upwards.
 * @returns undefined when it does not cross on both sides.
 */
export function halfHeight(
  values: Float64Array,
  extremum: number
): { start: number; end: number } | undefined {
  const level = 0.5 * (values[extremum] ?? NaN);
  const crosses = (i: number) => (values[i] as number) >= level !== (values[i + 1] as number) >= level;
  let start = extremum - 1;
  while (start >= 0 && !crosses(start)) start--;
  let end = extremum;
  while (end < values.length - 1 && !crosses(end)) end++;
  return start < 0 || end >= values.length - 1 ? undefined : { start, end };
}

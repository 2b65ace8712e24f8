/**
 * The shape of a unit's template on its main channel. Formulas as in SpikeInterface 0.105 (`template_metrics`, the
 * single-channel ones), with its default parameters.
 */
import { mean } from '#lib/math/linear-algebra.ts';
import { findExtrema, halfHeight, type TemplateExtrema } from './template-extrema.ts';
import { upsample } from './upsample.ts';

export interface TemplateMetrics {
  /** From the trough to the peak after it (`peak_to_trough_duration`, formerly `peak_to_valley`). */
  peakToTroughSeconds: number;
  /** From the extremum of largest magnitude to the trough, or from the trough to the peak after it. */
  mainToNextExtremumSeconds: number;
  /** Width at half the height of the trough, and of the higher peak; NaN where the waveform does not cross it twice. */
  troughHalfWidthSeconds: number;
  peakHalfWidthSeconds: number;
  /** Slope of the line through the samples from the trough until zero; NaN when that are less than three. */
  repolarizationSlopeUvPerSecond: number;
  /** Slope of the line through the 0.7 ms from the peak after the trough. */
  recoverySlopeUvPerSecond: number;
  /** Local extrema of at least 0.3 times the largest magnitude in prominence. */
  positivePeaks: number;
  negativePeaks: number;
  /** Ratios of magnitudes; NaN over zero. */
  peakBeforeToTroughRatio: number;
  peakAfterToTroughRatio: number;
  peakBeforeToPeakAfterRatio: number;
  mainPeakToTroughRatio: number;
  /** Widths at half the prominence; NaN for an extremum that is no local one. */
  troughWidthSeconds: number;
  peakBeforeWidthSeconds: number;
  peakAfterWidthSeconds: number;
  /** Largest deviation from the mean of the first 0.5 ms in that stretch, over the largest in all. */
  baselineFlatness: number;
}

const recoveryMs = 0.7;
const baselineMs = 0.5;

/**
 * Measures one channel of a template. Where the trough lies so near an end that there is no stretch to look for a peak in,
 * SpikeInterface takes the last sample for it, at index −1 where it measures times; so does this.
 * @param template In µV, trough downwards.
 * @param options `upsampling`: how many times finer the template is interpolated first.
 */
export function templateMetrics(
  template: ArrayLike<number>,
  { samplingRateHz, upsampling = 10 }: { samplingRateHz: number; upsampling?: number }
): TemplateMetrics {
  const rate = samplingRateHz * upsampling;
  const shape = { values: upsample(template, upsampling), rate };
  const extrema = findExtrema(shape.values, rate);
  const { trough, peakBefore, peakAfter } = extrema;
  return {
    peakToTroughSeconds: (peakAfter.index - trough.index) / rate,
    mainToNextExtremumSeconds: mainToNext(shape, extrema),
    ...halfWidths(shape, extrema),
    repolarizationSlopeUvPerSecond: repolarizationSlope(shape, trough.index),
    recoverySlopeUvPerSecond: recoverySlope(shape, peakAfter.index),
    positivePeaks: peakBefore.count + peakAfter.count,
    negativePeaks: trough.count,
    ...ratios(shape.values, extrema),
    troughWidthSeconds: trough.width / rate,
    peakBeforeWidthSeconds: peakBefore.width / rate,
    peakAfterWidthSeconds: peakAfter.width / rate,
    baselineFlatness: baselineFlatness(shape)
  };
}

interface Shape {
  values: Float64Array<ArrayBuffer>;
  /** Samples a second. */
  rate: number;
}

/** The value at an extremum; the last one at −1. */
function valueAt(values: Float64Array, index: number): number {
  return values.at(index) ?? NaN;
}

function mainToNext({ values, rate }: Shape, { trough, peakBefore, peakAfter }: TemplateExtrema): number {
  const size = ({ index }: { index: number }) => Math.abs(valueAt(values, index));
  const main = [trough, peakBefore, peakAfter].reduce((a, b) => (size(b) > size(a) ? b : a));
  const next = main === trough ? peakAfter : trough;
  return Math.abs(next.index - main.index) / rate;
}

function halfWidths(
  { values, rate }: Shape,
  { trough, peakBefore, peakAfter }: TemplateExtrema
): Pick<TemplateMetrics, 'troughHalfWidthSeconds' | 'peakHalfWidthSeconds'> {
  const seconds = (half: { start: number; end: number } | undefined) =>
    half ? (half.end - half.start) / rate : NaN;
  const afterIsHigher = valueAt(values, peakAfter.index) >= valueAt(values, peakBefore.index);
  const peak = afterIsHigher ? peakAfter : peakBefore;
  const inverted = values.map((value) => -value);
  return {
    troughHalfWidthSeconds: seconds(halfHeight(inverted, trough.index)),
    peakHalfWidthSeconds: seconds(halfHeight(values, peak.index))
  };
}

function repolarizationSlope({ values, rate }: Shape, trough: number): number {
  if (trough <= 0) return NaN;
  const zero = values.findIndex((value, i) => i >= trough && value >= 0);
  return zero - trough < 3 ? NaN : slope(values.subarray(trough, zero)) * rate;
}

function recoverySlope({ values, rate }: Shape, peakAfter: number): number {
  if (peakAfter <= 0) return NaN;
  const end = Math.trunc(peakAfter + (recoveryMs / 1000) * rate);
  return slope(values.subarray(peakAfter, end)) * rate;
}

/** Slope a sample of the least-squares line; NaN with fewer than two samples. */
function slope(values: Float64Array): number {
  const middle = (values.length - 1) / 2;
  const level = mean(values);
  let [product, square] = [0, 0];
  values.forEach((value, i) => {
    product += (i - middle) * (value - level);
    square += (i - middle) * (i - middle);
  });
  return product / square;
}

function ratios(
  values: Float64Array,
  { trough, peakBefore, peakAfter }: TemplateExtrema
): Pick<
  TemplateMetrics,
  | 'peakBeforeToTroughRatio'
  | 'peakAfterToTroughRatio'
  | 'peakBeforeToPeakAfterRatio'
  | 'mainPeakToTroughRatio'
> {
  const [down, before, after] = [trough, peakBefore, peakAfter].map(({ index }) =>
    Math.abs(valueAt(values, index))
  ) as [number, number, number];
  const ratio = (a: number, b: number) => (b === 0 ? NaN : a / b);
  return {
    peakBeforeToTroughRatio: ratio(before, down),
    peakAfterToTroughRatio: ratio(after, down),
    peakBeforeToPeakAfterRatio: ratio(before, after),
    mainPeakToTroughRatio: ratio(Math.max(before, after), down)
  };
}

function baselineFlatness({ values, rate }: Shape): number {
  const baseline = values.subarray(0, Math.trunc((baselineMs / 1000) * rate));
  const level = mean(baseline);
  const largest = (part: Float64Array) =>
    part.reduce((most, value) => Math.max(most, Math.abs(value - level)), 0);
  const all = largest(values);
  return baseline.length === 0 || all === 0 ? NaN : largest(baseline) / all;
}

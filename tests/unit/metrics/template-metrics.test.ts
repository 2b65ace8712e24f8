import { describe, expect, it } from 'vitest';
import { findPeaks } from '#lib/metrics/find-peaks.ts';
import { templateMetrics } from '#lib/metrics/template-metrics.ts';
import { upsample } from '#lib/metrics/upsample.ts';

const samplingRateHz = 30_000;
const asGiven = { samplingRateHz, upsampling: 1 };

/** Straight lines through the given corners, sample after sample. */
function polyline(corners: [number, number][]): number[] {
  const [[start] = [0]] = corners;
  const [end] = corners.at(-1) ?? [0];
  return Array.from({ length: end - start + 1 }, (_, i) => {
    const next = corners.findIndex(([at]) => at >= i);
    const [x1, y1] = corners[next] ?? [0, 0];
    const [x0, y0] = corners[next - 1] ?? [x1 - 1, y1];
    return y0 + ((y1 - y0) * (i - x0)) / (x1 - x0);
  });
}

/** Trough of −100 at 15, crossing zero at 20, peak of 40 at 22, back to zero at 30. */
const spike = polyline([[0, 0], [10, 0], [15, -100], [22, 40], [30, 0], [39, 0]]); // prettier-ignore

describe('shape of a template', () => {
  const metrics = templateMetrics(spike, asGiven);

  it('has durations and widths between trough and peak', () => {
    expect(metrics.peakToTroughSeconds).toBeCloseTo(7 / 30_000, 12);
    expect(metrics.mainToNextExtremumSeconds).toBeCloseTo(7 / 30_000, 12);
    // Below −50 from after sample 12 to sample 17; at 20 or more from after sample 20 to sample 26.
    expect(metrics.troughHalfWidthSeconds).toBeCloseTo(5 / 30_000, 12);
    expect(metrics.peakHalfWidthSeconds).toBeCloseTo(6 / 30_000, 12);
    // Interpolated: −50 is crossed at 12.5 and 17.5, 20 at 21 and 26.
    expect(metrics.troughWidthSeconds).toBeCloseTo(5 / 30_000, 12);
    expect(metrics.peakAfterWidthSeconds).toBeCloseTo(5 / 30_000, 12);
  });

  it('has slopes', () => {
    expect(metrics.repolarizationSlopeUvPerSecond).toBeCloseTo(20 * 30_000, 6);
    const tail = spike.slice(22);
    const sum = (f: (i: number, y: number) => number) => tail.reduce((total, y, i) => total + f(i, y), 0);
    const [x, y, xy, xx] = [sum((i) => i), sum((_, v) => v), sum((i, v) => i * v), sum((i) => i * i)];
    const slope = (tail.length * xy - x * y) / (tail.length * xx - x * x);
    expect(metrics.recoverySlopeUvPerSecond).toBeCloseTo(slope * 30_000, 6);
  });

  it('repolarizes until a sample at zero, which the line leaves out', () => {
    const corners: [number, number][] = [[0, 0], [10, 0], [15, -100], [19, -20], [20, 0], [23, -9], [28, 50], [39, 0]]; // prettier-ignore
    expect(templateMetrics(polyline(corners), asGiven).repolarizationSlopeUvPerSecond).toBeCloseTo(6e5, 6);
    // Two samples are too few for a line.
    expect(
      templateMetrics(polyline([[0, 0], [10, 0], [14, -90], [15, -100], [17, 60], [39, 0]]), asGiven) // prettier-ignore
      .repolarizationSlopeUvPerSecond
    ).toBeNaN();
  });

  it('has ratios and numbers of peaks', () => {
    expect(metrics.peakAfterToTroughRatio).toBeCloseTo(0.4, 12);
    expect(metrics.mainPeakToTroughRatio).toBeCloseTo(0.4, 12);
    // Nothing rises before the trough: the largest sample there, zero, stands for the peak.
    expect(metrics.peakBeforeToTroughRatio).toBe(0);
    expect(metrics.peakBeforeToPeakAfterRatio).toBe(0);
    expect(metrics.peakBeforeWidthSeconds).toBeNaN();
    expect([metrics.positivePeaks, metrics.negativePeaks]).toEqual([1, 1]);
  });

  it('compares the start with the rest', () => {
    // Fifteen samples of mean −200 / 15, the farthest of them −80.
    expect(metrics.baselineFlatness).toBeCloseTo((80 - 200 / 15) / (100 - 200 / 15), 12);
    expect(templateMetrics(new Float64Array(40), asGiven).baselineFlatness).toBeNaN();
  });

  it('scales with the amplitude only in its slopes', () => {
    const doubled = templateMetrics(
      spike.map((value) => 2 * value),
      asGiven
    );
    const { repolarizationSlopeUvPerSecond, recoverySlopeUvPerSecond } = metrics;
    expect(doubled).toEqual({
      ...metrics,
      repolarizationSlopeUvPerSecond: 2 * repolarizationSlopeUvPerSecond,
      recoverySlopeUvPerSecond: 2 * recoverySlopeUvPerSecond
    });
  });

  it('is much the same upsampled, in finer steps', () => {
    const fine = templateMetrics(spike, { samplingRateHz });
    expect(Math.abs(fine.peakToTroughSeconds - 7 / 30_000)).toBeLessThan(0.5 / 30_000);
    expect(Math.abs(fine.troughHalfWidthSeconds - 5 / 30_000)).toBeLessThan(0.2 / 30_000);
    expect(Math.abs(fine.repolarizationSlopeUvPerSecond / 600_000 - 1)).toBeLessThan(0.06);
  });

  it('measures a positive spike from its peak to the trough', () => {
    const positive = polyline([[0, 0], [10, 0], [15, 100], [22, -40], [30, 0], [39, 0]]); // prettier-ignore
    const { mainToNextExtremumSeconds, mainPeakToTroughRatio } = templateMetrics(positive, asGiven);
    expect(mainToNextExtremumSeconds).toBeCloseTo(7 / 30_000, 12);
    expect(mainPeakToTroughRatio).toBeCloseTo(2.5, 12);
  });

  it('counts peaks from three tenths of the largest magnitude on', () => {
    const corners: [number, number][] = [[0, 0], [6, 29], [12, 0], [16, -100], [22, 31], [26, 0], [39, 0]]; // prettier-ignore
    const { positivePeaks, peakBeforeToTroughRatio } = templateMetrics(polyline(corners), asGiven);
    expect(positivePeaks).toBe(1);
    // At half of that the one before is found all the same.
    expect(peakBeforeToTroughRatio).toBeCloseTo(0.29, 12);
  });

  it('takes the last sample for a peak that has no stretch to lie in', () => {
    const early = polyline([[0, -50], [3, -100], [9, 20], [30, 7]]); // prettier-ignore
    const { peakBeforeToTroughRatio, mainToNextExtremumSeconds } = templateMetrics(early, asGiven);
    expect(peakBeforeToTroughRatio).toBeCloseTo(0.07, 12);
    expect(mainToNextExtremumSeconds).toBeCloseTo(6 / 30_000, 12);
    const late = polyline([[0, 0], [9, 20], [27, -100], [30, -30]]); // prettier-ignore
    const { recoverySlopeUvPerSecond, repolarizationSlopeUvPerSecond } = templateMetrics(late, asGiven);
    expect(recoverySlopeUvPerSecond).toBeNaN();
    expect(repolarizationSlopeUvPerSecond).toBeNaN();
  });
});

describe('peaks', () => {
  it('have prominence over the higher valley and width at half of it', () => {
    // 10 stands over 2 on its right (0 on its left); 6 over 2 on its left.
    const values = Float64Array.of(0, 5, 10, 2, 6, 0);
    const [first, second, ...rest] = findPeaks(values, 0);
    expect(rest).toEqual([]);
    // Level 5: at sample 1, and between 10 and 2 at 2 + 5/8.
    expect(first).toEqual({ index: 2, prominence: 10, width: 1 + 5 / 8 });
    // Level 4: halfway between 2 and 6, a third from 6 to 0.
    expect(second?.index).toBe(4);
    expect(second?.prominence).toBe(4);
    expect(second?.width).toBeCloseTo(0.5 + 1 / 3, 12);
    expect(findPeaks(values, 4.5).map(({ index }) => index)).toEqual([2]);
  });

  it('lie in the middle of a plateau, not on a step or at an end', () => {
    expect(findPeaks(Float64Array.of(0, 3, 3, 3, 1), 0).map(({ index }) => index)).toEqual([2]);
    expect(findPeaks(Float64Array.of(0, 3, 3, 4, 4), 0)).toEqual([]);
    expect(findPeaks(Float64Array.of(5, 1, 5), 0)).toEqual([]);
    expect(findPeaks(new Float64Array(), 0)).toEqual([]);
  });
});

describe('upsampling', () => {
  it('follows a slow wave between its samples', () => {
    const wave = (t: number) => Math.sin(0.7 * t) + 0.3 * Math.cos(0.2 * t);
    const fine = upsample(
      Array.from({ length: 60 }, (_, t) => wave(t)),
      10
    );
    expect(fine.length).toBe(600);
    for (let at = 150; at < 450; at++) expect(Math.abs((fine[at] ?? NaN) - wave(at / 10))).toBeLessThan(4e-3);
  });

  it('is linear and returns a factor of one unchanged', () => {
    const [a, b] = [Float64Array.of(1, -2, 5, 3), Float64Array.of(0, 4, 4, -1)];
    const sum = upsample(a.map((value, i) => value + 2 * (b[i] ?? 0)), 5); // prettier-ignore
    const [fineA, fineB] = [upsample(a, 5), upsample(b, 5)];
    sum.forEach((value, i) => expect(value).toBeCloseTo((fineA[i] ?? NaN) + 2 * (fineB[i] ?? NaN), 12));
    expect([...upsample(a, 1)]).toEqual([...a]);
  });
});

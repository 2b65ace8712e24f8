import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { amplitudeCutoff, amplitudeMedian, amplitudeVariation } from '#lib/metrics/amplitudes.ts';

/** Gaussian amplitudes of mean −100 and standard deviation 10, with none smaller than `threshold`. */
function amplitudes(count: number, threshold: number): Float64Array {
  const stream = randomStream(21);
  const made: number[] = [];
  while (made.length < count) {
    const value = 100 + 10 * stream.normal();
    if (value >= threshold) made.push(-value);
  }
  return Float64Array.from(made);
}

describe('amplitude cutoff', () => {
  it('is nothing for a whole Gaussian, and about what a threshold hides', () => {
    expect(amplitudeCutoff(amplitudes(20_000, 0))).toBeLessThan(0.005);
    // A threshold at 0.5 standard deviations below the mean hides 30.9 %.
    expect(Math.abs(amplitudeCutoff(amplitudes(20_000, 95)) - 0.309)).toBeLessThan(0.05);
  });

  it('does not depend on sign or scale', () => {
    const negative = amplitudes(2000, 92);
    const expected = amplitudeCutoff(negative);
    expect(expected).toBeGreaterThan(0.05);
    expect(amplitudeCutoff(negative.map((value) => -value))).toBe(expected);
    expect(amplitudeCutoff(negative.map((value) => 4 * value))).toBe(expected);
  });

  it('is nothing where the density rises throughout, and near a half where it falls', () => {
    const rising = Float64Array.from({ length: 1000 }, (_, k) => 1 + Math.sqrt(k));
    expect(amplitudeCutoff(rising)).toBe(0);
    const falling = Float64Array.from({ length: 1000 }, (_, k) => 100 - Math.sqrt(k));
    expect(amplitudeCutoff(falling)).toBeGreaterThan(0.45);
    expect(amplitudeCutoff(falling)).toBeLessThanOrEqual(0.5);
  });

  it('puts equal amplitudes into one bin', () => {
    // The middle bin smoothed: nothing is as low as the empty first bin but the last, so nothing lies beyond.
    expect(amplitudeCutoff(new Float64Array(600).fill(50))).toBe(0);
  });

  it('counts an amplitude on an edge to the bin above, one just below it to the bin below', () => {
    // A hundred bins from 0 to 1, falling from 100 spikes to one; all spikes of a bin at one place within it.
    const cutoff = (placeIn: (bin: number) => number) => {
      const values = [0, 1];
      for (let bin = 0; bin < 100; bin++) values.push(...new Array<number>(100 - bin).fill(placeIn(bin)));
      return amplitudeCutoff(Float64Array.from(values));
    };
    const middle = cutoff((bin) => bin * 0.01 + 0.005);
    expect(middle).toBeGreaterThan(0.3);
    expect(cutoff((bin) => bin * 0.01)).toBe(middle);
    expect(cutoff((bin) => (bin + 1) * 0.01 * (1 - Number.EPSILON / 2))).toBe(middle);
  });

  it('is unknown with fewer than 500 spikes', () => {
    expect(amplitudeCutoff(amplitudes(499, 0))).toBeNaN();
    expect(amplitudeCutoff(amplitudes(500, 0))).not.toBeNaN();
  });
});

describe('median and variation of amplitudes', () => {
  const span = { samplingRateHz: 1000, sampleCount: 50_000 };
  const train = Float64Array.from({ length: 1000 }, (_, k) => 50 * k);

  it('keeps the median’s sign', () => {
    expect(amplitudeMedian(Float32Array.of(-3, -1, -2))).toBe(-2);
    expect(amplitudeMedian(new Float32Array())).toBeNaN();
  });

  it('is the spread within stretches, so slow drift does not count', () => {
    // Each stretch of 50 spikes alternates by ±1 about its own level; the levels' mean is 100.
    const values = Float64Array.from(train, (_, k) => 90.5 + Math.floor(k / 50) + (k % 2 ? 1 : -1));
    const { cvMedian, cvRange } = amplitudeVariation({ train, amplitudes: values }, span);
    expect(cvMedian).toBeCloseTo(0.01, 12);
    expect(cvRange).toBeCloseTo(0, 12);
  });

  it('spans the middle nine tenths of the stretches', () => {
    // Standard deviations 0 … 19 in 20 stretches: percentiles at ranks 0.95 and 18.05.
    const values = Float64Array.from(train, (_, k) => -100 + Math.floor(k / 50) * (k % 2 ? 1 : -1));
    const { cvMedian, cvRange } = amplitudeVariation({ train, amplitudes: values }, span);
    expect(cvMedian).toBeCloseTo(0.095, 12);
    expect(cvRange).toBeCloseTo(0.171, 12);
  });

  it('is unknown with fewer than ten stretches, or a silent one', () => {
    const some = (count: number) => ({
      train: Float64Array.from({ length: count }, (_, k) => Math.floor((50_000 * k) / count)),
      amplitudes: Float64Array.from({ length: count }, (_, k) => 10 + (k % 3))
    });
    expect(amplitudeVariation(some(499), span).cvMedian).toBeNaN();
    expect(amplitudeVariation(some(500), span).cvMedian).toBeGreaterThan(0);
    const late = { train: train.map((_, k) => 30_000 + k), amplitudes: new Float64Array(1000).fill(1) };
    expect(amplitudeVariation(late, span).cvRange).toBeNaN();
    expect(
      amplitudeVariation({ train: new Float64Array(), amplitudes: new Float64Array() }, span).cvMedian
    ).toBeNaN();
  });
});

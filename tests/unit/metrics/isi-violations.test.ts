import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { isiViolations, refractoryViolations } from '#lib/metrics/isi-violations.ts';

const span = { samplingRateHz: 10_000, sampleCount: 100_000 }; // ten seconds, 15 samples are 1.5 ms

describe('violations by neighbouring spikes', () => {
  it('counts the intervals under the threshold, and their rate over what chance would give', () => {
    // Intervals 14, 16, 9 and far: two violations among five spikes.
    const train = Float64Array.of(100, 114, 130, 139, 90_000);
    const { ratio, count } = isiViolations(train, span);
    expect(count).toBe(2);
    // n T / (2 N² t) = 2 · 10 / (2 · 25 · 0.0015)
    expect(ratio).toBeCloseTo(20 / (50 * 0.0015), 9);
  });

  it('does not count an interval on the threshold', () => {
    expect(isiViolations(Float64Array.of(0, 15), span).count).toBe(0);
    expect(isiViolations(Float64Array.of(0, 14), span).count).toBe(1);
  });

  it('takes the shortest possible interval off the threshold', () => {
    const train = Float64Array.of(100, 110, 5000);
    expect(isiViolations(train, { ...span, shortestMs: 0.5 }).ratio).toBeCloseTo(
      1.5 * isiViolations(train, span).ratio,
      9
    );
  });

  it('has no ratio without spikes', () => {
    expect(isiViolations(new Float64Array(), span)).toEqual({ ratio: NaN, count: 0 });
    expect(isiViolations(Float64Array.of(7), span)).toEqual({ ratio: 0, count: 0 });
  });
});

describe('violations by all pairs', () => {
  it('counts every pair up to and at the refractory period', () => {
    // Pairs (0, 4), (0, 10), (4, 10), (10, 20) within 10 samples; (0, 20), (4, 20) beyond.
    const { count } = refractoryViolations(Float64Array.of(0, 4, 10, 20), span);
    expect(count).toBe(4);
  });

  it('agrees with comparing all pairs', () => {
    const stream = randomStream(11);
    const train = Float64Array.from({ length: 400 }, () => Math.floor(stream.uniform() * 4000)).sort();
    let expected = 0;
    train.forEach((a, i) => train.subarray(i + 1).forEach((b) => (expected += b - a <= 10 ? 1 : 0)));
    expect(expected).toBeGreaterThan(100);
    expect(refractoryViolations(train, span).count).toBe(expected);
  });

  it('is the smaller root of the quadratic that links violations and contamination', () => {
    const train = Float64Array.from({ length: 200 }, (_, k) => 400 * k + (k === 7 ? -395 : 0)).sort();
    const { contamination, count } = refractoryViolations(train, span);
    expect(count).toBe(1);
    // Expected violations of a share c of foreign spikes: N² t (2c − c²) / T.
    const expected = (200 * 200 * 10 * (2 * contamination - contamination ** 2)) / 100_000;
    expect(expected).toBeCloseTo(count, 9);
  });

  it('is whole where violations exceed what any contamination explains', () => {
    const burst = Float64Array.from({ length: 50 }, (_, k) => k);
    expect(refractoryViolations(burst, span).contamination).toBe(1);
  });

  it('leaves the censored period out', () => {
    const train = Float64Array.from({ length: 200 }, (_, k) => 400 * k + (k === 7 ? -395 : 0)).sort();
    const { contamination } = refractoryViolations(train, { ...span, censoredMs: 0.4 });
    const expected = 1 - Math.sqrt(1 - (100_000 - 2 * 200 * 4) / (200 * 200 * 6));
    expect(contamination).toBeCloseTo(expected, 12);
  });

  it('rounds a half sample to the even side', () => {
    const train = Float64Array.of(0, 24, 49);
    // 1 ms are 24.5 samples.
    expect(refractoryViolations(train, { samplingRateHz: 24_500, sampleCount: 100_000 }).count).toBe(1);
  });

  it('is unknown for fewer than two spikes', () => {
    expect(refractoryViolations(Float64Array.of(3), span)).toEqual({ contamination: NaN, count: 0 });
    expect(refractoryViolations(new Float64Array(), span).contamination).toBeNaN();
  });
});

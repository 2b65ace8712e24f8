import { expect, test } from 'vitest';
import { autocorrelogram } from '#lib/metrics/correlogram.ts';
import {
  firingRange,
  firingRate,
  firingRates,
  presenceRatio,
  shortIntervalFraction
} from '#lib/metrics/firing.ts';

const samplingRateHz = 1000;

test('an autocorrelogram counts each pair of spikes once on either side', () => {
  const counts = autocorrelogram(Float64Array.from([0, 2, 5, 100]), {
    samplingRateHz,
    binMs: 1,
    windowMs: 5
  });
  // Lags 2 and 3 lie inside; 5 is the window's edge and outside.
  expect([...counts]).toEqual([0, 1, 1, 0, 0, 0, 0, 1, 1, 0]);
});

test('an autocorrelogram agrees with counting every pair', () => {
  const train = Float64Array.from({ length: 300 }, (_, index) =>
    Math.floor(index * 7.3 + 3 * Math.sin(index))
  );
  const counts = autocorrelogram(train, { samplingRateHz, binMs: 2, windowMs: 40 });
  const expected = new Array<number>(40).fill(0);
  train.forEach((a, i) =>
    train.forEach((b, j) => {
      const bin = Math.floor(Math.abs(b - a) / 2);
      if (i === j || bin >= 20) return;
      const at = j > i ? 20 + bin : 19 - bin;
      expected[at] = (expected[at] ?? 0) + 1;
    })
  );
  expect([...counts]).toEqual(expected);
});

test('rates are spikes a second, also in a last bin that is cut short', () => {
  const rates = firingRates(Float64Array.from([0, 500, 999, 2100]), {
    samplingRateHz,
    sampleCount: 2500,
    binSeconds: 1
  });
  expect([...rates]).toEqual([3, 0, 2]);
});

test('short intervals are those under the refractory period', () => {
  const options = { samplingRateHz, refractoryMs: 2 };
  expect(shortIntervalFraction(Float64Array.from([0, 1, 3, 10]), options)).toBeCloseTo(1 / 3);
  expect(shortIntervalFraction(Float64Array.from([0]), options)).toBeNaN();
});

test('the firing rate is spikes over the whole recording', () => {
  const span = { samplingRateHz, sampleCount: 4000 };
  expect(firingRate(Float64Array.of(0, 500, 3999), span)).toBe(0.75);
  expect(firingRate(new Float64Array(), span)).toBeNaN();
});

test('presence is the part of whole bins with a spike', () => {
  const span = { samplingRateHz, sampleCount: 4500, binSeconds: 1 };
  // Bins 0 and 2 of four; the last half second is no whole bin.
  expect(presenceRatio(Float64Array.of(10, 20, 2000, 4400), span)).toBe(0.5);
  expect(presenceRatio(Float64Array.of(4400), span)).toBe(0);
});

test('the sample on the last whole bin’s end belongs to that bin', () => {
  expect(presenceRatio(Float64Array.of(4000), { samplingRateHz, sampleCount: 4500, binSeconds: 1 })).toBe(
    0.25
  );
});

test('presence is unknown without spikes and in a recording shorter than a bin', () => {
  expect(presenceRatio(new Float64Array(), { samplingRateHz, sampleCount: 120_000 })).toBeNaN();
  expect(presenceRatio(Float64Array.of(3), { samplingRateHz, sampleCount: 59_999 })).toBeNaN();
  expect(presenceRatio(Float64Array.of(3), { samplingRateHz, sampleCount: 60_000 })).toBe(1);
});

test('the firing range spans the middle nine tenths of the rates', () => {
  // Bins of 1 s with 0, 1, 2, 3 and 4 spikes: percentiles at ranks 0.2 and 3.8.
  const train = Float64Array.of(1100, 2100, 2200, 3100, 3200, 3300, 4100, 4200, 4300, 4400);
  expect(firingRange(train, { samplingRateHz, sampleCount: 5000, binSeconds: 1 })).toBeCloseTo(3.6, 12);
  expect(firingRange(train, { samplingRateHz, sampleCount: 4999 })).toBeNaN();
  expect(firingRange(new Float64Array(), { samplingRateHz, sampleCount: 5000 })).toBeNaN();
});

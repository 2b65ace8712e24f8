import { expect, test } from 'vitest';
import { autocorrelogram } from '#lib/metrics/correlogram.ts';
import { firingRates, shortIntervalFraction } from '#lib/metrics/firing.ts';

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

import { expect, test } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { spatialDecay } from '#lib/metrics/spatial-decay.ts';

const distances = Array.from({ length: 12 }, (_, k) => 20 * Math.abs(k - 5));

/** Sum of the squared residuals about a curve. */
function cost(amplitudes: number[], curve: (distance: number) => number): number {
  return amplitudes.reduce((total, value, k) => total + (value - curve(distances[k] ?? NaN)) ** 2, 0);
}

test('an exponential with an offset is found exactly', () => {
  for (const [decay, offset] of [
    [0.03, 5],
    [0.004, 1],
    [0.2, 9],
    [0.012, 0.01]
  ] as const) {
    const amplitudes = distances.map((x) => 100 * Math.exp(-decay * x) + offset); // prettier-ignore
    expect(Math.abs(spatialDecay(distances, amplitudes) / decay - 1)).toBeLessThan(1e-9);
  }
});

test('no decay near it fits better, with noise', () => {
  const stream = randomStream(51);
  const amplitudes = distances.map((x) => 80 * Math.exp(-0.025 * x) + 12 + stream.normal());
  const found = spatialDecay(distances, amplitudes);
  const best = (decay: number) => {
    // The regression line on the exponential; its parameters lie within the bounds here.
    const falls = distances.map((x) => Math.exp(-decay * x));
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    const [f, y] = [mean(falls), mean(amplitudes)];
    const scale =
      falls.reduce((sum, fall, k) => sum + (fall - f) * ((amplitudes[k] ?? NaN) - y), 0) /
      falls.reduce((sum, fall) => sum + (fall - f) ** 2, 0);
    return cost(amplitudes, (x) => scale * Math.exp(-decay * x) + y - scale * f);
  };
  expect(Math.abs(found - 0.025)).toBeLessThan(0.005);
  for (const factor of [0.5, 0.99, 0.9999, 1.0001, 1.01, 2])
    expect(best(found * factor)).toBeGreaterThan(best(found));
});

test('scale and offset keep to their bounds', () => {
  // A step down needs an offset above twice the least amplitude; without it the decay is fast but finite.
  const step = distances.map((x) => (x === 0 ? 100 : x === 120 ? 2 : 20));
  const found = spatialDecay(distances, step);
  const bounded = (decay: number, scale: number) => cost(step, (x) => scale * Math.exp(-decay * x) + 4);
  expect(found).toBeGreaterThan(0.005);
  expect(found).toBeLessThan(0.1);
  let least = Infinity;
  for (let scale = 50; scale <= 150; scale += 0.05) least = Math.min(least, bounded(found, scale));
  for (let scale = 50; scale <= 150; scale += 1)
    for (const factor of [0.9, 1.1]) expect(bounded(found * factor, scale)).toBeGreaterThan(least);
});

test('it is unknown without a fall, with a silent channel and over too few distances', () => {
  expect(spatialDecay(distances, distances.map((x, k) => (x === 0 ? 31 : 30 - (k % 2) * 10)))).toBeNaN(); // prettier-ignore
  expect(spatialDecay([0, 20, 40], [100, 50, 0])).toBeNaN();
  expect(spatialDecay([0, 20, 20], [100, 50, 40])).toBeNaN();
  expect(spatialDecay([0, 20, 40], [100, 50, 30])).toBeGreaterThan(0);
});

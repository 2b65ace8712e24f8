import { expect, test } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { nearestNeighbourRates, nearestSpikes } from '#lib/metrics/nearest-neighbours.ts';

test('hits are neighbours of the own spikes, misses those of others that lie in the unit', () => {
  // Nearest two: 0 → 1, 3; 1 → 0, 3; 3 → 1, 0; 7 → 8, 10; 8 → 7, 10; 10 → 8, 7.
  const points = Float64Array.of(0, 1, 3, 7, 8, 10);
  const rates = nearestNeighbourRates({ points, dimensions: 1, labels: [0, 0, 1, 1, 1, 0] }, 2);
  // Of unit 0: spikes 0, 1 and 10 have 1, 1 and 0 of their two; spikes 3, 7, 8 have 2, 1 and 1.
  expect(rates.get(0)).toEqual({ hitRate: 2 / 6, missRate: 4 / 6 });
  expect(rates.get(1)).toEqual({ hitRate: 2 / 6, missRate: 4 / 6 });
});

test('neighbours agree with sorting all distances', () => {
  const stream = randomStream(41);
  const dimensions = 3;
  const spikes = 80;
  const points = Float32Array.from({ length: spikes * dimensions }, () => stream.normal());
  const nearest = nearestSpikes({ points, dimensions, labels: [] }, 6);
  for (let spike = 0; spike < spikes; spike++) {
    const square = (other: number) =>
      [0, 1, 2].reduce(
        (sum, d) => sum + ((points[spike * 3 + d] ?? 0) - (points[other * 3 + d] ?? 0)) ** 2,
        0
      );
    const order = Array.from({ length: spikes }, (_, k) => k).filter((k) => k !== spike);
    order.sort((a, b) => square(a) - square(b));
    expect([...nearest.subarray(spike * 6, spike * 6 + 6)]).toEqual(order.slice(0, 6));
  }
});

test('of equally near spikes the first count', () => {
  const nearest = nearestSpikes({ points: Float64Array.of(0, 1, -1, 1), dimensions: 1, labels: [] }, 2);
  expect([...nearest.subarray(0, 2)]).toEqual([1, 2]);
});

test('a unit alone is wholly isolated, too few spikes tell nothing', () => {
  const alone = nearestNeighbourRates({ points: Float64Array.of(0, 1), dimensions: 1, labels: [4, 4] });
  expect(alone.get(4)).toEqual({ hitRate: 1, missRate: 0 });
  const few = nearestNeighbourRates({ points: Float64Array.of(0, 1), dimensions: 1, labels: [4, 5] });
  expect(few.get(5)).toEqual({ hitRate: NaN, missRate: NaN });
});

import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { dPrime, mahalanobisIsolation, silhouette } from '#lib/metrics/isolation.ts';
import { type SpikeFeatures } from '#lib/metrics/spike-features.ts';

function features(rows: number[][], labels: number[]): SpikeFeatures {
  return { points: Float64Array.from(rows.flat()), dimensions: rows[0]?.length ?? 0, labels };
}

/** Gaussian clouds of unit variance about the given centres. */
function clouds(centres: number[][], size: number): SpikeFeatures {
  const stream = randomStream(31);
  const rows = centres.flatMap((centre) =>
    Array.from({ length: size }, () => centre.map((x) => x + stream.normal()))
  );
  return features(
    rows,
    centres.flatMap((_, unit) => new Array<number>(size).fill(unit))
  );
}

/** The same spikes in another basis. */
function transformed({ points, dimensions, labels }: SpikeFeatures): SpikeFeatures {
  const moved = points.map((_, at) => {
    const [spike, d] = [Math.floor(at / dimensions), at % dimensions];
    const next = points[spike * dimensions + ((d + 1) % dimensions)] ?? NaN;
    return 3 * (points[at] ?? NaN) + (d + 0.5) * next + 7;
  });
  return { points: moved, dimensions, labels };
}

describe('isolation by Mahalanobis distance', () => {
  // Variance 4/3 along both axes, no covariance: squared distance = 0.75 (x² + y²).
  const square = [
    [1, 1],
    [1, -1],
    [-1, 1],
    [-1, -1]
  ];
  const far = [
    [2, 0],
    [0, 4],
    [4, 4],
    [8, 0],
    [0, 10]
  ];

  it('is the distance of as many foreign spikes as the unit has', () => {
    const { isolationDistance, lRatio } = mahalanobisIsolation(
      features([...far, ...square], [1, 1, 2, 1, 2, 0, 0, 0, 0]),
      0
    );
    expect(isolationDistance).toBeCloseTo(0.75 * 64, 10);
    // With two dimensions the tail beyond d² is e^(−d²/2).
    const tails = [4, 16, 32, 64, 100].map((square) => Math.exp(-0.375 * square));
    expect(lRatio).toBeCloseTo(tails.reduce((a, b) => a + b) / 4, 12);
  });

  it('takes the farthest foreign spike when there are fewer than its own', () => {
    const made = features([...square, [2, 0], [0, 4]], [0, 0, 0, 0, 1, 1]);
    expect(mahalanobisIsolation(made, 0).isolationDistance).toBeCloseTo(12, 10);
  });

  it('does not depend on the basis', () => {
    const made = clouds([[0, 0, 0], [2, 1, 0], [0, 4, 1]], 60); // prettier-ignore
    const before = mahalanobisIsolation(made, 1);
    const after = mahalanobisIsolation(transformed(made), 1);
    expect(Math.abs(after.isolationDistance / before.isolationDistance - 1)).toBeLessThan(1e-10);
    expect(Math.abs(after.lRatio / before.lRatio - 1)).toBeLessThan(1e-10);
  });

  it('is unknown for a flat cloud and without enough spikes', () => {
    const unknown = { isolationDistance: NaN, lRatio: NaN };
    const line = features([[0, 0], [1, 0], [2, 0], [3, 0], [5, 5], [6, 6]], [0, 0, 0, 0, 1, 1]); // prettier-ignore
    expect(mahalanobisIsolation(line, 0)).toEqual(unknown);
    expect(mahalanobisIsolation(line, 1)).toEqual(unknown);
    expect(mahalanobisIsolation(features([...square, [9, 9]], [0, 0, 0, 0, 1]), 0)).toEqual(unknown);
    expect(mahalanobisIsolation(features(square, [0, 0, 0, 0]), 0)).toEqual(unknown);
  });
});

describe('d′', () => {
  it('is the distance of the means over the standard deviation in one dimension', () => {
    // Means 1 and 6, variances 1 and 4: 5 / √2.5.
    const made = features([[0], [2], [4], [8]], [0, 0, 1, 1]);
    expect(dPrime(made, 0)).toBeCloseTo(5 / Math.sqrt(2.5), 12);
    expect(dPrime(made, 1)).toBeCloseTo(5 / Math.sqrt(2.5), 12);
  });

  it('finds the axis that separates, whatever the basis', () => {
    const made = clouds([[0, 0, 0], [3, 0, 4]], 500); // prettier-ignore
    expect(Math.abs(dPrime(made, 0) - 5)).toBeLessThan(0.3);
    expect(dPrime(transformed(made), 0)).toBeCloseTo(dPrime(made, 0), 9);
  });

  it('leaves out a feature that does not vary', () => {
    const rows = [[0, 3], [2, 3], [4, 3], [8, 3]]; // prettier-ignore
    expect(dPrime(features(rows, [0, 0, 1, 1]), 0)).toBeCloseTo(5 / Math.sqrt(2.5), 12);
  });

  it('is unknown without another unit', () => {
    expect(dPrime(features([[0], [1], [2]], [0, 0, 0]), 0)).toBeNaN();
    expect(dPrime(features([[0], [1], [2]], [0, 0, 0]), 1)).toBeNaN();
  });
});

describe('silhouette', () => {
  it('compares the distances to the own and to the nearest other centroid', () => {
    // Centroids 1, 11 and −99. Own distances 1, 1; to 11: 11 and 9.
    const made = features([[0], [2], [10], [12], [-99]], [0, 0, 1, 1, 2]);
    expect(silhouette(made, 0)).toBeCloseTo((10 / 11 + 8 / 9) / 2, 12);
  });

  it('is below zero for spikes nearer to another unit', () => {
    const made = features([[0], [20], [19], [21]], [0, 0, 1, 1]);
    // Own centroid 10, the other's 20: (20 − 10) / 20 and (0 − 10) / 10.
    expect(silhouette(made, 0)).toBeCloseTo((0.5 - 1) / 2, 12);
  });

  it('is unknown without another unit', () => {
    expect(silhouette(features([[0], [1]], [0, 0]), 0)).toBeNaN();
  });
});

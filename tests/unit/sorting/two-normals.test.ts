import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { isosplit6 } from '#lib/sorting/isosplit6.ts';
import { splitInTwo } from '#lib/sorting/two-normals.ts';

const dimensions = 5;

/** Normal points in five dimensions; those of the second group lie `distance` SDs along the first one. */
function twoGroups(seed: number, counts: [number, number], distance: number): Float64Array {
  const stream = randomStream(seed, 'two groups');
  const points = new Float64Array((counts[0] + counts[1]) * dimensions).map(() => stream.normal());
  for (let i = counts[0]; i < counts[0] + counts[1]; i++)
    points[i * dimensions] = (points[i * dimensions] as number) + distance;
  return centred(points);
}

/** As scores on components are; that they are uncorrelated holds well enough by themselves. */
function centred(points: Float64Array): Float64Array {
  const count = points.length / dimensions;
  const mean = new Float64Array(dimensions);
  points.forEach((value, at) => {
    mean[at % dimensions] = (mean[at % dimensions] as number) + value / count;
  });
  return points.map((value, at) => value - (mean[at % dimensions] as number));
}

/** How many points of the two groups are on the side that has most of the group. */
function found(labels: Int32Array | undefined, counts: [number, number]): number {
  if (!labels) return 0;
  const right = labels.reduce((sum, label, i) => sum + Number(label === (i < counts[0] ? 0 : 1)), 0);
  return Math.max(right, labels.length - right);
}

describe('two normal distributions', () => {
  it('are told apart where one is rare and leaves no dip', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const counts: [number, number] = [1800, 100];
      const points = twoGroups(seed, counts, 4);
      expect([...new Set(isosplit6(points, { dimensions, threshold: 2 }))]).toEqual([0]);
      expect(found(splitInTwo(points, { dimensions }), counts)).toBeGreaterThan(0.98 * 1900);
    }
  });

  it('are told apart whatever the scales of the dimensions', () => {
    const counts: [number, number] = [500, 200];
    const scales = [40, 1, 0.01, 3, 0];
    const points = twoGroups(3, counts, 5).map((value, at) => value * (scales[at % dimensions] as number));
    expect(found(splitInTwo(points, { dimensions }), counts)).toBeGreaterThan(0.97 * 700);
  });

  it('are not seen in one, normal or with sizes that are a little skewed', () => {
    for (let seed = 1; seed <= 20; seed++) {
      expect(splitInTwo(twoGroups(seed, [1000, 0], 0), { dimensions })).toBeUndefined();
      const stream = randomStream(seed, 'sizes');
      const skewed = twoGroups(seed, [1000, 0], 0).map((value, at) =>
        at % dimensions === 0 ? value + 1.5 * stream.exponential() : value
      );
      expect(splitInTwo(centred(skewed), { dimensions })).toBeUndefined();
    }
  });

  it('are left together where they lie too near each other, or one has too few points', () => {
    expect(splitInTwo(twoGroups(1, [1000, 400], 2.5), { dimensions })).toBeUndefined();
    expect(splitInTwo(twoGroups(1, [1000, 15], 7), { dimensions })).toBeUndefined();
    expect(splitInTwo(twoGroups(1, [20, 20], 8), { dimensions })).toBeUndefined();
  });

  it('need points that differ', () => {
    expect(splitInTwo(new Float64Array(100 * dimensions), { dimensions })).toBeUndefined();
    expect(splitInTwo(new Float64Array(0), { dimensions })).toBeUndefined();
  });
});

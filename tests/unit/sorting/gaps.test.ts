import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { clusterSpikes } from '#lib/sorting/cluster.ts';
import { splitAtGap } from '#lib/sorting/gaps.ts';

const limits = { least: 8, most: 16 };

/** A cloud of standard normal points, and beside it a few at a distance along the first dimension. */
function cloudAnd(few: number, { away, seed }: { away: number; seed: number }): Float64Array {
  const random = randomStream(seed, 'gaps');
  return Float64Array.from({ length: 2 * (300 + few) }, (_, i) => {
    const apart = i >= 2 * 300 && i % 2 === 0;
    return random.normal() + (apart ? away : 0);
  });
}

describe('splitAtGap', () => {
  it.each([8, 12, 16])('sets %i far points apart, on either side', (few) => {
    for (const away of [25, -25]) {
      const labels = splitAtGap(cloudAnd(few, { away, seed: few }), { dimensions: 2, ...limits });
      expect(labels && [...labels]).toEqual(Array.from({ length: 300 + few }, (_, i) => (i < 300 ? 0 : 1)));
    }
  });

  it('takes no tail of one cloud for a cluster, nor fewer points than allowed', () => {
    const found = Array.from({ length: 200 }, (_, seed) =>
      splitAtGap(cloudAnd(0, { away: 0, seed }), { dimensions: 2, ...limits })
    );
    expect(found.filter(Boolean)).toEqual([]);
    expect(splitAtGap(cloudAnd(4, { away: 25, seed: 1 }), { dimensions: 2, ...limits })).toBeUndefined();
  });

  it('ends on points that are all equal', () => {
    expect(splitAtGap(new Float64Array(100).fill(3), { dimensions: 2, ...limits })).toBeUndefined();
  });
});

describe('clusterSpikes', () => {
  it('finds a neuron of fewer spikes than isosplit6 tells apart', () => {
    const points = cloudAnd(12, { away: 25, seed: 5 });
    const { labels } = clusterSpikes({
      features: Float32Array.from(points),
      rowLength: 2,
      usedFeatures: 2,
      clusterComponents: 2,
      isocutThreshold: 2,
      clean: false
    });
    expect([...labels].filter((label) => label === labels.at(-1))).toHaveLength(12);
  });
});

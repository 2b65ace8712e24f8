import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextSpike } from '#lib/app/spike-seek.ts';

const spikes = Float64Array.from([100, 130, 500, 900, 920, 2000]);

describe('the next spike', () => {
  test('lies beyond the place, on either side', () => {
    expect(nextSpike(spikes, 500, 1)).toBe(900);
    expect(nextSpike(spikes, 500, -1)).toBe(130);
    expect(nextSpike(spikes, 2000, 1)).toBeUndefined();
    expect(nextSpike(spikes, 100, -1)).toBeUndefined();
  });
  test('that violates the refractory period follows another within it', () => {
    expect(nextSpike(spikes, 0, 1, 45)).toBe(130);
    expect(nextSpike(spikes, 130, 1, 45)).toBe(920);
    expect(nextSpike(spikes, 920, 1, 45)).toBeUndefined();
    expect(nextSpike(spikes, 920, -1, 45)).toBe(130);
    expect(nextSpike(spikes, 130, -1, 45)).toBeUndefined();
  });
  test('visits every spike once, going through a train', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 10_000 })), (samples) => {
        const train = Float64Array.from(samples).sort();
        const visited: number[] = [];
        for (let at = nextSpike(train, 0, 1); at !== undefined; at = nextSpike(train, at, 1))
          visited.push(at);
        expect(visited).toEqual([...train]);
      })
    );
  });
});

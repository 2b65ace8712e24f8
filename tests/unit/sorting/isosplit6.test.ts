import { describe, expect, it } from 'vitest';
import { isocut6 } from '#lib/sorting/isocut6.ts';
import { isosplit6 } from '#lib/sorting/isosplit6.ts';
import { fitDownUp, fitUpDown } from '#lib/sorting/isotonic.ts';
import golden from '../../fixtures/sorting/isosplit6.json' with { type: 'json' };

describe('isosplit6', () => {
  it.each(golden.clusterings.map((clustering, i) => ({ ...clustering, i })))(
    'labels points as the package isosplit6 does, set $i in $dimensions dimensions',
    ({ points, dimensions, labels }) => {
      expect([...isosplit6(Float64Array.from(points), { dimensions })]).toEqual(labels);
    }
  );

  it('ends on points that are all equal, which the package does not', () => {
    expect(new Set(isosplit6(new Float64Array(600).fill(3), { dimensions: 2 }))).toEqual(new Set([0]));
  });

  it('gives one cluster to few points, and none to no points', () => {
    expect([...isosplit6(Float64Array.of(1, 9, 30), { dimensions: 1 })]).toEqual([0, 0, 0]);
    expect(isosplit6(new Float64Array(0), { dimensions: 4 }).length).toBe(0);
  });
});

describe('isocut6', () => {
  it.each(golden.cuts)('has the dip and the cut of the package', ({ samples, dip, cutPoint }) => {
    const cut = isocut6(Float64Array.from(samples));
    // Last bits: logarithms of the C library and of src/lib/math may be rounded differently.
    expect(Math.abs(cut.dip - dip)).toBeLessThanOrEqual(1e-12);
    expect(cut.cutPoint).toBe(cutPoint);
  });
});

describe('unimodal fits', () => {
  it('rise and fall around the best index', () => {
    expect([...fitUpDown(Float64Array.of(1, 3, 2, 5, 4, 4, 1))]).toEqual([1, 2.5, 2.5, 5, 4, 4, 1]);
    expect([...fitDownUp(Float64Array.of(5, 1, 2, 0, 4))]).toEqual([5, 1.5, 1.5, 0, 4]);
  });
});

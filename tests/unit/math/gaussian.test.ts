import { expect, test } from 'vitest';
import { gaussianWeights } from '#lib/math/gaussian.ts';

test('weights fall as the Gaussian does, and add up to one', () => {
  const weights = gaussianWeights(3);
  expect(weights.length).toBe(13);
  expect(weights.reduce((sum, weight, lag) => sum + weight * (lag ? 2 : 1), 0)).toBeCloseTo(1, 14);
  expect((weights[3] ?? NaN) / (weights[0] ?? NaN)).toBeCloseTo(Math.exp(-0.5), 14);
});

test('a narrow one reaches no neighbour', () => {
  expect([...gaussianWeights(0.1)]).toEqual([1]);
});

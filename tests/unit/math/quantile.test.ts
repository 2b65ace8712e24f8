import { expect, test } from 'vitest';
import { median, medianInPlace, quantile } from '#lib/math/quantile.ts';

test('a median is the middle value or the mean of the middle two', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([10, 1, 3, 4])).toBe(3.5);
  expect(median([])).toBeNaN();
});

test('a median leaves its input as it was, unless it is asked to sort it', () => {
  const values = Float64Array.of(3, 1, 2);
  median(values);
  expect([...values]).toEqual([3, 1, 2]);
  expect(medianInPlace(values)).toBe(2);
  expect([...values]).toEqual([1, 2, 3]);
});

test('quantiles are interpolated between ranks', () => {
  expect(quantile([40, 10, 20, 30], 0)).toBe(10);
  expect(quantile([40, 10, 20, 30], 1)).toBe(40);
  expect(quantile([40, 10, 20, 30], 0.5)).toBe(25);
  // Rank 0.05 × 3 = 0.15 lies 0.15 of the way from 10 to 20.
  expect(quantile([40, 10, 20, 30], 0.05)).toBeCloseTo(11.5, 12);
  expect(quantile([], 0.5)).toBeNaN();
});

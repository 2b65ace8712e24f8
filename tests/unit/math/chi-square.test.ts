import { expect, test } from 'vitest';
import { chiSquareTail } from '#lib/math/chi-square.ts';

test('two degrees of freedom are the exponential distribution', () => {
  for (const x of [0.01, 0.5, 2, 7, 30, 200, 1400])
    expect(Math.abs(chiSquareTail(x, 2) / Math.exp(-x / 2) - 1)).toBeLessThan(1e-12);
});

test('tails equal those of even degrees, which are finite sums', () => {
  for (const degrees of [4, 10, 24, 60])
    for (const x of [0.3, 5, degrees, 2 * degrees, 300]) {
      let term = Math.exp(-x / 2);
      let sum = 0;
      for (let k = 0; k < degrees / 2; k++) {
        sum += term;
        term *= x / 2 / (k + 1);
      }
      expect(Math.abs(chiSquareTail(x, degrees) / sum - 1)).toBeLessThan(1e-11);
    }
});

test('odd degrees agree with tabled quantiles', () => {
  // Published 5 % and 0.1 % points.
  expect(chiSquareTail(3.841458820694124, 1)).toBeCloseTo(0.05, 10);
  expect(chiSquareTail(7.814727903251179, 3)).toBeCloseTo(0.05, 10);
  expect(chiSquareTail(20.515005652432873, 5)).toBeCloseTo(0.001, 10);
});

test('a degree more adds the next term of the recurrence', () => {
  // Q(a + 1, y) = Q(a, y) + yᵃ e⁻ʸ / Γ(a + 1); here a = ½, Γ(3/2) = √π / 2.
  const y = 1.7;
  const step = (Math.sqrt(y) * Math.exp(-y)) / (Math.sqrt(Math.PI) / 2);
  expect(chiSquareTail(2 * y, 3)).toBeCloseTo(chiSquareTail(2 * y, 1) + step, 12);
});

test('the whole distribution lies above zero, nothing above infinity', () => {
  expect(chiSquareTail(0, 3)).toBe(1);
  expect(chiSquareTail(-1, 3)).toBe(1);
  expect(chiSquareTail(Infinity, 3)).toBe(0);
  expect(chiSquareTail(NaN, 3)).toBeNaN();
  expect(() => chiSquareTail(1, 0)).toThrow(RangeError);
  expect(() => chiSquareTail(1, 2.5)).toThrow(RangeError);
});

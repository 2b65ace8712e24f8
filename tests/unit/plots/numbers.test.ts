import { expect, test } from 'vitest';
import { bytes, duration, seconds, threeDigits } from '#lib/plots/numbers.ts';
import { niceStep, niceTicks } from '#lib/plots/ticks.ts';

test('figures have three significant digits', () => {
  expect([0, 0.0123456, 1.2345, 12.345, 123.45, 1234.5, -3.14159, NaN].map(threeDigits)).toEqual([
    '0',
    '0.0123',
    '1.23',
    '12.3',
    '123',
    '1,235',
    '−3.14',
    '–'
  ]);
});

test('times carry their unit and the digits of their step', () => {
  expect(seconds(12.3456, 0.1)).toBe('12.3 s');
  expect(seconds(12, 1)).toBe('12 s');
  expect(duration(0.35)).toBe('350 ms');
  expect(duration(750)).toBe('12 min 30 s');
  expect(duration(7500)).toBe('2 h 5 min');
});

test('sizes of files are decimal', () => {
  expect([999, 1000, 6_800_000_000].map(bytes)).toEqual(['999 B', '1.00 kB', '6.80 GB']);
});

test('ticks are round and inside the axis', () => {
  expect(niceTicks(0.13, 0.61, 5)).toEqual({ step: 0.1, ticks: [0.2, 0.3, 0.4, 0.5, 0.6] });
  expect(niceStep(0.0301)).toBeCloseTo(0.05);
  expect(niceTicks(1, 1, 5).ticks).toEqual([]);
});

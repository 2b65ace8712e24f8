import { expect, test } from 'vitest';
import { assignUnitColors, mostSimilarUnits, selectionStyles } from '#lib/plots/unit-colors.ts';

test('a unit differs in colour from its seven most similar units', () => {
  // Units in a line, each most similar to those beside it, as along a probe.
  const count = 1000;
  const neighbours = Array.from({ length: count }, (_, unit) =>
    Array.from({ length: count }, (_, other) => other)
      .filter((other) => other !== unit && Math.abs(other - unit) <= 4)
      .sort((a, b) => Math.abs(a - unit) - Math.abs(b - unit) || a - b)
      .slice(0, 7)
  );
  const colors = assignUnitColors(neighbours);
  neighbours.forEach((list, unit) => {
    for (const other of list) expect(colors[other]).not.toBe(colors[unit]);
  });
  expect(new Set(colors)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
});

test('with more neighbours than colours, the least similar one is repeated', () => {
  const all = Array.from({ length: 9 }, (_, unit) => unit);
  const colors = assignUnitColors(all.map((unit) => all.filter((other) => other !== unit)));
  expect(new Set(colors.slice(0, 8)).size).toBe(8);
  expect(colors[8]).toBe(colors[7]);
});

test('similarity follows the amplitudes over the channels, not their size', () => {
  const profiles = [
    [10, 5, 0, 0],
    [0, 0, 5, 10],
    [100, 50, 1, 0]
  ].map((values) => new Float32Array(values));
  expect(mostSimilarUnits(profiles)[0]).toEqual([2, 1]);
});

test('of two selected units with one colour the later is drawn hollow', () => {
  const styles = selectionStyles([5, 9, 13], (unit) => (unit === 9 ? 1 : 0));
  expect([...styles.values()].map(({ hollow }) => hollow)).toEqual([false, false, true]);
});

import { expect, test } from 'vitest';
import { bucketSize, decimate } from '../../../src/workers/decimation.ts';

test('a bucket keeps its minimum and maximum in the order in which they occur', () => {
  const samples = Float32Array.from([0, 5, 1, -3, 2, 2, -7, 4]);
  const into = new Float32Array(6);
  decimate(samples, 3, into);
  expect([...into]).toEqual([0, 5, -3, 2, -7, 4]);
});

test('no spike is lost, wherever it lies', () => {
  for (let at = 0; at < 1000; at++) {
    const samples = new Float32Array(1000);
    samples[at] = -100;
    const into = new Float32Array(2 * Math.ceil(1000 / 37));
    decimate(samples, 37, into);
    expect(Math.min(...into)).toBe(-100);
  }
});

test('samples are summarised only where there are several in a column', () => {
  expect(bucketSize(1000, 1000)).toBe(1);
  expect(bucketSize(2900, 1000)).toBe(1);
  expect(bucketSize(30_000, 1000)).toBe(30);
  expect(bucketSize(10, 0)).toBe(10);
});

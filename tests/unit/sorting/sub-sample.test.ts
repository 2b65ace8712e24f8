import { describe, expect, it } from 'vitest';
import {
  movedRows,
  peakAt,
  phaseCount,
  phaseOf,
  shiftReach,
  shiftTapCount,
  shiftTaps
} from '#lib/sorting/sub-sample.ts';

/** A spike-like wave at 15 kHz, in samples: a trough of 0.2 ms and a slow wave behind it. */
const wave = (t: number) => -10 * Math.exp(-((t / 1.6) ** 2)) + 3 * Math.exp(-(((t - 6) / 3.5) ** 2));
const offsets = [-0.5, -0.4, -0.25, -0.1, 0, 0.2, 0.375, 0.5];

describe('between the samples', () => {
  it.each(offsets)('a peak %f samples beside the grid is found there, at its height', (offset) => {
    const values = Array.from({ length: 9 }, (_, t) => 10 * Math.exp(-(((t - 4 - offset) / 1.8) ** 2)));
    const at = values.indexOf(Math.max(...values));
    const { offset: found, height } = peakAt(values, at);
    expect(at + found).toBeCloseTo(4 + offset, 1);
    expect(Math.abs(height / 10 - 1)).toBeLessThan(0.01);
  });

  it('a flat or rising stretch has its peak on the sample', () => {
    expect(peakAt([1, 1, 1, 1, 1], 2)).toEqual({ offset: 0, height: 1 });
    expect(Math.abs(peakAt([0, 1, 2, 3, 4], 2).offset)).toBeLessThanOrEqual(0.5);
  });

  it.each(offsets)('a waveform is moved by %f samples', (offset) => {
    const length = 40;
    const row = (by: number) => Float64Array.from({ length }, (_, t) => wave(t - 16 - by));
    const exact = phaseOf(offset) / phaseCount - 0.5;
    const moved = movedRows([...row(0), ...row(3)], length);
    for (const [at, by] of [
      [0, 0],
      [1, 3]
    ] as const) {
      const first = phaseOf(offset) * 2 * length + at * length;
      const expected = row(by + exact);
      for (let t = 4; t < length - 4; t++)
        expect(Math.abs((moved[first + t] ?? NaN) - (expected[t] ?? NaN))).toBeLessThan(0.1);
    }
  });

  it('the taps of no move keep every sample, and all taps keep what is constant', () => {
    const taps = shiftTaps();
    const none = taps.subarray(phaseOf(0) * shiftTapCount, (phaseOf(0) + 1) * shiftTapCount);
    none.forEach((tap, k) => expect(tap).toBeCloseTo(k === shiftReach ? 1 : 0, 6));
    for (let phase = 0; phase <= phaseCount; phase++) {
      const row = taps.subarray(phase * shiftTapCount, (phase + 1) * shiftTapCount);
      expect(row.reduce((sum, tap) => sum + tap, 0)).toBeCloseTo(1, 6);
    }
  });
});

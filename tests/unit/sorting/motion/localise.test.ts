import { describe, expect, it } from 'vitest';
import { findNeighbours } from '#lib/sorting/geometry.ts';
import { localisePeak, localisePeaks } from '#lib/sorting/motion/localise.ts';
import { column } from './drifting-peaks.ts';

const probe = column(300);
const neighbours = findNeighbours(probe, {
  radiusUm: 75,
  maxCount: 32,
  usable: new Uint8Array(probe.contacts.length).fill(1)
});

/** Heights of a source at 20 µm from the contacts' plane, falling with the square of the distance. */
function heightsOf(source: { x: number; y: number }): { channels: number[]; heights: number[] } {
  const all = probe.contacts.map(({ x, y }) => 50_000 / ((x - source.x) ** 2 + (y - source.y) ** 2 + 400));
  const main = all.indexOf(Math.max(...all));
  const channels = [...(neighbours[main] ?? [])];
  return { channels, heights: channels.map((channel) => all[channel] ?? 0) };
}

describe('the position of a peak', () => {
  it('follows its source within 1.5 µm along the probe, between contacts as on them', () => {
    for (let y = 100; y <= 140; y++) {
      const { channels, heights } = heightsOf({ x: 10, y });
      const found = localisePeak(
        heights,
        channels.map((channel) => probe.contacts[channel] as { x: number; y: number })
      );
      expect(Math.abs(found.y - y)).toBeLessThan(1.5);
      expect(found.size).toBe(Math.max(...heights));
    }
  });

  it('is the main contact where no channel is high, and leaves out the opposite polarity', () => {
    const contacts = [
      { x: 1, y: 2 },
      { x: 5, y: 40 }
    ];
    expect(localisePeak([0, 0], contacts)).toEqual({ x: 1, y: 2, size: 0 });
    expect(localisePeak([3, -9], contacts)).toEqual({ x: 1, y: 2, size: 3 });
    expect(() => localisePeak([], [])).toThrow(RangeError);
  });
});

describe('the peaks of a chunk', () => {
  it('are located in the recording’s time, whatever their sign', () => {
    const samples = 200;
    const data = new Float32Array(probe.contacts.length * samples);
    const peaks = {
      samples: Int32Array.of(60, 150),
      channels: Int32Array.of(0, 0),
      amplitudes: Float32Array.of(-8, 8)
    };
    const sources = [
      { x: 10, y: 107 },
      { x: 20, y: 214 }
    ];
    sources.forEach((source, k) => {
      const { channels, heights } = heightsOf(source);
      peaks.channels[k] = channels[0] ?? 0;
      channels.forEach((channel, i) => {
        // Neighbours reach their extremum a sample later.
        const at = channel * samples + (peaks.samples[k] ?? 0) + (i > 0 ? 1 : 0);
        data[at] = (k === 0 ? -1 : 1) * (heights[i] ?? 0);
      });
    });
    const found = localisePeaks(data, peaks, {
      probe,
      neighbours,
      samplingRateHz: 30_000,
      startSample: 30_000
    });
    expect(found.times[0]).toBeCloseTo(1.002, 6);
    expect(found.times[1]).toBeCloseTo(1.005, 6);
    expect(Math.abs((found.depthsUm[0] ?? NaN) - 107)).toBeLessThan(1.5);
    expect(Math.abs((found.depthsUm[1] ?? NaN) - 214)).toBeLessThan(1.5);
    expect(Math.min(...found.amplitudes)).toBeGreaterThan(30);
  });
});

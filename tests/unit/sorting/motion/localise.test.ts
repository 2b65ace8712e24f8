import { describe, expect, it } from 'vitest';
import { findNeighbours } from '#lib/sorting/geometry.ts';
import { localisePeak, localisePeaks, makeGrid, planLocalisation } from '#lib/sorting/motion/localise.ts';
import { column } from './drifting-peaks.ts';

const probe = column(300);
const neighbours = findNeighbours(probe, {
  radiusUm: 75,
  maxCount: 32,
  usable: new Uint8Array(probe.contacts.length).fill(1)
});

const localisation = planLocalisation(probe, neighbours);
const gridOf = (channel = 0) => {
  const grid = localisation.grids[localisation.gridOf[channel] ?? 0];
  if (!grid) throw new Error('no grid');
  return grid;
};

/** Heights of a source at 20 µm from the contacts' plane, falling with the square of the distance. */
function heightsOf(source: { x: number; y: number }): { channels: number[]; heights: number[] } {
  const all = probe.contacts.map(({ x, y }) => 50_000 / ((x - source.x) ** 2 + (y - source.y) ** 2 + 400));
  const main = all.indexOf(Math.max(...all));
  const channels = [...(neighbours[main] ?? [])];
  return { channels, heights: channels.map((channel) => all[channel] ?? 0) };
}

describe('the depth of a peak', () => {
  it.each([10, 16, 22])('follows its source within 1.5 µm, between contacts as on them (x = %d µm)', (x) => {
    for (let y = 100; y <= 140; y++) {
      const { channels, heights } = heightsOf({ x, y });
      const { depthUm, size } = localisePeak(Float64Array.from(heights), gridOf(channels[0]));
      const depth = (probe.contacts[channels[0] ?? 0]?.y ?? NaN) + depthUm;
      expect(Math.abs(depth - y)).toBeLessThan(1.5);
      expect(size).toBe(Math.max(...heights));
    }
  });

  it('follows a source a little beyond the probe’s end', () => {
    const depths = [-12, 0, 12, 24].map((y) => {
      const { channels, heights } = heightsOf({ x: 16, y });
      const { depthUm } = localisePeak(Float64Array.from(heights), gridOf(channels[0]));
      return (probe.contacts[channels[0] ?? 0]?.y ?? NaN) + depthUm;
    });
    expect(depths).toEqual(depths.toSorted((a, b) => a - b));
    expect((depths[3] ?? NaN) - (depths[0] ?? NaN)).toBeGreaterThan(24);
  });

  it('is the main contact’s where no channel is high, and leaves out the opposite polarity', () => {
    const grid = makeGrid([
      { x: 0, y: 0 },
      { x: 4, y: 38 }
    ]);
    expect(localisePeak(Float64Array.of(0, 0), grid)).toEqual({ depthUm: 0, size: 0 });
    expect(localisePeak(Float64Array.of(3, -9), grid)).toEqual(localisePeak(Float64Array.of(3, 0), grid));
  });

  it('is found with the same grid around contacts with the same surroundings', () => {
    expect(localisation.grids.length).toBeLessThan(localisation.gridOf.length);
    expect(gridOf(14)).toBe(gridOf(16));
    expect(gridOf(0)).not.toBe(gridOf(16));
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
      localisation,
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

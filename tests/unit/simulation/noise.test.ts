import { describe, expect, it } from 'vitest';
import { inverseNormal } from '#lib/math/normal-quantile.ts';
import { prepareNoise, writeNoise } from '#lib/simulation/noise.ts';
import { type SimulationSpec, probe32Spec } from '#lib/simulation/specification.ts';

const count = 60_000;

function noiseOf(change: Partial<SimulationSpec['noise']>) {
  const base = probe32Spec(8);
  const spec = { ...base, noise: { ...base.noise, fieldUv: 0, modulation: 0, ...change } };
  const values = new Float32Array(32 * count);
  writeNoise(prepareNoise(spec), 1000, values);
  const channel = (index: number) => values.subarray(index * count, (index + 1) * count);
  return { spec, channel };
}

function covariance(a: Float32Array, b: Float32Array, lag = 0): number {
  let total = 0;
  for (let i = lag; i < a.length; i++) total += (a[i] ?? 0) * (b[i - lag] ?? 0);
  return total / (a.length - lag);
}

const deviation = (a: Float32Array) => Math.sqrt(covariance(a, a));
const correlation = (a: Float32Array, b: Float32Array, lag = 0) =>
  covariance(a, b, lag) / deviation(a) / deviation(b);

describe('generated noise', () => {
  it('has a level within the given range on each channel', () => {
    const { channel } = noiseOf({});
    for (let index = 0; index < 32; index++) {
      expect(deviation(channel(index))).toBeGreaterThan(5.8);
      expect(deviation(channel(index))).toBeLessThan(8.2);
    }
  });

  it('is correlated between near channels as exp(−distance/decay), and not between far ones', () => {
    const { channel } = noiseOf({});
    // Contacts 0 and 2 are 20 µm apart, 0 and 1 are 32 µm, 0 and 31 are 300 µm.
    expect(Math.abs(correlation(channel(0), channel(2)) - Math.exp(-20 / 25))).toBeLessThan(0.06);
    expect(Math.abs(correlation(channel(0), channel(1)) - Math.exp(-32 / 25))).toBeLessThan(0.06);
    expect(Math.abs(correlation(channel(0), channel(31)))).toBeLessThan(0.03);
  });

  it('is correlated between neighbouring samples only', () => {
    const { channel } = noiseOf({});
    // A Gaussian of width w correlates samples one apart by exp(−1/4w²).
    expect(Math.abs(correlation(channel(0), channel(0), 1) - Math.exp(-1 / (4 * 0.75 ** 2)))).toBeLessThan(
      0.03
    );
    expect(Math.abs(correlation(channel(0), channel(0), 9))).toBeLessThan(0.03);
  });

  it('carries a slow field potential when asked for', () => {
    const { channel } = noiseOf({ fieldUv: 40 });
    expect(deviation(channel(3))).toBeGreaterThan(25);
    expect(correlation(channel(3), channel(3), 60)).toBeGreaterThan(0.85);
  });

  it('changes its level slowly when asked for', () => {
    const { channel } = noiseOf({ modulation: 0.3 });
    const parts = [0, 1, 2, 3].map((part) =>
      deviation(channel(0).subarray(part * 15_000, (part + 1) * 15_000))
    );
    expect(Math.max(...parts) / Math.min(...parts)).toBeGreaterThan(1.1);
  });
});

it('normal quantiles agree with tables and are symmetric', () => {
  expect(inverseNormal(0.975)).toBeCloseTo(1.959963984540054, 8);
  expect(inverseNormal(0.001)).toBeCloseTo(-3.090232306167813, 8);
  expect(inverseNormal(0.5)).toBe(0);
  expect(inverseNormal(0.8)).toBeCloseTo(-inverseNormal(0.2), 8);
  expect(() => inverseNormal(1)).toThrow(RangeError);
});

import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { channelNoise, measureSnr, medianDeviation } from '#lib/metrics/snr.ts';
import { type TraceSource } from '#lib/model/recording.ts';

const sampleCount = 90_000;
const spikes = Float64Array.from({ length: 80 }, (_, i) => 600 + 1100 * i);

/** Two channels of white noise of 5 and 10 µV, with a spike of −60 and −90 µV at known samples. */
function source(): TraceSource {
  const stream = randomStream(4);
  const values = new Float32Array(2 * sampleCount);
  for (let i = 0; i < values.length; i++) values[i] = stream.normal() * (i < sampleCount ? 5 : 10);
  for (const spike of spikes) {
    values[spike] = (values[spike] ?? 0) - 60;
    values[sampleCount + spike + 2] = (values[sampleCount + spike + 2] ?? 0) - 90;
  }
  return {
    info: {
      samplingRateHz: 30_000,
      channelCount: 2,
      sampleCount,
      startTimeSeconds: 0,
      channelIds: ['a', 'b'],
      probe: { contacts: [{ id: 'a', x: 0, y: 0, shank: 0 }], origin: 'layout' },
      gainUv: [1, 1],
      offsetUv: [0, 0],
      dtype: 'float32'
    },
    read: async (start, end) => {
      const part = new Float32Array(2 * (end - start));
      part.set(values.subarray(start, end));
      part.set(values.subarray(sampleCount + start, sampleCount + end), end - start);
      return part;
    }
  };
}

describe('signal-to-noise ratio', () => {
  it('is the mean waveform’s extremum on its largest channel over that channel’s noise', async () => {
    const [unit, silent] = await measureSnr(source(), {
      samplingRateHz: 30_000,
      trains: [spikes, new Float64Array()]
    });
    expect(unit?.mainChannel).toBe(1);
    expect(Math.abs((unit?.extremumUv ?? 0) + 90)).toBeLessThan(4);
    expect(Math.abs((unit?.snr ?? 0) - 9)).toBeLessThan(0.5);
    expect(silent).toEqual({ snr: NaN, mainChannel: -1, extremumUv: 0 });
  });

  it('does not depend on the size of the chunks', async () => {
    const trains = { samplingRateHz: 30_000, trains: [spikes] };
    const whole = await measureSnr(source(), trains, { chunkSamples: sampleCount });
    expect(await measureSnr(source(), trains, { chunkSamples: 1111 })).toEqual(whole);
  });

  it('measures noise without being moved by spikes', async () => {
    const noise = await channelNoise(source());
    expect(Math.abs((noise[0] ?? 0) - 5)).toBeLessThan(0.15);
    expect(Math.abs((noise[1] ?? 0) - 10)).toBeLessThan(0.3);
  });

  it('takes the median deviation of a small set worked out by hand', () => {
    // Median 3; deviations 2, 1, 0, 1, 97: median 1.
    expect(medianDeviation(Float32Array.of(1, 2, 3, 4, 100))).toBeCloseTo(1 / 0.6745, 3);
    expect(medianDeviation(new Float32Array())).toBeNaN();
  });
});

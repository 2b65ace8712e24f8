import { describe, expect, it } from 'vitest';
import { finishSorting } from '#lib/sorting/finish.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { type Preparation } from '#lib/sorting/prepare.ts';
import { type Template } from '#lib/sorting/templates.ts';
import { emptySums, waveformWindow } from '#lib/sorting/waveforms.ts';

const samplingRateHz = 30_000;
const sampleCount = 60 * samplingRateHz;
const length = 67;
const peak = 24;

/** Units that fire every 20 ms, each on a channel of its own with noise of 6 µV, by how far their templates stand out. */
function finished(heights: number[], { gain = 1, matchThreshold = 4, troughUv = 60 } = {}) {
  const channelCount = heights.length;
  const window = waveformWindow(samplingRateHz);
  const channels = heights.map((_, unit) => Int32Array.of(unit));
  const waveforms = emptySums(channels, window);
  const templates = heights.map((height, unit): Template => {
    const waveform = new Float32Array(length);
    waveform[peak] = -height;
    (waveforms.counts[unit] as number)++;
    (waveforms.sums[unit] as Float32Array)[window.beforeSamples + window.slackSamples] = -troughUv;
    return { mainChannel: unit, channels: Int32Array.of(unit), waveform, spikeCount: 100 };
  });
  const spikes = heights.flatMap((_, unit) =>
    Array.from({ length: 1000 }, (_spike, k) => ({ sample: 600 * k + 150 * unit + 300, unit }))
  );
  const probe = {
    contacts: heights.map((_, unit) => ({ id: String(unit), x: 0, y: 1000 * unit })),
    origin: 'layout' as const
  };
  const { units } = finishSorting({
    info: { samplingRateHz, sampleCount, channelCount, probe } as never,
    preparation: {
      usable: new Uint8Array(channelCount).fill(1),
      noise: new Float64Array(channelCount).fill(6)
    } as Partial<Preparation> as Preparation,
    parameters: resolveParameters({ matchThreshold }),
    matched: {
      samples: Float64Array.from(spikes, ({ sample }) => sample),
      templates: Int32Array.from(spikes, ({ unit }) => unit),
      gains: new Float32Array(spikes.length).fill(gain)
    },
    ...{ templates, noiseVariance: 1, waveforms, window, channels }
  });
  return units.map(({ mainChannel }) => mainChannel);
}

describe('a crowd of small spikes is no unit', () => {
  it('where the template hardly stands out more than its spikes have to, unless it is well seen', () => {
    expect(finished([5.2, 6], { troughUv: 25 })).toEqual([1]);
    expect(finished([5.2, 6], { troughUv: 30 })).toEqual([0, 1]);
    expect(finished([5.2, 6], { troughUv: 25, matchThreshold: 3.5 })).toEqual([0, 1]);
  });

  it('nor where a small template is larger than its spikes', () => {
    expect(finished([7, 9], { gain: 0.85 })).toEqual([1]);
    expect(finished([7, 9], { gain: 0.95 })).toEqual([0, 1]);
  });
});

import { describe, expect, it } from 'vitest';
import { placeTraces } from '#lib/sorting/kernels/traces.ts';
import { accumulateWaveforms, addSums, emptySums, slackLength } from '#lib/sorting/waveforms.ts';

const window = { beforeSamples: 4, afterSamples: 8, slackSamples: 2 };
const length = slackLength(window);
const samples = 400;
const channels = [Int32Array.of(1), Int32Array.of(0, 1)];

/** Spikes of constant height around their positions, on both channels. */
function sumsOf(spikes: { position: number; unit: number; height: number; hidden?: boolean }[]) {
  const data = new Float32Array(2 * samples);
  for (const { position, height } of spikes)
    for (const channel of [0, 1])
      data.fill(
        height,
        channel * samples + Math.max(0, position - 8),
        channel * samples + Math.min(samples, position + 20)
      );
  return accumulateWaveforms(placeTraces(data, 2), {
    positions: Int32Array.from(spikes, ({ position }) => position),
    units: Int32Array.from(spikes, ({ unit }) => unit),
    hidden: Uint8Array.from(spikes, ({ hidden = false }) => Number(hidden)),
    ...{ window, channels }
  });
}

const rows = (count: number, value: number) => Array.from({ length: count * length }, () => value);

describe('sums of waveforms', () => {
  it('are of the spikes that lie wholly within the traces', () => {
    const found = sumsOf([
      { position: 3, unit: 0, height: 50 },
      { position: 100, unit: 0, height: 3 },
      { position: 200, unit: 1, height: 5 },
      { position: 300, unit: 0, height: 7 }
    ]);
    expect([...found.units]).toEqual([0, 1]);
    expect([...found.counts]).toEqual([2, 1]);
    expect([...found.sums]).toEqual([...rows(1, 10), ...rows(2, 5)]);
    expect([...found.squares]).toEqual([...rows(1, 58), ...rows(2, 25)]);
  });

  it('leave out spikes under larger ones, where there are others', () => {
    const found = sumsOf([
      { position: 100, unit: 0, height: 3 },
      { position: 200, unit: 0, height: 9, hidden: true },
      { position: 300, unit: 1, height: 7, hidden: true }
    ]);
    expect([...found.counts]).toEqual([1, 1]);
    expect([...found.hidden]).toEqual([0, 1]);
    expect([...found.sums]).toEqual([...rows(1, 3), ...rows(2, 7)]);
  });

  it('add up over chunks, whichever of them has the hidden spikes', () => {
    const chunks = [
      sumsOf([{ position: 100, unit: 0, height: 9, hidden: true }]),
      sumsOf([
        { position: 100, unit: 0, height: 3 },
        { position: 200, unit: 1, height: 2, hidden: true }
      ]),
      sumsOf([
        { position: 100, unit: 0, height: 9, hidden: true },
        { position: 200, unit: 1, height: 4, hidden: true }
      ]),
      sumsOf([{ position: 100, unit: 0, height: 5 }])
    ];
    for (const order of [chunks, chunks.toReversed()]) {
      const total = emptySums(channels, window);
      for (const chunk of order) addSums(total, chunk);
      expect([...total.counts]).toEqual([2, 2]);
      expect(total.sums.map((sum) => [...sum])).toEqual([rows(1, 8), rows(2, 6)]);
      expect(total.squares.map((sum) => [...sum])).toEqual([rows(1, 34), rows(2, 20)]);
    }
  });
});

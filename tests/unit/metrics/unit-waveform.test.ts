import { describe, expect, it } from 'vitest';
import { footprint, templateSimilarities } from '#lib/metrics/template-similarity.ts';
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';
import { measuredChannels, waveformOn, wholeWaveform } from '#lib/model/unit-waveform.ts';

/** Two samples on channels 3 and 1 of four. */
const part = {
  waveformChannels: Int32Array.of(3, 1),
  waveformMean: Float32Array.of(1, 2, 3, 4),
  waveformSd: Float32Array.of(5, 6, 7, 8)
};
const all = { waveformMean: Float32Array.of(0, 2, 0, 1, 0, 4, 0, 3), waveformSd: new Float32Array(8) };
const none = { waveformMean: new Float32Array(), waveformSd: new Float32Array() };
const channelCount = 4;

describe('a waveform that was measured on some channels', () => {
  it('is zero on all others', () => {
    expect([...wholeWaveform(part, { channelCount })]).toEqual([...all.waveformMean]);
    expect([...wholeWaveform(part, { channelCount, values: part.waveformSd })]).toEqual([
      ...[0, 6, 0, 5],
      ...[0, 8, 0, 7]
    ]);
  });

  it('is read by channel', () => {
    for (const unit of [part, all]) {
      expect([...waveformOn(unit, 3, { channelCount })]).toEqual([1, 3]);
      expect([...waveformOn(unit, 0, { channelCount })]).toEqual([0, 0]);
    }
    expect([...waveformOn(part, 1, { channelCount, values: part.waveformSd })]).toEqual([6, 8]);
    expect([...measuredChannels(part, channelCount)]).toEqual([3, 1]);
    expect([...measuredChannels(all, channelCount)]).toEqual([0, 1, 2, 3]);
  });

  it('may be missing', () => {
    expect(waveformOn(none, 2, { channelCount })).toHaveLength(0);
    expect(wholeWaveform(none, { channelCount })).toHaveLength(0);
  });

  it('is compared as if it were whole', () => {
    const unit = (measured: typeof part | typeof all): SortedUnit => ({
      ...{ id: 0, spikeSamples: Float64Array.of(1), mainChannel: 1, snr: 5 },
      ...measured
    });
    const other = unit({
      waveformChannels: Int32Array.of(0, 1),
      waveformMean: Float32Array.of(1, 2, 1, 5),
      waveformSd: new Float32Array(4)
    });
    const similarities = (units: SortedUnit[]) =>
      [
        ...templateSimilarities({
          ...{ samplingRateHz: 1, channelCount, sampleCount: 9, units },
          waveformWindow: { beforeSamples: 1, afterSamples: 1 }
        } satisfies Sorting)
      ].map((value) => value.toFixed(12));
    expect(similarities([unit(part), other])).toEqual(similarities([unit(all), other]));
    const cosine = 24 / Math.sqrt(30 * 31);
    expect(similarities([unit(part), other])).toEqual([cosine.toFixed(12), cosine.toFixed(12)]);
    const reach = { channelCount, reachedShare: 0.5 };
    expect(footprint(unit(part), reach)).toEqual(footprint(unit(all), reach));
  });
});

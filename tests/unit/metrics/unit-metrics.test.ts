import { expect, test } from 'vitest';
import { amplitudeCutoff } from '#lib/metrics/amplitudes.ts';
import { templateMetrics } from '#lib/metrics/template-metrics.ts';
import { unitMetrics } from '#lib/metrics/unit-metrics.ts';
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';

const onMain = Array.from({ length: 60 }, (_, k) => -80 * Math.exp(-((k - 25) ** 2) / 20));

/** Two channels, the second the main one; a spike every 100 ms for two minutes. */
const unit: SortedUnit = {
  id: 0,
  spikeSamples: Float64Array.from({ length: 1200 }, (_, k) => 3000 * k),
  mainChannel: 1,
  waveformMean: Float32Array.from(onMain.flatMap((value) => [value / 2, value])),
  waveformSd: new Float32Array(120),
  snr: 9
};
const sorting: Sorting = {
  samplingRateHz: 30_000,
  channelCount: 2,
  sampleCount: 3_600_000,
  waveformWindow: { beforeSamples: 25, afterSamples: 35 },
  units: [unit]
};

test('a unit is measured from its train and the main channel of its waveform', () => {
  const metrics = unitMetrics(sorting, unit);
  expect(metrics).toEqual({
    spikeCount: 1200,
    firingRateHz: 10,
    presenceRatio: 1,
    firingRangeHz: 0,
    isiViolations: { ratio: 0, count: 0 },
    refractoryViolations: { contamination: 0, count: 0 },
    snr: 9,
    template: templateMetrics(Float32Array.from(onMain), { samplingRateHz: 30_000 })
  });
});

test('amplitudes and contacts add what they tell', () => {
  const amplitudesUv = Float32Array.from({ length: 1200 }, (_, k) => -80 - 10 * Math.sin(k));
  const contacts = [{ x: 0, y: 0 }, { x: 0, y: 20 }]; // prettier-ignore
  const { amplitudes, spread } = unitMetrics(sorting, unit, { amplitudesUv, contacts });
  expect(amplitudes?.cutoff).toBe(amplitudeCutoff(amplitudesUv));
  expect(Math.abs((amplitudes?.medianUv ?? 0) + 80)).toBeLessThan(0.1);
  expect(Math.abs((amplitudes?.cvMedian ?? 0) - 10 / Math.SQRT2 / 80)).toBeLessThan(0.002);
  expect(spread?.spreadUm).toBe(20);
});

test('a unit without waveform has no template metrics', () => {
  const bare = { ...unit, waveformMean: new Float32Array(), mainChannel: 0, snr: NaN };
  const contacts = [{ x: 0, y: 0 }, { x: 0, y: 20 }]; // prettier-ignore
  // As read from a file without waveforms: no channels are known either.
  const metrics = unitMetrics({ ...sorting, channelCount: 0, units: [bare] }, bare, { contacts });
  expect('template' in metrics || 'spread' in metrics || 'amplitudes' in metrics).toBe(false);
});

test('amplitudes and contacts must fit the unit', () => {
  expect(() => unitMetrics(sorting, unit, { amplitudesUv: new Float32Array(3) })).toThrow(RangeError);
  expect(() => unitMetrics(sorting, unit, { contacts: [{ x: 0, y: 0 }] })).toThrow(RangeError);
});

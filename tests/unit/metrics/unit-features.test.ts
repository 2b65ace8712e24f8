import { expect, test } from 'vitest';
import { featureNames, featureSpecification, unitFeatures } from '#lib/metrics/unit-features.ts';
import { footprint, templateSimilarities } from '#lib/metrics/template-similarity.ts';
import { templateMetrics } from '#lib/metrics/template-metrics.ts';
import { waveformVariability } from '#lib/metrics/waveform-variability.ts';
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';

const onMain = Array.from({ length: 60 }, (_, k) => -80 * Math.exp(-((k - 25) ** 2) / 20));

/** Two channels, the second the main one with twice the waveform of the first; a spike every 100 ms for two minutes. */
const unit: SortedUnit = {
  id: 0,
  spikeSamples: Float64Array.from({ length: 1200 }, (_, k) => 3000 * k),
  mainChannel: 1,
  waveformMean: Float32Array.from(onMain.flatMap((value) => [value / 2, value])),
  waveformSd: Float32Array.from({ length: 120 }, (_, at) => (at === 51 ? 16 : at === 70 ? 15 : 10)),
  snr: 8
};
/** Fires with every second spike of the first, 5 samples later; its waveform is the same but on the other channel. */
const follower: SortedUnit = {
  ...unit,
  id: 1,
  spikeSamples: unit.spikeSamples.filter((_, k) => k % 2 === 0).map((sample) => sample + 5),
  mainChannel: 0,
  waveformMean: Float32Array.from(onMain.flatMap((value) => [value, 0]))
};
const sorting: Sorting = {
  samplingRateHz: 30_000,
  channelCount: 2,
  sampleCount: 3_600_000,
  waveformWindow: { beforeSamples: 25, afterSamples: 35 },
  units: [unit, follower]
};

function featuresOf(given: Sorting, index = 0): Record<string, number> {
  const values = unitFeatures(given);
  return Object.fromEntries(
    featureNames.map((name, k) => [name, values[index * featureNames.length + k] as number])
  );
}

test('features stand one unit after the other, in the order of their names', () => {
  const values = unitFeatures(sorting);
  expect(values).toHaveLength(2 * featureNames.length);
  expect(values[featureNames.indexOf('firingRateHz')]).toBe(10);
  expect(values[featureNames.length + featureNames.indexOf('firingRateHz')]).toBe(5);
});

test('trains, shapes and the places of waveforms are measured', () => {
  const features = featuresOf(sorting);
  const shape = templateMetrics(Float32Array.from(onMain), { samplingRateHz: 30_000 });
  expect(features).toMatchObject({ presenceRatio: 1, firingRangePerRate: 0, contamination2Ms: 0, snr: 8 });
  expect(features.troughHalfWidthMs).toBeCloseTo(1000 * shape.troughHalfWidthSeconds, 5);
  expect(features.energyOnMainChannel).toBeCloseTo(0.8, 5);
  expect(features.channelsReached).toBe(2);
});

test('deviations count at the extremum, at their largest and at the start', () => {
  const features = featuresOf(sorting);
  expect(features.extremumSdPerMean).toBeCloseTo(16 / 80, 5);
  // The noise is 80 µV over an SNR of 8.
  expect(features.extremumSdPerNoise).toBeCloseTo(1.6, 5);
  expect(features.largestSdPerNoise).toBeCloseTo(1.6, 5);
  expect(features.baselineSdPerNoise).toBeCloseTo(1, 5);
  expect(features.otherChannelsSd).toBeCloseTo(1.5, 5);
});

test('units are compared with each other', () => {
  expect(featuresOf(sorting).coincidence).toBeCloseTo(0.5, 5);
  expect(featuresOf(sorting, 1).coincidence).toBe(1);
  // (1/2, 1) and (1, 0) of the same shape.
  expect(featuresOf(sorting).nearestSimilarity).toBeCloseTo(1 / Math.sqrt(5), 5);
  expect(featuresOf({ ...sorting, units: [unit] })).toMatchObject({ coincidence: 0, nearestSimilarity: 0 });
});

test('what a unit does not have is NaN, and nothing is infinite', () => {
  const bare: SortedUnit = {
    ...unit,
    waveformMean: new Float32Array(),
    waveformSd: new Float32Array(),
    snr: Infinity,
    spikeSamples: new Float64Array()
  };
  const features = featuresOf({ ...sorting, units: [bare] });
  expect(Object.entries(features).filter(([, value]) => !Number.isNaN(value))).toEqual([]);
  expect(
    [...unitFeatures({ ...sorting, units: [bare, unit] })].some((value) => Math.abs(value) === Infinity)
  ).toBe(false);
});

test('a change of order or of a constant changes the specification that models are checked by', () => {
  const { features, constants } = JSON.parse(featureSpecification) as Record<string, Record<string, unknown>>;
  expect(features).toEqual([...featureNames]);
  expect(constants).toMatchObject({ rateBinSeconds: 5, refractoryMs: [1, 2] });
});

test('a sorting without units has no features', () => {
  expect(unitFeatures({ ...sorting, units: [] })).toHaveLength(0);
});

test('waveforms on distant channels are alike in nothing', () => {
  const far = { ...follower, waveformMean: Float32Array.from(onMain.flatMap((value) => [0, value])) };
  expect([...templateSimilarities({ ...sorting, units: [follower, far] })]).toEqual([0, 0]);
  expect(templateSimilarities({ ...sorting, units: [far, { ...far }] })[0]).toBeCloseTo(1, 6);
});

test('channels count as reached above the given share only', () => {
  const options = { channelCount: 2, reachedShare: 0.6 };
  expect(footprint(unit, options).channelsReached).toBe(1);
});

test('channels that a unit is not described on have no say in its variability', () => {
  const waveformSd = unit.waveformSd.map((value, at) => (at % 2 === 0 ? 0 : value));
  const { otherChannelsSd } = waveformVariability(sorting, { ...unit, waveformSd }, { baselineMs: 0.5 });
  expect(otherChannelsSd).toBeNaN();
});

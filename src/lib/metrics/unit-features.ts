/**
 * What the unit classifier sees of a unit, in a fixed order: metrics that a sorting alone gives, of one unit and of how it
 * stands to the others. The order and the constants are part of every model trained on them (`featureSpecification`).
 */
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';
import { waveformOn } from '#lib/model/unit-waveform.ts';
import { firingRange, firingRate, presenceRatio } from './firing.ts';
import { isiViolations, refractoryViolations } from './isi-violations.ts';
import { countMatches } from './spike-matching.ts';
import { templateMetrics } from './template-metrics.ts';
import { footprint, templateSimilarities } from './template-similarity.ts';
import { waveformVariability } from './waveform-variability.ts';

/** The features in their order; docs/unit-classifier.md says what each is. */
export const featureNames = [
  'firingRateHz',
  'firingRangePerRate',
  'presenceRatio',
  'isiViolationsRatio',
  'contamination1Ms',
  'contamination2Ms',
  'snr',
  'extremumSdPerMean',
  'extremumSdPerNoise',
  'largestSdPerNoise',
  'baselineSdPerNoise',
  'otherChannelsSd',
  'peakToTroughMs',
  'troughHalfWidthMs',
  'peakHalfWidthMs',
  'peakBeforeToTrough',
  'peakAfterToTrough',
  'positivePeaks',
  'negativePeaks',
  'repolarizationPerMs',
  'recoveryPerMs',
  'baselineFlatness',
  'energyOnMainChannel',
  'channelsReached',
  'nearestSimilarity',
  'coincidence'
] as const;

type Feature = (typeof featureNames)[number];
type Features = Record<Feature, number>;

/** Everything that decides a feature's value besides the code. */
const constants = {
  version: 1,
  rateBinSeconds: 5,
  isiThresholdMs: 1.5,
  refractoryMs: [1, 2],
  baselineMs: 0.5,
  coincidenceMs: 0.5,
  reachedShare: 0.2
} as const;

/** What a model must have been trained on, as text: equal text, equal features. Its SHA-256 stands in the model. */
export const featureSpecification = JSON.stringify({ features: featureNames, constants });

/**
 * @returns units × features, in the order of `sorting.units` and of `featureNames`. What a unit does not have is NaN: the
 *   model puts in what is usual.
 */
export function unitFeatures(sorting: Sorting): Float32Array<ArrayBuffer> {
  const { units } = sorting;
  const similarities = templateSimilarities(sorting);
  const coincidences = largestCoincidences(sorting);
  const values = new Float32Array(units.length * featureNames.length); // units × features
  units.forEach((unit, i) => {
    const features: Features = {
      ...ofTrain(sorting, unit),
      ...ofWaveform(sorting, unit),
      nearestSimilarity: similarities[i] as number,
      coincidence: coincidences[i] as number
    };
    featureNames.forEach((name, k) => {
      const value = features[name];
      values[i * featureNames.length + k] = Number.isFinite(value) ? value : NaN;
    });
  });
  return values;
}

type TrainFeature =
  | 'firingRateHz'
  | 'firingRangePerRate'
  | 'presenceRatio'
  | 'isiViolationsRatio'
  | 'contamination1Ms'
  | 'contamination2Ms';
type PairFeature = 'nearestSimilarity' | 'coincidence';

function ofTrain(sorting: Sorting, { spikeSamples: train }: SortedUnit): Pick<Features, TrainFeature> {
  const span = { samplingRateHz: sorting.samplingRateHz, sampleCount: sorting.sampleCount };
  const binSeconds = constants.rateBinSeconds;
  const [short, long] = constants.refractoryMs;
  const rate = firingRate(train, span);
  const contamination = (refractoryMs: number) =>
    refractoryViolations(train, { ...span, refractoryMs }).contamination;
  return {
    firingRateHz: rate,
    firingRangePerRate: firingRange(train, { ...span, binSeconds }) / rate,
    presenceRatio: presenceRatio(train, { ...span, binSeconds }),
    isiViolationsRatio: isiViolations(train, { ...span, thresholdMs: constants.isiThresholdMs }).ratio,
    contamination1Ms: contamination(short),
    contamination2Ms: contamination(long)
  };
}

function ofWaveform(sorting: Sorting, unit: SortedUnit): Omit<Features, TrainFeature | PairFeature> {
  const { samplingRateHz, channelCount } = sorting;
  const { mainChannel, snr } = unit;
  const onMainChannel = waveformOn(unit, mainChannel, { channelCount });
  const extremum = onMainChannel.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const shape = extremum > 0 ? templateMetrics(onMainChannel, { samplingRateHz }) : undefined;
  const { energyOnMainChannel, channelsReached } = footprint(unit, {
    channelCount,
    reachedShare: constants.reachedShare
  });
  return {
    snr,
    ...waveformVariability(sorting, unit, { baselineMs: constants.baselineMs }),
    peakToTroughMs: 1000 * (shape?.peakToTroughSeconds ?? NaN),
    troughHalfWidthMs: 1000 * (shape?.troughHalfWidthSeconds ?? NaN),
    peakHalfWidthMs: 1000 * (shape?.peakHalfWidthSeconds ?? NaN),
    peakBeforeToTrough: shape?.peakBeforeToTroughRatio ?? NaN,
    peakAfterToTrough: shape?.peakAfterToTroughRatio ?? NaN,
    positivePeaks: shape?.positivePeaks ?? NaN,
    negativePeaks: shape?.negativePeaks ?? NaN,
    repolarizationPerMs: (shape?.repolarizationSlopeUvPerSecond ?? NaN) / extremum / 1000,
    recoveryPerMs: (shape?.recoverySlopeUvPerSecond ?? NaN) / extremum / 1000,
    baselineFlatness: shape?.baselineFlatness ?? NaN,
    energyOnMainChannel,
    channelsReached
  };
}

/** Of each unit the largest share of its spikes that lie on spikes of one other unit. */
function largestCoincidences({ units, samplingRateHz }: Sorting): Float64Array {
  const trains = units.map(({ spikeSamples }) => spikeSamples);
  const reach = Math.round((constants.coincidenceMs * samplingRateHz) / 1000);
  const counts = countMatches(trains, trains, reach); // units × units
  return Float64Array.from(trains, ({ length }, i) => {
    let most = 0;
    for (let j = 0; j < trains.length; j++)
      if (j !== i) most = Math.max(most, counts[i * trains.length + j] as number);
    return length === 0 ? NaN : most / length;
  });
}

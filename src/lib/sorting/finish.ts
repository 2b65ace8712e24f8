/**
 * From matched spikes to the result: spike times moved to the extremum of the mean waveform, double spikes taken out,
 * units with too few spikes or without a visible waveform dropped, and a fixed order of units.
 */
import { type RecordingInfo } from '../model/recording.ts';
import { type SortedUnit, type Sorting } from '../model/sorting.ts';
import { type PeakSign, heightOf } from './detect.ts';
import { contactDistance } from './geometry.ts';
import { type MatchedSpikes } from './match.ts';
import { deadTimeMs } from './matchers.ts';
import { type UnitMerges, mergeUnits } from './merge-units.ts';
import { type SortingParameters, fewestSpikes } from './parameters.ts';
import { type Preparation } from './prepare.ts';
import { type Template, templateEnergy } from './templates.ts';
import { type WaveformSums, type WaveformWindow, slackLength } from './waveforms.ts';

/** A unit whose mean waveform is smaller than this, in MAD noise of its main channel, cannot be told from noise. */
const minSnr = 3.5;
/**
 * Nor can one smaller than this whose template stands out by hardly so many noise SDs more than its spikes have to: it
 * is rather the mean of a crowd of small spikes, through which the threshold cuts.
 */
const minSnrNearThreshold = 4.5;
const nearThreshold = 1.4;
/** So is a template below this many noise SDs whose spikes are smaller on the whole than itself. */
const crowdHeight = 7.7;
const minMeanGain = 0.92;
/** The peak is looked for within this part of the slack around where the template has it. */
const peakReach = 0.25;
/** And from there on again, at most so many times. */
const peakSteps = 4;
/** A unit is an echo of larger ones within this distance and time from this share of coincident spikes on. */
const echoRadiusUm = 300;
const echoMs = { before: 1.5, after: 1.5 };
const maxCoincidence = 0.65;
/** Or if this share lies at one lag from a single larger unit, give or take so many samples. */
const maxAtOneLag = 0.3;
const lagSpread = 3;

export interface FinishInput {
  info: RecordingInfo;
  preparation: Preparation;
  parameters: SortingParameters;
  matched: MatchedSpikes;
  templates: Template[];
  /** Variance of noise in products with a template of norm 1. */
  noiseVariance: number;
  waveforms: WaveformSums;
  window: WaveformWindow;
  /** Channels of each template's waveform sums. */
  channels: Int32Array[];
}

export function finishSorting(input: FinishInput): Sorting {
  const { info, preparation, parameters, window } = input;
  const fewest = fewestSpikes(parameters, info.sampleCount / info.samplingRateHz);
  const { samplingRateHz, sampleCount } = info;
  const { decimation } = preparation;
  const merges = mergeUnits({ ...input, samplingRateHz, sampleCount, decimation });
  const trains = spikesByUnit(input.matched, merges);
  const candidates = trains
    .flatMap((train, template) =>
      isCrowd(input, { train, template }) ? [] : [placeUnit(input, { train, template })]
    )
    .filter((unit) => unit.spikeSamples.length >= fewest && isVisible(input, unit));
  const units = withoutEchoes(candidates, {
    info,
    before: Math.round((echoMs.before * info.samplingRateHz) / 1000),
    after: Math.round((echoMs.after * info.samplingRateHz) / 1000)
  });
  units.sort((a, b) => compareUnits(info, a, b));
  const excluded = [...preparation.usable.keys()].filter((channel) => !preparation.usable[channel]);
  return {
    samplingRateHz: info.samplingRateHz,
    channelCount: info.channelCount,
    sampleCount: info.sampleCount,
    waveformWindow: { beforeSamples: window.beforeSamples, afterSamples: window.afterSamples },
    units: units.map((unit, id) => withWaveforms(input, unit, id)),
    ...(excluded.length > 0 && { excludedChannels: excluded })
  };
}

/**
 * Drops units that only accompany others: more than half of their spikes, beyond what chance gives, lie on spikes of
 * larger units near by. They come from overlaps, and from what is left of large spikes after subtraction.
 */
function withoutEchoes(
  units: PlacedUnit[],
  { info, ...reach }: { info: RecordingInfo } & EchoReach
): PlacedUnit[] {
  const bySize = units.toSorted((a, b) => b.snr - a.snr || a.template - b.template);
  const kept: PlacedUnit[] = [];
  const options = { ...reach, sampleCount: info.sampleCount };
  for (const unit of bySize) {
    const larger = kept.filter(
      ({ mainChannel }) => contactDistance(info.probe, mainChannel, unit.mainChannel) <= echoRadiusUm
    );
    const trains = larger.map(({ spikeSamples }) => spikeSamples);
    const accompanies = accompaniedShare(unit.spikeSamples, trains, options) > maxCoincidence;
    if (!accompanies && !trains.some((train) => isEcho(unit.spikeSamples, train, options))) kept.push(unit);
  }
  return kept;
}

/** How far, in samples, a unit's spike may lie before and after one that it accompanies. */
interface EchoReach {
  before: number;
  after: number;
}

/** The share of spikes that have one of any of the trains within reach, beyond what chance gives. */
function accompaniedShare(
  spikes: Float64Array,
  trains: Float64Array[],
  { sampleCount, ...reach }: EchoReach & { sampleCount: number }
): number {
  const others = trains.reduce((sum, { length }) => sum + length, 0);
  const chance = Math.min(1, (others * (reach.before + reach.after + 1)) / sampleCount);
  const share = countAccompanied(spikes, trains, reach) / spikes.length;
  return chance < 1 ? (share - chance) / (1 - chance) : 0;
}

/**
 * Whether many of the spikes follow or precede another unit's at one and the same lag, as what is left of a spike does.
 * A neuron that fires together with another does so within some fraction of a ms.
 */
function isEcho(
  spikes: Float64Array,
  train: Float64Array,
  { before, after, sampleCount }: EchoReach & { sampleCount: number }
): boolean {
  const counts = new Float64Array(before + after + 1);
  let start = 0;
  for (const sample of spikes) {
    while (start < train.length && (train[start] as number) < sample - after) start++;
    for (let j = start; j < train.length && (train[j] as number) <= sample + before; j++) {
      const lag = sample - (train[j] as number) + before;
      counts[lag] = (counts[lag] as number) + 1;
    }
  }
  let most = 0;
  for (let lag = 0; lag < counts.length; lag++)
    most = Math.max(most, counts.subarray(Math.max(0, lag - lagSpread), lag + lagSpread + 1).reduce(add, 0));
  const chance = (spikes.length * train.length * (2 * lagSpread + 1)) / sampleCount;
  return most - chance > maxAtOneLag * spikes.length;
}

const add = (sum: number, value: number) => sum + value;

/** How many of the spikes have one of any of the trains within reach; all ascend. */
function countAccompanied(spikes: Float64Array, trains: Float64Array[], reach: EchoReach): number {
  const accompanied = new Uint8Array(spikes.length);
  for (const train of trains) {
    let j = 0;
    spikes.forEach((sample, k) => {
      while (j < train.length && (train[j] as number) < sample - reach.after) j++;
      if (j < train.length && (train[j] as number) <= sample + reach.before) accompanied[k] = 1;
    });
  }
  return accompanied.reduce((sum, is) => sum + is, 0);
}

/** A unit's spikes, ascending. */
interface Train {
  samples: Float64Array;
  gains: Float32Array;
}

/** The spikes of each template that stands for a unit, with those of the templates that were merged into it. */
function spikesByUnit({ samples, templates, gains }: MatchedSpikes, { into, shift }: UnitMerges): Train[] {
  const counts = new Int32Array(into.length);
  const unitOf = (k: number) => into[templates[k] as number] as number;
  samples.forEach((_, k) => (counts[unitOf(k)] = (counts[unitOf(k)] as number) + 1));
  const trains = Array.from(counts, (count) => ({
    samples: new Float64Array(count),
    gains: new Float32Array(count)
  }));
  counts.fill(0);
  samples.forEach((sample, k) => {
    const unit = unitOf(k);
    const train = trains[unit] as Train;
    const at = counts[unit] as number;
    counts[unit] = at + 1;
    train.samples[at] = sample + (shift[templates[k] as number] as number);
    train.gains[at] = gains[k] as number;
  });
  return trains.map(inOrder);
}

function inOrder(train: Train): Train {
  const order = Int32Array.from(train.samples, (_, k) => k);
  order.sort((a, b) => (train.samples[a] as number) - (train.samples[b] as number) || a - b);
  return chosen(train, order);
}

function chosen({ samples, gains }: Train, which: Int32Array | number[]): Train {
  return {
    samples: Float64Array.from(which, (k) => samples[k] as number),
    gains: Float32Array.from(which, (k) => gains[k] as number)
  };
}

/** By how many noise SDs a template stands out behind its own matched filter. */
function heightOfTemplate({ templates, noiseVariance }: FinishInput, template: number): number {
  return Math.sqrt(templateEnergy(templates[template] as Template) / noiseVariance);
}

function isVisible(input: FinishInput, { template, snr }: PlacedUnit): boolean {
  const height = heightOfTemplate(input, template);
  return snr >= (height < input.parameters.matchThreshold + nearThreshold ? minSnrNearThreshold : minSnr);
}

function isCrowd(input: FinishInput, { train, template }: { train: Train; template: number }): boolean {
  if (heightOfTemplate(input, template) >= crowdHeight) return false;
  return train.gains.reduce((sum, gain) => sum + gain, 0) < minMeanGain * train.gains.length;
}

/** Keeps of spikes within the dead time the one whose size is nearer to the template's. */
function withoutDoubles(train: Train, deadSamples: number): Float64Array {
  const { samples, gains } = train;
  const unlikeness = (k: number) => Math.abs((gains[k] as number) - 1);
  const kept: number[] = [];
  samples.forEach((sample, k) => {
    const previous = kept.at(-1);
    if (previous === undefined || sample - (samples[previous] as number) > deadSamples) kept.push(k);
    else if (unlikeness(k) < unlikeness(previous)) kept[kept.length - 1] = k;
  });
  return chosen(train, kept).samples;
}

/** A unit without its waveforms, which take much room on a probe of many channels: only those that stay get them. */
interface PlacedUnit extends Pick<SortedUnit, 'spikeSamples' | 'mainChannel' | 'snr'> {
  template: number;
  /** Samples from the template's peak to that of the mean waveform. */
  shift: number;
}

function placeUnit(input: FinishInput, { train, template }: { train: Train; template: number }): PlacedUnit {
  const { info, preparation, window } = input;
  const near = input.channels[template] as Int32Array;
  const peak = settlePeak(meanOf(input.waveforms, template), {
    ...{ length: slackLength(window), window, sign: input.parameters.peakSign },
    rowsAround: (row) =>
      [...near.keys()].filter(
        (other) =>
          contactDistance(info.probe, near[other] as number, near[row] as number) <= input.parameters.radiusUm
      )
  });
  const mainChannel = near[peak.row] as number;
  const shift = peak.sample - window.beforeSamples - window.slackSamples;
  const deadSamples = Math.round((deadTimeMs * info.samplingRateHz) / 1000);
  return {
    template,
    shift,
    spikeSamples: withoutDoubles(train, deadSamples)
      .map((sample) => sample + shift)
      .filter((sample) => sample >= 0 && sample < info.sampleCount),
    mainChannel,
    snr: Math.abs(peak.value) / (preparation.noise[mainChannel] as number)
  };
}

function meanOf({ sums, counts }: WaveformSums, template: number): Float64Array {
  const count = Math.max(1, counts[template] as number);
  return Float64Array.from(sums[template] as Float32Array, (sum) => sum / count);
}

function withWaveforms(
  { info, window, waveforms, channels }: FinishInput,
  { template, shift, ...unit }: PlacedUnit,
  id: number
): SortedUnit {
  const near = channels[template] as Int32Array;
  const length = slackLength(window);
  const mean = meanOf(waveforms, template);
  const squares = waveforms.squares[template] as Float32Array;
  const count = Math.max(1, waveforms.counts[template] as number);
  const cut = (values: (at: number) => number) => {
    const waveform = new Float32Array((window.beforeSamples + window.afterSamples) * info.channelCount);
    near.forEach((channel, row) => {
      for (let t = 0; t < window.beforeSamples + window.afterSamples; t++)
        waveform[t * info.channelCount + channel] = values(row * length + t + window.slackSamples + shift);
    });
    return waveform;
  };
  return {
    ...unit,
    id,
    waveformMean: cut((at) => mean[at] as number),
    waveformSd: cut((at) => {
      const value = mean[at] as number;
      return Math.sqrt(Math.max(0, (squares[at] as number) / count - value * value));
    })
  };
}

interface PeakOptions {
  length: number;
  window: WaveformWindow;
  sign: PeakSign;
  /** Rows whose channels lie within the radius of a row's. */
  rowsAround: (row: number) => number[];
}

interface WaveformPeak {
  row: number;
  sample: number;
  value: number;
}

/**
 * The extremum of the wanted sign around the expected peak, on the channels around the first row's; from there on again,
 * until none around it is more extreme.
 */
function settlePeak(mean: Float64Array, options: PeakOptions): WaveformPeak {
  const { window } = options;
  let at: WaveformPeak = { row: 0, sample: window.beforeSamples + window.slackSamples, value: 0 };
  for (let step = 0; step < peakSteps; step++) {
    const next = extremumAround(mean, at, options);
    if (next.row === at.row && next.sample === at.sample && step > 0) break;
    at = next;
  }
  return at;
}

function extremumAround(
  mean: Float64Array,
  { row: centre, sample }: WaveformPeak,
  { length, window, sign, rowsAround }: PeakOptions
): WaveformPeak {
  const reach = Math.round(window.slackSamples * peakReach);
  // The result's window, moved to the peak, has to lie within the slack.
  const first = Math.max(window.beforeSamples, sample - reach);
  const last = Math.min(length - window.afterSamples, sample + reach);
  let best = { row: centre, sample, value: 0, height: -Infinity };
  for (const row of rowsAround(centre))
    for (let t = first; t <= last; t++) {
      const value = mean[row * length + t] as number;
      const height = heightOf(value, sign);
      if (height > best.height) best = { row, sample: t, value, height };
    }
  return best;
}

/** By shank, then depth and column of the main channel, then number of spikes, then first spike. */
function compareUnits(info: RecordingInfo, a: PlacedUnit, b: PlacedUnit): number {
  const first = info.probe.contacts[a.mainChannel];
  const second = info.probe.contacts[b.mainChannel];
  return (
    (first?.shank ?? 0) - (second?.shank ?? 0) ||
    (first?.y ?? 0) - (second?.y ?? 0) ||
    (first?.x ?? 0) - (second?.x ?? 0) ||
    a.mainChannel - b.mainChannel ||
    b.spikeSamples.length - a.spikeSamples.length ||
    (a.spikeSamples[0] ?? 0) - (b.spikeSamples[0] ?? 0)
  );
}

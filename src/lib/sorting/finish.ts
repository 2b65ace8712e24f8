/**
 * From matched spikes to the result: spike times moved to the extremum of the mean waveform, double spikes taken out,
 * units with too few spikes or without a visible waveform dropped, and a fixed order of units.
 */
import { type RecordingInfo } from '../model/recording.ts';
import { type SortedUnit, type Sorting } from '../model/sorting.ts';
import { type PeakSign, heightOf } from './detect.ts';
import { withoutEchoes } from './echoes.ts';
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
/** Nor does a template below this stand for a neuron if many of its spikes are echoes of another unit. */
const minMixedHeight = 6.5;
/** The peak is looked for within this part of the slack around where the template has it. */
const peakReach = 0.25;
/** And from there on again, at most so many times. */
const peakSteps = 4;
/** A unit may be an echo of larger ones within this distance and time. */
const echoRadiusUm = 300;
const echoMs = { before: 1.5, after: 1.5 };
/** What is left of a spike is at most so large a part of it. */
const largestRemains = 0.4;

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
  const { decimation, motion } = preparation;
  const merges = mergeUnits({
    ...input,
    ...{ samplingRateHz, sampleCount, decimation, motion },
    probe: info.probe
  });
  const trains = spikesByUnit(input.matched, merges);
  const candidates = trains
    .flatMap((train, template) =>
      isCrowd(input, { train, template }) ? [] : [placeUnit(input, { train, template })]
    )
    .filter((unit) => unit.spikeSamples.length >= fewest && isVisible(input, unit))
    // Not by SNR: what is left of a large spike has its waveform in the recording.
    .sort(
      (a, b) =>
        heightOfTemplate(input, b.template) - heightOfTemplate(input, a.template) || a.template - b.template
    );
  const units = withoutEchoes(candidates, {
    ...{ before: inSamples(echoMs.before, info), after: inSamples(echoMs.after, info), sampleCount },
    areNear: (a, b) => contactDistance(info.probe, a.mainChannel, b.mainChannel) <= echoRadiusUm,
    mayLeave: (large, small) =>
      heightOfTemplate(input, small.template) <= largestRemains * heightOfTemplate(input, large.template),
    mayBeMore: ({ template }) => heightOfTemplate(input, template) >= minMixedHeight
  }).filter(({ spikeSamples }) => spikeSamples.length >= fewest);
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

function inSamples(ms: number, { samplingRateHz }: RecordingInfo): number {
  return Math.round((ms * samplingRateHz) / 1000);
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
  const deadSamples = inSamples(deadTimeMs, info);
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
  { window, waveforms, channels }: FinishInput,
  { template, shift, ...unit }: PlacedUnit,
  id: number
): SortedUnit {
  const near = channels[template] as Int32Array;
  const length = slackLength(window);
  const mean = meanOf(waveforms, template);
  const squares = waveforms.squares[template] as Float32Array;
  const count = Math.max(1, waveforms.counts[template] as number);
  const cut = (values: (at: number) => number) => {
    const waveform = new Float32Array((window.beforeSamples + window.afterSamples) * near.length);
    near.forEach((_, row) => {
      for (let t = 0; t < window.beforeSamples + window.afterSamples; t++)
        waveform[t * near.length + row] = values(row * length + t + window.slackSamples + shift);
    });
    return waveform;
  };
  return {
    ...unit,
    id,
    waveformChannels: near,
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

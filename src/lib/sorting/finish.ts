/**
 * From matched spikes to the result: spike times moved to the extremum of the mean waveform, double spikes taken out,
 * units with too few spikes or without a visible waveform dropped, and a fixed order of units.
 */
import { type RecordingInfo } from '../model/recording.ts';
import { type SortedUnit, type Sorting } from '../model/sorting.ts';
import { type MatchedSpikes } from './match.ts';
import { type SortingParameters } from './parameters.ts';
import { type Preparation } from './prepare.ts';
import { type WaveformSums, type WaveformWindow, slackLength } from './waveforms.ts';

/** Two spikes of one unit nearer than this are one. */
const deadTimeMs = 0.5;
/** A unit whose mean waveform is smaller than this, in MAD noise of its main channel, cannot be told from noise. */
const minSnr = 2.5;
/** A unit is an echo of a larger one from this share of coincident spikes on. */
const maxCoincidence = 0.5;

export interface FinishInput {
  info: RecordingInfo;
  preparation: Preparation;
  parameters: SortingParameters;
  matched: MatchedSpikes;
  waveforms: WaveformSums;
  window: WaveformWindow;
  /** Channels of each template's waveform sums. */
  channels: Int32Array[];
}

export function finishSorting(input: FinishInput): Sorting {
  const { info, preparation, parameters, window } = input;
  const trains = spikesByTemplate(input.matched, input.channels.length);
  const candidates = trains
    .map((spikes, template) => makeUnit(input, { spikes, template }))
    .filter((unit) => unit.spikeSamples.length >= parameters.minSpikes && unit.snr >= minSnr);
  const units = withoutEchoes(candidates, Math.round((deadTimeMs * info.samplingRateHz) / 1000));
  units.sort((a, b) => compareUnits(info, a, b));
  const excluded = [...preparation.usable.keys()].filter((channel) => !preparation.usable[channel]);
  return {
    samplingRateHz: info.samplingRateHz,
    channelCount: info.channelCount,
    sampleCount: info.sampleCount,
    waveformWindow: { beforeSamples: window.beforeSamples, afterSamples: window.afterSamples },
    units: units.map((unit, id) => ({ ...unit, id })),
    ...(excluded.length > 0 && { excludedChannels: excluded })
  };
}

/**
 * Drops units that only repeat another: more than half of their spikes lie on spikes of a larger unit. They come from
 * what is left of large spikes after subtraction.
 */
function withoutEchoes(units: SortedUnit[], nearSamples: number): SortedUnit[] {
  const bySize = units.toSorted((a, b) => b.snr - a.snr || a.id - b.id);
  const kept: SortedUnit[] = [];
  for (const unit of bySize) {
    const echoes = kept.some(
      (larger) =>
        countCoincident(unit.spikeSamples, larger.spikeSamples, nearSamples) >
        maxCoincidence * unit.spikeSamples.length
    );
    if (!echoes) kept.push(unit);
  }
  return kept;
}

/** How many of the first spikes have one of the second within reach; both ascend. */
function countCoincident(first: Float64Array, second: Float64Array, nearSamples: number): number {
  let count = 0;
  let j = 0;
  for (const sample of first) {
    while (j < second.length && (second[j] as number) < sample - nearSamples) j++;
    if (j < second.length && (second[j] as number) <= sample + nearSamples) count++;
  }
  return count;
}

interface Spike {
  sample: number;
  gain: number;
}

function spikesByTemplate({ samples, templates, gains }: MatchedSpikes, count: number): Spike[][] {
  const trains: Spike[][] = Array.from({ length: count }, () => []);
  samples.forEach((sample, k) => trains[templates[k] as number]?.push({ sample, gain: gains[k] as number }));
  for (const train of trains) train.sort((a, b) => a.sample - b.sample);
  return trains;
}

/** Keeps of spikes within the dead time the one whose size is nearer to the template's. */
function withoutDoubles(train: Spike[], deadSamples: number): Spike[] {
  const kept: Spike[] = [];
  for (const spike of train) {
    const previous = kept.at(-1);
    if (!previous || spike.sample - previous.sample > deadSamples) kept.push(spike);
    else if (Math.abs(spike.gain - 1) < Math.abs(previous.gain - 1)) kept[kept.length - 1] = spike;
  }
  return kept;
}

function makeUnit(
  input: FinishInput,
  { spikes, template }: { spikes: Spike[]; template: number }
): SortedUnit {
  const { info, preparation, window } = input;
  const near = input.channels[template] as Int32Array;
  const length = slackLength(window);
  const count = Math.max(1, input.waveforms.counts[template] as number);
  const mean = (input.waveforms.sums[template] as Float64Array).map((sum) => sum / count);
  const peak = findPeak(mean, { length, window });
  const mainChannel = near[peak.row] as number;
  const shift = peak.sample - window.beforeSamples - window.slackSamples;
  const cut = (values: (at: number) => number) => {
    const waveform = new Float32Array((window.beforeSamples + window.afterSamples) * info.channelCount);
    near.forEach((channel, row) => {
      for (let t = 0; t < window.beforeSamples + window.afterSamples; t++)
        waveform[t * info.channelCount + channel] = values(row * length + t + window.slackSamples + shift);
    });
    return waveform;
  };
  const squares = input.waveforms.squares[template] as Float64Array;
  const deadSamples = Math.round((deadTimeMs * info.samplingRateHz) / 1000);
  return {
    id: template,
    spikeSamples: Float64Array.from(
      withoutDoubles(spikes, deadSamples),
      ({ sample }) => sample + shift
    ).filter((sample) => sample >= 0 && sample < info.sampleCount),
    mainChannel,
    waveformMean: cut((at) => mean[at] as number),
    waveformSd: cut((at) => {
      const value = mean[at] as number;
      return Math.sqrt(Math.max(0, (squares[at] as number) / count - value * value));
    }),
    snr: Math.abs(peak.value) / (preparation.noise[mainChannel] as number)
  };
}

/** The largest deviation within the slack around the expected peak, over all channels. */
function findPeak(
  mean: Float64Array,
  { length, window }: { length: number; window: WaveformWindow }
): { row: number; sample: number; value: number } {
  const centre = window.beforeSamples + window.slackSamples;
  let best = { row: 0, sample: centre, value: 0 };
  for (let row = 0; row * length < mean.length; row++)
    for (let t = centre - window.slackSamples; t <= centre + window.slackSamples; t++) {
      const value = mean[row * length + t] as number;
      if (Math.abs(value) > Math.abs(best.value)) best = { row, sample: t, value };
    }
  return best;
}

/** By shank, then depth and column of the main channel, then number of spikes, then first spike. */
function compareUnits(info: RecordingInfo, a: SortedUnit, b: SortedUnit): number {
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

/**
 * Generates recordings whose spikes are known. Nothing is made beforehand but the units and their spike times: every
 * stretch of samples is computed when it is read, and is the same bit for bit however the recording is cut.
 */
import { type RecordingInfo, type TraceSource } from '#lib/model/recording.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';
import { type Displacement, displacementOf } from './drift.ts';
import { type Neuron } from './neurons.ts';
import { type NoiseModel, prepareNoise, writeNoise } from './noise.ts';
import { type SimulationSpec } from './specification.ts';
import { type SimulatedUnit, drawNeurons, simulate } from './population.ts';
import { phasesPerSample } from './templates.ts';

/** What is known of one unit of a generated recording. */
export interface TrueUnit {
  /** Position in the truth, from 0. */
  id: number;
  /** Soma in µm; z away from the contacts' plane. */
  position: { x: number; y: number; z: number };
  shank: number;
  mainChannel: number;
  /** Extremum of the template on the main channel, in µV, without sign. */
  amplitudeUv: number;
  /** Peak to peak of the template on the main channel, in µV. */
  peakToPeakUv: number;
  bursting: boolean;
  spikeCount: number;
  /** Mean waveform in µV before any filter, window samples × channels. */
  template: Float32Array<ArrayBuffer>;
  templateWindow: { beforeSamples: number; afterSamples: number };
}

export interface GeneratedRecording {
  /** µV, already rounded to whole counts: equal to what a file of `readCounts` gives. */
  source: TraceSource;
  truth: SpikeTrains;
  trueUnits: TrueUnit[];
  /** Of the units of the background, which nobody has to find; who finds one has not found a false one. */
  background: SpikeTrains;
  /** How far the tissue that lies at a depth has moved at a time, in µm; units' positions are those without motion. */
  displacementUm: Displacement;
  /** Samples [startSample, endSample) as int16 counts of `gainUv`, samples × channels, as raw files have them. */
  readCounts(startSample: number, endSample: number): Int16Array<ArrayBuffer>;
}

/** Prepares a recording: some tenths of a second for its units' waveforms, and little more for a longer one. */
export function generateRecording(spec: SimulationSpec): GeneratedRecording {
  const info = describe(spec);
  const neurons = drawNeurons(spec);
  const displacementUm = displacementOf(spec);
  const scene = { spec, sampleCount: info.sampleCount, displacementUm };
  const known = simulate(neurons.known, { ...scene, key: 'unit', synchrony: spec.units.synchrony });
  const background = simulate(neurons.background, { ...scene, key: 'background' });
  const noise = prepareNoise(spec);
  const units = [...known, ...background];
  const counts = (startSample: number, endSample: number) => {
    checkRange(info, startSample, endSample);
    return synthesize(spec, { noise, units, startSample, endSample });
  };
  return {
    source: {
      info,
      async read(startSample, endSample, signal) {
        signal?.throwIfAborted();
        const values = counts(startSample, endSample);
        for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * spec.gainUv;
        return values;
      }
    },
    truth: trainsOf(known, spec),
    background: trainsOf(background, spec),
    trueUnits: known.map((unit, id) => describeUnit(unit, { id, neuron: neurons.known[id] as Neuron, info })),
    displacementUm,
    readCounts: (startSample, endSample) => interleave(counts(startSample, endSample), info.channelCount)
  };
}

/**
 * The whole recording as chunks of int16 counts, samples × channels, in order: the bytes of a raw file (little-endian
 * where the machine is, as all supported ones are).
 */
export function* int16Chunks(
  recording: GeneratedRecording,
  options: { chunkSamples?: number } = {}
): Generator<Int16Array<ArrayBuffer>> {
  const { sampleCount } = recording.source.info;
  const step = options.chunkSamples ?? 30000;
  for (let start = 0; start < sampleCount; start += step)
    yield recording.readCounts(start, Math.min(start + step, sampleCount));
}

function trainsOf(units: readonly SimulatedUnit[], { samplingRateHz }: SimulationSpec): SpikeTrains {
  return { samplingRateHz, trains: units.map(({ train }) => train.samples) };
}

function describe(spec: SimulationSpec): RecordingInfo {
  const channelCount = spec.probe.contacts.length;
  return {
    samplingRateHz: spec.samplingRateHz,
    channelCount,
    sampleCount: Math.round(spec.seconds * spec.samplingRateHz),
    startTimeSeconds: 0,
    channelIds: spec.probe.contacts.map((contact) => contact.id),
    probe: spec.probe,
    gainUv: new Array<number>(channelCount).fill(spec.gainUv),
    offsetUv: new Array<number>(channelCount).fill(0),
    dtype: 'int16'
  };
}

function describeUnit(
  { template, train }: SimulatedUnit,
  { id, neuron, info }: { id: number; neuron: Neuron; info: RecordingInfo }
): TrueUnit {
  const { beforeSamples, afterSamples, channels, mainChannel } = template;
  const samples = beforeSamples + afterSamples;
  const whole = new Float32Array(samples * info.channelCount);
  const centre = (phasesPerSample / 2) * channels.length * samples;
  channels.forEach((channel, index) => {
    for (let sample = 0; sample < samples; sample++)
      whole[sample * info.channelCount + channel] = template.waveforms[
        centre + index * samples + sample
      ] as number;
  });
  let [lowest, highest] = [0, 0];
  for (let at = mainChannel; at < whole.length; at += info.channelCount) {
    lowest = Math.min(lowest, whole[at] as number);
    highest = Math.max(highest, whole[at] as number);
  }
  return {
    id,
    position: neuron.position,
    shank: neuron.shank,
    mainChannel,
    amplitudeUv: Math.max(-lowest, highest),
    peakToPeakUv: highest - lowest,
    bursting: neuron.bursting,
    spikeCount: train.samples.length,
    template: whole,
    templateWindow: { beforeSamples, afterSamples }
  };
}

function checkRange(info: RecordingInfo, startSample: number, endSample: number): void {
  const whole = Number.isInteger(startSample) && Number.isInteger(endSample);
  if (!whole || startSample < 0 || endSample < startSample || endSample > info.sampleCount)
    throw new RangeError(`Samples ${startSample} to ${endSample} are not within 0 to ${info.sampleCount}`);
}

interface Stretch {
  noise: NoiseModel;
  units: readonly SimulatedUnit[];
  startSample: number;
  endSample: number;
}

/** Noise plus every spike that reaches into the stretch, in whole counts; channels × samples. */
function synthesize(spec: SimulationSpec, stretch: Stretch): Float32Array<ArrayBuffer> {
  const { noise, units, startSample, endSample } = stretch;
  const values = new Float32Array(spec.probe.contacts.length * (endSample - startSample));
  writeNoise(noise, startSample, values);
  const { samplingRateHz } = spec;
  for (const unit of units) addSpikes(unit, { startSample, endSample, samplingRateHz, values });
  for (let i = 0; i < values.length; i++) {
    const count = Math.round((values[i] as number) / spec.gainUv);
    // Adding 0 makes −0 the 0 that a file would give.
    values[i] = count < -32768 ? -32768 : count > 32767 ? 32767 : count + 0;
  }
  return values;
}

interface Target {
  startSample: number;
  endSample: number;
  samplingRateHz: number;
  /** channels × samples */
  values: Float32Array;
}

/** Adds one unit's spikes, in their order, so that sums are the same however the recording is cut. */
function addSpikes(unit: SimulatedUnit, { startSample, endSample, samplingRateHz, values }: Target): void {
  const { template, train, templateAt } = unit;
  const { beforeSamples, afterSamples } = template;
  const samples = beforeSamples + afterSamples;
  const count = endSample - startSample;
  for (let spike = firstAfter(train.samples, startSample - afterSamples); ; spike++) {
    const at = train.samples[spike];
    if (at === undefined || at - beforeSamples >= endSample) return;
    const amplitude = train.amplitudes[spike] as number;
    const phase = train.phases[spike] as number;
    const offset = at - beforeSamples - startSample;
    const from = Math.max(0, -offset);
    const to = Math.min(samples, count - offset);
    const { channels, waveforms } = templateAt?.(at / samplingRateHz) ?? template;
    for (let index = 0; index < channels.length; index++) {
      const waveform = (phase * channels.length + index) * samples;
      const row = (channels[index] as number) * count + offset;
      for (let sample = from; sample < to; sample++)
        values[row + sample] =
          (values[row + sample] as number) + amplitude * (waveforms[waveform + sample] as number);
    }
  }
}

/** Index of the first value above the bound, in an ascending array. */
function firstAfter(ascending: Float64Array, bound: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

function interleave(values: Float32Array, channelCount: number): Int16Array<ArrayBuffer> {
  const samples = values.length / channelCount;
  const counts = new Int16Array(values.length);
  for (let channel = 0; channel < channelCount; channel++)
    for (let sample = 0; sample < samples; sample++)
      counts[sample * channelCount + channel] = values[channel * samples + sample] as number;
  return counts;
}

// What `npm run bench:parameters` tries: the values of each parameter of the engine, and the generated recordings that
// they are tried on. Their seeds served for nothing else.
import { randomStream } from '#lib/math/random.ts';
import { type ParameterValue } from '#lib/model/processor.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { keepSamples } from '#lib/simulation/kept-source.ts';
import { layOutProbe } from '#lib/simulation/probe-layout.ts';
import { type GeneratedRecording, generateRecording } from '#lib/simulation/recording.ts';
import { type SimulationSpec, drift32Spec, hard64Spec, probe32Spec } from '#lib/simulation/specification.ts';
import { type SortingParameters } from '#lib/sorting/parameters.ts';

/** Recordings of one kind: of a single one, every unit that is found or lost by chance would show. */
export interface SweepSet {
  name: string;
  /** What they are, for the page. */
  text: string;
  /** One a recording. */
  make: (() => KnownRecording)[];
}
export type KnownRecording = Pick<GeneratedRecording, 'source' | 'truth' | 'background'>;

export interface Sweep {
  parameter: keyof SortingParameters;
  /** What the values count, for the axis; nothing where they are words. */
  unit?: string;
  /** The default among them. */
  values: ParameterValue[];
  sets: SweepSet[];
}

/** SD of the noise that disturbs all channels alike. */
const sharedNoiseUv = 15;

/** A recording whose samples are kept, so that making them is not timed; `change` makes another of it. */
function generated(spec: SimulationSpec, change = (source: TraceSource) => source): () => KnownRecording {
  return () => {
    const recording = generateRecording(spec);
    return { ...recording, source: keepSamples(change(recording.source)) };
  };
}

/** The neurons of hard64, as close together, on fewer contacts. */
function crowdedSpec(seed: number, { rows, seconds }: { rows: number; seconds: number }): SimulationSpec {
  const spec = hard64Spec(seed, seconds);
  const every = Math.round(32 / rows);
  return {
    ...spec,
    probe: layOutProbe({ name: `2 × ${rows}`, columns: 2, rows, columnPitchUm: 32, rowPitchUm: 15 }),
    unitAmplitudesUv: spec.unitAmplitudesUv.filter((_, i) => i % every === 0),
    background: { ...spec.background, count: spec.background.count / every }
  };
}

const probe32Seeds = [701, 706];
const probe32: SweepSet = {
  name: 'probe32',
  text: 'two recordings of 40 s, each 32 channels in two columns, 24 units of 25 to 350 µV',
  make: probe32Seeds.map((seed) => generated(probe32Spec(seed, 40)))
};
const crowded32: SweepSet = {
  name: 'crowded32',
  text:
    'two recordings of 40 s, each 32 channels in two columns, 15 µm from row to row, 40 units of 40 to 400 µV close ' +
    'together, most of them slow, with sizes that vary, spikes that coincide and a loud background',
  make: [702, 707].map((seed) => generated(crowdedSpec(seed, { rows: 16, seconds: 40 })))
};
const long: SweepSet = {
  name: 'crowded8, long',
  text: 'three recordings of 180 s of the same kind, each 8 channels and 10 units',
  make: [704, 708, 709].map((seed) => generated(crowdedSpec(seed, { rows: 4, seconds: 180 })))
};
const moving: SweepSet = {
  name: 'drift32',
  text: 'two recordings of 110 s like probe32, whose tissue moves up and down by 15 µm from 40 s on',
  make: [703, 710].map((seed) => generated(drift32Spec(seed, 110)))
};
const resting: SweepSet = {
  name: 'drift32 at rest',
  text: 'the same two without motion',
  make: [703, 710].map((seed) => generated(probe32Spec(seed, 110)))
};
const disturbed: SweepSet = {
  name: 'probe32, disturbed',
  text: `probe32 with noise of ${sharedNoiseUv} µV that all channels share`,
  make: probe32Seeds.map((seed) => generated(probe32Spec(seed, 40), withSharedNoise))
};
const inverted: SweepSet = {
  name: 'probe32, inverted',
  text: 'probe32 turned over, so that spikes point upwards',
  make: probe32Seeds.map((seed) => generated(probe32Spec(seed, 40), turnedOver))
};

/** The same white noise added to all channels. */
function withSharedNoise(source: TraceSource): TraceSource {
  const { sampleCount, channelCount } = source.info;
  const stream = randomStream(705, 'shared noise');
  const noise = Float32Array.from({ length: sampleCount }, () => sharedNoiseUv * stream.normal());
  return mapped(source, (values, start) => {
    const samples = values.length / channelCount;
    return values.map((value, at) => value + (noise[start + (at % samples)] as number));
  });
}

function turnedOver(source: TraceSource): TraceSource {
  return mapped(source, (values) => values.map((value) => -value));
}

/** A source with other values: `change` gets channels × samples and the first sample. */
function mapped(
  source: TraceSource,
  change: (values: Float32Array<ArrayBuffer>, start: number) => Float32Array<ArrayBuffer>
): TraceSource {
  return {
    info: source.info,
    read: async (start, end, signal) => change(await source.read(start, end, signal), start)
  };
}

const both = [probe32, crowded32];

export const sweeps: Sweep[] = [
  { parameter: 'bandLowHz', unit: 'Hz', values: [100, 300, 600, 1000], sets: both },
  { parameter: 'bandHighHz', unit: 'Hz', values: [2000, 4500, 6000, 9000], sets: both },
  {
    parameter: 'reference',
    values: ['auto', 'median', 'mean', 'none'],
    sets: [probe32, disturbed]
  },
  { parameter: 'whitenChannels', unit: 'channels', values: [1, 4, 16, 32], sets: both },
  { parameter: 'motionCorrection', values: ['auto', 'none'], sets: [moving, resting] },
  {
    parameter: 'peakSign',
    values: ['negative', 'positive', 'both'],
    sets: [probe32, inverted]
  },
  { parameter: 'detectThreshold', unit: 'noise SD', values: [4, 5, 6, 8], sets: both },
  { parameter: 'exclusionMs', unit: 'ms', values: [0.1, 0.2, 0.4, 1], sets: both },
  { parameter: 'radiusUm', unit: 'µm', values: [30, 60, 100, 200], sets: both },
  { parameter: 'trainingSeconds', unit: 's', values: [10, 25, 50, 100, 150], sets: [long] },
  { parameter: 'templateRadiusUm', unit: 'µm', values: [30, 60, 100, 200], sets: both },
  { parameter: 'clusterChannels', unit: 'channels', values: [1, 4, 8, 16], sets: both },
  { parameter: 'clusterComponents', unit: 'components', values: [3, 6, 10, 20], sets: both },
  { parameter: 'maxClusterSpikes', unit: 'spikes', values: [100, 300, 1000, 4000], sets: both },
  { parameter: 'isocutThreshold', unit: 'dip score', values: [1, 1.5, 2, 3, 5], sets: both },
  { parameter: 'mergeSimilarity', unit: '1 = equal', values: [0.7, 0.85, 0.98, 1], sets: both },
  { parameter: 'minSpikes', unit: 'spikes', values: [5, 10, 20, 50, 100], sets: [long] },
  { parameter: 'matchThreshold', unit: 'noise SD', values: [3, 4, 5, 7], sets: both }
];

// The recordings that the unit classifier is trained and judged on: drawn from a number, so that a draw can be repeated.
// No recording of the held-out split shares a seed, and so a unit or a stretch of noise, with one of the training split.
import { randomStream, type RandomStream } from '#lib/math/random.ts';
import { type ParameterValue } from '#lib/model/processor.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';
import { keepSamples } from '#lib/simulation/kept-source.ts';
import { layOutProbe } from '#lib/simulation/probe-layout.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { type SimulationSpec, probe32Spec, tetrodeSpec } from '#lib/simulation/specification.ts';
import { type Artefacts, withArtefacts } from './artefacts.ts';

export const splits = ['training', 'held-out'] as const;
export type Split = (typeof splits)[number];
export const kinds = ['tetrode', 'probe16', 'probe32', 'drift', 'hard', 'sparse'] as const;
export type Kind = (typeof kinds)[number];

export interface DrawnRecording {
  name: string;
  kind: Kind;
  split: Split;
  spec: SimulationSpec;
  artefacts: Artefacts;
  /** What it is sorted with, one sort each; the first are the defaults. */
  parameters: Record<string, ParameterValue>[];
}

/** One recording of a kind; equal arguments give the same. */
export function drawRecording({
  kind,
  split,
  index,
  seed
}: {
  kind: Kind;
  split: Split;
  index: number;
  seed: number;
}): DrawnRecording {
  const stream = randomStream(seed, 'classifier', split, kind, index);
  const spec = drawSpec(stream, kind);
  const isDirty = kind === 'sparse' || stream.uniform() < 0.5;
  return {
    name: `${split} ${kind} ${index}`,
    kind,
    split,
    spec,
    artefacts: isDirty ? drawArtefacts(stream) : [],
    parameters: [{}, drawParameters(stream)]
  };
}

/** The recording with its samples in memory, and who fired when. */
export function generate({ spec, artefacts }: DrawnRecording): {
  source: TraceSource;
  truth: SpikeTrains;
  background: SpikeTrains;
} {
  const { source, truth, background } = generateRecording(spec);
  return {
    source: withArtefacts(keepSamples(source), { artefacts, seed: spec.seed }),
    truth,
    background
  };
}

function drawSpec(stream: RandomStream, kind: Kind): SimulationSpec {
  const seed = 1_000_000 + stream.integer(1_000_000_000);
  const seconds = 60 + 10 * stream.integer(4);
  const small = { ...probe32Spec(seed, seconds), probe: probe16() };
  const loud = { ...small.background, count: 20, amplitudeUv: [10, 35] as const };
  switch (kind) {
    case 'tetrode':
      return { ...tetrodeSpec(seed, seconds), unitAmplitudesUv: sizes(stream, 3 + stream.integer(7)) };
    case 'probe16':
      return { ...small, unitAmplitudesUv: sizes(stream, 8 + stream.integer(8)), background: loud };
    case 'probe32':
      return probe32Spec(seed, 60);
    case 'drift':
      return {
        ...small,
        unitAmplitudesUv: sizes(stream, 10),
        drift: {
          kind: 'zigzag',
          amplitudeUm: 8 + 10 * stream.uniform(),
          startSeconds: 10,
          periodSeconds: 40 + 40 * stream.uniform()
        }
      };
    case 'hard':
      return {
        ...small,
        unitAmplitudesUv: sizes(stream, 18 + stream.integer(8)),
        units: {
          ...small.units,
          rateHz: { medianHz: 3, sigma: 1.2, rangeHz: [0.3, 50] },
          amplitudeJitter: 0.12,
          minimumDistanceUm: 8,
          synchrony: { share: 0.05, withinMs: 0.5 }
        },
        background: { count: 30, amplitudeUv: [15, 45], rateHz: [6, 6] }
      };
    case 'sparse':
      return {
        ...(stream.uniform() < 0.5 ? tetrodeSpec(seed, seconds) : small),
        unitAmplitudesUv: sizes(stream, stream.integer(3)),
        background: { count: stream.integer(6), amplitudeUv: [8, 20], rateHz: [3, 9] }
      };
  }
}

function probe16() {
  return layOutProbe({ name: '2 × 8', columns: 2, rows: 8, columnPitchUm: 32, rowPitchUm: 20 });
}

/** Many small units and few large ones, in µV. */
function sizes(stream: RandomStream, count: number): number[] {
  return Array.from({ length: count }, () => 30 + 300 * stream.uniform() ** 2);
}

function drawParameters(stream: RandomStream): Record<string, ParameterValue> {
  const one = (values: readonly number[]) => values[stream.integer(values.length)] as number;
  return {
    detectThreshold: one([3.5, 4, 4.5, 5, 6]),
    matchThreshold: one([3, 3.5, 4, 5]),
    mergeSimilarity: one([0.5, 0.65, 0.75, 0.85, 0.95]),
    isocutThreshold: one([1, 1.5, 2, 3])
  };
}

function drawArtefacts(stream: RandomStream): Artefacts {
  const shapes = ['pop', 'contact', 'mains', 'movement', 'switch'] as const;
  return shapes
    .filter(() => stream.uniform() < 0.5)
    .map((shape) => ({
      shape,
      sizeUv: 40 + 260 * stream.uniform() ** 2,
      rateHz:
        shape === 'mains'
          ? 50
          : shape === 'movement'
            ? 0.1 + 0.3 * stream.uniform()
            : 1 + 5 * stream.uniform(),
      /** Equal everywhere, or different on each channel as far as this. */
      spread: 0.6 * stream.uniform()
    }));
}

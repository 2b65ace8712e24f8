/**
 * Merges units after matching: two templates that are alike and never fire within a neuron's refractory time of each
 * other, though by chance they would have, are one neuron found twice. (Cross-correlogram test in the spirit of
 * Kilosort's and SpikeInterface's automatic merging.) So are two that take turns as the tissue moves.
 */
import { type Probe } from '../model/recording.ts';
import { type MatchedSpikes } from './match.ts';
import { bestAlignment } from './merge.ts';
import { type Motion } from './motion/motion.ts';
import { PlacesInTime, takeTurns } from './take-turns.ts';
import { type Template } from './templates.ts';

/** Templates whose shapes are less alike than this (cosine) are never merged, nor those of very different size. */
const minCosine = 0.8;
const minSizeRatio = 0.5;
/** Templates are compared at lags up to this. */
const maxLagMs = 0.6;
/** Without enough spikes to tell, templates have to be this much alike. */
const surelyAlike = 0.92;
/** The refractory time that is looked at, from and to so many ms on both sides. */
const fromMs = 0.6;
const toMs = 2.2;
/** So many pairs have to be expected by chance for the cross-correlogram to say anything. */
const minExpected = 6;
/** One neuron leaves at most this part of them. */
const maxRemaining = 0.25;

export interface MergeUnitsInput {
  templates: Template[];
  matched: MatchedSpikes;
  /** Of the recording. */
  samplingRateHz: number;
  sampleCount: number;
  /** Samples of the recording that one of a template stands for. */
  decimation: number;
  probe: Probe;
  /** Where the tissue moved. */
  motion?: Motion | undefined;
}

/** For each template the one that its spikes belong to, and by how many samples they are to be moved. */
export interface UnitMerges {
  into: Int32Array;
  shift: Int32Array;
}

export function mergeUnits(input: MergeUnitsInput): UnitMerges {
  const { templates, samplingRateHz, decimation } = input;
  const maxLag = Math.round((maxLagMs * samplingRateHz) / 1000 / decimation);
  const trains = trainsOf(input);
  const placesOf = placesByTemplate(input);
  const into = Int32Array.from(templates, (_, k) => k);
  const shift = new Int32Array(templates.length);
  for (const pair of alikePairs(templates, maxLag)) {
    const [a, b] = [into[pair.i] as number, into[pair.j] as number];
    if (a === b) continue;
    // From the second's frame into the first's.
    const lag = Math.round(pair.lag * decimation);
    const offset = (shift[pair.i] as number) + lag - (shift[pair.j] as number);
    const first = trains[a] as Float64Array;
    const second = (trains[b] as Float64Array).map((sample) => sample + offset);
    const places = placesOf(pair.i);
    const isOne =
      (places && takeTurns(first, second, { places, samplingRateHz })) ||
      oneNeuron(first, second, { ...input, similarity: pair.similarity });
    if (!isOne) continue;
    const keepsFirst = first.length >= second.length;
    const [kept, gone] = keepsFirst ? [a, b] : [b, a];
    trains[kept] = join(first, second).map((sample) => (keepsFirst ? sample : sample - offset));
    into.forEach((unit, k) => {
      if (unit !== gone) return;
      into[k] = kept;
      shift[k] = (shift[k] as number) + (keepsFirst ? offset : -offset);
    });
  }
  return { into, shift };
}

/** Where the tissue at a template's main channel lies in time, worked out when first asked for. */
function placesByTemplate({ templates, motion, probe }: MergeUnitsInput) {
  const known = new Map<number, PlacesInTime>();
  return (template: number): PlacesInTime | undefined => {
    if (!motion) return undefined;
    const depthUm = probe.contacts[templates[template]?.mainChannel ?? 0]?.y ?? 0;
    const places = known.get(depthUm) ?? new PlacesInTime(motion, depthUm);
    known.set(depthUm, places);
    return places;
  };
}

function trainsOf({ templates, matched }: MergeUnitsInput): Float64Array[] {
  const lists: number[][] = templates.map(() => []);
  matched.samples.forEach((sample, k) => lists[matched.templates[k] as number]?.push(sample));
  return lists.map((list) => Float64Array.from(list).sort());
}

interface AlikePair {
  i: number;
  j: number;
  similarity: number;
  lag: number;
}

/** The most alike first. */
function alikePairs(templates: Template[], maxLag: number): AlikePair[] {
  const pairs: AlikePair[] = [];
  templates.forEach((a, i) => {
    for (let j = i + 1; j < templates.length; j++) {
      const { similarity, cosine, sizeRatio, lag } = bestAlignment(a, templates[j] as Template, maxLag);
      if (cosine >= minCosine && sizeRatio >= minSizeRatio) pairs.push({ i, j, similarity, lag });
    }
  });
  return pairs.sort((p, q) => q.similarity - p.similarity || p.i - q.i || p.j - q.j);
}

/** Whether two trains (ascending) leave each other's refractory time empty. */
function oneNeuron(
  first: Float64Array,
  second: Float64Array,
  { samplingRateHz, sampleCount, similarity }: MergeUnitsInput & { similarity: number }
): boolean {
  const from = Math.round((fromMs * samplingRateHz) / 1000);
  const to = Math.round((toMs * samplingRateHz) / 1000);
  const expected = (first.length * second.length * 2 * (to - from)) / sampleCount;
  if (expected < minExpected) return similarity >= surelyAlike;
  return countPairs(first, second, { from, to }) <= maxRemaining * expected;
}

/** Pairs whose distance lies in (from, to]; both trains ascend. */
function countPairs(
  first: Float64Array,
  second: Float64Array,
  { from, to }: { from: number; to: number }
): number {
  let count = 0;
  let start = 0;
  for (const sample of first) {
    while (start < second.length && (second[start] as number) < sample - to) start++;
    for (let j = start; j < second.length && (second[j] as number) <= sample + to; j++)
      if (Math.abs((second[j] as number) - sample) > from) count++;
  }
  return count;
}

function join(first: Float64Array, second: Float64Array): Float64Array {
  const both = new Float64Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both.sort();
}

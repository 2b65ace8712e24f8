/**
 * The pure tasks that a worker runs for the pipeline. Inputs and outputs are structured-clonable; the large buffers of
 * an output may be transferred.
 */
import { type ClusterInput, type ClusterOutput, clusterSpikes } from './cluster.ts';
import { type Chunk } from './chunks.ts';
import { type CleanSpikes, type CleanSpikesInput, describeCleanSpikes } from './clean-spikes.ts';
import {
  type ChunkMoments,
  type DetectInput,
  type DetectedChunk,
  describePeaks,
  snippetMoments
} from './features.ts';
import { type LocateInput, locatePeaks } from './find-motion.ts';
import { freeNow } from './kernels/free-memory.ts';
import { type MatchInput, type MatchOutput, matchChunk } from './match.ts';
import { type LocatedPeaks } from './motion/localise.ts';
import { type ChunkProfile, type Preparation, type ProfileInput, profileChunk } from './prepare.ts';

// A type and not an interface: only a type satisfies TaskMap's index signature.
export type SortingTasks = {
  profile: { input: ProfileInput; output: ChunkProfile };
  moments: {
    input: { preparation: Preparation; chunk: Chunk };
    output: ChunkMoments;
  };
  locate: { input: LocateInput; output: LocatedPeaks };
  detect: { input: DetectInput; output: DetectedChunk };
  cluster: { input: ClusterInput; output: ClusterOutput };
  cleanSpikes: { input: CleanSpikesInput; output: CleanSpikes };
  match: { input: MatchInput; output: MatchOutput };
};

const runners: {
  [Name in keyof SortingTasks]: (input: SortingTasks[Name]['input']) => SortingTasks[Name]['output'];
} = {
  profile: profileChunk,
  moments: snippetMoments,
  locate: locatePeaks,
  detect: describePeaks,
  cluster: clusterSpikes,
  cleanSpikes: describeCleanSpikes,
  match: matchChunk
};

/** Runs a task. Array buffers of the input may be changed. */
export function runSortingTask<Name extends keyof SortingTasks>(
  name: Name,
  input: SortingTasks[Name]['input']
): SortingTasks[Name]['output'] {
  return runners[name](input);
}

/** Runs a task on a thread of its own, whose chunk or features nobody else has: their memory is given back. */
export function runOwnTask<Name extends keyof SortingTasks>(
  name: Name,
  input: SortingTasks[Name]['input']
): SortingTasks[Name]['output'] {
  const output = runSortingTask(name, input);
  if ('chunk' in input) freeNow(input.chunk.data);
  if (name === 'cluster') freeNow((input as ClusterInput).features);
  return output;
}

/** The array buffers of an output that are worth transferring instead of copying. */
export function transferables<Name extends keyof SortingTasks>(
  name: Name,
  output: SortingTasks[Name]['output']
): ArrayBuffer[] {
  if (name === 'detect') return [(output as DetectedChunk).features.buffer];
  if (name === 'cleanSpikes') {
    const { features, left } = output as CleanSpikes;
    return [features.buffer, left.sums.buffer];
  }
  if (name === 'cluster') return [(output as ClusterOutput).medians.buffer];
  if (name !== 'match') return [];
  const { sums, squares } = (output as MatchOutput).waveforms;
  return [sums.buffer, squares.buffer];
}

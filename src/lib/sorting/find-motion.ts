/**
 * Whether and how the tissue moved along the probe: peaks of a few chunks spread over the recording tell whether it
 * did, and only then those of all chunks are looked at.
 */
import { type TraceSource } from '../model/recording.ts';
import { type Chunk } from './chunks.ts';
import { findNeighbours } from './geometry.ts';
import { viewTraces } from './kernels/traces.ts';
import { type Localisation, type LocatedPeaks, localisePeaks, planLocalisation } from './motion/localise.ts';
import { type Motion, motionSpanUm } from './motion/motion.ts';
import { estimateMotion } from './motion/register.ts';
import { type Preparation, cleanParts, detectInParts } from './prepare.ts';

/** Channels within this distance locate a peak. */
const locateRadiusUm = 75;
/** So many chunks are looked at to see whether there is motion. */
const probedChunks = 40;
/** Less motion than this is not corrected: interpolation would cost more than it gives. */
const minSpanUm = 4;

export interface LocateInput {
  preparation: Preparation;
  localisation: Localisation;
  chunk: Chunk;
}

/** Finds and localises one chunk's peaks: the task `locate`. */
export function locatePeaks({ preparation, localisation, chunk }: LocateInput): LocatedPeaks {
  const clean = cleanParts(preparation, chunk);
  const { probe, samplingRateHz } = preparation;
  const startSample = chunk.startSample - chunk.haloSamples;
  const options = { probe, localisation, samplingRateHz, startSample };
  const { samples, ...peaks } = detectInParts(preparation, clean);
  const places = samples.map((sample) => sample * preparation.decimation);
  return localisePeaks(viewTraces(clean.filtered), { ...peaks, samples: places }, options);
}

export interface FindMotionOptions {
  source: TraceSource;
  preparation: Preparation;
  chunkCount: number;
  /** Localises the peaks of `count` chunks spread over the recording; `part` is the part of the stage that it is. */
  locate: (
    count: number,
    localisation: Localisation,
    part: { from: number; to: number }
  ) => Promise<LocatedPeaks[]>;
}

/** The motion, or undefined where there is none worth correcting or none can be told. */
export async function findMotion({
  source,
  preparation,
  chunkCount,
  locate
}: FindMotionOptions): Promise<Motion | undefined> {
  const { probe, samplingRateHz, sampleCount } = source.info;
  const { usable } = preparation;
  const neighbours = findNeighbours(probe, { radiusUm: locateRadiusUm, maxCount: Infinity, usable });
  const options = { probe, durationSeconds: sampleCount / samplingRateHz };
  if (estimateMotion([], options).outcome === 'no-depth-extent') return undefined;
  const localisation = planLocalisation(probe, neighbours);
  const estimate = async (count: number, part: { from: number; to: number }) =>
    estimateMotion(await locate(count, localisation, part), options);
  const moves = (motion: Motion) => motion.outcome === 'estimated' && motionSpanUm(motion) >= minSpanUm;
  const firstCount = Math.min(probedChunks, chunkCount);
  const looked = firstCount / (firstCount + chunkCount);
  const probed = await estimate(firstCount, { from: 0, to: looked });
  if (!moves(probed)) return undefined;
  if (chunkCount <= probedChunks) return probed;
  const motion = await estimate(chunkCount, { from: looked, to: 1 });
  return moves(motion) ? motion : undefined;
}

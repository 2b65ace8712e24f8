/**
 * The spikes of a chunk as they would be without those on top of them: all templates are taken off, and each spike is
 * described by what is left plus its own template (the "clean" features of Kilosort: Pachitariu et al. 2024). Where
 * first clusters hide a rarer neighbour behind overlaps, these show it.
 */
import { type Chunk } from './chunks.ts';
import { type Explanation, type Match, explainChunk } from './explain.ts';
import { type DetectedChunk, type FeatureSpace, projectPeaks } from './features.ts';
import { viewTraces } from './kernels/traces.ts';
import { type Matcher } from './matchers.ts';
import { type Preparation, cleanParts } from './prepare.ts';
import { type ChunkRemainders, sumRemainders } from './remainders.ts';
import { phaseOf, shiftReach } from './sub-sample.ts';

export interface CleanSpikesInput extends Explanation {
  preparation: Preparation;
  space: FeatureSpace;
  /** Main channel of each template: its spikes are described around it. */
  mainChannels: Int32Array;
  chunk: Chunk;
}

export interface CleanSpikes extends DetectedChunk {
  /** What no template explains of them. */
  left: ChunkRemainders;
}

/**
 * Spikes of one chunk, by their sample in the recording, with their clean features; in `channels` stands each one's
 * template. The task `cleanSpikes`.
 */
export function describeCleanSpikes(input: CleanSpikesInput): CleanSpikes {
  const { preparation, chunk } = input;
  const { whitened } = cleanParts(preparation, chunk);
  const matches = explainChunk(whitened, input);
  const origin = chunk.startSample - chunk.haloSamples;
  return {
    samples: Float64Array.from(matches, ({ position }) => origin + position),
    channels: Int32Array.from(matches, ({ matcher }) => matcher.template),
    features: cleanFeatures(viewTraces(whitened), {
      ...input,
      matches,
      channelCount: preparation.channelCount
    }),
    left: sumRemainders(whitened, matches, input)
  };
}

export interface CleanFeaturesOptions extends Pick<CleanSpikesInput, 'space' | 'matchers' | 'mainChannels'> {
  matches: Match[];
  channelCount: number;
}

/**
 * Features of each match's template as it was found plus those of what is left around it: matches × row length.
 * @param left channels × samples: whitened traces less what the matches explain
 */
export function cleanFeatures(
  left: Float32Array,
  { matches, channelCount, space, matchers, mainChannels }: CleanFeaturesOptions
): Float32Array<ArrayBuffer> {
  const { rowLength, window } = space;
  const mainOf = ({ template }: Matcher) => mainChannels[template] as number;
  const features = projectPeaks(left, {
    ...{ space, channelCount },
    peaks: {
      samples: Int32Array.from(matches, ({ start }) => start + window.beforeSamples),
      channels: Int32Array.from(matches, ({ matcher }) => mainOf(matcher)),
      phases: Uint8Array.from(matches, ({ offset }) => phaseOf(offset))
    }
  });
  const own = new Map(
    matchers.map((matcher) => [matcher, templateFeatures(matcher, mainOf(matcher), space)])
  );
  matches.forEach(({ matcher, gain }, k) =>
    own.get(matcher)?.forEach((value, f) => {
      features[k * rowLength + f] = (features[k * rowLength + f] as number) + gain * value;
    })
  );
  return features;
}

/** Features of a template itself: one row. */
function templateFeatures(
  { channels, waveform, stride }: Matcher,
  mainChannel: number,
  { window, basis, componentCount, neighbours, rowLength }: FeatureSpace
): Float64Array {
  const row = new Float64Array(rowLength);
  neighbours[mainChannel]?.forEach((channel, n) => {
    const c = channels.indexOf(channel);
    if (c < 0) return;
    for (let p = 0; p < componentCount; p++) {
      let sum = 0;
      for (let i = 0; i < window.length; i++)
        sum += (basis[p * window.length + i] as number) * (waveform[c * stride + shiftReach + i] as number);
      row[n * componentCount + p] = sum;
    }
  });
  return row;
}

/** Template matching of one chunk: its own spikes, their sizes, and sums of their waveforms. */
import { type Chunk } from './chunks.ts';
import { type Explanation, explainChunk } from './explain.ts';
import { type Preparation, cleanParts } from './prepare.ts';
import { type ChunkWaveforms, type WaveformWindow, accumulateWaveforms } from './waveforms.ts';

export interface MatchInput extends Explanation {
  preparation: Preparation;
  chunk: Chunk;
  waveformWindow: WaveformWindow;
  /** Channels whose mean waveforms are measured, one list a template; its main channel is the first. */
  waveformChannels: Int32Array[];
}

export interface MatchedSpikes {
  /** Sample in the recording at which the template's peak lies. */
  samples: Float64Array<ArrayBuffer>;
  templates: Int32Array<ArrayBuffer>;
  /** Size relative to the template. */
  gains: Float32Array<ArrayBuffer>;
}

export interface MatchOutput extends MatchedSpikes {
  waveforms: ChunkWaveforms;
}

/** Explains one chunk's spikes: the task `match`. */
export function matchChunk(input: MatchInput): MatchOutput {
  const { preparation, chunk } = input;
  const { filtered, whitened } = cleanParts(preparation, chunk);
  const spikes = explainChunk(whitened, input);
  const origin = chunk.startSample - chunk.haloSamples;
  const templates = Int32Array.from(spikes, ({ matcher }) => matcher.template);
  return {
    samples: Float64Array.from(spikes, ({ position }) => position + origin),
    templates,
    gains: Float32Array.from(spikes, ({ gain }) => gain),
    waveforms: accumulateWaveforms(filtered, {
      positions: Int32Array.from(spikes, ({ position }) => position),
      units: templates,
      window: input.waveformWindow,
      channels: input.waveformChannels
    })
  };
}

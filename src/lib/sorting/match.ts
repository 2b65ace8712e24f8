/** Template matching of one chunk: its own spikes, their sizes, and sums of their waveforms. */
import { type Chunk } from './chunks.ts';
import { type Explanation, type OwnMatch, explainChunk } from './explain.ts';
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
      hidden: underLarger(spikes, input),
      window: input.waveformWindow,
      channels: input.waveformChannels
    })
  };
}

/** For each spike, in order, 1 if a larger one lies within a waveform's reach of it and on its main channel. */
function underLarger(
  spikes: OwnMatch[],
  { waveformWindow, waveformChannels }: Pick<MatchInput, 'waveformWindow' | 'waveformChannels'>
): Uint8Array<ArrayBuffer> {
  const reach = waveformWindow.beforeSamples;
  let first = 0;
  return Uint8Array.from(spikes, ({ matcher, position }) => {
    while ((spikes[first]?.position ?? position) < position - reach) first++;
    const main = waveformChannels[matcher.template]?.[0] ?? 0;
    for (let k = first; (spikes[k]?.position ?? Infinity) <= position + reach; k++) {
      const other = spikes[k]?.matcher;
      if (other && other.energy > matcher.energy && other.channels.includes(main)) return 1;
    }
    return 0;
  });
}

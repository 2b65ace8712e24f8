/**
 * What the shared temporal components leave out of a unit's waveform: the mean over its spikes of what no template
 * explains, beside the components. Of a spike of SNR 60 that is more than noise, and would be taken for spikes of a small
 * unit. It is taken off with the template, but plays no part in which template is chosen.
 */
import { type OwnMatch } from './explain.ts';
import { type FeatureSpace } from './features.ts';
import { freeNow } from './kernels/free-memory.ts';
import { type TracesPart } from './kernels/traces.ts';
import { type Template } from './templates.ts';
import { accumulateWaveforms } from './waveforms.ts';

/** One chunk's sums of what is left around the spikes of the templates that have some there. */
export interface ChunkRemainders {
  templates: Int32Array<ArrayBuffer>;
  /** Spikes of each. */
  counts: Int32Array<ArrayBuffer>;
  /** One after the other, for each template channels around its main one × samples of the window. */
  sums: Float32Array<ArrayBuffer>;
}

/** @param left whitened traces less what the matches explain */
export function sumRemainders(
  left: TracesPart,
  matches: OwnMatch[],
  { space, mainChannels }: { space: FeatureSpace; mainChannels: Int32Array }
): ChunkRemainders {
  const { beforeSamples, length } = space.window;
  const { units, counts, sums } = accumulateWaveforms(left, {
    positions: Int32Array.from(matches, ({ start, offset }) => Math.round(start + offset) + beforeSamples),
    units: Int32Array.from(matches, ({ matcher }) => matcher.template),
    hidden: new Uint8Array(matches.length),
    window: { beforeSamples, afterSamples: length - beforeSamples, slackSamples: 0 },
    channels: Array.from(mainChannels, (channel) => space.neighbours[channel] as Int32Array)
  });
  return { templates: units, counts, sums };
}

/** Sums over all chunks. */
export class Remainders {
  readonly #space: FeatureSpace;
  readonly #templates: Template[];
  readonly #sums: Float64Array<ArrayBuffer>[];
  readonly #counts: Float64Array;

  constructor(templates: Template[], space: FeatureSpace) {
    this.#space = space;
    this.#templates = templates;
    this.#counts = new Float64Array(templates.length);
    this.#sums = templates.map(
      ({ mainChannel }) =>
        new Float64Array((space.neighbours[mainChannel]?.length ?? 0) * space.window.length)
    );
  }

  add({ templates, counts, sums }: ChunkRemainders): void {
    let from = 0;
    templates.forEach((template, at) => {
      const total = this.#sums[template] as Float64Array;
      for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (sums[from + i] as number);
      from += total.length;
      this.#counts[template] = (this.#counts[template] as number) + (counts[at] as number);
    });
  }

  /** Mean remainder of a template's spikes, channels around its main one × samples, once; without spikes undefined. */
  take(template: number): Float32Array<ArrayBuffer> | undefined {
    const count = this.#counts[template] as number;
    if (count === 0) return undefined;
    const { window, neighbours, basis } = this.#space;
    const { length } = window;
    const { channels, waveform, mainChannel } = this.#templates[template] as Template;
    const sums = this.#sums[template] as Float64Array<ArrayBuffer>;
    const mean = Float32Array.from(sums, (sum) => sum / count);
    freeNow(sums);
    neighbours[mainChannel]?.forEach((channel, n) => {
      const row = mean.subarray(n * length, (n + 1) * length);
      const c = channels.indexOf(channel);
      // The template was moved after it was made of the components, so that it has a part beside them as well.
      if (c >= 0) row.forEach((value, t) => (row[t] = value + (waveform[c * length + t] as number)));
      takeComponents(row, basis);
      shrink(row, length / count);
    });
    return mean;
  }
}

function takeComponents(row: Float32Array, basis: Float64Array): void {
  for (let first = 0; first < basis.length; first += row.length) {
    const product = row.reduce((sum, value, t) => sum + value * (basis[first + t] as number), 0);
    row.forEach((value, t) => (row[t] = value - product * (basis[first + t] as number)));
  }
}

/** By how much of its energy is noise (James and Stein 1961): nothing stays of what is no larger than noise. */
function shrink(row: Float32Array, noiseEnergy: number): void {
  const energy = row.reduce((sum, value) => sum + value * value, 0);
  const part = energy > noiseEnergy ? 1 - noiseEnergy / energy : 0;
  row.forEach((value, t) => (row[t] = part * value));
}

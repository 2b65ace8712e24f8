/**
 * The spikes that clustering works on, channel by channel: at most so many each, a random choice that depends on the
 * seed and the spikes alone and not on the order in which chunks arrive.
 */
import { randomStream } from '../math/random.ts';
import { type DetectedChunk } from './features.ts';

interface StoredSpike {
  sample: number;
  priority: number;
  features: Float32Array<ArrayBuffer>;
}

export interface ChannelSpikes {
  channel: number;
  /** Ascending. */
  samples: Float64Array<ArrayBuffer>;
  /** spikes × row length */
  features: Float32Array<ArrayBuffer>;
}

/** Features of all channels take at most so many bytes, whatever the number of channels. */
const maxFeatureBytes = 300_000_000;
/** A channel is cut down to its capacity when it holds this many times as much. */
const slack = 1.25;

/** How many spikes of each channel are kept. */
export function capacityOf(
  wanted: number,
  { channelCount, rowLength }: { channelCount: number; rowLength: number }
): number {
  const bytesEach = Float32Array.BYTES_PER_ELEMENT * Math.max(1, rowLength * channelCount);
  return Math.max(1, Math.min(wanted, Math.floor(maxFeatureBytes / bytesEach)));
}

export class SpikeReservoir {
  readonly #channels: StoredSpike[][];
  readonly #options: { rowLength: number; capacity: number; seed: number };

  constructor(channelCount: number, options: { rowLength: number; capacity: number; seed: number }) {
    this.#channels = Array.from({ length: channelCount }, () => []);
    this.#options = options;
  }

  /** Takes a chunk's spikes. */
  add({ samples, channels, features }: DetectedChunk): void {
    const { rowLength, capacity, seed } = this.#options;
    samples.forEach((sample, k) => {
      const channel = channels[k] as number;
      const stored = this.#channels[channel] as StoredSpike[];
      stored.push({
        sample,
        priority: randomStream(seed, 'reservoir', channel, sample).uniform(),
        features: features.slice(k * rowLength, (k + 1) * rowLength)
      });
      if (stored.length >= slack * capacity + 1) this.#prune(channel);
    });
  }

  /** Hands out what was kept of each channel that has any, by channel, and keeps nothing. */
  take(): ChannelSpikes[] {
    const { rowLength } = this.#options;
    return this.#channels.flatMap((_, channel) => {
      const stored = this.#prune(channel);
      if (stored.length === 0) return [];
      const features = new Float32Array(stored.length * rowLength);
      stored.forEach((spike, i) => features.set(spike.features, i * rowLength));
      const samples = Float64Array.from(stored, ({ sample }) => sample);
      stored.length = 0;
      return [{ channel, samples, features }];
    });
  }

  #prune(channel: number): StoredSpike[] {
    const stored = this.#channels[channel] as StoredSpike[];
    stored.sort((a, b) => a.priority - b.priority || a.sample - b.sample);
    stored.length = Math.min(stored.length, this.#options.capacity);
    stored.sort((a, b) => a.sample - b.sample);
    return stored;
  }
}

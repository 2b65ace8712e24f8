/**
 * The spikes that clustering works on, channel by channel: at most so many each, a random choice that depends on the
 * seed and the spikes alone and not on the order in which chunks arrive.
 */
import { randomStream } from '../math/random.ts';
import { type DetectedChunk } from './features.ts';

export interface ChannelSpikes {
  channel: number;
  /** Ascending. */
  samples: Float64Array<ArrayBuffer>;
  /** spikes × row length */
  features: Float32Array<ArrayBuffer>;
}

/** Features of all channels take at most so many bytes, whatever the number of channels. */
const maxFeatureBytes = 200_000_000;
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
  readonly #channels: StoredSpikes[];
  readonly #options: { capacity: number; seed: number };

  constructor(
    channelCount: number,
    { rowLength, ...options }: { rowLength: number; capacity: number; seed: number }
  ) {
    this.#channels = Array.from({ length: channelCount }, () => new StoredSpikes(rowLength));
    this.#options = options;
  }

  /** Takes a chunk's spikes. */
  add({ samples, channels, features }: DetectedChunk): void {
    const { capacity, seed } = this.#options;
    samples.forEach((sample, k) => {
      const channel = channels[k] as number;
      const stored = this.#channels[channel] as StoredSpikes;
      const priority = randomStream(seed, 'reservoir', channel, sample).uniform();
      stored.push({ sample, priority, features, row: k });
      if (stored.count >= slack * capacity + 1) stored.keep(capacity);
    });
  }

  /** Hands out what was kept of each channel that has any, by channel, and keeps nothing. */
  take(): ChannelSpikes[] {
    return this.#channels.flatMap((stored, channel) => {
      if (stored.count === 0) return [];
      stored.keep(this.#options.capacity);
      return [{ channel, ...stored.take() }];
    });
  }
}

/** Room for so many spikes is made at first. */
const firstRoom = 16;
const growth = 1.5;

/** One channel's spikes, in arrays that grow: an object for each would take as much again. */
class StoredSpikes {
  count = 0;
  readonly #rowLength: number;
  #samples = new Float64Array(0);
  #priorities = new Float64Array(0);
  #features = new Float32Array(0);

  constructor(rowLength: number) {
    this.#rowLength = rowLength;
  }

  push({ sample, priority, features, row }: NewSpike): void {
    if (this.count === this.#samples.length)
      this.#resize(Math.max(firstRoom, Math.ceil(growth * this.count)));
    this.#samples[this.count] = sample;
    this.#priorities[this.count] = priority;
    const from = features.subarray(row * this.#rowLength, (row + 1) * this.#rowLength);
    this.#features.set(from, this.count * this.#rowLength);
    this.count++;
  }

  /** Keeps at most so many, those of the least priority numbers, by ascending sample. */
  keep(capacity: number): void {
    const [samples, priorities] = [this.#samples, this.#priorities];
    const kept = Array.from({ length: this.count }, (_, i) => i)
      .sort((a, b) => value(priorities, a) - value(priorities, b) || value(samples, a) - value(samples, b))
      .slice(0, capacity)
      .sort((a, b) => value(samples, a) - value(samples, b));
    const features = new Float32Array(kept.length * this.#rowLength);
    kept.forEach((i, to) => {
      const from = i * this.#rowLength;
      features.set(this.#features.subarray(from, from + this.#rowLength), to * this.#rowLength);
    });
    this.#samples = Float64Array.from(kept, (i) => value(samples, i));
    this.#priorities = Float64Array.from(kept, (i) => value(priorities, i));
    this.#features = features;
    this.count = kept.length;
  }

  /** What `keep` left, which is gone from here then. */
  take(): Pick<ChannelSpikes, 'samples' | 'features'> {
    const taken = { samples: this.#samples, features: this.#features };
    [this.#samples, this.#features] = [new Float64Array(0), new Float32Array(0)];
    this.count = 0;
    return taken;
  }

  #resize(room: number): void {
    const features = new Float32Array(room * this.#rowLength);
    features.set(this.#features);
    this.#features = features;
    this.#samples = grown(this.#samples, room);
    this.#priorities = grown(this.#priorities, room);
  }
}

interface NewSpike {
  sample: number;
  priority: number;
  /** Spikes × row length, of which it is the given row. */
  features: Float32Array;
  row: number;
}

function grown(values: Float64Array, room: number): Float64Array<ArrayBuffer> {
  const more = new Float64Array(room);
  more.set(values);
  return more;
}

const value = (values: Float64Array, at: number) => values[at] as number;

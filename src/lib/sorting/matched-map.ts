/** The matched filter applied to a chunk: how much each channel and sample looks like a spike, in noise SDs. */
import { KernelMemory } from './kernels/kernels.ts';
import { type MatchedFilter } from './matched-filter.ts';

/** Parts of the memory, in their order; what a caller adds comes behind them. */
const parts = { traces: 0, shaped: 1, map: 2, scratch: 3, taps: 4, near: 5, weights: 6 } as const;
const ownParts = Object.keys(parts).length;

interface PlacedProfile {
  near: number;
  weights: number;
  count: number;
}

/** Holds until the next use of the kernels. */
export class MatchedMap {
  readonly memory: KernelMemory;
  /** channels × samples, in noise SDs: the whitened traces, less what was taken off them. */
  readonly traces: Float32Array<ArrayBuffer>;
  /** channels × samples: the best of each channel's profiles; 0 within the filter's length of the chunk's ends. */
  readonly map: Float32Array<ArrayBuffer>;
  readonly samples: number;
  readonly #filter: MatchedFilter;
  readonly #profiles: PlacedProfile[][];

  /** @param more sizes in bytes of further parts that the caller lays out. */
  constructor(whitened: Float32Array, filter: MatchedFilter, more: number[] = []) {
    const channelCount = filter.profiles.length;
    const values = filter.profiles.flat().reduce((sum, { near }) => sum + near.length, 0);
    this.#filter = filter;
    this.samples = whitened.length / channelCount;
    const whole = whitened.byteLength;
    this.memory = new KernelMemory(
      ...[whole, whole, whole, 4 * this.samples],
      ...[filter.taps.byteLength, 4 * values, 4 * values, ...more]
    );
    this.traces = this.memory.floats(parts.traces, whitened.length);
    this.map = this.memory.floats(parts.map, whitened.length);
    this.traces.set(whitened);
    this.memory.floats(parts.shaped, whitened.length).fill(0);
    this.map.fill(0);
    this.memory.floats(parts.taps, filter.taps.length).set(filter.taps);
    this.#profiles = this.#placeProfiles(values);
    const all = Int32Array.from({ length: channelCount }, (_, channel) => channel);
    this.refresh({ from: 0, to: this.samples, shaped: all, mapped: all });
  }

  /** The part of the memory that the caller laid out as its `at`-th. */
  static part(at: number): number {
    return ownParts + at;
  }

  #placeProfiles(values: number): PlacedProfile[][] {
    const near = this.memory.integers(parts.near, values);
    const weights = this.memory.floats(parts.weights, values);
    let at = 0;
    return this.#filter.profiles.map((profiles) =>
      profiles.map((profile) => {
        const [first, count] = [at, profile.near.length];
        near.set(profile.near, first);
        weights.set(profile.weights, first);
        at += count;
        return {
          near: this.memory.address(parts.near) + 4 * first,
          weights: this.memory.address(parts.weights) + 4 * first,
          count
        };
      })
    );
  }

  /**
   * Brings the map up to date after a change of the traces.
   * @param from first sample at which the map may have changed, to: the one after the last
   * @param shaped channels whose traces changed, mapped: those whose profiles hold one of them
   */
  refresh({ from, to, shaped, mapped }: Stretch): void {
    const { taps, beforeSamples } = this.#filter;
    const first = Math.max(from, beforeSamples);
    const width = Math.min(to, this.samples - (taps.length - beforeSamples) + 1) - first;
    if (width <= 0) return;
    const { run } = this.memory;
    const address = (part: number, channel: number, sample: number) =>
      this.memory.address(part) + 4 * (channel * this.samples + sample);
    const tapsAt = this.memory.address(parts.taps);
    for (const channel of shaped)
      run.convolve(
        ...([address(parts.traces, channel, first - beforeSamples), tapsAt, taps.length, width] as const),
        address(parts.shaped, channel, first)
      );
    const shapedAt = address(parts.shaped, 0, first);
    const scratch = this.memory.address(parts.scratch);
    for (const channel of mapped)
      this.#profiles[channel]?.forEach(({ near, weights, count }, k) => {
        const out = address(parts.map, channel, first);
        const sums = [shapedAt, this.samples, near, weights, count] as const;
        run.weightedSum(...sums, k === 0 ? out : scratch, width);
        if (k > 0) run.largestInto(out, scratch, width);
      });
  }
}

export interface Stretch {
  from: number;
  to: number;
  shaped: Int32Array;
  mapped: Int32Array;
}

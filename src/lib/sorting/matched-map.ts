/** The matched filter applied to a chunk: how much each channel and sample looks like a spike, in noise SDs. */
import { type TracesPart, addressOf, roomLike, viewTraces } from './kernels/traces.ts';
import { type MatchedFilter } from './matched-filter.ts';

/** All channels are made for so many samples before the next ones, so that they stay in the processor's cache. */
const tileSamples = 1024;

interface PlacedProfile {
  /** Byte addresses. */
  near: number;
  weights: number;
  count: number;
}

/** Holds until the next use of the kernels. */
export class MatchedMap {
  /** Whitened traces, in noise SDs, less what was taken off them. */
  readonly traces: TracesPart;
  readonly #filter: MatchedFilter;
  readonly #shaped: TracesPart;
  readonly #map: TracesPart;
  readonly #profiles: PlacedProfile[][];
  readonly #taps: number;
  readonly #scratch: number;

  /** @param traces whitened; the map stays true to them only if `refresh` is told what changed */
  constructor(traces: TracesPart, filter: MatchedFilter) {
    const { memory, channelCount, samples } = traces;
    this.traces = traces;
    this.#filter = filter;
    this.#taps = memory.address(memory.addFloats(filter.taps));
    this.#scratch = memory.address(memory.add(4 * samples));
    this.#profiles = this.#placeProfiles();
    this.#shaped = roomLike(traces);
    this.#map = roomLike(traces);
    this.#clearEnds();
    const all = Int32Array.from({ length: channelCount }, (_, channel) => channel);
    for (let from = 0; from < samples; from += tileSamples)
      this.refresh({ from, to: Math.min(from + tileSamples, samples), shaped: all, mapped: all });
  }

  /**
   * channels × samples: the best of each channel's profiles; 0 within the filter's length of the chunk's ends and on
   * channels without a profile. Holds until a part is added to the memory.
   */
  get map(): Float32Array<ArrayBuffer> {
    return viewTraces(this.#map);
  }

  #placeProfiles(): PlacedProfile[][] {
    const { memory } = this.traces;
    const all = this.#filter.profiles.flat();
    let near = memory.address(memory.addIntegers(all.flatMap((profile) => [...profile.near])));
    let weights = memory.address(memory.addFloats(all.flatMap((profile) => [...profile.weights])));
    return this.#filter.profiles.map((profiles) =>
      profiles.map((profile) => {
        const placed = { near, weights, count: profile.near.length };
        near += 4 * placed.count;
        weights += 4 * placed.count;
        return placed;
      })
    );
  }

  /** Where nothing is ever written there is whatever the memory held before. */
  #clearEnds(): void {
    const { taps, beforeSamples } = this.#filter;
    const { samples, channelCount } = this.traces;
    const last = samples - (taps.length - beforeSamples) + 1;
    for (const traces of [this.#shaped, this.#map]) {
      const view = viewTraces(traces);
      for (let channel = 0; channel < channelCount; channel++) {
        const row = view.subarray(channel * samples, (channel + 1) * samples);
        if (this.#profiles[channel]?.length === 0) row.fill(0);
        row.fill(0, 0, beforeSamples);
        row.fill(0, Math.max(0, last));
      }
    }
  }

  /**
   * Brings the map up to date after a change of the traces.
   * @param from first sample at which the map may have changed, to: the one after the last
   * @param shaped channels whose traces changed, mapped: those whose profiles hold one of them
   */
  refresh({ from, to, shaped, mapped }: Stretch): void {
    const { taps, beforeSamples } = this.#filter;
    const { memory, samples } = this.traces;
    const first = Math.max(from, beforeSamples);
    const width = Math.min(to, samples - (taps.length - beforeSamples) + 1) - first;
    if (width <= 0) return;
    const { run } = memory;
    for (const channel of shaped)
      run.convolve(
        ...([
          addressOf(this.traces, channel, first - beforeSamples),
          this.#taps,
          taps.length,
          width
        ] as const),
        addressOf(this.#shaped, channel, first)
      );
    const shapedAt = addressOf(this.#shaped, 0, first);
    for (const channel of mapped)
      this.#profiles[channel]?.forEach(({ near, weights, count }, k) => {
        const out = addressOf(this.#map, channel, first);
        run.weightedSum(shapedAt, samples, near, weights, count, k === 0 ? out : this.#scratch, width);
        if (k > 0) run.largestInto(out, this.#scratch, width);
      });
  }
}

export interface Stretch {
  from: number;
  to: number;
  shaped: Int32Array;
  mapped: Int32Array;
}

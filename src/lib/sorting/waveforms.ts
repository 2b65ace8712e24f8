/**
 * Mean and standard deviation of units' waveforms in the filtered recording, in µV. Spikes that lie under a larger one
 * count only where a unit has no others.
 */
import { type TracesPart } from './kernels/traces.ts';

/** Output window around the spike, as results have it. */
const beforeMs = 1;
const afterMs = 2;
/** Room to each side, so that the window can still be moved to the extremum once the mean is known. */
const slackMs = 1;

export interface WaveformWindow {
  /** Of the result. */
  beforeSamples: number;
  afterSamples: number;
  slackSamples: number;
}

export function waveformWindow(samplingRateHz: number): WaveformWindow {
  const toSamples = (ms: number) => Math.round((ms * samplingRateHz) / 1000);
  return {
    beforeSamples: toSamples(beforeMs),
    afterSamples: toSamples(afterMs),
    slackSamples: toSamples(slackMs)
  };
}

export function slackLength({ beforeSamples, afterSamples, slackSamples }: WaveformWindow): number {
  return beforeSamples + afterSamples + 2 * slackSamples;
}

/** Running sums of the units' waveforms with slack. */
export interface WaveformSums {
  /** Spikes of each unit that count. */
  counts: Float64Array<ArrayBuffer>;
  /** 1 for a unit of which only hidden spikes were seen. */
  hidden: Uint8Array<ArrayBuffer>;
  /** For each unit its channels × samples; there are many, so in single precision. */
  sums: Float32Array<ArrayBuffer>[];
  squares: Float32Array<ArrayBuffer>[];
}

export function emptySums(channels: Int32Array[], window: WaveformWindow): WaveformSums {
  const rows = () => channels.map((near) => new Float32Array(near.length * slackLength(window)));
  return {
    counts: new Float64Array(channels.length),
    hidden: new Uint8Array(channels.length).fill(1),
    sums: rows(),
    squares: rows()
  };
}

/** One chunk's sums of the units that have a spike in it. */
export interface ChunkWaveforms {
  units: Int32Array<ArrayBuffer>;
  /** Spikes of each that count. */
  counts: Int32Array<ArrayBuffer>;
  /** 1 for a unit that has only hidden spikes here. */
  hidden: Uint8Array<ArrayBuffer>;
  /** One after the other, for each unit its channels × samples. */
  sums: Float32Array<ArrayBuffer>;
  squares: Float32Array<ArrayBuffer>;
}

export interface AccumulateOptions {
  /** Spike samples within the chunk. */
  positions: Int32Array;
  units: Int32Array;
  /** 1 for a spike under a larger one. */
  hidden: Uint8Array;
  window: WaveformWindow;
  channels: Int32Array[];
}

/** Sums over the spikes of one chunk's filtered traces. Spikes too near its ends are left out. */
export function accumulateWaveforms(filtered: TracesPart, options: AccumulateOptions): ChunkWaveforms {
  const { memory, part, samples } = filtered;
  const { positions, units, hidden, window, channels } = options;
  const length = slackLength(window);
  const before = window.beforeSamples + window.slackSamples;
  const spikes = Array.from(positions, (position, k) => ({
    unit: units[k] as number,
    start: position - before,
    hidden: hidden[k] as number
  }));
  const whole = spikes.filter(({ start }) => start >= 0 && start + length <= samples);
  const seen = new Set(whole.filter(({ hidden }) => !hidden).map(({ unit }) => unit));
  const inside = whole.filter(({ unit, hidden }) => !hidden || !seen.has(unit));
  const present = [...new Set(inside.map(({ unit }) => unit))].sort((a, b) => a - b);
  const near = memory.addIntegers(present.flatMap((unit) => [...(channels[unit] as Int32Array)]));
  const rowCount = present.reduce((sum, unit) => sum + (channels[unit] as Int32Array).length, 0);
  const [sums, squares] = [memory.add(4 * rowCount * length), memory.add(4 * rowCount * length)];
  for (const sum of [sums, squares]) memory.floats(sum, rowCount * length).fill(0);
  const counts = new Int32Array(present.length);
  const place = new Map<number, { at: number; row: number }>();
  let row = 0;
  present.forEach((unit, at) => {
    place.set(unit, { at, row });
    row += (channels[unit] as Int32Array).length;
  });
  for (const { unit, start } of inside) {
    const { at, row: first } = place.get(unit) as { at: number; row: number };
    counts[at] = (counts[at] as number) + 1;
    const offset = 4 * first * length;
    memory.run.addStretches(
      ...([memory.address(part), samples, memory.address(near) + 4 * first] as const),
      ...([(channels[unit] as Int32Array).length, start, length] as const),
      ...([memory.address(sums) + offset, memory.address(squares) + offset] as const)
    );
  }
  return {
    units: Int32Array.from(present),
    counts,
    hidden: Uint8Array.from(present, (unit) => Number(!seen.has(unit))),
    sums: memory.floats(sums, rowCount * length).slice(),
    squares: memory.floats(squares, rowCount * length).slice()
  };
}

/** Adds one chunk's sums to the total, in place; the first spikes of a unit that are seen replace the hidden ones. */
export function addSums(total: WaveformSums, { units, counts, hidden, sums, squares }: ChunkWaveforms): void {
  let from = 0;
  units.forEach((unit, at) => {
    const [sum, square] = [total.sums[unit] as Float32Array, total.squares[unit] as Float32Array];
    const to = from + sum.length;
    const replaces = total.hidden[unit] === 1 && hidden[at] === 0;
    if (replaces) for (const values of [sum, square, total.counts.subarray(unit, unit + 1)]) values.fill(0);
    if (replaces || hidden[at] === total.hidden[unit]) {
      total.hidden[unit] = hidden[at] as number;
      total.counts[unit] = (total.counts[unit] as number) + (counts[at] as number);
      addInto(sum, sums.subarray(from, to));
      addInto(square, squares.subarray(from, to));
    }
    from = to;
  });
}

/** Adds one array to another of its length, in place. */
export function addInto<Values extends Float64Array | Float32Array>(total: Values, part: Values): void {
  for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (part[i] as number);
}

/** Mean and standard deviation of units' waveforms in the filtered recording, in µV. */

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
  counts: Float64Array<ArrayBuffer>;
  /** For each unit its channels × samples; empty of a chunk in which it has no spike. */
  sums: Float64Array<ArrayBuffer>[];
  squares: Float64Array<ArrayBuffer>[];
}

export function emptySums(channels: Int32Array[], window: WaveformWindow): WaveformSums {
  const rows = () => channels.map((near) => new Float64Array(near.length * slackLength(window)));
  return { counts: new Float64Array(channels.length), sums: rows(), squares: rows() };
}

/** Sums of units without any spike, which need no room yet. */
export function noSums(unitCount: number): WaveformSums {
  const rows = () => Array.from({ length: unitCount }, () => new Float64Array(0));
  return { counts: new Float64Array(unitCount), sums: rows(), squares: rows() };
}

export interface AccumulateOptions {
  channelCount: number;
  /** Spike samples within the chunk. */
  positions: Int32Array;
  units: Int32Array;
  window: WaveformWindow;
  channels: Int32Array[];
}

/** Sums over the spikes of one chunk; `filtered` is channels × samples. Spikes too near its ends are left out. */
export function accumulateWaveforms(filtered: Float32Array, options: AccumulateOptions): WaveformSums {
  const { channelCount, positions, units, window, channels } = options;
  const samples = filtered.length / channelCount;
  const length = slackLength(window);
  const result = noSums(channels.length);
  for (let k = 0; k < positions.length; k++) {
    const unit = units[k] as number;
    const start = (positions[k] as number) - window.beforeSamples - window.slackSamples;
    if (start < 0 || start + length > samples) continue;
    const near = channels[unit] as Int32Array;
    if (result.counts[unit] === 0) {
      result.sums[unit] = new Float64Array(near.length * length);
      result.squares[unit] = new Float64Array(near.length * length);
    }
    const sums = result.sums[unit] as Float64Array;
    const squares = result.squares[unit] as Float64Array;
    result.counts[unit] = (result.counts[unit] as number) + 1;
    for (let c = 0; c < near.length; c++) {
      const base = (near[c] as number) * samples + start;
      for (let t = 0; t < length; t++) {
        const value = filtered[base + t] as number;
        sums[c * length + t] = (sums[c * length + t] as number) + value;
        squares[c * length + t] = (squares[c * length + t] as number) + value * value;
      }
    }
  }
  return result;
}

/** Adds one chunk's sums to the total, in place. */
export function addSums(total: WaveformSums, chunk: WaveformSums): void {
  chunk.counts.forEach((count, unit) => {
    if (count === 0) return;
    total.counts[unit] = (total.counts[unit] as number) + count;
    addInto(total.sums[unit] as Float64Array, chunk.sums[unit] as Float64Array);
    addInto(total.squares[unit] as Float64Array, chunk.squares[unit] as Float64Array);
  });
}

/** Adds one array to another of its length, in place. */
export function addInto(total: Float64Array, part: Float64Array): void {
  for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (part[i] as number);
}

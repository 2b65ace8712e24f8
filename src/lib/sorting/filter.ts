/**
 * Zero-phase band-pass of a chunk and its common reference: the traces that are shown, measured and sorted.
 * Second-order Butterworth high-pass and low-pass, run forwards and backwards (fourth order each in effect).
 */
import { cos, sin } from '../math/portable.ts';
import { KernelMemory } from './kernels/kernels.ts';
import { subtractReference, usedRows } from './reference.ts';

/** Direct-form coefficients b0, b1, b2, a1, a2 of the high-pass, then of the low-pass. */
export type BandPass = Float64Array;

/** The upper edge never lies above this part of the sampling rate, where the low-pass would have no room. */
const highestEdge = 0.45;
/** Four traces at a time in double precision. */
const workBytesPerSample = 32;

export interface BandOptions {
  lowHz: number;
  highHz: number;
  samplingRateHz: number;
}

/** Bilinear-transform Butterworth sections (Q = 1/√2). */
export function designBandPass({ lowHz, highHz, samplingRateHz }: BandOptions): BandPass {
  const upper = Math.min(highHz, highestEdge * samplingRateHz);
  const high = section(Math.min(lowHz, upper / 2) / samplingRateHz, 'high-pass');
  const low = section(upper / samplingRateHz, 'low-pass');
  return Float64Array.from([...high, ...low]);
}

function section(frequency: number, kind: 'high-pass' | 'low-pass'): number[] {
  const angle = 2 * Math.PI * frequency;
  const cosine = cos(angle);
  const alpha = sin(angle) / Math.SQRT2;
  const a0 = 1 + alpha;
  const edge = kind === 'high-pass' ? 1 + cosine : 1 - cosine;
  const middle = kind === 'high-pass' ? -edge : edge;
  return [edge / 2 / a0, middle / a0, edge / 2 / a0, (-2 * cosine) / a0, (1 - alpha) / a0];
}

export interface FilterOptions {
  channelCount: number;
  filter: BandPass;
  /** 1 where the channel is used, one a channel; the others are set to zero. */
  usable: Uint8Array;
  reference: 'median' | 'mean' | 'none';
}

/** Band-passes and references `data` (channels × samples, halo included) in place. */
export function filterChunk(
  data: Float32Array,
  { channelCount, filter, usable, reference }: FilterOptions
): void {
  const samples = data.length / channelCount;
  for (let channel = 0; channel < channelCount; channel++)
    if (!usable[channel]) data.fill(0, channel * samples, (channel + 1) * samples);
  const rows = usedRows(usable, channelCount);
  if (rows.length === 0 || samples === 0) return;
  const memory = new KernelMemory(
    ...[data.byteLength, rows.byteLength, filter.byteLength],
    samples * workBytesPerSample
  );
  const [traces = 0, list = 0, coefficients = 0, work = 0] = memory.addresses;
  memory.floats(0, data.length).set(data);
  memory.integers(1, rows.length).set(rows);
  memory.doubles(2, filter.length).set(filter);
  memory.run.bandPass(traces, samples, list, rows.length, coefficients, work);
  data.set(memory.floats(0, data.length));
  if (reference !== 'none') subtractReference(data, { channelCount, usable, kind: reference });
}

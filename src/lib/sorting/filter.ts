/**
 * Zero-phase band-pass of a chunk and its common reference: the traces that are shown, measured and sorted.
 * Second-order Butterworth high-pass and low-pass, run forwards and backwards (fourth order each in effect).
 */
import { cos, sin } from '../math/portable.ts';
import { subtractReference } from './reference.ts';

/** Direct-form coefficients b0, b1, b2, a1, a2 of the high-pass, then of the low-pass. */
export type BandPass = Float64Array;

/** The upper edge never lies above this part of the sampling rate, where the low-pass would have no room. */
const highestEdge = 0.45;

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
  const work = new Float64Array(samples);
  for (let channel = 0; channel < channelCount; channel++) {
    const trace = data.subarray(channel * samples, (channel + 1) * samples);
    if (usable[channel]) bandPassTrace(trace, filter, work);
    else trace.fill(0);
  }
  if (reference !== 'none') subtractReference(data, { channelCount, usable, kind: reference });
}

/** One trace, in place; `work` holds the forward pass in double precision. */
function bandPassTrace(trace: Float32Array, filter: BandPass, work: Float64Array): void {
  const samples = trace.length;
  const [b0 = 0, b1 = 0, b2 = 0, a1 = 0, a2 = 0, c0 = 0, c1 = 0, c2 = 0, d1 = 0, d2 = 0] = filter;
  // The first value is taken off, so that an offset makes no step at the start.
  const offset = trace[0] ?? 0;
  let u1 = 0;
  let u2 = 0;
  let v1 = 0;
  let v2 = 0;
  for (let t = 0; t < samples; t++) {
    const x = (trace[t] as number) - offset;
    const y = b0 * x + u1;
    u1 = b1 * x - a1 * y + u2;
    u2 = b2 * x - a2 * y;
    const z = c0 * y + v1;
    v1 = c1 * y - d1 * z + v2;
    v2 = c2 * y - d2 * z;
    work[t] = z;
  }
  u1 = u2 = v1 = v2 = 0;
  for (let t = samples - 1; t >= 0; t--) {
    const x = work[t] as number;
    const y = b0 * x + u1;
    u1 = b1 * x - a1 * y + u2;
    u2 = b2 * x - a2 * y;
    const z = c0 * y + v1;
    v1 = c1 * y - d1 * z + v2;
    v2 = c2 * y - d2 * z;
    trace[t] = z;
  }
}

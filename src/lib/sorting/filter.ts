/**
 * Zero-phase band-pass of a chunk and its common reference: the traces that are shown, measured and sorted.
 * Second-order Butterworth high-pass and low-pass, run forwards and backwards (fourth order each in effect).
 */
import { cos, sin } from '../math/portable.ts';
import { type TracesPart, addressOf, placeTraces, viewTraces } from './kernels/traces.ts';
import { subtractReferencePart, usedRows } from './reference.ts';

/** Direct-form coefficients b0, b1, b2, a1, a2 of the high-pass, then of the low-pass. */
export type BandPass = Float64Array;

/** The upper edge never lies above this part of the sampling rate, where the low-pass would have no room. */
const highestEdge = 0.45;
/** Eight traces at a time. */
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
export function filterChunk(data: Float32Array, { channelCount, ...options }: FilterOptions): void {
  const traces = placeTraces(data, channelCount);
  filterPart(traces, options);
  data.set(viewTraces(traces));
}

/** The same of traces that lie in the kernels' memory. A value that is not finite repeats the one before it. */
export function filterPart(
  traces: TracesPart,
  { filter, usable, reference }: Omit<FilterOptions, 'channelCount'>
): void {
  const { memory, part, channelCount, samples } = traces;
  const rows = usedRows(usable, channelCount);
  const view = viewTraces(traces);
  for (let channel = 0; channel < channelCount; channel++)
    if (!usable[channel]) view.fill(0, channel * samples, (channel + 1) * samples);
  if (rows.length === 0 || samples === 0) return;
  for (const row of rows) memory.run.holdFinite(addressOf(traces, row, 0), samples);
  const list = memory.addIntegers(rows);
  const coefficients = memory.addFloats(filter);
  const work = memory.add(samples * workBytesPerSample);
  memory.run.bandPass(
    ...([memory.address(part), samples, memory.address(list), rows.length] as const),
    ...([memory.address(coefficients), memory.address(work)] as const)
  );
  if (reference !== 'none') subtractReferencePart(traces, { usable, kind: reference });
}

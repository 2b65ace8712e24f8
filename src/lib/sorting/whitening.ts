/**
 * Local whitening: each channel is decorrelated from its nearest neighbours, by its row of the ZCA matrix
 * (C + εI)^(−1/2) of that neighbourhood's noise covariance. Whitened noise has standard deviation 1.
 */
import { symmetricEigen } from '../math/linear-algebra.ts';
import { type TracesPart, addressOf, placeTraces, roomLike, viewTraces } from './kernels/traces.ts';

/** Values beyond so many noise SDs are clipped while covariances are measured, so that spikes do not count as noise. */
const clipSd = 4;
/** Added to the correlation matrix's diagonal: bounds the gain of directions that hold no noise. */
const ridge = 0.01;
/** Every so manyeth sample enters the covariance. */
const covarianceStride = 8;
/** All channels are made for so many samples before the next ones, so that they stay in the processor's cache. */
const tileSamples = 1024;

export interface Whitening {
  /** The channels that each channel is made from, itself first; empty for an unusable channel. */
  neighbours: Int32Array[];
  /** Weights for the same channels, per µV. */
  weights: Float64Array[];
}

export interface CovarianceOptions {
  channelCount: number;
  from: number;
  to: number;
  noise: Float64Array;
  /** Only pairs that share a neighbourhood are measured. */
  neighbours: Int32Array[];
}

/**
 * Mean products of noise-scaled, clipped traces over samples [from, to): channels × channels, symmetric; pairs that
 * never share a neighbourhood are left zero.
 */
export function measureCovariance(
  data: Float32Array,
  { channelCount, from, to, noise, neighbours }: CovarianceOptions
): Float64Array {
  const samples = data.length / channelCount;
  const count = Math.max(0, Math.ceil((to - from) / covarianceStride));
  const scaled = new Float64Array(channelCount * count);
  for (let channel = 0; channel < channelCount; channel++) {
    const sd = noise[channel] ?? 0;
    if (!(sd > 0)) continue;
    for (let k = 0; k < count; k++) {
      const value = (data[channel * samples + from + k * covarianceStride] as number) / sd;
      scaled[channel * count + k] = Math.max(-clipSd, Math.min(clipSd, value));
    }
  }
  const covariance = new Float64Array(channelCount * channelCount);
  for (const [a, b] of neighbourPairs(neighbours, channelCount)) {
    let sum = 0;
    for (let k = 0; k < count; k++)
      sum += (scaled[a * count + k] as number) * (scaled[b * count + k] as number);
    covariance[a * channelCount + b] = covariance[b * channelCount + a] = count > 0 ? sum / count : 0;
  }
  return covariance;
}

/** Every pair a ≤ b that occurs together in some neighbourhood, in ascending order. */
function neighbourPairs(neighbours: Int32Array[], channelCount: number): [number, number][] {
  const together = new Uint8Array(channelCount * channelCount);
  for (const near of neighbours)
    for (const a of near) for (const b of near) if (a <= b) together[a * channelCount + b] = 1;
  const pairs: [number, number][] = [];
  together.forEach((is, at) => {
    if (is) pairs.push([Math.floor(at / channelCount), at % channelCount]);
  });
  return pairs;
}

/** The whitening rows from the covariance of noise-scaled traces (channels × channels). */
export function computeWhitening(
  covariance: Float64Array,
  { noise, neighbours }: { noise: Float64Array; neighbours: Int32Array[] }
): Whitening {
  const channelCount = neighbours.length;
  const weights = neighbours.map((near) => {
    const n = near.length;
    const local = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        local[i * n + j] =
          (covariance[(near[i] as number) * channelCount + (near[j] as number)] as number) +
          (i === j ? ridge : 0);
    return whiteningRow(local, n).map((weight, i) => weight / (noise[near[i] as number] as number));
  });
  return { neighbours, weights };
}

/** First row of the inverse square root of a symmetric positive definite matrix (n × n). */
function whiteningRow(matrix: Float64Array, n: number): Float64Array {
  const row = new Float64Array(n);
  if (n === 0) return row;
  const { values, vectors } = symmetricEigen(matrix, n);
  for (let k = 0; k < n; k++) {
    const scale = (vectors[k * n] as number) / Math.sqrt(Math.max(values[k] as number, ridge));
    for (let j = 0; j < n; j++) row[j] = (row[j] as number) + scale * (vectors[k * n + j] as number);
  }
  return row;
}

/** Whitened traces of a filtered chunk: channels × samples, in noise standard deviations; unusable channels are zero. */
export function whitenChunk(data: Float32Array, whitening: Whitening): Float32Array<ArrayBuffer> {
  return viewTraces(whitenPart(placeTraces(data, whitening.neighbours.length), whitening)).slice();
}

/** The same of traces that lie in the kernels' memory, into a new part of it. */
export function whitenPart(traces: TracesPart, { neighbours, weights }: Whitening): TracesPart {
  const { memory, samples } = traces;
  const near = memory.addIntegers(neighbours.flatMap((list) => [...list]));
  const row = memory.addFloats(weights.flatMap((list) => [...list]));
  const whitened = roomLike(traces);
  for (let start = 0; start < samples; start += tileSamples) {
    const width = Math.min(tileSamples, samples - start);
    let at = 0;
    neighbours.forEach(({ length }, channel) => {
      memory.run.weightedSum(
        ...([
          addressOf(traces, 0, start),
          samples,
          memory.address(near) + at,
          memory.address(row) + at
        ] as const),
        ...([length, addressOf(whitened, channel, start), width] as const)
      );
      at += 4 * length;
    });
  }
  return whitened;
}

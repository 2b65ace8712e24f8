/** Upsampling of short waveforms. */
import { sin } from '#lib/math/portable.ts';

/**
 * Band-limited interpolation to `factor` times as many samples, the signal being zero outside: a windowed sinc that reaches
 * ten input samples to either side, Kaiser window of β = 5 (J. F. Kaiser, 1974), of unit gain at zero frequency. Equals
 * SciPy's `resample_poly(values, factor, 1)`.
 */
export function upsample(values: ArrayLike<number>, factor: number): Float64Array<ArrayBuffer> {
  if (factor === 1) return Float64Array.from(values);
  const reach = 10 * factor;
  const kernel = interpolationKernel(factor, reach);
  const result = new Float64Array(values.length * factor);
  for (let at = 0; at < result.length; at++) {
    const first = Math.max(0, Math.ceil((at - reach) / factor));
    const last = Math.min(values.length - 1, Math.floor((at + reach) / factor));
    let total = 0;
    for (let k = first; k <= last; k++)
      total += (values[k] as number) * (kernel[at + reach - k * factor] as number);
    result[at] = total;
  }
  return result;
}

/** 2 · reach + 1 weights that add up to the factor. */
function interpolationKernel(factor: number, reach: number): Float64Array {
  const beta = 5;
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, at) => {
    const lag = at - reach;
    const along = lag / reach;
    const angle = (Math.PI * lag) / factor;
    const sinc = lag === 0 ? 1 : sin(angle) / angle;
    return sinc * besselI0(beta * Math.sqrt(1 - along * along));
  });
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  return kernel.map((weight) => (weight * factor) / total);
}

/** Modified Bessel function of the first kind, order zero, by its power series (DLMF 10.25.2). */
function besselI0(x: number): number {
  const quarter = (x * x) / 4;
  let term = 1;
  let total = 1;
  for (let k = 1; term > total * 1e-17; k++) {
    term *= quarter / (k * k);
    total += term;
  }
  return total;
}

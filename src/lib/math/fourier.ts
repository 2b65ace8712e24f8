/**
 * The discrete Fourier transform of complex sequences whose length is a power of two (radix 2, in place), with the same
 * bits in every JavaScript engine.
 */
import { cos, sin } from './portable.ts';

/** What transforms of one length share. */
export interface FourierPlan {
  size: number;
  /** cos and sin of −2πk/size for k < size/2. */
  cosines: Float64Array;
  sines: Float64Array;
  /** Where each index goes when its bits are reversed. */
  reversed: Uint32Array;
}

/** Prepares transforms of `size` points. */
export function planFourier(size: number): FourierPlan {
  if (!(Number.isInteger(size) && size >= 1 && (size & (size - 1)) === 0))
    throw new RangeError(`A transform needs a power of two as its length, not ${size}`);
  const reversed = new Uint32Array(size);
  for (let i = 1; i < size; i++) reversed[i] = ((reversed[i >> 1] as number) >> 1) | (i & 1 ? size >> 1 : 0);
  const angle = (k: number) => (-2 * Math.PI * k) / size;
  return {
    size,
    cosines: Float64Array.from({ length: size >> 1 }, (_, k) => cos(angle(k))),
    sines: Float64Array.from({ length: size >> 1 }, (_, k) => sin(angle(k))),
    reversed
  };
}

/** The smallest power of two that is not below `length`. */
export function transformSize(length: number): number {
  let size = 1;
  while (size < length) size *= 2;
  return size;
}

/**
 * Forward transform of `real + i·imaginary`, in place. The inverse is the same with both arrays exchanged, and divided
 * by the size.
 */
export function transform(plan: FourierPlan, real: Float64Array, imaginary: Float64Array): void {
  const { size, cosines, sines } = plan;
  reorder(plan, real, imaginary);
  for (let half = 1; half < size; half *= 2) {
    const step = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const c = cosines[k * step] as number;
        const s = sines[k * step] as number;
        const a = start + k;
        const b = a + half;
        const x = real[b] as number;
        const y = imaginary[b] as number;
        const re = x * c - y * s;
        const im = x * s + y * c;
        const upper = real[a] as number;
        const upperImaginary = imaginary[a] as number;
        real[b] = upper - re;
        imaginary[b] = upperImaginary - im;
        real[a] = upper + re;
        imaginary[a] = upperImaginary + im;
      }
    }
  }
}

function reorder({ size, reversed }: FourierPlan, real: Float64Array, imaginary: Float64Array): void {
  for (let i = 0; i < size; i++) {
    const j = reversed[i] as number;
    if (j <= i) continue;
    const re = real[i] as number;
    const im = imaginary[i] as number;
    real[i] = real[j] as number;
    imaginary[i] = imaginary[j] as number;
    real[j] = re;
    imaginary[j] = im;
  }
}

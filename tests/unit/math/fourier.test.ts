import { describe, expect, it } from 'vitest';
import { planFourier, transform, transformSize } from '#lib/math/fourier.ts';
import { randomStream } from '#lib/math/random.ts';

describe('the Fourier transform', () => {
  it.each([1, 2, 8, 64])('of %i points is the sum that defines it, and is undone by its inverse', (size) => {
    const stream = randomStream(size);
    const real = Float64Array.from({ length: size }, () => stream.normal());
    const imaginary = Float64Array.from({ length: size }, () => stream.normal());
    const [re, im] = [real.slice(), imaginary.slice()];
    const plan = planFourier(size);
    transform(plan, re, im);
    for (let k = 0; k < size; k++) {
      let [x, y] = [0, 0];
      for (let n = 0; n < size; n++) {
        const angle = (-2 * Math.PI * k * n) / size;
        x += (real[n] ?? 0) * Math.cos(angle) - (imaginary[n] ?? 0) * Math.sin(angle);
        y += (real[n] ?? 0) * Math.sin(angle) + (imaginary[n] ?? 0) * Math.cos(angle);
      }
      expect(re[k]).toBeCloseTo(x, 10);
      expect(im[k]).toBeCloseTo(y, 10);
    }
    transform(plan, im, re);
    re.forEach((value, i) => expect(value / size).toBeCloseTo(real[i] ?? NaN, 12));
    im.forEach((value, i) => expect(value / size).toBeCloseTo(imaginary[i] ?? NaN, 12));
  });

  it('takes powers of two only', () => {
    expect(() => planFourier(12)).toThrow(RangeError);
    expect([1, 2, 3, 1000, 1024].map(transformSize)).toEqual([1, 2, 4, 1024, 1024]);
  });
});

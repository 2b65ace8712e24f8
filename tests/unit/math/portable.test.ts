import { describe, expect, it } from 'vitest';
import * as portable from '#lib/math/portable.ts';
import { pow } from '#lib/math/power.ts';
import { randomStream } from '#lib/math/random.ts';

const bits = new DataView(new ArrayBuffer(8));
/** Distance of two doubles in units in the last place. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const ordered = (x: number) => {
    bits.setFloat64(0, x);
    const value = bits.getBigInt64(0);
    return value < 0n ? -(value & 0x7fffffffffffffffn) : value;
  };
  const distance = ordered(a) - ordered(b);
  return Number(distance < 0n ? -distance : distance);
}

function worst(ours: (x: number) => number, theirs: (x: number) => number, inputs: Iterable<number>): number {
  let most = 0;
  for (const x of inputs) most = Math.max(most, ulps(ours(x), theirs(x)));
  return most;
}

function* between(low: number, high: number, count = 20000): Generator<number> {
  const stream = randomStream(7, 'inputs', low, high);
  for (let i = 0; i < count; i++) yield low + (high - low) * stream.uniform();
}

function* magnitudes(lowExponent: number, highExponent: number): Generator<number> {
  for (const exponent of between(lowExponent, highExponent)) yield 10 ** exponent;
}

describe('portable elementary functions agree with the engine within 2 ulp', () => {
  it('exp', () => {
    expect(worst(portable.exp, Math.exp, between(-745, 709.7))).toBeLessThanOrEqual(2);
    expect(worst(portable.exp, Math.exp, between(-1, 1))).toBeLessThanOrEqual(2);
  });
  it('log', () => {
    expect(worst(portable.log, Math.log, magnitudes(-320, 308))).toBeLessThanOrEqual(2);
    expect(worst(portable.log, Math.log, between(0.5, 2))).toBeLessThanOrEqual(2);
  });
  it('log1p', () => {
    expect(worst(portable.log1p, Math.log1p, between(-0.999, 2))).toBeLessThanOrEqual(2);
    expect(worst(portable.log1p, Math.log1p, magnitudes(-20, 300))).toBeLessThanOrEqual(2);
  });
  it('expm1', () => {
    expect(worst(portable.expm1, Math.expm1, between(-40, 700))).toBeLessThanOrEqual(2);
    expect(worst(portable.expm1, Math.expm1, between(-1.2, 1.2))).toBeLessThanOrEqual(2);
    expect(worst(portable.expm1, Math.expm1, magnitudes(-20, 0))).toBeLessThanOrEqual(2);
  });
  // Both are within 2 ulp of the true value, on either side of it.
  it('tanh', () => {
    expect(worst(portable.tanh, Math.tanh, between(-22, 22))).toBeLessThanOrEqual(4);
    expect(worst(portable.tanh, Math.tanh, between(-1, 1))).toBeLessThanOrEqual(4);
  });
  it('sin and cos', () => {
    for (const [low, high] of [
      [-1, 1],
      [-100, 100],
      [-1.6e6, 1.6e6]
    ] as const) {
      expect(worst(portable.sin, Math.sin, between(low, high))).toBeLessThanOrEqual(2);
      expect(worst(portable.cos, Math.cos, between(low, high))).toBeLessThanOrEqual(2);
    }
    const nearZeros = Array.from({ length: 2000 }, (_, n) => (n * Math.PI) / 2);
    expect(worst(portable.sin, Math.sin, nearZeros)).toBeLessThanOrEqual(2);
    expect(worst(portable.cos, Math.cos, nearZeros)).toBeLessThanOrEqual(2);
  });
  it('pow', () => {
    const bases = [...magnitudes(-300, 300)];
    const exponents = [...between(-3, 3)];
    let most = 0;
    bases.forEach((base, i) => {
      const exponent = exponents[i] ?? 1;
      most = Math.max(most, ulps(pow(base, exponent), Math.pow(base, exponent)));
    });
    expect(most).toBeLessThanOrEqual(2);
    expect(worst((x) => pow(x, 0.5), Math.sqrt, magnitudes(-300, 300))).toBeLessThanOrEqual(1);
    expect(
      worst(
        (x) => pow(x, 7.5),
        (x) => Math.pow(x, 7.5),
        between(0.01, 3)
      )
    ).toBeLessThanOrEqual(2);
  });
  it('log10', () => {
    expect(worst(portable.log10, Math.log10, magnitudes(-10, 10))).toBeLessThanOrEqual(4);
  });
});

describe('portable elementary functions at the edges', () => {
  it('follow IEEE 754 at zero, infinity and NaN', () => {
    expect([portable.exp(0), portable.exp(-Infinity), portable.exp(Infinity)]).toEqual([1, 0, Infinity]);
    expect([portable.log(1), portable.log(0), portable.log(Infinity)]).toEqual([0, -Infinity, Infinity]);
    expect([portable.log(-1), portable.exp(NaN), portable.log1p(-2)]).toEqual([NaN, NaN, NaN]);
    expect([portable.log1p(-1), portable.expm1(-Infinity), portable.tanh(Infinity)]).toEqual([
      -Infinity,
      -1,
      1
    ]);
    expect([pow(0, 2), pow(0, -2), pow(5, 0), pow(2, Infinity), pow(0.5, Infinity)]).toEqual([
      0,
      Infinity,
      1,
      Infinity,
      0
    ]);
    expect([pow(10, 400), pow(10, -400), pow(2, 1023), pow(2, -1074)]).toEqual([
      Infinity,
      0,
      2 ** 1023,
      5e-324
    ]);
  });
  it('refuse what they cannot compute exactly', () => {
    expect(() => portable.sin(1e9)).toThrow(RangeError);
    expect(() => portable.cos(NaN)).toThrow(RangeError);
    expect(() => pow(-1, 0.5)).toThrow(RangeError);
  });
});

it('fixed inputs give the same bits in every engine', () => {
  let hash = 0;
  for (const x of between(-30, 30, 3000)) {
    const values = [
      portable.exp(x),
      portable.log(Math.abs(x)),
      portable.log1p(Math.abs(x)),
      portable.expm1(x),
      portable.tanh(x),
      portable.sin(x),
      portable.cos(x),
      pow(Math.abs(x), x)
    ];
    for (const value of values) {
      bits.setFloat64(0, value);
      hash = (Math.imul(hash, 31) + bits.getInt32(0)) | 0;
      hash = (Math.imul(hash, 31) + bits.getInt32(4)) | 0;
    }
  }
  expect(hash).toMatchInlineSnapshot(`1007486855`);
});

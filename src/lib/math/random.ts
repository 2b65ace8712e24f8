/**
 * Seeded random numbers whose streams are addressed by keys: `randomStream(seed, 'noise', channel, block)` always
 * starts at the same place, so any part of a generated recording can be made by itself and in any order. The bits are
 * the same in every JavaScript engine.
 */
import { cos, log, sin } from './portable.ts';

/** Mixes all 32 bits into all 32 bits (lowbias32, C. Wellons, 2018). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/**
 * One sequence of random numbers: generator sfc32 of PractRand (C. Doty-Humphrey), 128 bits of state, at least 2³² values
 * before it repeats.
 */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare: number | undefined;

  constructor(a: number, b: number, c: number) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 random bits, as a signed integer. */
  bits(): number {
    const b = this.#b;
    const c = this.#c;
    const value = (this.#a + b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = b ^ (b >>> 9);
    this.#b = (c + (c << 3)) | 0;
    this.#c = (((c << 21) | (c >>> 11)) + value) | 0;
    return value;
  }

  /** Uniform in [0, 1), with 53 bits. */
  uniform(): number {
    const upper = this.bits() >>> 5;
    return (upper * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
  }

  /** A whole number in [0, below), each equally likely; below at most 2³². */
  integer(below: number): number {
    if (!(Number.isInteger(below) && below >= 1 && below <= 4294967296))
      throw new RangeError(`The bound must be a whole number from 1 to 2^32, not ${below}`);
    // Values in the last, incomplete run of `below` are drawn again.
    const limit = 4294967296 - (4294967296 % below);
    for (;;) {
      const value = this.bits() >>> 0;
      if (value < limit) return value % below;
    }
  }

  /** Standard normal (Box and Muller, 1958). */
  normal(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare;
      this.#spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * sin(angle);
    return radius * cos(angle);
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -log(1 - this.uniform());
  }

  /** Puts the items into random order, in place (Fisher and Yates), and returns the same array. */
  shuffle<Items extends { readonly length: number; [index: number]: unknown }>(items: Items): Items {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return items;
  }

  /** `count` different whole numbers below `below`, ascending. */
  choose(count: number, below: number): Uint32Array<ArrayBuffer> {
    if (count > below) throw new RangeError(`Cannot choose ${count} of ${below}`);
    // Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
    const chosen = new Uint32Array(count);
    let taken = 0;
    for (let i = 0; taken < count; i++) if (this.uniform() * (below - i) < count - taken) chosen[taken++] = i;
    return chosen;
  }
}

/**
 * The stream that belongs to a seed and a path of keys. Different keys give independent streams; equal ones the same.
 * @param seed A whole number from 0 to 2⁵³ − 1.
 * @param keys Words, or numbers of any kind.
 */
export function randomStream(seed: number, ...keys: (number | string)[]): RandomStream {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`A seed must be a whole number from 0 to 2^53 − 1, not ${seed}`);
  const state = new Int32Array([0x243f6a88, 0x85a308d3, 0x13198a2e]); // digits of π: nothing up the sleeve
  absorb(state, seed);
  for (const key of keys) {
    if (typeof key === 'number') absorb(state, key);
    else absorbWord(state, key);
  }
  return new RandomStream(state[0] as number, state[1] as number, state[2] as number);
}

const float = new Float64Array(1);
const view = new DataView(float.buffer);

function absorb(state: Int32Array, key: number): void {
  view.setFloat64(0, key + 0); // −0 and 0 are one key
  absorbBits(state, view.getInt32(0));
  absorbBits(state, view.getInt32(4));
}

function absorbWord(state: Int32Array, key: string): void {
  for (let i = 0; i < key.length; i++) absorbBits(state, key.charCodeAt(i));
  absorbBits(state, ~key.length);
}

/** A three-word sponge step: each word goes through `mix` with its neighbour, so that order counts. */
function absorbBits(state: Int32Array, bits: number): void {
  const a = mix((state[0] as number) ^ bits);
  const b = mix((state[1] as number) + a);
  const c = mix((state[2] as number) ^ ((b << 16) | (b >>> 16)));
  state[0] = (a + c) | 0;
  state[1] = b ^ (a + 0x9e3779b9);
  state[2] = (c + a) | 0;
}

import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';

describe('randomStream', () => {
  it('gives the same numbers for the same seed and keys, in every engine', () => {
    const stream = randomStream(1, 'noise', 3, 7);
    expect([stream.bits(), stream.bits(), stream.bits(), stream.integer(100)]).toMatchInlineSnapshot(`
      [
        -265559988,
        -1024151255,
        -313803487,
        59,
      ]
    `);
    expect(randomStream(42).normal()).toMatchInlineSnapshot(`1.1969974069322808`);
  });

  it('gives different streams for different seeds, keys and orders of keys', () => {
    const first = (...arguments_: [number, ...(number | string)[]]) => randomStream(...arguments_).bits();
    const seen = new Set([
      first(0),
      first(1),
      first(4294967296),
      first(1, 2, 3),
      first(1, 3, 2),
      first(1, 'ab', 'c'),
      first(1, 'a', 'bc'),
      first(1, ''),
      first(1, 0.5),
      first(1, -1)
    ]);
    expect(seen.size).toBe(10);
    const many = new Set(Array.from({ length: 100_000 }, (_, i) => randomStream(5, i).bits()));
    // Birthday bound: about 1.2 coincidences are expected among 2³² values.
    expect(many.size).toBeGreaterThan(99_990);
  });

  it('refuses a seed that is not a whole number', () => {
    expect(() => randomStream(0.5)).toThrow(RangeError);
    expect(() => randomStream(-1)).toThrow(RangeError);
  });

  it('is uniform, normal and exponential in its moments', () => {
    const stream = randomStream(9, 'moments');
    const count = 200_000;
    const moments = (draw: () => number) => {
      let first = 0;
      let second = 0;
      let fourth = 0;
      for (let i = 0; i < count; i++) {
        const x = draw();
        first += x / count;
        second += (x * x) / count;
        fourth += x ** 4 / count;
      }
      return { first, second, fourth };
    };
    const uniform = moments(() => stream.uniform());
    expect(uniform.first).toBeCloseTo(1 / 2, 2);
    expect(uniform.second).toBeCloseTo(1 / 3, 2);
    const normal = moments(() => stream.normal());
    expect(normal.first).toBeCloseTo(0, 1.5);
    expect(normal.second).toBeCloseTo(1, 1.5);
    expect(Math.abs(normal.fourth - 3)).toBeLessThan(0.1);
    const exponential = moments(() => stream.exponential());
    expect(exponential.first).toBeCloseTo(1, 1.5);
    expect(Math.abs(exponential.second - 2)).toBeLessThan(0.05);
  });

  it('draws whole numbers evenly', () => {
    const stream = randomStream(11);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) {
      const value = stream.integer(7);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(() => stream.integer(0)).toThrow(RangeError);
  });

  it('neighbouring streams are uncorrelated', () => {
    let product = 0;
    const count = 50_000;
    for (let i = 0; i < count; i++)
      product += (randomStream(1, i).uniform() - 0.5) * (randomStream(1, i + 1).uniform() - 0.5);
    expect(Math.abs(product / count) * 12).toBeLessThan(0.02);
  });

  it('shuffles without losing items and chooses ascending distinct indices', () => {
    const stream = randomStream(3);
    const items = stream.shuffle(Array.from({ length: 50 }, (_, i) => i));
    expect(items.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(items).not.toEqual(items.toSorted((a, b) => a - b));
    const chosen = [...stream.choose(20, 30)];
    expect(new Set(chosen).size).toBe(20);
    expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
    expect(chosen.at(-1)).toBeLessThan(30);
    expect([...stream.choose(5, 5)]).toEqual([0, 1, 2, 3, 4]);
  });
});

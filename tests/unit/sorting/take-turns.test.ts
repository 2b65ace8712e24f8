import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { PlacesInTime, takeTurns } from '#lib/sorting/take-turns.ts';
import { zigzag } from './motion/drifting-peaks.ts';

const samplingRateHz = 1000;
const seconds = 300;
const motion = zigzag(seconds, 60);
const places = new PlacesInTime(motion, 0);
const displacement = (sample: number) => motion.displacementsUm[Math.floor(sample / samplingRateHz)] ?? NaN;

function train(name: string, rateHz: number, seed = 1): Float64Array {
  const stream = randomStream(seed, name);
  const samples: number[] = [];
  for (let at = 0; (at += (stream.exponential() * samplingRateHz) / rateHz) < seconds * samplingRateHz;)
    samples.push(Math.floor(at));
  return Float64Array.from(samples);
}
const where = (samples: Float64Array, holds: (um: number) => boolean) =>
  samples.filter((sample) => holds(displacement(sample)));
const doTakeTurns = (a: Float64Array, b: Float64Array) => takeTurns(a, b, { places, samplingRateHz });

describe('two units that take turns as the tissue moves', () => {
  const one = train('one', 3);

  it('are one neuron in two parts, of any size, in any order', () => {
    for (const edge of [-15, -5, 0, 14]) {
      const [low, high] = [where(one, (um) => um < edge), where(one, (um) => um >= edge)];
      expect(doTakeTurns(low, high)).toBe(true);
      expect(doTakeTurns(high, low)).toBe(true);
    }
  });

  it('are one neuron in three parts, two of which are not next to each other', () => {
    const [low, high] = [where(one, (um) => um < -7), where(one, (um) => um > 7)];
    const ends = Float64Array.of(...low, ...high).sort();
    expect(doTakeTurns(low, high)).toBe(true);
    expect(
      doTakeTurns(
        ends,
        where(one, (um) => um >= -7 && um <= 7)
      )
    ).toBe(true);
  });

  it('are not two neurons that fire everywhere, nor a whole one and a part of another', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const other = train('two', 2, seed);
      expect(doTakeTurns(one, other)).toBe(false);
      for (const edge of [-15, 0, 15])
        expect(
          doTakeTurns(
            one,
            where(other, (um) => um > edge)
          )
        ).toBe(false);
    }
  });

  it('are not two neurons that are lost at the same places', () => {
    const low = (um: number) => um < 0;
    expect(doTakeTurns(where(one, low), where(train('two', 3), low))).toBe(false);
  });

  it('have spikes enough to tell', () => {
    const few = (samples: Float64Array) => samples.filter((_, k) => k % 30 === 0);
    const [low, high] = [where(one, (um) => um < 0), where(one, (um) => um >= 0)];
    expect(doTakeTurns(few(low), high)).toBe(false);
    expect(doTakeTurns(low, few(high))).toBe(false);
    expect(doTakeTurns(new Float64Array(0), high)).toBe(false);
  });

  it('may lie beyond the motion’s times, which go on as they ended', () => {
    const late = Float64Array.from({ length: 40 }, (_, k) => seconds * samplingRateHz + k);
    expect(places.partsOf(late, samplingRateHz).filter((part) => part > 0)).toHaveLength(1);
  });
});

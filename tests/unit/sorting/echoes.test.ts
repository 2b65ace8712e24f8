import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { withoutEchoes } from '#lib/sorting/echoes.ts';

const sampleCount = 3_000_000;

function train(count: number, seed: number): Float64Array {
  const random = randomStream(seed, 'echoes');
  return Float64Array.from({ length: count }, () => Math.floor(random.uniform() * sampleCount)).toSorted();
}

/** As what is left of another's spikes: of every so manyeth one, at one lag. */
const echoOf = (spikes: Float64Array, { every, lag }: { every: number; lag: number }) =>
  spikes.filter((_, k) => k % every === 0).map((sample, k) => sample + lag + (k % 3));

const join = (...trains: Float64Array[]) => Float64Array.from(trains.flatMap((one) => [...one])).toSorted();

function kept(
  trains: Float64Array[],
  changes: { mayBeMore?: boolean; mayLeave?: boolean; areNear?: boolean } = {}
): number[][] {
  const units = trains.map((spikeSamples) => ({ spikeSamples }));
  const { mayBeMore = true, mayLeave = true, areNear = true } = changes;
  return withoutEchoes(units, {
    ...{ before: 45, after: 45, sampleCount },
    areNear: () => areNear,
    mayLeave: () => mayLeave,
    mayBeMore: () => mayBeMore
  }).map(({ spikeSamples }) => [...spikeSamples]);
}

describe('echoes', () => {
  const large = train(1000, 1);
  const other = train(300, 2);

  it('keeps units that fire by themselves', () => {
    expect(kept([large, other])).toEqual([[...large], [...other]]);
  });

  it('drops what is left of larger spikes, unless these are far away', () => {
    const echo = echoOf(large, { every: 3, lag: 20 });
    expect(kept([large, echo])).toEqual([[...large]]);
    expect(kept([large, echo], { areNear: false })).toHaveLength(2);
  });

  it('drops what fires near larger spikes at any lag', () => {
    const random = randomStream(3, 'lags');
    const company = large
      .filter((_, k) => k % 3 === 0)
      .map((sample) => sample + Math.round(80 * random.uniform()) - 40)
      .toSorted();
    expect(kept([large, company])).toEqual([[...large]]);
  });

  it('frees a neuron of the echoes that its template catches too', () => {
    const mixed = join(other, echoOf(large, { every: 4, lag: -12 }));
    const [first = [], second = []] = kept([large, mixed]);
    expect(first).toEqual([...large]);
    // Of its own a few lie by chance where an echo would.
    expect(second.every((sample) => other.includes(sample))).toBe(true);
    expect(second.length).toBeGreaterThan(295);
    expect(kept([large, mixed], { mayBeMore: false })).toEqual([[...large]]);
  });

  it('frees a neuron of a few echoes at several lags of a much larger one, whatever its size', () => {
    const some = join(echoOf(large, { every: 16, lag: 0 }), echoOf(large, { every: 18, lag: 20 }));
    const mixed = join(other, some);
    const [, freed = []] = kept([large, mixed], { mayBeMore: false });
    expect(freed.every((sample) => other.includes(sample))).toBe(true);
    expect(freed.length).toBeGreaterThan(295);
    expect(kept([large, mixed], { mayLeave: false })).toEqual([[...large], [...mixed]]);
  });

  it('leaves a neuron that now and then fires together with a much larger one', () => {
    const random = randomStream(4, 'together');
    const together = large
      .filter((_, k) => k % 4 === 0)
      .map((sample) => sample + Math.round(16 * random.uniform()) - 8);
    const mixed = join(other, together);
    expect(kept([large, mixed])).toEqual([[...large], [...mixed]]);
  });

  it('drops a unit of which too little is left', () => {
    const mixed = join(other, echoOf(large, { every: 2, lag: 5 }));
    expect(kept([large, mixed])).toEqual([[...large]]);
  });

  it('drops a unit of which nothing is left before all larger ones were looked at', () => {
    // So many that to lie near one of them says nothing.
    const crowd = Float64Array.from({ length: sampleCount / 40 }, (_, k) => 40 * k);
    expect(kept([large, crowd, echoOf(large, { every: 3, lag: 20 })])).toHaveLength(2);
  });

  it('compares a unit with echoes with smaller ones that have none', () => {
    const copy = join(
      other.map((sample) => sample + 15),
      echoOf(large, { every: 4, lag: 8 })
    );
    expect(kept([large, copy, other])).toEqual([[...large], [...other]]);
  });
});

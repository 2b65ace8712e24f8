import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { matchDistance, scoreSorting } from '#lib/metrics/score.ts';
import { countMatches } from '#lib/metrics/spike-matching.ts';

const trains = (...samples: number[][]) => ({
  samplingRateHz: 30_000,
  trains: samples.map((train) => Float64Array.from(train))
});
/** 100 spikes, 1000 samples apart, from `start` on. */
const regular = (start: number, count = 100) => Array.from({ length: count }, (_, i) => start + 1000 * i);

describe('spikes match', () => {
  it('up to and including 0.4 ms', () => {
    expect(matchDistance(30_000)).toBe(12);
    expect(matchDistance(20_000)).toBe(8);
    expect([...countMatches([Float64Array.of(100)], [Float64Array.of(112)], 12)]).toEqual([1]);
    expect([...countMatches([Float64Array.of(100)], [Float64Array.of(113)], 12)]).toEqual([0]);
    expect([...countMatches([Float64Array.of(100)], [Float64Array.of(88)], 12)]).toEqual([1]);
  });

  it('one to one: two spikes near one count once', () => {
    expect([...countMatches([Float64Array.of(100)], [Float64Array.of(95, 105)], 12)]).toEqual([1]);
    expect([...countMatches([Float64Array.of(95, 105)], [Float64Array.of(100)], 12)]).toEqual([1]);
  });

  it('never more often than the second train has spikes', () => {
    // 100 and 101 take 99 and 103 in turn; 102 takes 99 again, which the limit undoes.
    expect([...countMatches([Float64Array.of(100, 101, 102)], [Float64Array.of(99, 103)], 12)]).toEqual([2]);
  });
});

describe('scoreSorting', () => {
  it('finds a perfect sorting perfect, whatever the order of its units', () => {
    const score = scoreSorting(
      trains(regular(0), regular(300), regular(600)),
      trains(regular(602), regular(0), regular(299))
    );
    expect(score.trueUnits.map((unit) => unit.match?.unit)).toEqual([1, 2, 0]);
    expect(score.trueUnits.map((unit) => unit.accuracy)).toEqual([1, 1, 1]);
    expect(score).toMatchObject({
      wellDetected: [0, 1, 2],
      redundant: [],
      falsePositive: [],
      overmerged: []
    });
  });

  it('counts found, missed and false spikes of a unit worked out by hand', () => {
    // 80 of 100 true spikes, and 10 others: 80 / (100 + 90 − 80).
    const score = scoreSorting(
      trains(regular(0)),
      trains([...regular(0, 80), ...regular(500, 10)].sort((a, b) => a - b))
    );
    expect(score.trueUnits[0]).toMatchObject({ truePositives: 80, falseNegatives: 20, falsePositives: 10 });
    expect(score.trueUnits[0]?.accuracy).toBeCloseTo(80 / 110, 12);
    expect(score.wellDetected).toEqual([]);
  });

  it('names the second copy of a unit redundant and a stranger a false positive', () => {
    const score = scoreSorting(
      trains(regular(0), regular(300)),
      trains(regular(0, 90), regular(0, 40), regular(700))
    );
    expect(score.trueUnits.map((unit) => unit.match?.unit)).toEqual([0, undefined]);
    expect(score).toMatchObject({ wellDetected: [0], redundant: [1], falsePositive: [2], overmerged: [] });
    expect(score.trueUnits[1]).toMatchObject({ accuracy: 0, falseNegatives: 100 });
  });

  it('names a unit overmerged that holds two true ones', () => {
    const both = [...regular(0), ...regular(300)].sort((a, b) => a - b);
    const score = scoreSorting(trains(regular(0), regular(300)), trains(both));
    expect(score.overmerged).toEqual([0]);
    expect(score.agreement).toEqual(Float64Array.of(0.5, 0.5));
  });

  it('assigns for the good of all, not greedily', () => {
    // Sorted 0 fits both true units, sorted 1 only the first: the best sum gives 0 to the second.
    const score = scoreSorting(
      trains(regular(100), regular(115)),
      trains(regular(107), [...regular(95, 70), ...regular(500_000, 10)])
    );
    expect(score.trueUnits.map((unit) => unit.match?.unit)).toEqual([1, 0]);
  });

  it('takes empty sortings, empty truths and empty trains', () => {
    expect(scoreSorting(trains(regular(0)), trains()).trueUnits[0]).toMatchObject({
      accuracy: 0,
      falseNegatives: 100
    });
    expect(scoreSorting(trains(), trains(regular(0))).falsePositive).toEqual([0]);
    expect(scoreSorting(trains([]), trains([])).agreement).toEqual(Float64Array.of(0));
    expect(scoreSorting(trains(), trains())).toMatchObject({ wellDetected: [], falsePositive: [] });
  });

  it('refuses trains of different sampling rates', () => {
    expect(() => scoreSorting(trains(regular(0)), { samplingRateHz: 20_000, trains: [] })).toThrow(
      RangeError
    );
  });
});

const spikeTrain = fc
  .uniqueArray(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 })
  .map((samples) => samples.sort((a, b) => a - b));
const sorting = fc.array(spikeTrain, { maxLength: 6 }).map((list) => trains(...list));

describe('for any trains', () => {
  it('agreement lies between 0 and 1 and no unit is matched twice', () => {
    fc.assert(
      fc.property(sorting, sorting, (truth, sorted) => {
        const score = scoreSorting(truth, sorted);
        for (const value of score.agreement) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
        const matched = score.trueUnits.flatMap((unit) => unit.match?.unit ?? []);
        expect(new Set(matched).size).toBe(matched.length);
        const groups = [matched, score.redundant, score.falsePositive].map((units) => new Set(units));
        for (const unit of sorted.trains.keys())
          expect(groups.filter((group) => group.has(unit)).length).toBeLessThanOrEqual(1);
      })
    );
  });

  it('a sorting scored against itself is perfect where trains are sparse', () => {
    fc.assert(
      fc.property(fc.array(spikeTrain, { maxLength: 5 }), (list) => {
        const sparse = trains(...list.map((train) => train.map((sample) => sample * 40)));
        const score = scoreSorting(sparse, sparse);
        score.trueUnits.forEach((unit, i) => {
          if ((list[i] ?? []).length > 0) expect(unit.accuracy).toBe(1);
        });
      })
    );
  });
});

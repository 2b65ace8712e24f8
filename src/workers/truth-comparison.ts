/** How a sorting compares with what a generated recording is known to hold. */
import { scoreSorting } from '#lib/metrics/score.ts';
import { type SpikeTrains, type Sorting } from '#lib/model/sorting.ts';

export interface TruthComparison {
  trueUnits: number;
  /** Units that agree with a true one to at least 0.8. */
  wellDetected: number;
  /** Sorted unit → the true unit it was matched with, and their agreement. */
  matches: { unit: number; trueUnit: number; accuracy: number }[];
}

export function compareWithTruth(truth: SpikeTrains, sorting: Sorting): TruthComparison {
  const { samplingRateHz, units } = sorting;
  const score = scoreSorting(truth, {
    samplingRateHz,
    trains: units.map(({ spikeSamples }) => spikeSamples)
  });
  return {
    trueUnits: truth.trains.length,
    wellDetected: score.wellDetected.length,
    matches: score.sortedUnits.flatMap(({ match }, index) => {
      const unit = units[index];
      return unit && match ? [{ unit: unit.id, trueUnit: match.unit, accuracy: match.agreement }] : [];
    })
  };
}

/** Gives each unit of a sorting its class; spikes and waveforms stay as they are. */
import { unitFeatures } from '#lib/metrics/unit-features.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { type UnitClassifier } from './unit-classifier.ts';

/** A copy of the sorting whose units have a `quality`. */
export async function classifySorting(sorting: Sorting, classifier: UnitClassifier): Promise<Sorting> {
  const classes = await classifier.classify(unitFeatures(sorting), sorting.units.length);
  return {
    ...sorting,
    units: sorting.units.map((unit, i) => {
      const found = classes[i];
      if (!found) return unit;
      const { label, probabilities } = found;
      return { ...unit, quality: { label, probability: Math.max(...probabilities) } };
    })
  };
}

// Sorts the drawn recordings and gives what the classifier learns from: of each sorted unit its features and its label.
import { featureNames, unitFeatures } from '#lib/metrics/unit-features.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { type LabelledUnit, labelUnits } from './labels.ts';
import { type Kind, type Split, drawRecording, generate, kinds, splits } from './recordings.ts';

export interface CollectedUnit extends LabelledUnit {
  recording: string;
  kind: Kind;
  split: Split;
  /** In the order of `featureNames`; null for NaN, which JSON has not. */
  features: (number | null)[];
}

/** @param counts recordings of each kind in each split */
export async function collectUnits({
  counts,
  seed,
  onRecording
}: {
  counts: Record<Split, number>;
  seed: number;
  onRecording: (line: string) => void;
}): Promise<CollectedUnit[]> {
  const collected: CollectedUnit[] = [];
  for (const split of splits)
    for (let index = 0; index < counts[split]; index++)
      for (const kind of kinds) {
        const drawn = drawRecording({ kind, split, index, seed });
        const began = performance.now();
        const units = await sortAndLabel(drawn);
        for (const unit of units) collected.push({ recording: drawn.name, kind, split, ...unit });
        const count = (label: string) => units.filter((unit) => unit.label === label).length;
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        onRecording(
          `${drawn.name}: ${count('single')} single, ${count('multi')} multi, ${count('noise')} noise (${seconds} s)`
        );
      }
  return collected;
}

async function sortAndLabel(drawn: ReturnType<typeof drawRecording>) {
  const { source, truth, background } = generate(drawn);
  const units: (LabelledUnit & Pick<CollectedUnit, 'features'>)[] = [];
  for (const given of drawn.parameters) {
    const parameters = resolveParameters(given);
    const sorting = await sortRecording({ source, parameters, pool: inlinePool(), seed: 0 });
    const features = unitFeatures(sorting);
    const trains = sorting.units.map(({ spikeSamples }) => spikeSamples);
    labelUnits({ truth, background }, { samplingRateHz: sorting.samplingRateHz, trains }).forEach(
      (labelled, i) => {
        const own = features.subarray(i * featureNames.length, (i + 1) * featureNames.length);
        units.push({
          ...labelled,
          features: Array.from(own, (value) => (Number.isNaN(value) ? null : value))
        });
      }
    );
  }
  return units;
}

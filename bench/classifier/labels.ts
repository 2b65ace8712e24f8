// What a sorted unit of a generated recording is, from its known spikes.
import { scoreSorting, matchDistance } from '#lib/metrics/score.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';

export type UnitLabel = 'noise' | 'multi' | 'single';

/** The limits of docs/unit-classifier.md. */
export const limits = { agreement: 0.8, precision: 0.9, recall: 0.5, noiseShare: 0.3 };

export interface LabelledUnit {
  label: UnitLabel;
  /** With the true unit of highest agreement. */
  agreement: number;
  /** Largest share of its spikes that are one true unit's, and the share of that unit's spikes that it has. */
  precision: number;
  recall: number;
  /** Share of its spikes that lie on a spike of any known or background unit, less what chance gives. */
  neuralShare: number;
}

/** One a unit of `sorted`. */
export function labelUnits(
  { truth, background }: { truth: SpikeTrains; background: SpikeTrains },
  sorted: SpikeTrains
): LabelledUnit[] {
  const { matchCounts, agreement } = scoreSorting(truth, sorted);
  const all = Float64Array.from(
    [...truth.trains, ...background.trains].flatMap((train) => [...train])
  ).sort();
  const delta = matchDistance(truth.samplingRateHz);
  return sorted.trains.map((train, j) => {
    let best = { agreement: 0, precision: 0, recall: 0 };
    let mostAgreeing = 0;
    truth.trains.forEach((own, i) => {
      const matches = matchCounts[i * sorted.trains.length + j] as number;
      const precision = train.length > 0 ? matches / train.length : 0;
      mostAgreeing = Math.max(mostAgreeing, agreement[i * sorted.trains.length + j] as number);
      if (precision > best.precision)
        best = { agreement: 0, precision, recall: own.length > 0 ? matches / own.length : 0 };
    });
    best.agreement = mostAgreeing;
    const neuralShare = shareOnSpikes(train, all, { delta, samplingRateHz: truth.samplingRateHz });
    return { ...best, neuralShare, label: labelOf({ ...best, neuralShare }) };
  });
}

function labelOf({ agreement, precision, recall, neuralShare }: Omit<LabelledUnit, 'label'>): UnitLabel {
  if (agreement >= limits.agreement || (precision >= limits.precision && recall >= limits.recall))
    return 'single';
  return neuralShare < limits.noiseShare ? 'noise' : 'multi';
}

/** Shifts of a train that bring it out of step with every neuron, in ms. */
const shiftsMs = [-211, -97, -41, 53, 113, 199];

/** (observed − chance) / (1 − chance): chance is what the shifted trains find. */
function shareOnSpikes(
  train: Float64Array,
  spikes: Float64Array,
  { delta, samplingRateHz }: { delta: number; samplingRateHz: number }
): number {
  if (train.length === 0) return 0;
  const share = (shift: number) => {
    let [found, near] = [0, 0];
    for (const sample of train) {
      const at = sample + shift;
      while (near < spikes.length && (spikes[near] as number) < at - delta) near++;
      if (near < spikes.length && (spikes[near] as number) <= at + delta) found++;
    }
    return found / train.length;
  };
  const chance =
    shiftsMs.reduce((total, shift) => total + share(Math.round((shift * samplingRateHz) / 1000)), 0) /
    shiftsMs.length;
  return (share(0) - chance) / (1 - chance);
}

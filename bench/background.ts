// The small units behind the true ones of a generated recording: a sorter may find them but need not.
import { scoreSorting } from '#lib/metrics/score.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';

/** A false positive that agrees so well with a unit of the background has found that one. */
const foundAgreement = 0.2;

/** How many of the trains are a unit of the background. */
export function countFound(background: SpikeTrains, trains: Float64Array[]): number {
  const { samplingRateHz } = background;
  const { sortedUnits } = scoreSorting(background, { samplingRateHz, trains });
  return sortedUnits.filter(({ best }) => best !== undefined && best.agreement >= foundAgreement).length;
}

/**
 * Contamination of a unit by other neurons' spikes, from spikes that follow each other faster than one neuron can fire.
 * Formulas as in SpikeInterface 0.105 (`isi_violation`, `rp_violation`).
 */
import { type RecordingSpan } from './firing.ts';

export interface IsiViolations {
  /** Rate of the contaminating spikes over the unit's rate; NaN without spikes. */
  ratio: number;
  /** Intervals between neighbouring spikes that are too short. */
  count: number;
}

/**
 * Violations by neighbouring spikes (D. N. Hill, S. B. Mehta and D. Kleinfeld, J. Neurosci. 31, 2011,
 * doi:10.1523/JNEUROSCI.0971-11.2011), in the linear form: n T / (2 N² (threshold − shortest)).
 * @param train Ascending sample indices.
 * @param options `thresholdMs`: shorter intervals are violations. `shortestMs`: shorter ones cannot occur in a sorting.
 */
export function isiViolations(
  train: Float64Array,
  options: RecordingSpan & { thresholdMs?: number; shortestMs?: number }
): IsiViolations {
  const { samplingRateHz, sampleCount, thresholdMs = 1.5, shortestMs = 0 } = options;
  const threshold = thresholdMs / 1000;
  let count = 0;
  // Times are subtracted in seconds: an interval on the threshold falls to the side where SpikeInterface has it.
  for (let k = 1; k < train.length; k++)
    if ((train[k] as number) / samplingRateHz - (train[k - 1] as number) / samplingRateHz < threshold)
      count++;
  if (train.length === 0) return { ratio: NaN, count };
  const violationSeconds = 2 * train.length * (threshold - shortestMs / 1000);
  const rate = train.length / (sampleCount / samplingRateHz);
  return { ratio: count / violationSeconds / rate, count };
}

export interface RefractoryViolations {
  /** Part of the spikes that come from other neurons, 0 to 1; NaN with fewer than two spikes. */
  contamination: number;
  /** Pairs of spikes, neighbours or not, that are too close. */
  count: number;
}

/**
 * Violations by all pairs of spikes (V. Llobet, A. Wyngaard and B. Barbour, bioRxiv 2022, doi:10.1101/2022.02.08.479192):
 * 1 − √(1 − n (T − 2 N censored) / (N² (refractory − censored))), and 1 where the root would be of a negative number.
 * @param train Ascending sample indices.
 * @param options Both periods are rounded to whole samples; a pair exactly the refractory period apart is a violation.
 */
export function refractoryViolations(
  train: Float64Array,
  options: RecordingSpan & { refractoryMs?: number; censoredMs?: number }
): RefractoryViolations {
  const { samplingRateHz, sampleCount, refractoryMs = 1, censoredMs = 0 } = options;
  const refractory = roundHalfToEven(refractoryMs * samplingRateHz * 1e-3);
  const censored = roundHalfToEven(censoredMs * samplingRateHz * 1e-3);
  const spikes = train.length;
  const count = closePairs(train, refractory);
  if (spikes <= 1) return { contamination: NaN, count };
  const rest =
    1 - (count * (sampleCount - 2 * spikes * censored)) / (spikes * spikes * (refractory - censored));
  return { contamination: rest < 0 ? 1 : 1 - Math.sqrt(rest), count };
}

/** Pairs of spikes at most so many samples apart. */
function closePairs(train: Float64Array, distance: number): number {
  let count = 0;
  let first = 0;
  for (let k = 1; k < train.length; k++) {
    while ((train[k] as number) - (train[first] as number) > distance) first++;
    count += k - first;
  }
  return count;
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}

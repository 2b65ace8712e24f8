/**
 * Whether two units take turns as the tissue moves: what correction leaves of a large unit's change is more than noise,
 * so that it is found as several, each where the tissue lies where the others are not.
 */
import { type Motion, displacementAt } from './motion/motion.ts';

/** Places of the tissue are told apart as so many, in each of which it lies equally long. */
const placeCount = 10;
/** Units are at the same place with at most this part of their spikes. */
const maxShared = 0.4;
/** Each misses spikes at some places: at least this part of them would have to fire elsewhere for it to be even. */
const leastUnevenness = 0.1;
/** Together they are more even than either, down to at least this part of it. */
const maxLeft = 0.85;
/** With fewer spikes a unit is missing at some places by chance. */
const fewestSpikes = 20;

/** For each of the motion's times, at which of the places tissue at a depth lies. */
export class PlacesInTime {
  readonly #placeOf: Int32Array;
  readonly #secondsEach: number;

  constructor(motion: Motion, depthUm: number) {
    const { binTimes } = motion;
    const displacements = Float64Array.from(binTimes, (timeSeconds) =>
      displacementAt(motion, { timeSeconds, depthUm })
    );
    const order = Int32Array.from(binTimes, (_, bin) => bin).sort(
      (a, b) => (displacements[a] as number) - (displacements[b] as number) || a - b
    );
    this.#placeOf = new Int32Array(binTimes.length);
    order.forEach((bin, rank) => {
      this.#placeOf[bin] = Math.floor((rank * placeCount) / order.length);
    });
    this.#secondsEach = 2 * (binTimes[0] ?? 0.5);
  }

  /** Part of a train's spikes at each place. */
  partsOf(samples: Float64Array, samplingRateHz: number): Float64Array {
    const parts = new Float64Array(placeCount);
    for (const sample of samples) {
      const bin = Math.floor(sample / samplingRateHz / this.#secondsEach);
      const place = this.#placeOf[Math.min(Math.max(0, bin), this.#placeOf.length - 1)] as number;
      parts[place] = (parts[place] as number) + 1 / samples.length;
    }
    return parts;
  }
}

/**
 * Two trains of one neuron share hardly any place, and are together spread more evenly over all places than each of
 * them. Two neurons that are alike are found at the same places, or one of them is everywhere already.
 */
export function takeTurns(
  first: Float64Array,
  second: Float64Array,
  { places, samplingRateHz }: { places: PlacesInTime; samplingRateHz: number }
): boolean {
  if (Math.min(first.length, second.length) < fewestSpikes) return false;
  const [a, b] = [places.partsOf(first, samplingRateHz), places.partsOf(second, samplingRateHz)];
  const shared = a.reduce((sum, part, place) => sum + Math.min(part, b[place] as number), 0);
  if (shared > maxShared) return false;
  const weight = first.length / (first.length + second.length);
  const both = a.map((part, place) => weight * part + (1 - weight) * (b[place] as number));
  const apart = Math.min(unevenness(a), unevenness(b));
  return apart >= leastUnevenness && unevenness(both) <= maxLeft * apart;
}

/** Which part of a train would have to fire elsewhere for it to be everywhere alike. */
function unevenness(parts: Float64Array): number {
  return parts.reduce((sum, part) => sum + Math.abs(part - 1 / placeCount) / 2, 0);
}

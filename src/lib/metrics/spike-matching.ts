/** Counts the spikes that two sets of units have in common, as SpikeInterface's `make_match_count_matrix` does. */

/** Spikes of several units in one ascending sequence. */
interface SpikeSequence {
  samples: Float64Array;
  units: Int32Array;
}

/**
 * Matching spikes of every pair of units. The first set's spikes are gone through in order; each takes the first spike of
 * the other train within the distance, unless that is the one taken last. (So in bursts denser than the distance a spike
 * can be taken again, as SpikeInterface has it; counts are limited to the second train's length.)
 * @param deltaSamples Largest distance, inclusive.
 * @returns Units of the first set × units of the second.
 */
export function countMatches(
  first: readonly Float64Array[],
  second: readonly Float64Array[],
  deltaSamples: number
): Float64Array<ArrayBuffer> {
  const columns = second.length;
  const counts = new Float64Array(first.length * columns);
  const lastFirst = new Int32Array(counts.length).fill(-1);
  const lastSecond = new Int32Array(counts.length).fill(-1);
  const one = sequence(first);
  const two = sequence(second);
  let begin = 0;
  for (let i = 0; i < one.samples.length; i++) {
    const sample = one.samples[i] as number;
    const row = (one.units[i] as number) * columns;
    while (begin < two.samples.length && (two.samples[begin] as number) < sample - deltaSamples) begin++;
    for (let j = begin; j < two.samples.length && (two.samples[j] as number) <= sample + deltaSamples; j++) {
      const pair = row + (two.units[j] as number);
      if (lastFirst[pair] === i || lastSecond[pair] === j) continue;
      lastFirst[pair] = i;
      lastSecond[pair] = j;
      counts[pair] = (counts[pair] as number) + 1;
    }
  }
  for (let i = 0; i < first.length; i++)
    second.forEach((train, j) => {
      counts[i * columns + j] = Math.min(counts[i * columns + j] as number, train.length);
    });
  return counts;
}

function sequence(trains: readonly Float64Array[]): SpikeSequence {
  const length = trains.reduce((total, train) => total + train.length, 0);
  const samples = new Float64Array(length);
  const units = new Int32Array(length);
  const all = new Float64Array(length);
  const owners = new Int32Array(length);
  let at = 0;
  trains.forEach((train, unit) => {
    all.set(train, at);
    owners.fill(unit, at, at + train.length);
    at += train.length;
  });
  const order = Uint32Array.from({ length }, (_, i) => i);
  order.sort((a, b) => (all[a] as number) - (all[b] as number) || a - b);
  order.forEach((from, to) => {
    samples[to] = all[from] as number;
    units[to] = owners[from] as number;
  });
  return { samples, units };
}

/** Whether the spikes nearest to a unit's spikes in feature space are its own. */
import { type SpikeFeatures } from './spike-features.ts';

export interface NeighbourRates {
  /** Part of the nearest neighbours of the unit's spikes that belong to it too. */
  hitRate: number;
  /** Part of the nearest neighbours of all other spikes that belong to the unit. */
  missRate: number;
}

/**
 * Rates of every unit, over all spikes given (J. E. Chung et al., Neuron 95, 2017, doi:10.1016/j.neuron.2017.08.030;
 * SpikeInterface 0.105, `nearest_neighbor`). A unit without others has 1 and 0.
 * @param neighbours How many neighbours of each spike count. With as few spikes as that or fewer, rates are NaN.
 */
export function nearestNeighbourRates(features: SpikeFeatures, neighbours = 5): Map<number, NeighbourRates> {
  const { labels } = features;
  const units = [...new Set(Array.from(labels))].sort((a, b) => a - b);
  const [only] = units;
  if (only !== undefined && units.length === 1) return new Map([[only, { hitRate: 1, missRate: 0 }]]);
  const spikes = labels.length;
  if (spikes <= neighbours) return new Map(units.map((unit) => [unit, { hitRate: NaN, missRate: NaN }]));
  const nearest = nearestSpikes(features, neighbours);
  return new Map(
    units.map((unit) => {
      const counts = { own: 0, hits: 0, misses: 0 };
      for (let spike = 0; spike < spikes; spike++) {
        let inUnit = 0;
        for (let k = 0; k < neighbours; k++)
          if (labels[nearest[spike * neighbours + k] as number] === unit) inUnit++;
        if (labels[spike] === unit) {
          counts.own++;
          counts.hits += inUnit;
        } else counts.misses += inUnit;
      }
      const hitRate = counts.hits / (counts.own * neighbours);
      return [unit, { hitRate, missRate: counts.misses / ((spikes - counts.own) * neighbours) }];
    })
  );
}

/**
 * The spikes at the smallest Euclidean distances from each, itself not among them; of equally near ones the first.
 * @param count Fewer than there are spikes.
 * @returns spikes × count, nearest first.
 */
export function nearestSpikes({ points, dimensions }: SpikeFeatures, count: number): Int32Array<ArrayBuffer> {
  const spikes = points.length / dimensions;
  const nearest = new Int32Array(spikes * count);
  const squares = new Float64Array(count);
  const found = new Int32Array(count);
  for (let spike = 0; spike < spikes; spike++) {
    squares.fill(Infinity);
    const own = points.subarray(spike * dimensions, (spike + 1) * dimensions);
    for (let other = 0; other < spikes; other++) {
      if (other === spike) continue;
      const limit = squares[count - 1] as number;
      let square = 0;
      // What is farther than the farthest kept is given up halfway.
      for (let d = 0, at = other * dimensions; d < dimensions && square < limit; d++, at++) {
        const apart = (own[d] as number) - (points[at] as number);
        square += apart * apart;
      }
      if (!(square < limit)) continue;
      let place = count - 1;
      for (; place > 0 && (squares[place - 1] as number) > square; place--) {
        squares[place] = squares[place - 1] as number;
        found[place] = found[place - 1] as number;
      }
      squares[place] = square;
      found[place] = other;
    }
    nearest.set(found, spike * count);
  }
  return nearest;
}

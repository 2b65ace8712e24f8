/**
 * A few points far from all others. isosplit6's dip is the root of the count times a distance of at most a half, so it
 * keeps fewer than 4 · threshold² points with the others however far away they lie: a neuron that fires 16 times in a
 * short recording. What tells them apart is the gap itself: where density falls outwards, the gap before the m
 * outermost points is about as wide as those between them, and t times as wide with a probability of
 * (1 + t / (m − 1))^−(m − 1).
 */

/** So many times as wide as the spaces beyond it must a gap be: a chance of 8e-5 for 8 points, 3e-6 for 16. */
const leastRatio = 20;

export interface GapOptions {
  dimensions: number;
  /** How many points may be set apart. */
  least: number;
  most: number;
}

/** For each point 1 if it lies beyond the clearest gap along any dimension, else 0; undefined where there is none. */
export function splitAtGap(
  points: Float64Array,
  { dimensions, least, most }: GapOptions
): Int32Array | undefined {
  const count = points.length / dimensions;
  let clearest = leastRatio;
  let beyond: ((point: number) => boolean) | undefined;
  for (let d = 0; d < dimensions; d++)
    for (const side of [1, -1]) {
      const value = (point: number) => side * (points[point * dimensions + d] as number);
      const sorted = Float64Array.from({ length: count }, (_, point) => value(point)).toSorted();
      for (let m = least; m <= most && m < count; m++) {
        const inner = sorted[count - m - 1] as number;
        const outer = sorted[count - m] as number;
        const width = (sorted[count - 1] as number) - outer;
        if ((outer - inner) * (m - 1) <= clearest * width) continue;
        clearest = ((outer - inner) * (m - 1)) / width;
        beyond = (point) => value(point) >= outer;
      }
    }
  return beyond && Int32Array.from({ length: count }, (_, point) => (beyond(point) ? 1 : 0));
}

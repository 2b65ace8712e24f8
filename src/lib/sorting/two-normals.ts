/**
 * Two units of like shape whose spikes lie 3 to 5 standard deviations apart: where one is rarer or wider the density
 * between them has no dip, and isosplit6 sees one cluster. Spikes without others on top of them are nearly normally
 * distributed around their unit, with the same covariance for like units, so that a mixture of two normal distributions
 * tells them apart: fitted by expectation maximisation, kept where it explains the points much better than one.
 */
import { exp, log } from '../math/portable.ts';

/** Mean values at least so many standard deviations apart, within a unit and along the line between them. */
const leastDistance = 3.5;
/**
 * Gain in log likelihood, as a multiple of parameters · log(points). 0.5 would be Schwarz's criterion; 4.5 times as much
 * is asked for, as spikes' sizes are a little skewed and no unit is exactly normal.
 */
const leastGain = 2.25;
/** Points on each side. */
const leastPoints = 25;
/** Starts: points beyond these parts of all, along each dimension. */
const startParts = [0.15, 0.5, 0.85];
/** Steps of each start, whose points belong to one side or the other, and of the best one, where they belong in part. */
const hardSteps = 4;
const softSteps = 40;
/** Ends when the parts that points belong to change by less than this on average. */
const settled = 1e-4;

interface Fit {
  /** Part of each point that belongs to the second unit. */
  parts: Float64Array;
  /** Of all points. */
  weight: number;
  /** From the first unit's mean to the second's, and their middle. */
  apart: Float64Array;
  middle: Float64Array;
}

/**
 * For each point 0 or 1; undefined where one normal distribution does.
 * @param points Points × dimensions: scores on principal components of these points, so centred and uncorrelated.
 */
export function splitInTwo(
  points: Float64Array,
  { dimensions }: { dimensions: number }
): Int32Array | undefined {
  const count = points.length / dimensions;
  if (count < 2 * leastPoints) return undefined;
  const unit = scaled(points, dimensions);
  const start = bestStart(unit, dimensions);
  const fit = start && soften(unit, start);
  if (!fit) return undefined;
  const labels = Int32Array.from(fit.parts, (part) => (part > 0.5 ? 1 : 0));
  const second = labels.reduce((sum, label) => sum + label, 0);
  if (Math.min(second, count - second) < leastPoints) return undefined;
  const distance = distanceOf(fit);
  if (!(distance >= leastDistance)) return undefined;
  return gainOf(unit, fit) >= leastGain * (dimensions + 1) * log(count) ? labels : undefined;
}

/** With a variance of 1 in each dimension: then the covariance within units follows from that of their means. */
function scaled(points: Float64Array, dimensions: number): Float64Array {
  const count = points.length / dimensions;
  const sums = new Float64Array(dimensions);
  points.forEach((value, at) => {
    sums[at % dimensions] = (sums[at % dimensions] as number) + value * value;
  });
  const scale = sums.map((sum) => (sum > 0 ? Math.sqrt(count / sum) : 0));
  return points.map((value, at) => value * (scale[at % dimensions] as number));
}

/** The start whose sides, after some steps, are most likely. */
function bestStart(points: Float64Array, dimensions: number): Fit | undefined {
  const count = points.length / dimensions;
  let best: Fit | undefined;
  let most = -Infinity;
  for (let d = 0; d < dimensions; d++) {
    const values = Float64Array.from({ length: count }, (_, i) => points[i * dimensions + d] as number);
    const sorted = values.toSorted();
    for (const part of startParts) {
      const edge = sorted[Math.floor(part * count)] as number;
      let fit = fitTo(
        points,
        values.map((value) => (value > edge ? 1 : 0))
      );
      for (let step = 0; step < hardSteps && fit; step++)
        fit = fitTo(
          points,
          scoresOf(points, fit).map((score) => (score > 0 ? 1 : 0))
        );
      const gain = fit ? gainOfSides(count, fit) : -Infinity;
      if (gain > most) [best, most] = [fit, gain];
    }
  }
  return best;
}

function soften(points: Float64Array, start: Fit): Fit | undefined {
  let fit: Fit | undefined = start;
  for (let step = 0; step < softSteps && fit; step++) {
    const before: Float64Array = fit.parts;
    fit = fitTo(
      points,
      scoresOf(points, fit).map((score) => 1 / (1 + exp(-score)))
    );
    const change = before.reduce((sum, part, i) => sum + Math.abs(part - (fit?.parts[i] ?? 0)), 0);
    if (change < settled * before.length) break;
  }
  return fit;
}

/** The means of points that belong to the two sides by the given parts; undefined where a side is empty. */
function fitTo(points: Float64Array, parts: Float64Array): Fit | undefined {
  const count = parts.length;
  const dimensions = points.length / count;
  const total = parts.reduce((sum, part) => sum + part, 0);
  if (total < 1 || count - total < 1) return undefined;
  const [second, all] = [new Float64Array(dimensions), new Float64Array(dimensions)];
  for (let i = 0; i < count; i++)
    for (let d = 0; d < dimensions; d++) {
      const value = points[i * dimensions + d] as number;
      all[d] = (all[d] as number) + value;
      second[d] = (second[d] as number) + (parts[i] as number) * value;
    }
  const secondMean = second.map((sum) => sum / total);
  const firstMean = second.map((sum, d) => ((all[d] as number) - sum) / (count - total));
  return {
    parts,
    weight: total / count,
    apart: secondMean.map((value, d) => value - (firstMean[d] as number)),
    middle: secondMean.map((value, d) => (value + (firstMean[d] as number)) / 2)
  };
}

const squaredNorm = (vector: Float64Array) => vector.reduce((sum, value) => sum + value * value, 0);

/** Of the variance between the units, along the line between them, to that of all points (which is 1). */
function between({ weight, apart }: Fit): number {
  return weight * (1 - weight) * squaredNorm(apart);
}

/** Distance of the means in standard deviations within the units. */
function distanceOf(fit: Fit): number {
  return Math.sqrt(squaredNorm(fit.apart) / (1 - between(fit)));
}

/** Log odds of each point to be the second unit's. */
function scoresOf(points: Float64Array, fit: Fit): Float64Array {
  const { weight, apart, middle, parts } = fit;
  const odds = log(weight / (1 - weight));
  const direction = apart.map((value) => value / (1 - between(fit)));
  const dimensions = apart.length;
  return parts.map((_, i) => {
    let score = odds;
    for (let d = 0; d < dimensions; d++)
      score += (direction[d] as number) * ((points[i * dimensions + d] as number) - (middle[d] as number));
    return score;
  });
}

/** Gain in log likelihood over one unit where each point is known to belong to its side. */
function gainOfSides(count: number, fit: Fit): number {
  const { weight } = fit;
  const entropy = -weight * log(weight) - (1 - weight) * log(1 - weight);
  return -count * (0.5 * log(1 - between(fit)) + entropy);
}

/** Gain in log likelihood over one normal distribution: all of it lies along the line between the means. */
function gainOf(points: Float64Array, fit: Fit): number {
  const { weight } = fit;
  const odds = log(weight / (1 - weight));
  const distance = distanceOf(fit);
  const within = 1 - between(fit);
  let gain = 0;
  for (const score of scoresOf(points, fit)) {
    // In standard deviations within the units, from their middle.
    const y = (score - odds) / distance;
    const [first, second] = [y + distance / 2, y - distance / 2];
    const fromMean = y + distance * (0.5 - weight);
    const density = (1 - weight) * exp((-first * first) / 2) + weight * exp((-second * second) / 2);
    gain += log(Math.max(density, Number.MIN_VALUE)) + (fromMean * fromMean * within) / 2 - 0.5 * log(within);
  }
  return gain;
}

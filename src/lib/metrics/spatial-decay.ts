/**
 * How fast a template's amplitude falls with distance: a·e^(−k·distance) + offset, fitted by least squares within the bounds
 * that SpikeInterface 0.105 sets (`exp_decay`): k from 10⁻⁵ to 2 per µm, a within a half of the amplitude at distance 0,
 * offset up to twice the least amplitude.
 */
import { dot, mean, sum } from '#lib/math/linear-algebra.ts';
import { exp, log } from '#lib/math/portable.ts';

const leastR2 = 0.2;
const slowest = 1e-5;
const fastest = 2;
const gridSteps = 200;

interface Fit {
  scale: number;
  offset: number;
  /** Sum of the squared residuals. */
  cost: number;
  /** Its derivative by the decay. */
  gradient: number;
}

/**
 * The decay k, in 1/µm. For each k the best a and offset are a linear problem, so only k is searched for: over a grid, then
 * by halving the interval in which the derivative changes its sign. That is the optimum itself; SciPy's solver, which
 * SpikeInterface calls, stops at up to some 10⁻⁵ of it.
 * @param distances From the channel of largest amplitude, in µm; one of them is 0.
 * @param amplitudes Of the same channels, not negative.
 * @returns NaN with fewer than three different distances, an amplitude of zero, or when the fit explains less than a fifth of
 *   the variance.
 */
export function spatialDecay(distances: readonly number[], amplitudes: readonly number[]): number {
  if (new Set(distances).size < 3 || !amplitudes.every((amplitude) => amplitude > 0)) return NaN;
  const fitAt = (decay: number) => fit({ distances, amplitudes }, decay);
  const grid = Array.from({ length: gridSteps }, (_, k) =>
    exp(log(slowest) + (k / (gridSteps - 1)) * (log(fastest) - log(slowest)))
  );
  const costs = grid.map((decay) => fitAt(decay).cost);
  const best = costs.reduce((least, cost, k) => (cost < (costs[least] as number) ? k : least), 0);
  let low = grid[Math.max(best - 1, 0)] as number;
  let high = grid[Math.min(best + 1, gridSteps - 1)] as number;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (fitAt(middle).gradient < 0) low = middle;
    else high = middle;
  }
  const decay = (low + high) / 2;
  const level = mean(amplitudes);
  const total = sum(amplitudes.map((value) => (value - level) * (value - level)));
  return 1 - fitAt(decay).cost / total >= leastR2 ? decay : NaN;
}

interface Points {
  distances: readonly number[];
  amplitudes: readonly number[];
}

/** The best scale and offset for a decay: those of the regression line, or the best on the bounds. */
function fit(points: Points, decay: number): Fit {
  const { distances, amplitudes } = points;
  const falls = distances.map((distance) => exp(-decay * distance));
  const [fall, level] = [mean(falls), mean(amplitudes)];
  const centred = falls.map((value) => value - fall);
  const nearest = amplitudes[distances.indexOf(0)] as number;
  const scales: Bounds = [0.5 * nearest, 1.5 * nearest];
  const offsets: Bounds = [0, 2 * amplitudes.reduce((a, b) => Math.min(a, b))];
  const scale = dot(centred, amplitudes) / dot(centred, centred);
  const offset = level - scale * fall;
  const rate = (a: number, b: number) => rated(points, { falls, scale: a, offset: b });
  if (isWithin(scale, scales) && isWithin(offset, offsets)) return rate(scale, offset);
  const square = dot(falls, falls);
  const onBounds = [
    ...scales.map((bound) => rate(bound, clamped(level - bound * fall, offsets))),
    ...offsets.map((bound) =>
      rate(clamped((dot(falls, amplitudes) - bound * sum(falls)) / square, scales), bound)
    )
  ];
  return onBounds.reduce((a, b) => (b.cost < a.cost ? b : a));
}

function rated(
  { distances, amplitudes }: Points,
  { falls, scale, offset }: { falls: readonly number[]; scale: number; offset: number }
): Fit {
  const residuals = amplitudes.map((value, i) => value - scale * (falls[i] as number) - offset);
  const gradient = residuals.reduce(
    (total, residual, i) => total + 2 * residual * scale * (distances[i] as number) * (falls[i] as number),
    0
  );
  return { scale, offset, cost: dot(residuals, residuals), gradient };
}

type Bounds = [number, number];

function isWithin(value: number, [low, high]: Bounds): boolean {
  return value >= low && value <= high;
}

function clamped(value: number, [low, high]: Bounds): number {
  return Math.max(low, Math.min(high, value));
}

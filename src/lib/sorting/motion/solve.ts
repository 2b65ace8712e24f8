/**
 * Displacements from the shifts between pairs of time bins: robust weighted least squares with a weak prior that bins
 * and windows next to each other move alike.
 */
import { dot } from '../../math/linear-algebra.ts';
import { medianInPlace } from '../reference.ts';
import { type BinPairs, type PairShifts } from './correlate.ts';

/**
 * Weight of the prior's squared differences between neighbouring bins and windows. A pair weighs its squared
 * correlation, at most 1, and a bin has up to some hundred pairs: the prior only decides where these say nothing.
 */
const timePrior = 1;
const depthPrior = 1;
/** Pairs that contradict the others lose their weight: so often the weights are computed anew. */
const robustPasses = 4;
/** A residual of so many µm, or of so many times the median one, halves its pair's weight twice. */
const leastResidualUm = 1.5;
const residualScale = 3;
/** A pair agrees if its residual is not larger. */
const agreeingUm = 3;
const maxIterations = 1000;
const tolerance = 1e-6;

export interface SolveOptions {
  binCount: number;
  pairs: BinPairs;
}

export interface Solution {
  /** Windows × bins, in the shifts' unit; only differences within a window are meaningful. */
  displacements: Float64Array<ArrayBuffer>;
  /** Of each window, the share of its pairs (by squared correlation) that the displacements explain: 0 to 1. */
  agreement: Float64Array<ArrayBuffer>;
}

/** The displacements that explain the pairs' shifts best. */
export function solveDisplacements(
  windows: readonly PairShifts[],
  { binCount, pairs }: SolveOptions
): Solution {
  const weights = windows.map(({ correlations }) =>
    Float64Array.from(correlations, (value) => value * value)
  );
  const system: System = { windows, pairs, binCount, weights };
  const displacements = new Float64Array(windows.length * binCount);
  solve(system, displacements);
  for (let pass = 0; pass < robustPasses; pass++) {
    reweight(system, displacements);
    solve(system, displacements);
  }
  return { displacements, agreement: measureAgreement(system, displacements) };
}

interface System {
  windows: readonly PairShifts[];
  pairs: BinPairs;
  binCount: number;
  /** Of each window's pairs. */
  weights: Float64Array[];
}

/** What is left of a window's shifts, one a pair. */
function residualsOf(
  { windows, pairs, binCount }: System,
  solution: Float64Array,
  window: number
): Float64Array {
  const base = window * binCount;
  return Float64Array.from(
    (windows[window] as PairShifts).shifts,
    (shift, pair) =>
      shift -
      ((solution[base + (pairs.later[pair] as number)] as number) -
        (solution[base + (pairs.earlier[pair] as number)] as number))
  );
}

/** Weights from residuals by the Geman–McClure rule, (1 + (r/s)²)⁻². */
function reweight(system: System, solution: Float64Array): void {
  system.windows.forEach(({ correlations }, window) => {
    const residuals = residualsOf(system, solution, window);
    const sizes = residuals.filter((_, pair) => correlations[pair] !== 0).map(Math.abs);
    const scale = Math.max(leastResidualUm, residualScale * medianInPlace(sizes));
    const own = system.weights[window] as Float64Array;
    for (let pair = 0; pair < own.length; pair++) {
      const ratio = (residuals[pair] as number) / scale;
      const correlation = correlations[pair] as number;
      const share = 1 / (1 + ratio * ratio);
      own[pair] = correlation * correlation * share * share;
    }
  });
}

function measureAgreement(system: System, solution: Float64Array): Float64Array<ArrayBuffer> {
  return Float64Array.from(system.windows, ({ correlations }, window) => {
    let [agreeing, total] = [0, 0];
    residualsOf(system, solution, window).forEach((residual, pair) => {
      const weight = (correlations[pair] as number) * (correlations[pair] as number);
      total += weight;
      if (Math.abs(residual) <= agreeingUm) agreeing += weight;
    });
    return total > 0 ? agreeing / total : 0;
  });
}

/** Conjugate gradients with the diagonal as preconditioner (Hestenes and Stiefel, 1952); from and into `solution`. */
function solve(system: System, solution: Float64Array): void {
  const size = solution.length;
  const right = rightSide(system);
  const diagonal = measureDiagonal(system);
  const product = new Float64Array(size);
  multiply(system, solution, product);
  const residual = Float64Array.from(right, (value, i) => value - (product[i] as number));
  const scaled = Float64Array.from(residual, (value, i) => value / (diagonal[i] as number));
  const direction = scaled.slice();
  let energy = dot(residual, scaled);
  const enough = tolerance * tolerance * scaledEnergy(right, diagonal);
  for (let iteration = 0; iteration < maxIterations && energy > enough; iteration++) {
    multiply(system, direction, product);
    const along = dot(direction, product);
    if (!(along > 0)) return;
    const step = energy / along;
    for (let i = 0; i < size; i++) {
      solution[i] = (solution[i] as number) + step * (direction[i] as number);
      residual[i] = (residual[i] as number) - step * (product[i] as number);
      scaled[i] = (residual[i] as number) / (diagonal[i] as number);
    }
    const next = dot(residual, scaled);
    for (let i = 0; i < size; i++)
      direction[i] = (scaled[i] as number) + (next / energy) * (direction[i] as number);
    energy = next;
  }
}

function rightSide({ windows, pairs, binCount, weights }: System): Float64Array {
  const right = new Float64Array(windows.length * binCount);
  windows.forEach(({ shifts }, window) => {
    const own = weights[window] as Float64Array;
    for (let pair = 0; pair < own.length; pair++) {
      const value = (own[pair] as number) * (shifts[pair] as number);
      if (value === 0) continue;
      const a = window * binCount + (pairs.earlier[pair] as number);
      const b = window * binCount + (pairs.later[pair] as number);
      right[a] = (right[a] as number) - value;
      right[b] = (right[b] as number) + value;
    }
  });
  return right;
}

/** Calls back for each pair of unknowns that a term ties together, always in the same order. */
function overTerms(
  { windows, pairs, binCount, weights }: System,
  visit: (a: number, b: number, weight: number) => void
): void {
  for (let window = 0; window < windows.length; window++) {
    const own = weights[window] as Float64Array;
    const base = window * binCount;
    for (let pair = 0; pair < own.length; pair++) {
      const weight = own[pair] as number;
      if (weight > 0)
        visit(base + (pairs.earlier[pair] as number), base + (pairs.later[pair] as number), weight);
    }
    for (let bin = 0; bin < binCount; bin++) {
      if (bin + 1 < binCount) visit(base + bin, base + bin + 1, timePrior);
      if (window + 1 < windows.length) visit(base + bin, base + binCount + bin, depthPrior);
    }
  }
}

function measureDiagonal(system: System): Float64Array {
  // Of one bin and one window alone nothing would be left.
  const diagonal = new Float64Array(system.windows.length * system.binCount).fill(1e-9);
  overTerms(system, (a, b, weight) => {
    diagonal[a] = (diagonal[a] as number) + weight;
    diagonal[b] = (diagonal[b] as number) + weight;
  });
  return diagonal;
}

function multiply(system: System, values: Float64Array, product: Float64Array): void {
  product.fill(0);
  overTerms(system, (a, b, weight) => {
    const pull = weight * ((values[b] as number) - (values[a] as number));
    product[a] = (product[a] as number) - pull;
    product[b] = (product[b] as number) + pull;
  });
}

function scaledEnergy(values: Float64Array, diagonal: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++)
    total += ((values[i] as number) * (values[i] as number)) / (diagonal[i] as number);
  return total;
}

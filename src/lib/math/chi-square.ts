/** The chi-square distribution, the same in every JavaScript engine. */
import { exp, log } from './portable.ts';

const logOfRootPi = 0.5723649429247001;

/** log Γ(twice / 2) for a positive whole number: Γ(x + 1) = x Γ(x) from Γ(1) = 1 or Γ(½) = √π. */
function logGammaOfHalves(twice: number): number {
  let total = twice % 2 === 0 ? 0 : logOfRootPi;
  for (let k = twice - 2; k > 0; k -= 2) total += log(k / 2);
  return total;
}

/** Lower part of the regularized gamma function over its leading factor: the power series (DLMF 8.7.1). */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let total = term;
  for (let k = 1; term > total * 1e-17; k++) {
    term *= x / (a + k);
    total += term;
  }
  return total;
}

/** Upper part over its leading factor: the continued fraction (DLMF 8.9.2), by W. J. Lentz's method (Appl. Opt. 15, 1976). */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let value = d;
  for (let k = 1; k < 10_000; k++) {
    const numerator = k * (a - k);
    b += 2;
    d = 1 / (b + numerator * d);
    c = b + numerator / c;
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) < 1e-16) break;
  }
  return value;
}

/**
 * Probability that a chi-square variable exceeds x, to about 13 digits also far out in the tail.
 * @param degrees Degrees of freedom, a whole number from 1.
 * @throws RangeError when `degrees` is not one.
 */
export function chiSquareTail(x: number, degrees: number): number {
  if (!(Number.isInteger(degrees) && degrees > 0))
    throw new RangeError(`Degrees of freedom are whole numbers from 1, not ${degrees}`);
  if (x !== x) return NaN;
  if (x <= 0) return 1;
  const a = degrees / 2;
  const half = x / 2;
  if (half === Infinity) return 0;
  const leading = exp(a * log(half) - half - logGammaOfHalves(degrees));
  return half < a + 1 ? 1 - leading * lowerSeries(a, half) : leading * upperFraction(a, half);
}

/** The inverse of the standard normal distribution function, the same in every JavaScript engine. */
import { log } from './portable.ts';

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}

// Coefficients by falling power: numerator and denominator for the centre and the tails.
const centre = [
  [
    -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
    2.506628277459239
  ],
  [
    -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1,
    -1.328068155288572e1, 1
  ]
] as const;
const tail = [
  [
    -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783
  ],
  [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1]
] as const;

/**
 * The x below which a standard normal number lies with the given probability (P. J. Acklam, 2003; relative error below
 * 1.2 × 10⁻⁹).
 * @throws RangeError unless 0 < probability < 1.
 */
export function inverseNormal(probability: number): number {
  if (!(probability > 0 && probability < 1))
    throw new RangeError(`No quantile at probability ${probability}`);
  if (probability < 0.02425) {
    const q = Math.sqrt(-2 * log(probability));
    return polynomial(tail[0], q) / polynomial(tail[1], q);
  }
  if (probability > 1 - 0.02425) return -inverseNormal(1 - probability);
  const q = probability - 0.5;
  const r = q * q;
  return (q * polynomial(centre[0], r)) / polynomial(centre[1], r);
}

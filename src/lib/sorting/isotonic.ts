/**
 * Isotonic regression by pooling adjacent violators, and the unimodal fits made from it, as isosplit6 does it
 * (Magland & Barnett, arXiv:1508.04841; package isosplit6, Apache-2.0). Sums run in index order in double precision.
 */

interface IsotonicFit {
  /** Non-decreasing least-squares fit. */
  fit: Float64Array;
  /** Squared error of the fit of the first j + 1 values, for each j. */
  errors: Float64Array;
}

/** Fits `values[0 … count)` read forwards, or backwards from their end. */
function fitIsotonic(values: Float64Array, count: number, reversed: boolean): IsotonicFit {
  const fit = new Float64Array(count);
  const errors = new Float64Array(count);
  const sizes = new Float64Array(count);
  const sums = new Float64Array(count);
  const squares = new Float64Array(count);
  let last = -1;
  for (let j = 0; j < count; j++) {
    const value = values[reversed ? values.length - 1 - j : j] as number;
    last++;
    sizes[last] = 1;
    sums[last] = value;
    squares[last] = value * value;
    let error = j > 0 ? (errors[j - 1] as number) : 0;
    while (last > 0) {
      const [n0, s0, q0] = [sizes[last - 1] as number, sums[last - 1] as number, squares[last - 1] as number];
      const [n1, s1, q1] = [sizes[last] as number, sums[last] as number, squares[last] as number];
      if (s0 / n0 < s1 / n1) break;
      let before = q0 - (s0 * s0) / n0;
      before += q1 - (s1 * s1) / n1;
      const [n, s, q] = [n0 + n1, s0 + s1, q0 + q1];
      sizes[last - 1] = n;
      sums[last - 1] = s;
      squares[last - 1] = q;
      error += q - (s * s) / n - before;
      last--;
    }
    errors[j] = error;
  }
  let at = 0;
  for (let block = 0; block <= last; block++) {
    const end = at + (sizes[block] as number);
    fit.fill((sums[block] as number) / (sizes[block] as number), at, end);
    at = end;
  }
  return { fit, errors };
}

/** Least-squares fit that rises to one index and falls after it; the index of least error, the first of several. */
export function fitUpDown(values: Float64Array): Float64Array {
  const count = values.length;
  const out = new Float64Array(count);
  if (count === 0) return out;
  const left = fitIsotonic(values, count, false).errors;
  const right = fitIsotonic(values, count, true).errors;
  let best = 0;
  let bestError = Infinity;
  for (let j = 0; j < count; j++) {
    const error = (left[j] as number) + (right[count - 1 - j] as number);
    if (error < bestError) {
      bestError = error;
      best = j;
    }
  }
  out.set(fitIsotonic(values, best + 1, false).fit);
  const falling = fitIsotonic(values, count - best, true).fit;
  for (let j = 0; j < count - best - 1; j++) out[count - 1 - j] = falling[j] as number;
  return out;
}

/** Least-squares fit that falls to one index and rises after it. */
export function fitDownUp(values: Float64Array): Float64Array {
  return fitUpDown(values.map((value) => -value)).map((value) => -value);
}

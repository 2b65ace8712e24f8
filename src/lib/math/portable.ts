/**
 * Elementary functions built only from operations that IEEE 754 and ECMAScript define exactly (+ − × ÷, square root,
 * integer and bit operations), so that every JavaScript engine gives the same bits, which `Math.exp` and its siblings
 * do not. Algorithms and coefficients: FDLIBM 5.3 (Sun Microsystems, 1993; K. C. Ng); errors stay below 2 ulp.
 */

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
float[0] = 1;
/** Where the upper 32 bits of a double lie in `words`. */
const high = words[1] === 0x3ff00000 ? 1 : 0;
const low = 1 - high;

const ln2High = 6.9314718036912381649e-1;
const ln2Low = 1.90821492927058770002e-10;
const inverseLn2 = 1.442695040888963387;

/** 2^k for −1022 ≤ k ≤ 1023. */
function powerOfTwo(k: number): number {
  words[low] = 0;
  words[high] = (k + 1023) << 20;
  return float[0] as number;
}

/** value × 2^k, for any whole k; overflows to infinity and underflows gradually to zero. */
export function scaleByPowerOfTwo(value: number, k: number): number {
  let scaled = value;
  let rest = k;
  while (rest > 1023) {
    scaled *= powerOfTwo(1023);
    rest -= 1023;
    if (rest > 2098) return scaled * Infinity;
  }
  // Steps of 2^−969 keep 53 bits until the last one, so that a subnormal result is rounded once.
  while (rest < -1022) {
    scaled *= powerOfTwo(-1022 + 53);
    rest += 1022 - 53;
    if (rest < -2098) return scaled * 0;
  }
  return scaled * powerOfTwo(rest);
}

/** e^x. */
export function exp(x: number): number {
  if (x !== x) return x;
  if (x > 709.782712893383973096) return Infinity;
  if (x < -745.13321910194110842) return 0;
  let k = 0;
  let head = x;
  let tail = 0;
  if (x > 0.34657359027997264 || x < -0.34657359027997264) {
    k = Math.trunc(inverseLn2 * x + (x < 0 ? -0.5 : 0.5));
    head = x - k * ln2High;
    tail = k * ln2Low;
  }
  const r = head - tail;
  const t = r * r;
  const c = r - t * expTail(t);
  return scaleByPowerOfTwo(1 + ((r * c) / (2 - c) - tail + head), k);
}

/** The polynomial of exp's rational approximation, shared with pow. */
function expTail(t: number): number {
  return (
    1.66666666666666019037e-1 +
    t *
      (-2.77777777770155933842e-3 +
        t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8)))
  );
}

/** log(1 + f) − f + f²/2 as s·(f²/2 + R): returns R for z = s², s = f/(2 + f). */
function logSeries(z: number): number {
  const w = z * z;
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const odd =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  return odd + even;
}

/** Natural logarithm; NaN below zero, −∞ at zero. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let k = 0;
  let value = x;
  if (value < 2.2250738585072014e-308) {
    value *= 18014398509481984; // 2^54: leaves the subnormal range
    k = -54;
  }
  float[0] = value;
  // The fraction is brought into [√½, √2).
  const top = (words[high] as number) + (0x3ff00000 - 0x3fe6a09e);
  k += (top >>> 20) - 0x3ff;
  words[high] = (top & 0x000fffff) + 0x3fe6a09e;
  const f = (float[0] as number) - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  return s * (half + logSeries(s * s)) + k * ln2Low - half + f + k * ln2High;
}

/** log(1 + x), exact to the last bits also near zero. */
export function log1p(x: number): number {
  if (!(x > -1)) return x === -1 ? -Infinity : NaN;
  if (x === Infinity || (x < 1.1102230246251565e-16 && x > -1.1102230246251565e-16)) return x;
  let k = 0;
  let f = x;
  let correction = 0;
  if (x <= -0.2928932188134525 || x >= 0.414213562373095) {
    const u = 1 + x;
    float[0] = u;
    const top = (words[high] as number) + (0x3ff00000 - 0x3fe6a09e);
    k = (top >>> 20) - 0x3ff;
    if (k < 54) correction = (k >= 2 ? 1 - (u - x) : x - (u - 1)) / u;
    words[high] = (top & 0x000fffff) + 0x3fe6a09e;
    f = (float[0] as number) - 1;
  }
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  return s * (half + logSeries(s * s)) + (k * ln2Low + correction) - half + f + k * ln2High;
}

/** e^x − 1, exact to the last bits also near zero. */
export function expm1(x: number): number {
  if (x !== x) return x;
  if (x > 709.782712893383973096) return Infinity;
  if (x < -56 * 0.6931471805599453) return -1;
  const size = Math.abs(x);
  if (size < 5.551115123125783e-17) return x;
  let k = 0;
  let r = x;
  let c = 0;
  if (size > 0.34657359027997264) {
    k = size < 1.0397207708399179 ? (x < 0 ? -1 : 1) : Math.trunc(inverseLn2 * x + (x < 0 ? -0.5 : 0.5));
    const head = x - k * ln2High;
    const tail = k * ln2Low;
    r = head - tail;
    c = head - r - tail;
  }
  const half = 0.5 * r;
  const square = r * half;
  const q =
    1 +
    square *
      (-3.33333333333331316428e-2 +
        square *
          (1.58730158725481460165e-3 +
            square *
              (-7.93650757867487942473e-5 +
                square * (4.00821782732936239552e-6 + square * -2.01099218183624371326e-7))));
  const t = 3 - q * half;
  let e = square * ((q - t) / (6 - r * t));
  if (k === 0) return r - (r * e - square);
  e = r * (e - c) - c - square;
  if (k === -1) return 0.5 * (r - e) - 0.5;
  if (k === 1) return r < -0.25 ? -2 * (e - (r + 0.5)) : 1 + 2 * (r - e);
  if (k < 0 || k > 56) return scaleByPowerOfTwo(r - e + 1, k) - 1;
  const u = powerOfTwo(-k);
  return (k < 20 ? r - e + (1 - u) : r - (e + u) + 1) * powerOfTwo(k);
}

/** Hyperbolic tangent. */
export function tanh(x: number): number {
  if (x !== x) return x;
  const size = Math.abs(x);
  let t: number;
  if (size > 20) t = 1;
  else if (size > 0.5493061443340548) t = 1 - 2 / (expm1(2 * size) + 2);
  else if (size > 0.2554128118829953) {
    const e = expm1(2 * size);
    t = e / (e + 2);
  } else {
    const e = expm1(-2 * size);
    t = -e / (e + 2);
  }
  return x < 0 ? -t : t;
}

// π/2 in three parts of 33 bits: whole multiples of the first two are exact.
const halfPi1 = 1.57079632673412561417;
const halfPi2 = 6.0771005063039659766e-11;
const halfPi2Tail = 2.02226624879595063154e-21;
const halfPi3 = 2.0222662487111664558e-21;
const halfPi3Tail = 8.47842766036889956997e-32;
/** Largest argument of sin and cos: beyond it the reduction below would lose digits. */
export const largestAngle = 1647099;

const reduced = { quadrant: 0, head: 0, tail: 0 };

/** Leaves x − quadrant·π/2, as head + tail, in `reduced`. */
function reduceAngle(x: number): void {
  if (!(Math.abs(x) <= largestAngle)) {
    if (x !== x) throw new RangeError('sin and cos of NaN');
    throw new RangeError(`sin and cos are exact only up to ${largestAngle} rad, not at ${x}`);
  }
  const n = Math.round(x * 6.36619772367581382433e-1);
  let whole = x - n * halfPi1;
  // Three parts hold 151 bits of π/2: enough for the closest that a double of this size comes to a multiple of it.
  let step = n * halfPi2;
  let r = whole - step;
  let w = n * halfPi2Tail - (whole - r - step);
  if (Math.abs(r) < 1e-8 * Math.abs(x)) {
    whole = r;
    step = n * halfPi3;
    r = whole - step;
    w = n * halfPi3Tail - (whole - r - step);
  }
  reduced.quadrant = n & 3;
  reduced.head = r - w;
  reduced.tail = r - reduced.head - w;
}

/** sin(head + tail) on [−π/4, π/4]. */
function sinKernel(head: number, tail: number): number {
  const z = head * head;
  const w = z * z;
  const r =
    8.33333333332248946124e-3 +
    z * (-1.98412698298579493134e-4 + z * 2.75573137070700676789e-6) +
    z * w * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10);
  const v = z * head;
  return head - (z * (0.5 * tail - v * r) - tail - v * -1.66666666666666324348e-1);
}

/** cos(head + tail) on [−π/4, π/4]. */
function cosKernel(head: number, tail: number): number {
  const z = head * head;
  const w = z * z;
  const r =
    z * (4.16666666666666019037e-2 + z * (-1.38888888888741095749e-3 + z * 2.48015872894767294178e-5)) +
    w * w * (-2.75573143513906633035e-7 + z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11));
  const half = 0.5 * z;
  const rounded = 1 - half;
  return rounded + (1 - rounded - half + (z * r - head * tail));
}

/**
 * Sine of x radians.
 * @throws RangeError when |x| is above `largestAngle` or x is NaN.
 */
export function sin(x: number): number {
  if (Math.abs(x) <= 0.7853981633974483) return Math.abs(x) < 1e-8 ? x : sinKernel(x, 0);
  reduceAngle(x);
  const { quadrant, head, tail } = reduced;
  const value = quadrant & 1 ? cosKernel(head, tail) : sinKernel(head, tail);
  return quadrant & 2 ? -value : value;
}

/**
 * Cosine of x radians.
 * @throws RangeError when |x| is above `largestAngle` or x is NaN.
 */
export function cos(x: number): number {
  if (Math.abs(x) <= 0.7853981633974483) return cosKernel(x, 0);
  reduceAngle(x);
  const { quadrant, head, tail } = reduced;
  const value = quadrant & 1 ? sinKernel(head, tail) : cosKernel(head, tail);
  return ((quadrant + 1) & 2) !== 0 ? -value : value;
}

/** Base-10 logarithm (within a few ulp). */
export function log10(x: number): number {
  return log(x) * 0.4342944819032518;
}

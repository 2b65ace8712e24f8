/**
 * x^y for positive x, with the same bits in every JavaScript engine: log₂ x in two doubles, then 2^(y·log₂ x).
 * Algorithm and coefficients: FDLIBM 5.3, e_pow.c (Sun Microsystems, 1993; K. C. Ng); errors stay below 2 ulp.
 */
import { scaleByPowerOfTwo } from './portable.ts';

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
float[0] = 1;
const high = words[1] === 0x3ff00000 ? 1 : 0;
const low = 1 - high;

/** The upper 21 bits of the fraction: products of two such numbers are exact. */
function truncated(value: number): number {
  float[0] = value;
  words[low] = 0;
  return float[0] as number;
}

const logarithm = { head: 0, tail: 0 };

/** Leaves log₂ x as head + tail in `logarithm`; x positive and finite. */
function logarithmOfTwo(x: number): void {
  let n = 0;
  let value = x;
  if (value < 2.2250738585072014e-308) {
    value *= 9007199254740992; // 2^53: leaves the subnormal range
    n = -53;
  }
  float[0] = value;
  const top = words[high] as number;
  n += (top >>> 20) - 0x3ff;
  const fraction = top & 0x000fffff;
  let upper = fraction | 0x3ff00000;
  let k = 0;
  if (fraction > 0x3988e && fraction < 0xbb67a) k = 1;
  else if (fraction >= 0xbb67a) {
    n += 1;
    upper -= 0x00100000;
  }
  words[high] = upper;
  const a = float[0] as number;
  const base = k ? 1.5 : 1;
  const u = a - base;
  const v = 1 / (a + base);
  const s = u * v;
  const sHigh = truncated(s);
  words[low] = 0;
  words[high] = ((upper >> 1) | 0x20000000) + 0x00080000 + (k << 18);
  const tHigh = float[0] as number;
  const tLow = a - (tHigh - base);
  const sLow = v * (u - sHigh * tHigh - sHigh * tLow);
  const square = s * s;
  const series =
    square *
      square *
      (5.99999999999994648725e-1 +
        square *
          (4.28571428578550184252e-1 +
            square *
              (3.33333329818377432918e-1 +
                square *
                  (2.72728123808534006489e-1 +
                    square * (2.30660745775561754067e-1 + square * 2.06975017800338417784e-1))))) +
    sLow * (sHigh + s);
  const squareHigh = sHigh * sHigh;
  const wHigh = truncated(3 + squareHigh + series);
  const wLow = series - (wHigh - 3 - squareHigh);
  const p = sHigh * wHigh;
  const q = sLow * wHigh + wLow * s;
  const pHigh = truncated(p + q);
  const pLow = q - (pHigh - p);
  const zHigh = 9.61796700954437255859e-1 * pHigh;
  const zLow =
    -7.02846165095275826516e-9 * pHigh +
    pLow * 9.61796693925975554329e-1 +
    (k ? 1.35003920212974897128e-8 : 0);
  const offset = k ? 5.84962487220764160156e-1 : 0;
  logarithm.head = truncated(zHigh + zLow + offset + n);
  logarithm.tail = zLow - (logarithm.head - n - offset - zHigh);
}

/** 2^(head + tail), where the tail is small beside the head. */
function powerOfTwo(head: number, tail: number): number {
  let z = head + tail;
  const k = Math.round(z);
  const rest = head - k;
  const t = truncated(tail + rest);
  const u = t * 6.93147182464599609375e-1;
  const v = (tail - (t - rest)) * 6.93147180559945286227e-1 + t * -1.90465429995776804525e-9;
  z = u + v;
  const w = v - (z - u);
  const square = z * z;
  const c =
    z -
    square *
      (1.66666666666666019037e-1 +
        square *
          (-2.77777777770155933842e-3 +
            square *
              (6.61375632143793436117e-5 +
                square * (-1.6533902205465251539e-6 + square * 4.13813679705723846039e-8))));
  const r = (z * c) / (c - 2) - (w + z * w);
  return scaleByPowerOfTwo(1 - (r - z), k);
}

/**
 * x raised to y.
 * @throws RangeError when x is negative: only roots and powers of magnitudes are needed here.
 */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (x !== x || y !== y) return NaN;
  if (x < 0) throw new RangeError(`pow takes no negative base, not ${x}`);
  if (x === 1 || y === 1) return x;
  if (x === 0 || x === Infinity) return (x === 0) === y > 0 ? 0 : Infinity;
  if (y === Infinity || y === -Infinity) return x > 1 === y > 0 ? Infinity : 0;
  logarithmOfTwo(x);
  const { head, tail } = logarithm;
  const estimate = y * head;
  if (estimate > 1025) return Infinity;
  if (estimate < -1080) return 0;
  const yHigh = truncated(y);
  const productTail = (y - yHigh) * head + y * tail;
  const productHead = yHigh * head;
  return powerOfTwo(productHead, productTail);
}

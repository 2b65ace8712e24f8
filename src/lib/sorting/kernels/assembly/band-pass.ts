/** The band-pass of eight traces at a time. */

/** Bytes of one sample of eight traces. */
const stepBytes: usize = 32;
/** Keeps what dies away from the smallest numbers, with which processors are slow; far below any rounding of a signal. */
const notQuiteNothing: f32 = 1e-18;

/** The address of the first of a channel's values; of channels past the last one, the last one's. */
@inline
function rowOf(data: usize, bytes: usize, rows: usize, row: i32, last: i32): usize {
  return data + bytes * <usize>load<i32>(rows + (<usize>min(row, last) << 2));
}

/**
 * Two second-order sections over the chosen traces, forwards and backwards, in place, in single precision. Eight traces
 * go side by side.
 * @param rows int32, `rowCount` channels
 * @param coefficients float32: b0, b1, b2, a1, a2 of either section
 * @param work 32 bytes a sample
 */
export function bandPass(
  data: usize,
  samples: i32,
  rows: usize,
  rowCount: i32,
  coefficients: usize,
  work: usize
): void {
  const bytes = <usize>samples << 2;
  const end = work + (bytes << 3);
  const last = rowCount - 1;
  for (let first = 0; first < rowCount; first += 8) {
    for (let half = 0; half < 8; half += 4)
      interleave(
        rowOf(data, bytes, rows, first + half, last),
        rowOf(data, bytes, rows, first + half + 1, last),
        rowOf(data, bytes, rows, first + half + 2, last),
        rowOf(data, bytes, rows, first + half + 3, last),
        bytes,
        work + (<usize>half << 2)
      );
    twoSections(work, stepBytes, samples, coefficients);
    twoSections(end - stepBytes, -stepBytes, samples, coefficients);
    for (let half = 0; half < 8; half += 4)
      deinterleave(
        rowOf(data, bytes, rows, first + half, last),
        rowOf(data, bytes, rows, first + half + 1, last),
        rowOf(data, bytes, rows, first + half + 2, last),
        rowOf(data, bytes, rows, first + half + 3, last),
        bytes,
        work + (<usize>half << 2)
      );
  }
}

/** Four traces into vectors of one sample each, less the first value of each, so that an offset makes no step. */
@inline
function interleave(p: usize, q: usize, r: usize, s: usize, bytes: usize, work: usize): void {
  const first = sampleOf(p, q, r, s);
  let at: usize = 0;
  let to = work;
  for (; at + 16 <= bytes; at += 16, to += 4 * stepBytes) {
    const a = v128.load(p + at);
    const b = v128.load(q + at);
    const c = v128.load(r + at);
    const d = v128.load(s + at);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, f32x4.sub(v128.shuffle<f64>(ab, cd, 0, 2), first));
    v128.store(to + stepBytes, f32x4.sub(v128.shuffle<f64>(ab, cd, 1, 3), first));
    v128.store(to + 2 * stepBytes, f32x4.sub(v128.shuffle<f64>(ab2, cd2, 0, 2), first));
    v128.store(to + 3 * stepBytes, f32x4.sub(v128.shuffle<f64>(ab2, cd2, 1, 3), first));
  }
  for (; at < bytes; at += 4, to += stepBytes)
    v128.store(to, f32x4.sub(sampleOf(p + at, q + at, r + at, s + at), first));
}

@inline
function sampleOf(p: usize, q: usize, r: usize, s: usize): v128 {
  return v128.load32_lane(s, v128.load32_lane(r, v128.load32_lane(q, v128.load32_zero(p), 1), 2), 3);
}

/** The vectors back into four traces; of one that occurs twice either is right. */
@inline
function deinterleave(p: usize, q: usize, r: usize, s: usize, bytes: usize, work: usize): void {
  let at: usize = 0;
  let from = work;
  for (; at + 16 <= bytes; at += 16, from += 4 * stepBytes) {
    const a = v128.load(from);
    const b = v128.load(from + stepBytes);
    const c = v128.load(from + 2 * stepBytes);
    const d = v128.load(from + 3 * stepBytes);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(p + at, v128.shuffle<f64>(ab, cd, 0, 2));
    v128.store(q + at, v128.shuffle<f64>(ab, cd, 1, 3));
    v128.store(r + at, v128.shuffle<f64>(ab2, cd2, 0, 2));
    v128.store(s + at, v128.shuffle<f64>(ab2, cd2, 1, 3));
  }
  for (; at < bytes; at += 4, from += stepBytes) {
    const values = v128.load(from);
    v128.store32_lane(p + at, values, 0);
    v128.store32_lane(q + at, values, 1);
    v128.store32_lane(r + at, values, 2);
    v128.store32_lane(s + at, values, 3);
  }
}

/** Both sections over `count` samples of eight traces, in place, from `at` on, `step` bytes from one to the next. */
@inline
function twoSections(at: usize, step: usize, count: i32, coefficients: usize): void {
  const b0 = v128.load32_splat(coefficients);
  const b1 = v128.load32_splat(coefficients, 4);
  const b2 = v128.load32_splat(coefficients, 8);
  const a1 = v128.load32_splat(coefficients, 12);
  const a2 = v128.load32_splat(coefficients, 16);
  const c0 = v128.load32_splat(coefficients, 20);
  const c1 = v128.load32_splat(coefficients, 24);
  const c2 = v128.load32_splat(coefficients, 28);
  const d1 = v128.load32_splat(coefficients, 32);
  const d2 = v128.load32_splat(coefficients, 36);
  let u0 = f32x4.splat(0);
  let v0 = u0;
  let w0 = u0;
  let x0 = u0;
  let u1 = u0;
  let v1 = u0;
  let w1 = u0;
  let x1 = u0;
  const least = f32x4.splat(notQuiteNothing);
  for (let done = 0; done < count; done++, at += step) {
    const in0 = f32x4.add(v128.load(at), least);
    const in1 = f32x4.add(v128.load(at, 16), least);
    const y0 = f32x4.add(f32x4.mul(b0, in0), u0);
    const y1 = f32x4.add(f32x4.mul(b0, in1), u1);
    u0 = f32x4.sub(f32x4.add(f32x4.mul(b1, in0), v0), f32x4.mul(a1, y0));
    u1 = f32x4.sub(f32x4.add(f32x4.mul(b1, in1), v1), f32x4.mul(a1, y1));
    v0 = f32x4.sub(f32x4.mul(b2, in0), f32x4.mul(a2, y0));
    v1 = f32x4.sub(f32x4.mul(b2, in1), f32x4.mul(a2, y1));
    const z0 = f32x4.add(f32x4.mul(c0, y0), w0);
    const z1 = f32x4.add(f32x4.mul(c0, y1), w1);
    w0 = f32x4.sub(f32x4.add(f32x4.mul(c1, y0), x0), f32x4.mul(d1, z0));
    w1 = f32x4.sub(f32x4.add(f32x4.mul(c1, y1), x1), f32x4.mul(d1, z1));
    x0 = f32x4.sub(f32x4.mul(c2, y0), f32x4.mul(d2, z0));
    x1 = f32x4.sub(f32x4.mul(c2, y1), f32x4.mul(d2, z1));
    v128.store(at, z0);
    v128.store(at, z1, 16);
  }
}

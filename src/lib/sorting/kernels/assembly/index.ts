/**
 * The engine's inner loops. Traces are float32, channels × samples; addresses are in bytes. All that is added up is
 * added in an order that the data does not change, and no relaxed instruction is used: results are the same everywhere.
 */

/** Width of the blocks in which a reference is found, in samples; of 64 rows they fill half of the nearest cache. */
const blockSamples: i32 = 64;
const blockBytes: usize = 256;

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

/** Lets each value that is not finite repeat the one before it; a first one becomes 0. */
export function holdFinite(trace: usize, count: i32): void {
  const end = trace + (<usize>count << 2);
  const nothing = f32x4.splat(0);
  let sum = nothing;
  let at = trace;
  // Zero times a finite value is zero, times anything else NaN: a quick look, as all are finite nearly always.
  for (; at + 16 <= end; at += 16) sum = f32x4.add(sum, f32x4.mul(v128.load(at), nothing));
  let rest: f32 = 0;
  for (; at < end; at += 4) rest += load<f32>(at) * 0;
  if (rest == 0 && i32x4.all_true(f32x4.eq(sum, nothing))) return;
  let before: f32 = 0;
  for (at = trace; at < end; at += 4) {
    const value = load<f32>(at);
    // Only infinities and NaN do not cancel.
    if (value - value == 0) before = value;
    else store<f32>(at, before);
  }
}

/**
 * Takes the median over the chosen traces off each of them, in place. A sorting network runs along blocks of all rows:
 * no branch depends on the data.
 * @param steps int32 pairs of rows that are put in order, one after another
 * @param block `rowCount` × blockSamples float32
 */
export function subtractMedian(
  data: usize,
  samples: i32,
  rows: usize,
  rowCount: i32,
  steps: usize,
  stepCount: i32,
  block: usize
): void {
  const bytes = <usize>samples << 2;
  const lower = block + blockBytes * <usize>((rowCount - 1) >> 1);
  const upper = block + blockBytes * <usize>(rowCount >> 1);
  const half = f32x4.splat(0.5);
  const end = steps + (<usize>stepCount << 3);
  for (let start = 0; start < samples; start += blockSamples) {
    const width = <usize>min(blockSamples, samples - start) << 2;
    const from = data + (<usize>start << 2);
    for (let row = 0; row < rowCount; row++)
      memory.copy(
        block + blockBytes * <usize>row,
        from + bytes * <usize>load<i32>(rows + (<usize>row << 2)),
        width
      );
    for (let step = steps; step < end; step += 8) {
      const a = block + blockBytes * <usize>load<i32>(step);
      const b = block + blockBytes * <usize>load<i32>(step, 4);
      for (let at: usize = 0; at < blockBytes; at += 64) {
        exchange(a + at, b + at);
        exchange(a + at + 16, b + at + 16);
        exchange(a + at + 32, b + at + 32);
        exchange(a + at + 48, b + at + 48);
      }
    }
    for (let at: usize = 0; at < blockBytes; at += 16)
      v128.store(lower + at, f32x4.mul(half, f32x4.add(v128.load(lower + at), v128.load(upper + at))));
    for (let row = 0; row < rowCount; row++) {
      const trace = from + bytes * <usize>load<i32>(rows + (<usize>row << 2));
      let at: usize = 0;
      for (; at + 16 <= width; at += 16)
        v128.store(trace + at, f32x4.sub(v128.load(trace + at), v128.load(lower + at)));
      for (; at < width; at += 4) store<f32>(trace + at, load<f32>(trace + at) - load<f32>(lower + at));
    }
  }
}

/** Puts the smaller values of two vectors first. */
@inline
function exchange(a: usize, b: usize): void {
  const x = v128.load(a);
  const y = v128.load(b);
  v128.store(a, f32x4.min(x, y));
  v128.store(b, f32x4.max(x, y));
}

/**
 * Writes one weighted sum of traces, each product and each sum rounded to float32, in the order of `near`.
 * @param data address of the first sample that is wanted, on channel 0
 * @param samples from one channel to the next
 * @param near int32, `count` channels
 * @param weights float32, `count`
 * @param width how many samples are wanted
 */
export function weightedSum(
  data: usize,
  samples: i32,
  near: usize,
  weights: usize,
  count: i32,
  out: usize,
  width: i32
): void {
  const stride = <usize>samples << 2;
  const bytes = <usize>width << 2;
  let at: usize = 0;
  for (; at + 64 <= bytes; at += 64) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let k = 0; k < count; k++) {
      const trace = data + at + stride * <usize>load<i32>(near + (<usize>k << 2));
      const weight = v128.load32_splat(weights + (<usize>k << 2));
      s0 = f32x4.add(s0, f32x4.mul(weight, v128.load(trace)));
      s1 = f32x4.add(s1, f32x4.mul(weight, v128.load(trace, 16)));
      s2 = f32x4.add(s2, f32x4.mul(weight, v128.load(trace, 32)));
      s3 = f32x4.add(s3, f32x4.mul(weight, v128.load(trace, 48)));
    }
    v128.store(out + at, s0);
    v128.store(out + at, s1, 16);
    v128.store(out + at, s2, 32);
    v128.store(out + at, s3, 48);
  }
  for (; at < bytes; at += 4) {
    let sum: f32 = 0;
    for (let k = 0; k < count; k++)
      sum +=
        load<f32>(weights + (<usize>k << 2)) *
        load<f32>(data + at + stride * <usize>load<i32>(near + (<usize>k << 2)));
    store<f32>(out + at, sum);
  }
}

/** The first index in [from, to) whose value is at most `low` or at least `high`; `to` if there is none. */
export function nextBeyond(trace: usize, from: i32, to: i32, low: f32, high: f32): i32 {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  let t = from;
  for (; t + 4 <= to; t += 4) {
    const values = v128.load(trace + (<usize>t << 2));
    if (v128.any_true(v128.or(f32x4.le(values, lows), f32x4.ge(values, highs)))) break;
  }
  for (; t < to; t++) {
    const value = load<f32>(trace + (<usize>t << 2));
    if (value <= low || value >= high) return t;
  }
  return to;
}

/**
 * Products of a waveform with the traces at `lagCount` neighbouring starts. Four sums of every fourth sample are kept in
 * float32 and put together in the end.
 * @param channels int32, `channelCount` rows of the traces
 * @param waveform float32, channelCount × length, rows being `stride` apart; the length is a multiple of four
 * @param out float32, one a lag
 */
export function correlateLags(
  data: usize,
  samples: i32,
  channels: usize,
  channelCount: i32,
  waveform: usize,
  length: i32,
  stride: i32,
  start: i32,
  lagCount: i32,
  out: usize
): void {
  const bytes = <usize>samples << 2;
  const width = <usize>length << 2;
  const step = <usize>stride << 2;
  const first = data + (<usize>start << 2);
  let lag = 0;
  for (; lag + 7 <= lagCount; lag += 7) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    for (let c = 0; c < channelCount; c++) {
      const row = waveform + step * <usize>c;
      const trace = first + (<usize>lag << 2) + bytes * <usize>load<i32>(channels + (<usize>c << 2));
      for (let at: usize = 0; at < width; at += 16) {
        const shape = v128.load(row + at);
        s0 = f32x4.add(s0, f32x4.mul(shape, v128.load(trace + at)));
        s1 = f32x4.add(s1, f32x4.mul(shape, v128.load(trace + at, 4)));
        s2 = f32x4.add(s2, f32x4.mul(shape, v128.load(trace + at, 8)));
        s3 = f32x4.add(s3, f32x4.mul(shape, v128.load(trace + at, 12)));
        s4 = f32x4.add(s4, f32x4.mul(shape, v128.load(trace + at, 16)));
        s5 = f32x4.add(s5, f32x4.mul(shape, v128.load(trace + at, 20)));
        s6 = f32x4.add(s6, f32x4.mul(shape, v128.load(trace + at, 24)));
      }
    }
    const to = out + (<usize>lag << 2);
    store<f32>(to, total(s0));
    store<f32>(to, total(s1), 4);
    store<f32>(to, total(s2), 8);
    store<f32>(to, total(s3), 12);
    store<f32>(to, total(s4), 16);
    store<f32>(to, total(s5), 20);
    store<f32>(to, total(s6), 24);
  }
  for (; lag < lagCount; lag++) {
    let sum = f32x4.splat(0);
    for (let c = 0; c < channelCount; c++) {
      const row = waveform + step * <usize>c;
      const trace = first + (<usize>lag << 2) + bytes * <usize>load<i32>(channels + (<usize>c << 2));
      for (let at: usize = 0; at < width; at += 16)
        sum = f32x4.add(sum, f32x4.mul(v128.load(row + at), v128.load(trace + at)));
    }
    store<f32>(out + (<usize>lag << 2), total(sum));
  }
}

@inline
function total(sums: v128): f32 {
  return (
    f32x4.extract_lane(sums, 0) +
    f32x4.extract_lane(sums, 1) +
    (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3))
  );
}

/**
 * Products of `tapCount` weights with the samples from each start on: `count` of them, each added up in the order of the
 * taps in float32.
 * @param trace address of the first start
 * @param taps float32, `tapCount`
 * @param out float32, `count`
 */
export function convolve(trace: usize, taps: usize, tapCount: i32, count: i32, out: usize): void {
  const bytes = <usize>count << 2;
  const last = taps + (<usize>tapCount << 2);
  let at: usize = 0;
  for (; at + 64 <= bytes; at += 64) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let tap = taps, from = trace + at; tap < last; tap += 4, from += 4) {
      const weight = v128.load32_splat(tap);
      s0 = f32x4.add(s0, f32x4.mul(weight, v128.load(from)));
      s1 = f32x4.add(s1, f32x4.mul(weight, v128.load(from, 16)));
      s2 = f32x4.add(s2, f32x4.mul(weight, v128.load(from, 32)));
      s3 = f32x4.add(s3, f32x4.mul(weight, v128.load(from, 48)));
    }
    v128.store(out + at, s0);
    v128.store(out + at, s1, 16);
    v128.store(out + at, s2, 32);
    v128.store(out + at, s3, 48);
  }
  for (; at < bytes; at += 4) {
    let sum: f32 = 0;
    for (let tap = taps, from = trace + at; tap < last; tap += 4, from += 4)
      sum += load<f32>(tap) * load<f32>(from);
    store<f32>(out + at, sum);
  }
}

/** Of two stretches the larger value at each sample, into the first. */
export function largestInto(out: usize, other: usize, count: i32): void {
  const bytes = <usize>count << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16)
    v128.store(out + at, f32x4.max(v128.load(out + at), v128.load(other + at)));
  for (; at < bytes; at += 4) store<f32>(out + at, max(load<f32>(out + at), load<f32>(other + at)));
}

/**
 * Adds stretches of `length` samples from `start` on, and their squares, to running sums, in float32.
 * @param channels int32, `channelCount` rows of the traces
 * @param sums float32, channelCount × length, squares: the same
 */
export function addStretches(
  data: usize,
  samples: i32,
  channels: usize,
  channelCount: i32,
  start: i32,
  length: i32,
  sums: usize,
  squares: usize
): void {
  const bytes = <usize>samples << 2;
  const width = <usize>length << 2;
  for (let c = 0; c < channelCount; c++, sums += width, squares += width) {
    const trace = data + (<usize>start << 2) + bytes * <usize>load<i32>(channels + (<usize>c << 2));
    let at: usize = 0;
    for (; at + 16 <= width; at += 16) {
      const values = v128.load(trace + at);
      v128.store(sums + at, f32x4.add(v128.load(sums + at), values));
      v128.store(squares + at, f32x4.add(v128.load(squares + at), f32x4.mul(values, values)));
    }
    for (; at < width; at += 4) {
      const value = load<f32>(trace + at);
      store<f32>(sums + at, load<f32>(sums + at) + value);
      store<f32>(squares + at, load<f32>(squares + at) + value * value);
    }
  }
}

/**
 * Interleaved counts as traces: count × gain + offset in double precision, rounded to float32.
 * @param counts int16, samples × channelCount
 * @param gains float64, one a channel, offsets: the same
 * @param out float32, channelCount × samples
 */
export function scaleCounts(
  counts: usize,
  samples: i32,
  channelCount: i32,
  gains: usize,
  offsets: usize,
  out: usize
): void {
  const stride = <usize>channelCount << 1;
  const bytes = <usize>samples << 2;
  // Tiles of 64 samples stay in the nearest cache while all channels are taken from them.
  for (let tile = 0; tile < samples; tile += 64) {
    const last = min(tile + 64, samples);
    let channel = 0;
    for (; channel + 4 <= channelCount; channel += 4) {
      const gain = gains + (<usize>channel << 3);
      const offset = offsets + (<usize>channel << 3);
      let from = counts + stride * <usize>tile + (<usize>channel << 1);
      let to = out + bytes * <usize>channel + (<usize>tile << 2);
      let t = tile;
      for (; t + 4 <= last; t += 4, from += 4 * stride, to += 16) {
        const a = v128.load64_zero(from);
        const b = v128.load64_zero(from + stride);
        const c = v128.load64_zero(from + 2 * stride);
        const d = v128.load64_zero(from + 3 * stride);
        const ab = v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
        const cd = v128.shuffle<i16>(c, d, 0, 8, 1, 9, 2, 10, 3, 11);
        const first = v128.shuffle<i32>(ab, cd, 0, 4, 1, 5);
        const second = v128.shuffle<i32>(ab, cd, 2, 6, 3, 7);
        v128.store(to, scaled(i32x4.extend_low_i16x8_s(first), gain, offset));
        v128.store(to + bytes, scaled(i32x4.extend_high_i16x8_s(first), gain + 8, offset + 8));
        v128.store(to + 2 * bytes, scaled(i32x4.extend_low_i16x8_s(second), gain + 16, offset + 16));
        v128.store(to + 3 * bytes, scaled(i32x4.extend_high_i16x8_s(second), gain + 24, offset + 24));
      }
      for (; t < last; t++, from += stride, to += 4)
        for (let k: usize = 0; k < 4; k++)
          store<f32>(
            to + bytes * k,
            <f32>(<f64>load<i16>(from + (k << 1)) * load<f64>(gain + (k << 3)) + load<f64>(offset + (k << 3)))
          );
    }
    for (; channel < channelCount; channel++) {
      const gain = load<f64>(gains + (<usize>channel << 3));
      const offset = load<f64>(offsets + (<usize>channel << 3));
      let from = counts + stride * <usize>tile + (<usize>channel << 1);
      let to = out + bytes * <usize>channel + (<usize>tile << 2);
      for (let t = tile; t < last; t++, from += stride, to += 4)
        store<f32>(to, <f32>(<f64>load<i16>(from) * gain + offset));
    }
  }
}

@inline
function scaled(counts: v128, gain: usize, offset: usize): v128 {
  const factor = v128.load64_splat(gain);
  const term = v128.load64_splat(offset);
  const low = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(counts), factor), term);
  const high = f64x2.add(
    f64x2.mul(f64x2.convert_low_i32x4_s(v128.shuffle<i32>(counts, counts, 2, 3, 2, 3)), factor),
    term
  );
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/**
 * Takes a waveform times `gain`, moved by a part of a sample, off the traces, channel by channel.
 * @param waveform float32, rows being `stride` apart; around each there are `tapCount` / 2 values that are read too
 * @param length a multiple of four
 * @param taps float32, `tapCount` (odd): see sub-sample.ts
 */
export function subtractWaveform(
  data: usize,
  samples: i32,
  channels: usize,
  channelCount: i32,
  waveform: usize,
  length: i32,
  stride: i32,
  start: i32,
  gain: f32,
  taps: usize,
  tapCount: i32
): void {
  const bytes = <usize>samples << 2;
  const width = <usize>length << 2;
  const scale = f32x4.splat(gain);
  const reach = <usize>(tapCount >> 1) << 2;
  const end = taps + (<usize>tapCount << 2);
  for (let c = 0; c < channelCount; c++) {
    const row = waveform + (<usize>stride << 2) * <usize>c - reach;
    const trace = data + (<usize>start << 2) + bytes * <usize>load<i32>(channels + (<usize>c << 2));
    for (let at: usize = 0; at < width; at += 16) {
      let moved = f32x4.splat(0);
      for (let tap = taps, from = row + at; tap < end; tap += 4, from += 4)
        moved = f32x4.add(moved, f32x4.mul(v128.load32_splat(tap), v128.load(from)));
      v128.store(trace + at, f32x4.sub(v128.load(trace + at), f32x4.mul(scale, moved)));
    }
  }
}

/** Every `step`-th sample of a trace, from the first on: `count` of them. */
export function thin(trace: usize, step: i32, count: i32, out: usize): void {
  let done = 0;
  if (step == 2)
    for (; done + 4 <= count; done += 4) {
      const from = trace + (<usize>done << 3);
      v128.store(
        out + (<usize>done << 2),
        v128.shuffle<f32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6)
      );
    }
  for (; done < count; done++)
    store<f32>(out + (<usize>done << 2), load<f32>(trace + (<usize>(done * step) << 2)));
}

/**
 * The engine's inner loops. Traces are float32, channels × samples; addresses are in bytes. All that is added up is
 * added in an order that the data does not change, and no relaxed instruction is used: results are the same everywhere.
 */

/** Width of the blocks in which a reference is found, in samples; they stay in the nearest cache. */
const blockSamples: i32 = 128;
const blockBytes: usize = 512;

@inline
function pair(a: usize, b: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load32_lane(b, v128.load32_zero(a), 1));
}

@inline
function storePair(a: usize, b: usize, values: v128): void {
  const narrow = f32x4.demote_f64x2_zero(values);
  v128.store32_lane(a, narrow, 0);
  v128.store32_lane(b, narrow, 1);
}

/** Bytes of one sample of four traces in double precision. */
const stepBytes: usize = 32;

/**
 * Two second-order sections over the chosen traces, forwards and backwards, in place, in double precision. Four traces
 * go side by side.
 * @param rows int32, `rowCount` channels
 * @param coefficients float64: b0, b1, b2, a1, a2 of either section
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
  for (let first = 0; first < rowCount; first += 4) {
    const p = data + bytes * <usize>load<i32>(rows + (<usize>first << 2));
    const q = data + bytes * <usize>load<i32>(rows + (<usize>min(first + 1, last) << 2));
    const r = data + bytes * <usize>load<i32>(rows + (<usize>min(first + 2, last) << 2));
    const s = data + bytes * <usize>load<i32>(rows + (<usize>min(first + 3, last) << 2));
    // The first value is taken off, so that an offset makes no step at the start.
    const offset0 = pair(p, q);
    const offset1 = pair(r, s);
    for (let at: usize = 0, to = work; at < bytes; at += 4, to += stepBytes) {
      v128.store(to, f64x2.sub(pair(p + at, q + at), offset0));
      v128.store(to, f64x2.sub(pair(r + at, s + at), offset1), 16);
    }
    twoSections(work, stepBytes, samples, coefficients);
    twoSections(end - stepBytes, -stepBytes, samples, coefficients);
    for (let at: usize = 0, from = work; at < bytes; at += 4, from += stepBytes) {
      storePair(p + at, q + at, v128.load(from));
      storePair(r + at, s + at, v128.load(from, 16));
    }
  }
}

/** Both sections over `count` samples of four traces, in place, from `at` on, `step` bytes from one to the next. */
@inline
function twoSections(at: usize, step: usize, count: i32, coefficients: usize): void {
  const b0 = v128.load64_splat(coefficients);
  const b1 = v128.load64_splat(coefficients, 8);
  const b2 = v128.load64_splat(coefficients, 16);
  const a1 = v128.load64_splat(coefficients, 24);
  const a2 = v128.load64_splat(coefficients, 32);
  const c0 = v128.load64_splat(coefficients, 40);
  const c1 = v128.load64_splat(coefficients, 48);
  const c2 = v128.load64_splat(coefficients, 56);
  const d1 = v128.load64_splat(coefficients, 64);
  const d2 = v128.load64_splat(coefficients, 72);
  let u0 = f64x2.splat(0);
  let v0 = u0;
  let w0 = u0;
  let x0 = u0;
  let u1 = u0;
  let v1 = u0;
  let w1 = u0;
  let x1 = u0;
  for (let done = 0; done < count; done++, at += step) {
    const in0 = v128.load(at);
    const in1 = v128.load(at, 16);
    const y0 = f64x2.add(f64x2.mul(b0, in0), u0);
    const y1 = f64x2.add(f64x2.mul(b0, in1), u1);
    u0 = f64x2.add(f64x2.sub(f64x2.mul(b1, in0), f64x2.mul(a1, y0)), v0);
    u1 = f64x2.add(f64x2.sub(f64x2.mul(b1, in1), f64x2.mul(a1, y1)), v1);
    v0 = f64x2.sub(f64x2.mul(b2, in0), f64x2.mul(a2, y0));
    v1 = f64x2.sub(f64x2.mul(b2, in1), f64x2.mul(a2, y1));
    const z0 = f64x2.add(f64x2.mul(c0, y0), w0);
    const z1 = f64x2.add(f64x2.mul(c0, y1), w1);
    w0 = f64x2.add(f64x2.sub(f64x2.mul(c1, y0), f64x2.mul(d1, z0)), x0);
    w1 = f64x2.add(f64x2.sub(f64x2.mul(c1, y1), f64x2.mul(d1, z1)), x1);
    x0 = f64x2.sub(f64x2.mul(c2, y0), f64x2.mul(d2, z0));
    x1 = f64x2.sub(f64x2.mul(c2, y1), f64x2.mul(d2, z1));
    v128.store(at, z0);
    v128.store(at, z1, 16);
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
  for (let start = 0; start < samples; start += blockSamples) {
    const width = <usize>min(blockSamples, samples - start) << 2;
    const from = data + (<usize>start << 2);
    for (let row = 0; row < rowCount; row++)
      memory.copy(
        block + blockBytes * <usize>row,
        from + bytes * <usize>load<i32>(rows + (<usize>row << 2)),
        width
      );
    for (let step = 0; step < stepCount; step++) {
      const a = block + blockBytes * <usize>load<i32>(steps + (<usize>step << 3));
      const b = block + blockBytes * <usize>load<i32>(steps + (<usize>step << 3), 4);
      for (let at: usize = 0; at < blockBytes; at += 16) {
        const x = v128.load(a + at);
        const y = v128.load(b + at);
        v128.store(a + at, f32x4.min(x, y));
        v128.store(b + at, f32x4.max(x, y));
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
 * @param waveform float32, channelCount × length; the length is a multiple of four
 * @param out float32, one a lag
 */
export function correlateLags(
  data: usize,
  samples: i32,
  channels: usize,
  channelCount: i32,
  waveform: usize,
  length: i32,
  start: i32,
  lagCount: i32,
  out: usize
): void {
  const bytes = <usize>samples << 2;
  const width = <usize>length << 2;
  const first = data + (<usize>start << 2);
  let lag = 0;
  for (; lag + 3 <= lagCount; lag += 3) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    for (let c = 0; c < channelCount; c++) {
      const row = waveform + width * <usize>c;
      const trace = first + (<usize>lag << 2) + bytes * <usize>load<i32>(channels + (<usize>c << 2));
      for (let at: usize = 0; at < width; at += 16) {
        const shape = v128.load(row + at);
        s0 = f32x4.add(s0, f32x4.mul(shape, v128.load(trace + at)));
        s1 = f32x4.add(s1, f32x4.mul(shape, v128.load(trace + at, 4)));
        s2 = f32x4.add(s2, f32x4.mul(shape, v128.load(trace + at, 8)));
      }
    }
    const to = out + (<usize>lag << 2);
    store<f32>(to, total(s0));
    store<f32>(to, total(s1), 4);
    store<f32>(to, total(s2), 8);
  }
  for (; lag < lagCount; lag++) {
    let sum = f32x4.splat(0);
    for (let c = 0; c < channelCount; c++) {
      const row = waveform + width * <usize>c;
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

/** Takes a waveform times `gain` off the traces, channel by channel. */
export function subtractWaveform(
  data: usize,
  samples: i32,
  channels: usize,
  channelCount: i32,
  waveform: usize,
  length: i32,
  start: i32,
  gain: f32
): void {
  const bytes = <usize>samples << 2;
  const width = <usize>length << 2;
  const scale = f32x4.splat(gain);
  for (let c = 0; c < channelCount; c++) {
    const row = waveform + width * <usize>c;
    const trace = data + (<usize>start << 2) + bytes * <usize>load<i32>(channels + (<usize>c << 2));
    for (let at: usize = 0; at < width; at += 16)
      v128.store(
        trace + at,
        f32x4.sub(v128.load(trace + at), f32x4.mul(scale, v128.load(row + at)))
      );
  }
}

/** From counts to whitened traces. */

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

/** Width of the blocks in which a reference is found, in samples; of 64 rows they fill half of the nearest cache. */
const blockSamples: i32 = 64;
const blockBytes: usize = 256;

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

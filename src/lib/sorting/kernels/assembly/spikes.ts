/** Finding spikes in traces, taking them off and adding them up. */

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

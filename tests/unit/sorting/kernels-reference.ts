/** What the compiled kernels do, in plain TypeScript and slowly, rounded where they round: the tests compare the bits. */

interface Traces {
  /** channels × samples */
  data: Float32Array;
  samples: number;
}

const { fround } = Math;
/** What is added to each value, so that nothing dies away into the smallest numbers. */
const notQuiteNothing = fround(1e-18);

/** Two second-order sections, forwards and backwards in single precision. */
export function bandPassTrace(trace: Float32Array, coefficients: Float64Array): Float32Array {
  const offset = trace[0] ?? 0;
  const forwards = twoSections(
    trace.map((value) => value - offset),
    coefficients
  );
  return twoSections(forwards.reverse(), coefficients).reverse();
}

function twoSections(values: Float32Array, coefficients: Float64Array): Float32Array {
  const rounded = Float32Array.from(coefficients);
  const entering = values.map((value) => value + notQuiteNothing);
  return section(section(entering, rounded.subarray(0, 5)), rounded.subarray(5, 10));
}

function section(values: Float32Array, [b0 = 0, b1 = 0, b2 = 0, a1 = 0, a2 = 0]: Float32Array): Float32Array {
  let [first, second] = [0, 0];
  return values.map((x) => {
    const y = fround(fround(b0 * x) + first);
    first = fround(fround(fround(b1 * x) + second) - fround(a1 * y));
    second = fround(fround(b2 * x) - fround(a2 * y));
    return y;
  });
}

/** Of an even number, half the rounded sum of the two in the middle. */
export function median(values: Float32Array): number {
  const sorted = values.toSorted();
  const [lower = NaN, upper = NaN] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return Math.fround(Math.fround(lower + upper) * 0.5);
}

export function weightedSum(
  { data, samples }: Traces,
  { near, weights }: { near: Int32Array; weights: Float32Array }
): Float32Array {
  return Float32Array.from({ length: samples }, (_, t) => {
    let sum = 0;
    near.forEach((channel, k) => {
      const product = Math.fround((weights[k] ?? NaN) * (data[channel * samples + t] ?? NaN));
      sum = Math.fround(sum + product);
    });
    return sum;
  });
}

export function correlate(
  { data, samples }: Traces,
  {
    channels,
    waveform,
    start
  }: { channels: Int32Array; /** channels × length */ waveform: Float32Array; start: number }
): number {
  const sums = [0, 0, 0, 0];
  const length = waveform.length / channels.length;
  channels.forEach((channel, c) => {
    for (let t = 0; t < length; t++) {
      const value = data[channel * samples + start + t] ?? NaN;
      sums[t % 4] = Math.fround(
        (sums[t % 4] ?? NaN) + Math.fround((waveform[c * length + t] ?? NaN) * value)
      );
    }
  });
  const [a = NaN, b = NaN, c = NaN, d = NaN] = sums;
  return Math.fround(Math.fround(a + b) + Math.fround(c + d));
}

/** Products of the taps with the samples from each start on, added up in the order of the taps. */
export function convolve(trace: Float32Array, taps: Float32Array, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, start) => {
    let sum = 0;
    taps.forEach((tap, i) => {
      sum = Math.fround(sum + Math.fround(tap * (trace[start + i] ?? NaN)));
    });
    return sum;
  });
}

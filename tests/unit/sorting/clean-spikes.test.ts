import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { cleanFeatures } from '#lib/sorting/clean-spikes.ts';
import { learnBasis, makeFeatureSpace, snippetWindow } from '#lib/sorting/features.ts';
import { type Match } from '#lib/sorting/explain.ts';
import { type Matcher } from '#lib/sorting/matchers.ts';
import { moveRows, shiftReach } from '#lib/sorting/sub-sample.ts';

const rate = 30_000;
const channelCount = 3;
const samples = 400;
const window = snippetWindow(rate);

/** Troughs of two widths span all the shapes here. */
const shape = (width: number) =>
  Array.from({ length: window.length }, (_, t) => -Math.exp(-(((t - window.beforeSamples) / width) ** 2)));
const moments = new Float64Array(window.length ** 2);
for (const row of [shape(3), shape(6)])
  row.forEach((a, i) =>
    row.forEach((b, j) => (moments[i * window.length + j] = (moments[i * window.length + j] ?? 0) + a * b))
  );
const neighbours = [Int32Array.of(0, 1, 2), Int32Array.of(1, 0, 2), Int32Array.of(2, 1, 0)];
const space = makeFeatureSpace(learnBasis(moments, window), { window, neighbours });

function matcher(template: number, heights: number[], width: number): Matcher {
  const length = Math.ceil(window.length / 4) * 4;
  const stride = length + 2 * shiftReach;
  const waveform = new Float32Array(channelCount * stride);
  heights.forEach((height, c) =>
    shape(width).forEach((v, t) => (waveform[c * stride + shiftReach + t] = height * v))
  );
  return {
    ...{ template, channels: Int32Array.of(0, 1, 2), waveform, taken: waveform, length, stride, energy: 1 },
    ...{ seenOn: Int32Array.of(), shifts: Int32Array.of(), deadSamples: 8 }
  };
}

/** Adds a spike to traces (channels × samples), or takes off what a match explains with the sign -1. */
function add(traces: Float32Array, { matcher: { waveform, stride }, start, offset, gain }: Match, sign = 1) {
  for (let c = 0; c < channelCount; c++) {
    const row = waveform.subarray(c * stride + shiftReach, c * stride + shiftReach + window.length);
    moveRows(row, window.length, offset).forEach((value, t) => {
      traces[c * samples + start + t] = (traces[c * samples + start + t] ?? NaN) + sign * gain * value;
    });
  }
}

describe('clean spikes', () => {
  const matchers = [matcher(0, [20, 8, 2], 3), matcher(1, [3, 9, 25], 6)] as const;
  const first = { matcher: matchers[0], start: 150, offset: 0.25, gain: 1 };
  const second = { matcher: matchers[1], start: 158, offset: -0.5, gain: 1.25 };
  const options = { channelCount, space, matchers: [...matchers], mainChannels: Int32Array.of(0, 2) };

  /** What is made of spikes on noise if those of the matches are taken off. */
  function clean(spikes: Match[], matches = spikes) {
    const stream = randomStream(3, 'noise');
    const traces = Float32Array.from({ length: channelCount * samples }, () => 0.1 * stream.uniform());
    for (const spike of spikes) add(traces, spike);
    for (const match of matches) add(traces, match, -1);
    return cleanFeatures(traces, { ...options, matches });
  }

  it('are described as if each were alone', () => {
    const together = clean([first, second]);
    const alone = [clean([first]), clean([second])].flatMap((row) => [...row]);
    expect(together).toHaveLength(2 * space.rowLength);
    together.forEach((value, f) => expect(value).toBeCloseTo(alone[f] ?? NaN, 3));
    // And those of the larger one are its size on its own main channel, which comes first.
    const row = together.subarray(space.rowLength);
    const size = Math.hypot(...row.subarray(0, space.componentCount));
    expect(size / (1.25 * 25 * Math.hypot(...shape(6)))).toBeCloseTo(1, 1);
  });

  it('show what their template does not have', () => {
    const larger = { ...first, gain: 1.5 };
    // Found at another size than it has: what is left makes up for it.
    const found = clean([larger], [first]);
    const whole = clean([larger]);
    found.forEach((value, f) => expect(Math.abs(value - (whole[f] ?? NaN))).toBeLessThan(0.8));
    expect(found[0]).not.toBeCloseTo(clean([first])[0] ?? NaN, 0);
  });

  it('lie between the samples, and are described alike wherever they lie', () => {
    const rows = [-0.5, -0.25, 0, 0.375, 0.5].map((offset) => clean([{ ...first, offset }]));
    for (const row of rows)
      row.forEach((value, f) => expect(Math.abs(value - (rows[2]?.[f] ?? NaN))).toBeLessThan(0.8));
  });
});

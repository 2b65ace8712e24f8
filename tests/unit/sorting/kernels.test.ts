import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { designBandPass, filterChunk } from '#lib/sorting/filter.ts';
import { KernelMemory } from '#lib/sorting/kernels/kernels.ts';
import { subtractReference } from '#lib/sorting/reference.ts';
import { whitenChunk } from '#lib/sorting/whitening.ts';
import * as reference from './kernels-reference.ts';

/** Noise of a recording's size, with steps and silence in it. */
function traces(channelCount: number, samples: number): Float32Array<ArrayBuffer> {
  const stream = randomStream(7, 'kernels', channelCount, samples);
  const data = Float32Array.from({ length: channelCount * samples }, () => 20 * stream.normal());
  data.fill(0, 0, samples >> 2);
  data.fill(-31_000, samples >> 1, (samples >> 1) + 3);
  return data;
}
const row = (data: Float32Array, channel: number, samples: number) =>
  data.subarray(channel * samples, (channel + 1) * samples);

describe.each([
  [1, 1],
  [2, 130],
  [5, 257],
  [7, 1000],
  [64, 333]
])('with %i channels of %i samples', (channelCount, samples) => {
  const data = traces(channelCount, samples);
  // The second of several is left out.
  const usable = Uint8Array.from({ length: channelCount }, (_, channel) => (channel === 1 ? 0 : 1));
  const used = [...usable.keys()].filter((channel) => usable[channel]);

  it('the band-pass is the plain one, bit for bit', () => {
    const filter = designBandPass({ lowHz: 300, highHz: 6000, samplingRateHz: 30_000 });
    const filtered = data.slice();
    filterChunk(filtered, { channelCount, filter, usable, reference: 'none' });
    for (let channel = 0; channel < channelCount; channel++)
      expect(row(filtered, channel, samples)).toEqual(
        usable[channel]
          ? reference.bandPassTrace(row(data, channel, samples), filter)
          : new Float32Array(samples)
      );
  });

  it('the median reference is the plain one', () => {
    const referenced = data.slice();
    subtractReference(referenced, { channelCount, usable, kind: 'median' });
    for (let t = 0; t < samples; t++) {
      const shared = reference.median(
        Float32Array.from(used, (channel) => data[channel * samples + t] ?? NaN)
      );
      for (let channel = 0; channel < channelCount; channel++) {
        const before = data[channel * samples + t] ?? NaN;
        expect(referenced[channel * samples + t]).toBe(
          usable[channel] ? Math.fround(before - shared) : before
        );
      }
    }
  });

  it('whitened traces are the plain weighted sums', () => {
    const stream = randomStream(8, 'weights', channelCount);
    const neighbours = Array.from({ length: channelCount }, (_, channel) =>
      usable[channel] ? Int32Array.from(used.slice(0, 17)) : new Int32Array()
    );
    const weights = neighbours.map((near) => Float64Array.from(near, () => stream.normal()));
    const whitened = whitenChunk(data, { neighbours, weights });
    neighbours.forEach((near, channel) =>
      expect(row(whitened, channel, samples)).toEqual(
        reference.weightedSum({ data, samples }, { near, weights: Float32Array.from(weights[channel] ?? []) })
      )
    );
  });
});

it('products at neighbouring starts are the plain ones, whatever their number', () => {
  const [channelCount, samples, length] = [6, 400, 44];
  const data = traces(channelCount, samples);
  const channels = Int32Array.of(4, 0, 3);
  const waveform = traces(3, length);
  for (const [start, count] of [
    [0, 9],
    [37, 1],
    [113, 5],
    [samples - length - 7, 8]
  ] as const) {
    const memory = new KernelMemory(data.byteLength, channels.byteLength, waveform.byteLength, 4 * count);
    const [at = 0, list = 0, shape = 0, out = 0] = memory.addresses;
    memory.floats(0, data.length).set(data);
    memory.integers(1, channels.length).set(channels);
    memory.floats(2, waveform.length).set(waveform);
    memory.run.correlateLags(at, samples, list, channels.length, shape, length, length, start, count, out);
    expect([...memory.floats(3, count)]).toEqual(
      Array.from({ length: count }, (_, lag) =>
        reference.correlate({ data, samples }, { channels, waveform, start: start + lag })
      )
    );
  }
});

it.each([1, 15, 16, 37, 200])('%i neighbouring products with taps are the plain ones', (count) => {
  const trace = traces(1, count + 40);
  const taps = traces(1, 39).map((value) => value / 100);
  const memory = new KernelMemory(trace.byteLength, taps.byteLength, 4 * count);
  const [at = 0, weights = 0, out = 0] = memory.addresses;
  memory.floats(0, trace.length).set(trace);
  memory.floats(1, taps.length).set(taps);
  memory.run.convolve(at, weights, taps.length, count, out);
  expect(memory.floats(2, count)).toEqual(reference.convolve(trace, taps, count));
});

it.each([1, 4, 31])('of two stretches of %i samples the larger values stay', (count) => {
  const [first, second] = [traces(1, count), traces(1, count + 1).subarray(1)];
  const memory = new KernelMemory(4 * count, 4 * count);
  const [at = 0, other = 0] = memory.addresses;
  memory.floats(0, count).set(first);
  memory.floats(1, count).set(second);
  memory.run.largestInto(at, other, count);
  expect([...memory.floats(0, count)]).toEqual(
    Array.from(first, (value, i) => Math.max(value, second[i] ?? NaN))
  );
});

it('a waveform is taken off its channels alone, at its place, moved by its taps', () => {
  const [channelCount, samples, length, start, gain] = [4, 90, 20, 33, 0.75];
  const data = traces(channelCount, samples);
  const channels = Int32Array.of(3, 1);
  // Rows with what lies around them: two values before and after.
  const stride = length + 4;
  const waveform = traces(2, stride);
  const taps = Float32Array.of(-0.1, 0.3, 0.7, 0.2, -0.1);
  const memory = new KernelMemory();
  const [at, list, shape, weights] = [
    memory.addFloats(data),
    memory.addIntegers(channels),
    memory.addFloats(waveform),
    memory.addFloats(taps)
  ];
  memory.run.subtractWaveform(
    ...([memory.address(at), samples, memory.address(list), channels.length] as const),
    ...([memory.address(shape) + 4 * 2, length, stride, start, gain] as const),
    ...([memory.address(weights), taps.length] as const)
  );
  const expected = data.slice();
  channels.forEach((channel, c) => {
    const moved = reference.convolve(waveform.subarray(c * stride, (c + 1) * stride), taps, length);
    for (let t = 0; t < length; t++) {
      const place = channel * samples + start + t;
      expected[place] = Math.fround((expected[place] ?? NaN) - Math.fround(gain * (moved[t] ?? NaN)));
    }
  });
  expect(memory.floats(at, data.length)).toEqual(expected);
});

it.each([
  [1, 7],
  [2, 19],
  [3, 5]
])('every %i. sample of a trace is %i values', (step, count) => {
  const trace = traces(1, step * count);
  const memory = new KernelMemory();
  const [from, out] = [memory.addFloats(trace), memory.add(4 * count)];
  memory.run.thin(memory.address(from), step, count, memory.address(out));
  expect(memory.floats(out, count)).toEqual(trace.filter((_, t) => t % step === 0));
});

it('stretches and their squares are added up, each sum rounded', () => {
  const [channelCount, samples, length] = [5, 80, 23];
  const data = traces(channelCount, samples);
  const channels = Int32Array.of(4, 0, 2);
  const memory = new KernelMemory();
  const [at, list] = [memory.addFloats(data), memory.addIntegers(channels)];
  const [sums, squares] = [memory.addFloats(new Float32Array(69)), memory.addFloats(new Float32Array(69))];
  const expected = [new Float32Array(69), new Float32Array(69)] as const;
  for (const start of [3, 40]) {
    memory.run.addStretches(
      ...([memory.address(at), samples, memory.address(list), 3, start, length] as const),
      ...([memory.address(sums), memory.address(squares)] as const)
    );
    channels.forEach((channel, c) => {
      for (let t = 0; t < length; t++) {
        const value = data[channel * samples + start + t] ?? NaN;
        expected[0][c * length + t] = (expected[0][c * length + t] ?? NaN) + value;
        expected[1][c * length + t] = (expected[1][c * length + t] ?? NaN) + Math.fround(value * value);
      }
    });
  }
  expect(memory.floats(sums, 69)).toEqual(expected[0]);
  expect(memory.floats(squares, 69)).toEqual(expected[1]);
});

it.each([
  [1, 3],
  [3, 70],
  [4, 64],
  [6, 131],
  [13, 5]
])('counts of %i channels of %i samples become traces, rounded once', (channelCount, samples) => {
  const stream = randomStream(3, 'counts', channelCount);
  const counts = Int16Array.from({ length: channelCount * samples }, () =>
    Math.floor(65_536 * stream.uniform() - 32_768)
  );
  const gains = Float64Array.from({ length: channelCount }, (_, c) => 0.195 + c / 7);
  const offsets = Float64Array.from({ length: channelCount }, (_, c) => c / 3 - 0.1);
  const memory = new KernelMemory();
  const from = memory.add(counts.byteLength);
  const [gain, offset] = [memory.addDoubles(gains), memory.addDoubles(offsets)];
  const out = memory.add(4 * counts.length);
  memory.shorts(from, counts.length).set(counts);
  memory.run.scaleCounts(
    ...([memory.address(from), samples, channelCount, memory.address(gain), memory.address(offset)] as const),
    memory.address(out)
  );
  const expected = new Float32Array(counts.length);
  for (let channel = 0; channel < channelCount; channel++)
    for (let t = 0; t < samples; t++)
      expected[channel * samples + t] =
        (counts[t * channelCount + channel] ?? NaN) * (gains[channel] ?? NaN) + (offsets[channel] ?? NaN);
  expect(memory.floats(out, counts.length)).toEqual(expected);
});

it('values that are not finite repeat the one before them', () => {
  for (const bad of [NaN, Infinity, -Infinity])
    for (const at of [0, 5, 12]) {
      const values = Float32Array.from({ length: 13 }, (_, i) => i + 1);
      values[at] = bad;
      const memory = new KernelMemory();
      const part = memory.addFloats(values);
      memory.run.holdFinite(memory.address(part), values.length);
      values[at] = at;
      expect(memory.floats(part, values.length)).toEqual(values);
    }
});

it('the next value beyond the limits is found at any place, and only within the range', () => {
  const values = new Float32Array(41);
  const memory = new KernelMemory(values.byteLength);
  for (let at = 0; at < values.length; at++)
    for (const value of [-5, 7]) {
      values.fill(0)[at] = value;
      memory.floats(0, values.length).set(values);
      const find = (from: number, to: number) => memory.run.nextBeyond(memory.address(0), from, to, -5, 7);
      expect(find(0, 41)).toBe(at);
      expect(find(at + 1, 41)).toBe(41);
      expect(find(0, at)).toBe(at);
    }
});

it('a part that is added later leaves the others as they are', () => {
  const memory = new KernelMemory(16);
  memory.floats(0, 4).set([1, 2, 3, 4]);
  const part = memory.add(80_000_000);
  memory.floats(part, 20_000_000).fill(9);
  expect([...memory.floats(0, 4)]).toEqual([1, 2, 3, 4]);
});

it('memory grows with what is laid out in it, and earlier content is not relied on', () => {
  const small = new KernelMemory(16).floats(0, 4);
  expect(small).toHaveLength(4);
  const large = new KernelMemory(40_000_000).floats(0, 10_000_000);
  large.fill(1);
  expect(large.at(-1)).toBe(1);
});

import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { type OwnMatch } from '#lib/sorting/explain.ts';
import { learnBasis, makeFeatureSpace, snippetWindow } from '#lib/sorting/features.ts';
import { placeTraces } from '#lib/sorting/kernels/traces.ts';
import { makeMatchers } from '#lib/sorting/matchers.ts';
import { type ChunkRemainders, Remainders, sumRemainders } from '#lib/sorting/remainders.ts';
import { type Template, centreTemplate, makeTemplates } from '#lib/sorting/templates.ts';

const window = snippetWindow(15_000);
const { length, beforeSamples } = window;
const channelCount = 3;
const samples = 2000;
const bump = (width: number, at = beforeSamples) =>
  Float64Array.from({ length }, (_, t) => -Math.exp(-(((t - at) / width) ** 2)));
/** One component: whatever else a spike has is left out. */
const moments = new Float64Array(length * length);
bump(3).forEach((a, i) => bump(3).forEach((b, j) => (moments[i * length + j] = a * b)));
const basis = learnBasis(moments, window).slice(0, length);
const neighbours = [Int32Array.of(0, 1, 2), Int32Array.of(1, 0, 2), Int32Array.of(2, 1, 0)];
const space = makeFeatureSpace(basis, { window, neighbours });

const product = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from({ length }, (_, t) => (a[t] ?? NaN) * (b[t] ?? NaN)).reduce((sum, value) => sum + value, 0);

/** A row of values that the component is no part of. */
const late = bump(2, beforeSamples + 12);
const along = product(late, basis);
const beside = late.map((value, t) => value - along * (basis[t] ?? NaN));

function templateOf(rows: Float64Array[]): Template {
  const waveform = Float32Array.from(rows.flatMap((row) => [...row]));
  return { mainChannel: 0, channels: Int32Array.of(0, 1, 2), waveform, spikeCount: 100 };
}
const silent = new Float64Array(length);
const template = templateOf([bump(3).map((value) => 20 * value), silent, silent]);

/** Spikes whose residual is noise and `height` of the late wave on the second channel. */
function remaindersOf(height: number, spikes: number): Float32Array | undefined {
  const stream = randomStream(7, 'remainders');
  const remainders = new Remainders([template, template], space);
  for (let chunk = 0; chunk < spikes / 20; chunk++) {
    const traces = Float32Array.from({ length: channelCount * samples }, () => stream.normal());
    const starts = Array.from({ length: 20 }, (_, k) => 50 + 90 * k);
    for (const start of starts)
      late.forEach(
        (value, t) => (traces[samples + start + t] = (traces[samples + start + t] ?? NaN) + height * value)
      );
    const matches = starts.map((start) => ({ start, offset: 0.25, matcher: { template: 1 } }) as OwnMatch);
    const sums: ChunkRemainders = sumRemainders(placeTraces(traces, channelCount), matches, {
      space,
      mainChannels: Int32Array.of(0, 0)
    });
    expect([...sums.templates]).toEqual([1]);
    expect([...sums.counts]).toEqual([20]);
    remainders.add(sums);
  }
  expect(remainders.take(0)).toBeUndefined();
  return remainders.take(1);
}

describe('what the components leave out of a waveform', () => {
  it('is the mean of what is left, beside the components', () => {
    const found = remaindersOf(6, 400) as Float32Array;
    const row = found.subarray(length, 2 * length);
    row.forEach((value, t) => expect(Math.abs(value - 6 * (beside[t] ?? NaN))).toBeLessThan(0.4));
    for (let n = 0; n < channelCount; n++)
      expect(Math.abs(product(found.subarray(n * length, (n + 1) * length), basis))).toBeLessThan(1e-4);
  });

  it('is nothing, or next to nothing, where only noise is left', () => {
    const found = remaindersOf(0, 400) as Float32Array;
    const energy = found.reduce((sum, value) => sum + value * value, 0);
    expect(energy).toBeLessThan((0.2 * channelCount * length) / 400);
  });

  it('holds what a template has beside the components since it was moved', () => {
    const moved = templateOf([bump(3, beforeSamples + 2).map((value) => 20 * value), silent, silent]);
    const remainders = new Remainders([moved], space);
    const rows = neighbours[0]?.length ?? 0;
    const sums = { sums: new Float32Array(rows * length), counts: Int32Array.of(50) };
    remainders.add({ templates: Int32Array.of(0), ...sums });
    const found = remainders.take(0) as Float32Array;
    const row = moved.waveform.subarray(0, length);
    const part = product(row, basis);
    row.forEach((value, t) =>
      expect(Math.abs((found[t] ?? NaN) - (value - part * (basis[t] ?? NaN)))).toBeLessThan(0.1)
    );
  });

  it('belongs to the cluster of most spikes, moves with its template and is taken off with it', () => {
    const remainder = Float32Array.from({ length: channelCount * length }, (_, i) => (i === 5 ? 3 : 0));
    const medians = new Float32Array(2 * space.rowLength);
    medians[0] = 30;
    medians[space.rowLength] = 12;
    const group = { channel: 0, samples: new Float64Array(10), remainder };
    const labels = Int32Array.of(0, 0, 0, 0, 0, 0, 0, 1, 1, 1);
    const [first, second] = makeTemplates(group, { clusters: { labels, medians }, space });
    expect(first?.remainder).toBe(remainder);
    expect(second?.remainder).toBeUndefined();

    const delayed = {
      ...template,
      waveform: templateOf([bump(3, beforeSamples + 4), silent, silent]).waveform
    };
    const at = (values: Float32Array | undefined) => values?.findIndex((value) => value > 2);
    const centred = centreTemplate({ ...delayed, remainder }, { beforeSamples, sign: 'negative' });
    expect(at(centred.remainder)).toBe(1);

    const filter = { taps: new Float64Array(3), beforeSamples: 1, profiles: [], noiseVariance: 1 };
    const options = { filter: filter as never, beforeSamples, samplingRateHz: 15_000 };
    const [matcher] = makeMatchers([{ ...template, remainder }], options);
    const difference = matcher?.taken.map((value, i) => value - (matcher.waveform[i] ?? NaN));
    expect(difference?.filter((value) => value !== 0)).toEqual(Float32Array.of(3));
    const [plain] = makeMatchers([template], options);
    expect(plain?.taken).toBe(plain?.waveform);
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { detectSpikes } from '#lib/sorting/detect.ts';
import { type MatchedFilter, makeMatchedFilter } from '#lib/sorting/matched-filter.ts';
import { placeTraces, viewTraces } from '#lib/sorting/kernels/traces.ts';
import { MatchedMap } from '#lib/sorting/matched-map.ts';
import { makeMatchers } from '#lib/sorting/matchers.ts';
import { explainTraces } from '#lib/sorting/explain.ts';
import { type Template } from '#lib/sorting/templates.ts';

const samplingRateHz = 30_000;
const window = { beforeSamples: 24, length: 67 };
const channelCount = 6;
const samples = 30_000;
/** A spike's shape in time: a trough with a slower rise after it. */
const shape = Float64Array.from({ length: window.length }, (_, i) => {
  const t = i - window.beforeSamples;
  return -Math.exp(-((t / 5) ** 2)) + 0.4 * Math.exp(-(((t - 14) / 9) ** 2));
});
/** Contacts in a row, 20 µm apart. */
const around = Array.from({ length: channelCount }, (_, channel) => {
  const near = Int32Array.from({ length: channelCount }, (_other, k) => k).sort(
    (a, b) => Math.abs(a - channel) - Math.abs(b - channel) || a - b
  );
  return { near, distances: Float64Array.from(near, (other) => 20 * Math.abs(other - channel)) };
});
const white = Float64Array.from({ length: window.length }, (_, lag) => (lag === 0 ? 1 : 0));
const options = { shape, window, samplingRateHz, autocorrelation: white, around };

function noise(): Float32Array {
  const stream = randomStream(3, 'matched filter');
  return Float32Array.from({ length: channelCount * samples }, () => stream.normal());
}

/** Adds spikes of the given height on three channels around the middle one, at the given samples. */
function addSpikes(data: Float32Array, { at, height }: { at: number[]; height: number }): Float32Array {
  for (const sample of at)
    for (const [channel, part] of [
      [2, 0.7],
      [3, 1],
      [4, 0.7]
    ] as const)
      for (let i = 0; i < window.length; i++) {
        const place = channel * samples + sample - window.beforeSamples + i;
        data[place] = (data[place] ?? 0) + part * height * (shape[i] ?? 0);
      }
  return data;
}

const template = (height: number): Template => {
  const waveform = new Float32Array(3 * window.length);
  [1, 0.7, 0.7].forEach((part, c) =>
    shape.forEach((value, i) => (waveform[c * window.length + i] = part * height * value))
  );
  return { mainChannel: 3, channels: Int32Array.of(3, 2, 4), waveform, spikeCount: 100 };
};

let filter: MatchedFilter;
beforeAll(() => {
  filter = makeMatchedFilter({ ...options, sign: 'negative' });
});

const peaksOf = (data: Float32Array, threshold: number) =>
  detectSpikes(new MatchedMap(placeTraces(data, channelCount), filter).map, {
    ...{ channelCount, from: 100, to: samples - 100, threshold, sign: 'positive' as const },
    ...{ exclusionSamples: 12, neighbours: around.map(({ near }) => near) }
  });

describe('the matched filter', () => {
  it('gives noise of SD 1 on each profile, of white and of coloured noise', () => {
    const coloured = noise();
    // Each sample is like the one before it: r(1) = 0.5.
    for (let i = coloured.length - 1; i > 0; i--)
      coloured[i] = ((coloured[i] ?? 0) + (coloured[i - 1] ?? 0)) / Math.SQRT2;
    const likeTheLast = white.map((_, lag) => (lag === 0 ? 1 : lag === 1 ? 0.5 : 0));
    for (const [data, autocorrelation] of [
      [noise(), white],
      [coloured, likeTheLast]
    ] as const) {
      const made = makeMatchedFilter({ ...options, autocorrelation, sign: 'negative' });
      made.profiles[2]?.forEach((_, profile) => {
        const alone = { ...made, profiles: made.profiles.map((all) => all.slice(profile, profile + 1)) };
        const values = new MatchedMap(placeTraces(data, channelCount), alone).map.subarray(
          2 * samples + 100,
          3 * samples - 100
        );
        const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
        expect(Math.sqrt(variance)).toBeCloseTo(1, 1);
      });
    }
  });

  it('finds spikes that no single sample shows, at their troughs', () => {
    const at = Array.from({ length: 40 }, (_, k) => 500 + 700 * k);
    const height = 3;
    const data = addSpikes(noise(), { at, height });
    const neighbours = around.map(({ near }) => near);
    const bySample = detectSpikes(data, {
      ...{ channelCount, from: 100, to: samples - 100, threshold: 5, sign: 'negative' },
      ...{ exclusionSamples: 12, neighbours }
    });
    const peaks = peaksOf(data, 5);
    const found = at.filter((sample) => [...peaks.samples].some((peak) => Math.abs(peak - sample) <= 2));
    expect(found.length).toBeGreaterThanOrEqual(38);
    expect(peaks.samples.length).toBeLessThanOrEqual(42);
    expect(bySample.samples.length).toBeLessThan(10);
  });

  it.each(['negative', 'positive', 'both'] as const)('looks for %s peaks', (sign) => {
    const made = makeMatchedFilter({ ...options, sign });
    const seen = (height: number) => {
      const { map } = new MatchedMap(
        placeTraces(addSpikes(new Float32Array(channelCount * samples), { at: [900], height }), channelCount),
        made
      );
      return (map[3 * samples + 900] ?? 0) > 5;
    };
    expect([seen(9), seen(-9)]).toEqual([sign !== 'positive', sign !== 'negative']);
  });

  it('is in step again after a part of the traces changed', () => {
    const map = new MatchedMap(placeTraces(noise(), channelCount), filter);
    const [from, to] = [5000, 5067];
    const values = viewTraces(map.traces);
    for (const channel of [2, 3])
      for (let t = from; t < to; t++) values[channel * samples + t] = 0.5 * t - 2500;
    const all = Int32Array.from({ length: channelCount }, (_, channel) => channel);
    const reach = filter.taps.length;
    map.refresh({ from: from - reach, to: to + reach, shaped: Int32Array.of(2, 3), mapped: all });
    const [traces, kept] = [values.slice(), map.map.slice()];
    expect(kept).toEqual(new MatchedMap(placeTraces(traces, channelCount), filter).map.slice());
  });
});

describe('matching', () => {
  const match = (data: Float32Array, templates: Template[]) =>
    explainTraces(placeTraces(data, channelCount), {
      ...{ window, filter, threshold: 4.25 },
      detection: {
        sign: 'negative',
        threshold: 5,
        exclusionSamples: 12,
        neighbours: around.map(({ near }) => near)
      },
      matchers: makeMatchers(templates, matcherOptions())
    }).map(({ matcher, start, offset, gain }) => ({
      unit: matcher.template,
      sample: start + window.beforeSamples,
      offset,
      gain
    }));
  const matcherOptions = () => ({ filter, beforeSamples: window.beforeSamples, samplingRateHz: 30_000 });

  it('knows where the filter sees a template', () => {
    const [matcher] = makeMatchers([template(8)], matcherOptions());
    expect([...(matcher?.seenOn ?? [])]).toContain(3);
    expect(Math.abs(matcher?.shifts[matcher.seenOn.indexOf(3)] ?? NaN)).toBeLessThanOrEqual(1);
  });

  it('tells spikes of two sizes apart, at their samples and with their sizes', () => {
    const small = [1000, 4000, 9000];
    const large = [2000, 6000, 12_000];
    const data = addSpikes(addSpikes(noise(), { at: small, height: 8 }), { at: large, height: 18 });
    const found = match(data, [template(8), template(18)]);
    const times = (wanted: number) =>
      found.flatMap(({ unit, sample }) => (unit === wanted ? [sample] : [])).sort((a, b) => a - b);
    expect([times(0), times(1)]).toEqual([small, large]);
    for (const { gain } of found) expect(Math.abs(gain - 1)).toBeLessThan(0.25);
  });

  it('finds both of two spikes that overlap', () => {
    const data = addSpikes(noise(), { at: [3000, 3020], height: 15 });
    const found = match(data, [template(15)]).map(({ sample }) => sample);
    expect(found).toHaveLength(2);
    for (const sample of [3000, 3020])
      expect(Math.min(...found.map((other) => Math.abs(other - sample)))).toBeLessThanOrEqual(1);
  });

  it('finds a smaller unit of the same shape on top of a larger one', () => {
    const data = addSpikes(noise(), { at: [3000, 6000], height: 15 });
    addSpikes(data, { at: [6001], height: 10 });
    const found = match(data, [template(15), template(10)]);
    expect(found.map(({ unit, sample }) => [unit, Math.round(sample / 10)])).toEqual([
      [0, 300],
      [0, 600],
      [1, 600]
    ]);
  });

  it('takes nothing within the dead time of a unit for another spike of it', () => {
    const data = addSpikes(noise(), { at: [3000], height: 15 });
    addSpikes(data, { at: [3010], height: 12 });
    expect(match(data, [template(15)]).map(({ unit }) => unit)).toEqual([0]);
  });

  it('explains no noise', () => {
    expect(match(noise(), [template(6), template(12)]).length).toBeLessThanOrEqual(1);
  });
});

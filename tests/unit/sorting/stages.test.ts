import { describe, expect, it } from 'vitest';
import { type Probe, type TraceSource } from '#lib/model/recording.ts';
import { decodeState, encodeState } from '#lib/sorting/checkpoint.ts';
import { chunkRange, planChunks, readChunk, spreadChunks } from '#lib/sorting/chunks.ts';
import { clusterSpikes } from '#lib/sorting/cluster.ts';
import { detectSpikes } from '#lib/sorting/detect.ts';
import { designBandPass, filterChunk } from '#lib/sorting/filter.ts';
import { findNeighbours } from '#lib/sorting/geometry.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { mergeTemplates, similarity } from '#lib/sorting/merge.ts';
import { findUsableChannels, measureNoise } from '#lib/sorting/noise.ts';
import { engineProcessor, resolveParameters } from '#lib/sorting/parameters.ts';
import { cleanChunk, detectChunk, prepare } from '#lib/sorting/prepare.ts';
import { medianInPlace, subtractReference } from '#lib/sorting/reference.ts';
import { SpikeReservoir, capacityOf } from '#lib/sorting/reservoir.ts';
import { type Template } from '#lib/sorting/templates.ts';
import { computeWhitening, measureCovariance, whitenChunk } from '#lib/sorting/whitening.ts';
import { randomStream } from '#lib/math/random.ts';
import { inMemory, shortRecording } from '../../fixtures/sorting/short-recording.ts';

const rate = 30_000;
const all = (channelCount: number) => new Uint8Array(channelCount).fill(1);

function column(count: number, pitchUm = 20): Probe {
  const contacts = Array.from({ length: count }, (_, i) => ({
    id: String(i),
    x: 0,
    y: i * pitchUm,
    shank: 0
  }));
  return { contacts, origin: 'layout' };
}

function normals(count: number, seed: number): Float32Array<ArrayBuffer> {
  const stream = randomStream(seed);
  return Float32Array.from({ length: count }, () => stream.normal());
}

describe('parameters', () => {
  it('have defaults that pass their own check', () => {
    expect(resolveParameters()).toMatchObject({ bandLowHz: 300, detectThreshold: 5, reference: 'auto' });
    expect(Object.keys(resolveParameters()).toSorted()).toEqual(
      engineProcessor.parameters.map(({ name }) => name).toSorted()
    );
  });

  it.each([
    ['detectThreshold', '5'],
    ['detectThreshold', 1],
    ['minSpikes', 20.5],
    ['reference', 'car'],
    ['bandLowHz', 4000],
    ['colour', 1]
  ])('refuse %s = %s by its name', (name, value) => {
    const values = { [name]: value, ...(name === 'bandLowHz' && { bandHighHz: 3000 }) };
    expect(() => resolveParameters(values)).toThrowError(
      expect.objectContaining({ tag: 'parameter-invalid', details: { parameter: name } })
    );
  });
});

describe('the chunk grid', () => {
  const info = { samplingRateHz: 1000, channelCount: 1, sampleCount: 2500 };

  it('covers every sample once', () => {
    const grid = planChunks(info);
    expect(Array.from({ length: grid.chunkCount }, (_, i) => chunkRange(grid, i))).toEqual([
      { startSample: 0, endSample: 1000 },
      { startSample: 1000, endSample: 2000 },
      { startSample: 2000, endSample: 2500 }
    ]);
    expect(spreadChunks({ ...grid, chunkCount: 10 }, 2)).toEqual([2, 7]);
  });

  it('continues traces by point reflection', async () => {
    const values = Float32Array.from({ length: 2500 }, (_, i) => i);
    const source = inMemory({ info: { ...info } as TraceSource['info'] }, values);
    const { data, haloSamples } = await readChunk(source, planChunks(info), { index: 0 });
    expect(haloSamples).toBe(30);
    expect([...data.subarray(25, 36)]).toEqual([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5]);
    expect(data.at(-1)).toBe(1029);
  });
});

describe('the band-pass', () => {
  const filter = designBandPass({ lowHz: 300, highHz: 6000, samplingRateHz: rate });
  const gainAt = (frequencyHz: number) => {
    const trace = Float32Array.from(
      { length: 6000 },
      (_, t) => 100 + Math.cos((2 * Math.PI * frequencyHz * t) / rate)
    );
    filterChunk(trace, { channelCount: 1, filter, usable: all(1), reference: 'none' });
    // At sample 3000 every whole multiple of 10 Hz has its crest: the gain with its phase.
    return trace[3000] ?? NaN;
  };

  it('keeps spikes’ frequencies in phase, halves its edges, and takes away offsets and slow waves', () => {
    expect(gainAt(1500)).toBeCloseTo(1, 2);
    expect(gainAt(300)).toBeCloseTo(0.5, 2);
    expect(gainAt(6000)).toBeCloseTo(0.5, 2);
    expect(Math.abs(gainAt(50))).toBeLessThan(0.002);
  });

  it('repeats the last value for a missing one', () => {
    const trace = normals(6000, 3);
    const holding = trace.slice();
    trace[3000] = NaN;
    holding[3000] = holding[2999] ?? NaN;
    for (const data of [trace, holding])
      filterChunk(data, { channelCount: 1, filter, usable: all(1), reference: 'none' });
    expect(trace).toEqual(holding);
  });

  it('gives neighbouring chunks the same values where they meet', async () => {
    const sampleCount = 70_000;
    const info = { samplingRateHz: rate, channelCount: 1, sampleCount };
    const source = inMemory({ info: info as TraceSource['info'] }, normals(sampleCount, 1));
    const grid = planChunks(info);
    const filtered = await Promise.all(
      [0, 1].map(async (index) => {
        const { data } = await readChunk(source, grid, { index });
        filterChunk(data, { channelCount: 1, filter, usable: all(1), reference: 'none' });
        return data;
      })
    );
    const [first, second] = filtered;
    for (let t = 0; t < 200; t++)
      expect(Math.abs((first?.[900 + 30_000 - 100 + t] ?? NaN) - (second?.[800 + t] ?? NaN))).toBeLessThan(
        1e-4
      );
  });
});

describe('the common reference', () => {
  it.each([1, 2, 3, 8, 32, 33])('is the exact median of %i channels', (channelCount) => {
    const samples = 300;
    const data = normals(channelCount * samples, channelCount).map((value) => value * 1000);
    const before = data.slice();
    subtractReference(data, { channelCount, usable: all(channelCount), kind: 'median' });
    for (let t = 0; t < samples; t++) {
      const values = Float32Array.from({ length: channelCount }, (_, c) => before[c * samples + t] ?? NaN);
      const median = Math.fround(medianInPlace(values));
      for (let c = 0; c < channelCount; c++)
        expect(data[c * samples + t]).toBe(Math.fround((before[c * samples + t] ?? NaN) - median));
    }
  });

  it('leaves unusable channels out and alone', () => {
    const data = Float32Array.of(1, 2, 5, 6, 100, 100);
    subtractReference(data, { channelCount: 3, usable: Uint8Array.of(1, 1, 0), kind: 'mean' });
    expect([...data]).toEqual([-2, -2, 2, 2, 100, 100]);
  });
});

describe('noise', () => {
  it('is the scaled median absolute deviation, which spikes do not change', () => {
    const data = normals(20_001, 4).map((value) => value * 7);
    for (let i = 0; i < data.length; i += 53) data[i] = -500;
    const [noise = 0] = measureNoise(data, { channelCount: 1, from: 0, to: data.length });
    expect(Math.abs(noise - 7)).toBeLessThan(0.3);
  });

  it('finds constant and disconnected channels', () => {
    expect([...findUsableChannels(Float64Array.of(6, 0, 7, 0.1, 8))]).toEqual([1, 0, 1, 0, 1]);
    expect([...findUsableChannels(new Float64Array(2))]).toEqual([0, 0]);
  });
});

describe('whitening', () => {
  it('makes correlated channels uncorrelated with deviation 1', () => {
    const samples = 40_000;
    const shared = normals(samples, 1);
    const own = normals(3 * samples, 2);
    const data = own.map((value, i) => 5 * value + 5 * (shared[i % samples] ?? 0));
    const noise = Float64Array.of(7.07, 7.07, 7.07);
    const neighbours = findNeighbours(column(3), { radiusUm: 100, maxCount: 3, usable: all(3) });
    const range = { channelCount: 3, from: 0, to: samples, noise, neighbours };
    const whitened = whitenChunk(
      data,
      computeWhitening(measureCovariance(data, range), { noise, neighbours })
    );
    const after = measureCovariance(whitened, { ...range, noise: Float64Array.of(1, 1, 1) });
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++)
        expect(Math.abs((after[a * 3 + b] ?? NaN) - Number(a === b))).toBeLessThan(0.03);
  });
});

describe('neighbourhoods', () => {
  it('begin with the channel itself, go by distance, and leave out other shanks and unusable channels', () => {
    const probe = column(4);
    const contacts = [...probe.contacts, { id: '4', x: 0, y: 20, shank: 1 }];
    const near = findNeighbours(
      { ...probe, contacts },
      { radiusUm: 45, maxCount: 3, usable: Uint8Array.of(1, 1, 1, 0, 1) }
    );
    expect(near.map((list) => [...list])).toEqual([[0, 1, 2], [1, 0, 2], [2, 1, 0], [], [4]]);
  });
});

describe('detection', () => {
  const neighbours = findNeighbours(column(3), { radiusUm: 25, maxCount: 9, usable: all(3) });
  const detect = (data: Float32Array, sign: 'negative' | 'positive' | 'both' = 'negative') => {
    const range = { channelCount: 3, from: 0, to: data.length / 3 };
    const peaks = detectSpikes(data, { ...range, threshold: 5, sign, exclusionSamples: 4, neighbours });
    return Array.from(peaks.samples, (sample, k) => [sample, peaks.channels[k], peaks.amplitudes[k]]);
  };
  const traces = (spikes: [channel: number, sample: number, value: number][]) => {
    const data = new Float32Array(3 * 60);
    for (const [channel, sample, value] of spikes) data[channel * 60 + sample] = value;
    return data;
  };

  it('keeps the deepest of near peaks, and peaks that are far in space or time', () => {
    const data = traces([
      [0, 20, -7],
      [1, 22, -9],
      [2, 40, -6],
      [0, 41, -5],
      [0, 10, -4.9]
    ]);
    expect(detect(data)).toEqual([
      [22, 1, -9],
      [40, 2, -6],
      [41, 0, -5]
    ]);
  });

  it('takes a flat trough once, at its first sample', () => {
    expect(detect(traces([30, 31, 32].map((sample) => [1, sample, -8])))).toEqual([[30, 1, -8]]);
  });

  it('looks at the extrema asked for', () => {
    const data = traces([
      [0, 20, -7],
      [2, 40, 6]
    ]);
    expect(detect(data, 'positive')).toEqual([[40, 2, 6]]);
    expect(detect(data, 'both')).toHaveLength(2);
  });

  it('of one chunk finds what the whole run finds there', async () => {
    const { source } = await shortRecording();
    const preparation = await prepare({ source, parameters: resolveParameters(), pool: inlinePool() });
    const grid = planChunks(source.info);
    const peaksOf = async (index: number) =>
      detectChunk(preparation, cleanChunk(preparation, await readChunk(source, grid, { index })));
    const first = await peaksOf(3);
    await peaksOf(4);
    expect(await peaksOf(3)).toEqual(first);
    expect(first.samples.length).toBeGreaterThan(10);
  });
});

describe('clustering', () => {
  it('splits two clouds, and gives their medians', () => {
    const rowLength = 3;
    const noise = normals(400 * rowLength, 8);
    const features = noise.map((value, i) => value + (Math.floor(i / rowLength) % 2 === 0 ? 10 : -10));
    const { labels, medians } = clusterSpikes({
      features,
      rowLength,
      usedFeatures: 3,
      clusterComponents: 2,
      isocutThreshold: 2,
      clean: false
    });
    expect(new Set(labels).size).toBe(2);
    expect(labels.every((label, i) => label === labels[i % 2])).toBe(true);
    expect([...medians].map(Math.round).map(Math.abs)).toEqual([10, 10, 10, 10, 10, 10]);
  });

  it('keeps the same spikes in whatever order chunks come', () => {
    const chunk = (start: number) => ({
      samples: Float64Array.from({ length: 50 }, (_, i) => start + i),
      channels: new Int32Array(50),
      features: Float32Array.from({ length: 50 }, (_, i) => start + i)
    });
    const keep = (starts: number[]) => {
      const reservoir = new SpikeReservoir(1, { rowLength: 1, capacity: 30, seed: 3 });
      for (const start of starts) reservoir.add(chunk(start));
      return reservoir.take();
    };
    const kept = keep([0, 50, 100, 150]);
    expect(kept[0]?.samples).toHaveLength(30);
    expect(kept).toEqual(keep([150, 50, 0, 100]));
  });

  it('keeps fewer of each channel where there are many, so that all fit in memory', () => {
    const rowLength = 32 * 6;
    expect(capacityOf(4000, { channelCount: 64, rowLength })).toBe(4000);
    const many = capacityOf(4000, { channelCount: 384, rowLength });
    expect(many).toBeGreaterThan(600);
    expect(many * 384 * rowLength * 4).toBeLessThanOrEqual(200_000_000);
  });
});

describe('merging', () => {
  const template = (shape: number[], spikeCount: number, mainChannel = 0): Template => ({
    mainChannel,
    channels: Int32Array.of(0, 1),
    waveform: Float32Array.from([...shape, ...shape.map((value) => value / 2)]),
    spikeCount
  });
  const spike = [0, 0, -10, 4, 0, 0];
  const later = [0, 0, 0, -10, 4, 0];

  it('finds templates alike that agree at a lag, and not if they differ in size or shape', () => {
    expect(similarity(template(spike, 1), template(later, 1), 1)).toBeCloseTo(1);
    expect(similarity(template(spike, 1), template(later, 1), 0)).toBe(0);
    const half = spike.map((value) => value / 2);
    expect(similarity(template(spike, 1), template(half, 1), 1)).toBeCloseTo(0.8);
  });

  it('keeps the template of more spikes, with the spikes of both', () => {
    const merged = mergeTemplates([template(spike, 10), template(later, 30, 1)], {
      minSimilarity: 0.8,
      maxLag: 2
    });
    expect(merged).toEqual([template(later, 40, 1)]);
  });
});

describe('a checkpoint', () => {
  const state = {
    name: 'µ',
    list: [Float64Array.of(1.5, NaN), { inner: Int32Array.of(-1) }],
    bytes: Uint8Array.of(1, 2)
  };

  it('gives back what was kept', () => {
    expect(decodeState(encodeState(state))).toEqual(state);
  });

  it('that was cut short or overwritten is as if it were not there', () => {
    const bytes = encodeState(state);
    for (const length of [0, 4, 8, 40, bytes.length - 1])
      expect(decodeState(bytes.subarray(0, length))).toBeUndefined();
    expect(decodeState(new Uint8Array(100).fill(65))).toBeUndefined();
  });
});

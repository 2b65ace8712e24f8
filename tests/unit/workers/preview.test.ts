import { describe, expect, test } from 'vitest';
import { type PreviewFilter } from '#lib/model/preview.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { tetrodeSpec } from '#lib/simulation/specification.ts';
import { planChunks, readChunk } from '#lib/sorting/chunks.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { cleanChunk, detectChunk, prepare } from '#lib/sorting/prepare.ts';
import { Preview } from '../../../src/workers/preview.ts';

const { source } = generateRecording(tetrodeSpec(11, 4));
const filter: PreviewFilter = { band: { lowHz: 300, highHz: 6000 }, reference: 'auto', detectThreshold: 5 };
const unhurried = new AbortController().signal;

/** Chunk `index` as the sorter itself makes it. */
async function engineChunk(index: number, values: Record<string, number | string> = {}) {
  const preparation = await prepare({ source, parameters: resolveParameters(values), pool: inlinePool() });
  const chunk = await readChunk(source, planChunks(source.info), { index });
  const clean = cleanChunk(preparation, chunk);
  return { chunk, clean, peaks: detectChunk(preparation, clean), samples: chunk.data.length / 4 };
}

describe('a window of traces', () => {
  test("holds the engine's own filtered values, also across the border of two chunks", async () => {
    const preview = new Preview(source);
    await preview.prepare(filter);
    const window = await preview.window(
      { startSample: 29_000, endSample: 31_000, columns: 2000, filter },
      unhurried
    );
    expect(window).toMatchObject({ samplesPerBucket: 1, pointCount: 2000, startSample: 29_000 });
    const [before, after] = [await engineChunk(0), await engineChunk(1)];
    for (const channel of [0, 1, 2, 3])
      for (const sample of [29_000, 29_999, 30_000, 30_999]) {
        const { chunk, clean, samples } = sample < 30_000 ? before : after;
        const at = channel * samples + chunk.haloSamples + sample - chunk.startSample;
        expect(window.values[channel * 2000 + sample - 29_000]).toBe(clean.filtered[at]);
      }
  });

  test("marks exactly the engine's peaks", async () => {
    const preview = new Preview(source);
    await preview.prepare(filter);
    const window = await preview.window(
      { startSample: 0, endSample: 30_000, columns: 1000, filter },
      unhurried
    );
    const { chunk, peaks } = await engineChunk(0);
    expect(window.peaks.samples.length).toBeGreaterThan(10);
    expect([...window.peaks.samples]).toEqual(
      [...peaks.samples].map((sample) => sample - chunk.haloSamples + chunk.startSample)
    );
    expect([...window.peaks.channels]).toEqual([...peaks.channels]);
  });

  test('with another filter has other values and other peaks', async () => {
    const preview = new Preview(source);
    const narrow: PreviewFilter = { ...filter, band: { lowHz: 900, highHz: 3000 }, detectThreshold: 12 };
    await preview.prepare(filter);
    await preview.prepare(narrow);
    const range = { startSample: 0, endSample: 30_000, columns: 30_000 };
    const wide = await preview.window({ ...range, filter }, unhurried);
    const other = await preview.window({ ...range, filter: narrow }, unhurried);
    const { chunk, clean, peaks, samples } = await engineChunk(0, {
      bandLowHz: 900,
      bandHighHz: 3000,
      detectThreshold: 12
    });
    expect(other.values[500]).toBe(clean.filtered[chunk.haloSamples + 500]);
    expect(other.values[30_000 + 7]).toBe(clean.filtered[samples + chunk.haloSamples + 7]);
    expect(other.values[500]).not.toBe(wide.values[500]);
    expect(other.peaks.samples.length).toBe(peaks.samples.length);
    expect(other.peaks.samples.length).toBeLessThan(wide.peaks.samples.length);
  });

  test('without a band shows the stored samples and marks nothing', async () => {
    const preview = new Preview(source);
    const stored: PreviewFilter = { ...filter, band: undefined };
    await preview.prepare(stored);
    const window = await preview.window(
      { startSample: 100, endSample: 200, columns: 100, filter: stored },
      unhurried
    );
    expect([...window.values]).toEqual([...(await source.read(100, 200))]);
    expect(window.peaks.samples.length).toBe(0);
  });

  test('ends when a newer one is wanted', async () => {
    const preview = new Preview(source);
    const cancelled = new AbortController();
    const window = preview.window(
      { startSample: 0, endSample: 120_000, columns: 500, filter },
      cancelled.signal
    );
    cancelled.abort(new Error('newer'));
    await expect(window).rejects.toThrow('newer');
  });
});

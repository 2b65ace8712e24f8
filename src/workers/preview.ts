/**
 * Windows of a recording as the engine sees it: the same chunks, filter, reference and detection as a sort, so that
 * what is drawn is what will be sorted.
 */
import { type PreviewFilter, type TraceMarks, type TraceWindow, noMarks } from '#lib/model/preview.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { chunkRange, type ChunkGrid, planChunks, readChunk } from '#lib/sorting/chunks.ts';
import { designBandPass, filterChunk } from '#lib/sorting/filter.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { cleanChunk, detectChunk, prepare, type Preparation } from '#lib/sorting/prepare.ts';
import { bucketSize, decimate } from './decimation.ts';

export interface WindowRequest {
  startSample: number;
  endSample: number;
  /** Device px that the stretch covers: more samples than that are summarised. */
  columns: number;
  filter: PreviewFilter;
}

/** One chunk as it is drawn. */
interface ShownChunk {
  startSample: number;
  endSample: number;
  /** µV, channels × own samples. */
  values: Float32Array;
  peaks: TraceMarks;
}

const cacheBytes = 192 * 1024 * 1024;

export class Preview {
  readonly #source: TraceSource;
  readonly #grid: ChunkGrid;
  readonly #preparations = new Map<string, Preparation>();
  /** In order of use, the latest last. */
  readonly #chunks = new Map<string, ShownChunk>();
  #cachedBytes = 0;

  constructor(source: TraceSource) {
    this.#source = source;
    this.#grid = planChunks(source.info);
  }

  /** Measures the recording for a filter, which its reference and its peaks need; the first time takes a while. */
  async prepare(filter: PreviewFilter, signal?: AbortSignal): Promise<void> {
    const key = preparationKey(filter);
    if (!filter.band || this.#preparations.has(key)) return;
    const parameters = resolveParameters({
      bandLowHz: filter.band.lowHz,
      bandHighHz: filter.band.highHz,
      reference: filter.reference,
      ...(filter.detectThreshold === undefined ? {} : { detectThreshold: filter.detectThreshold })
    });
    const preparation = await prepare({ source: this.#source, parameters, pool: inlinePool(), signal });
    this.#preparations.set(key, preparation);
  }

  /** Whether peaks and the reference of a filter are as in a sort; before `prepare`, windows are band-passed only. */
  isPrepared(filter: PreviewFilter): boolean {
    return !filter.band || this.#preparations.has(preparationKey(filter));
  }

  /** @throws the signal's reason when it is aborted between two chunks. */
  async window(request: WindowRequest, signal: AbortSignal): Promise<TraceWindow> {
    const { channelCount, sampleCount } = this.#grid;
    const startSample = Math.max(0, Math.floor(request.startSample));
    const endSample = Math.min(sampleCount, Math.ceil(request.endSample));
    const bucket = bucketSize(endSample - startSample, request.columns);
    const length = endSample - startSample;
    const joined = new Float32Array(channelCount * length);
    const peaks: TraceMarks[] = [];
    const first = Math.floor(startSample / this.#grid.coreSamples);
    const last = Math.floor((endSample - 1) / this.#grid.coreSamples);
    for (let index = first; index <= last; index++) {
      const chunk = await this.#chunk(index, request.filter, signal);
      peaks.push(chunk.peaks);
      const from = Math.max(startSample, chunk.startSample);
      const to = Math.min(endSample, chunk.endSample);
      const chunkLength = chunk.endSample - chunk.startSample;
      for (let channel = 0; channel < channelCount; channel++) {
        const at = channel * chunkLength - chunk.startSample;
        joined.set(chunk.values.subarray(at + from, at + to), channel * length + from - startSample);
      }
    }
    const base = { startSample, endSample, channelCount, peaks: joinMarks(peaks, startSample, endSample) };
    if (bucket === 1) return { ...base, samplesPerBucket: 1, pointCount: length, values: joined };
    const pointCount = 2 * Math.ceil(length / bucket);
    const values = new Float32Array(channelCount * pointCount);
    for (let channel = 0; channel < channelCount; channel++)
      decimate(
        joined.subarray(channel * length, (channel + 1) * length),
        bucket,
        values.subarray(channel * pointCount, (channel + 1) * pointCount)
      );
    return { ...base, samplesPerBucket: bucket, pointCount, values };
  }

  async #chunk(index: number, filter: PreviewFilter, signal: AbortSignal): Promise<ShownChunk> {
    const preparation = this.#preparations.get(preparationKey(filter));
    const key = `${index} ${preparation ? 'prepared' : 'first'} ${preparationKey(filter)}`;
    const known = this.#chunks.get(key);
    if (known) {
      this.#chunks.delete(key);
      this.#chunks.set(key, known);
      return known;
    }
    // Lets a newer request in, which aborts this one: sources in memory never give the event loop a turn.
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    const made = await this.#makeChunk(index, { filter, preparation, signal });
    this.#chunks.set(key, made);
    this.#cachedBytes += made.values.byteLength;
    for (const [oldest, chunk] of this.#chunks) {
      if (this.#cachedBytes <= cacheBytes || oldest === key) break;
      this.#chunks.delete(oldest);
      this.#cachedBytes -= chunk.values.byteLength;
    }
    return made;
  }

  async #makeChunk(
    index: number,
    options: { filter: PreviewFilter; preparation: Preparation | undefined; signal: AbortSignal }
  ): Promise<ShownChunk> {
    const { filter, preparation, signal } = options;
    const { channelCount } = this.#grid;
    const chunk = await readChunk(this.#source, this.#grid, { index, signal });
    const { startSample, endSample, haloSamples } = chunk;
    let peaks = noMarks;
    if (filter.band && preparation) {
      const clean = cleanChunk(preparation, chunk);
      if (filter.detectThreshold !== undefined) {
        const found = detectChunk(preparation, clean);
        peaks = {
          samples: Float64Array.from(found.samples, (sample) => sample - haloSamples + startSample),
          channels: found.channels,
          units: new Int32Array(found.samples.length).fill(-1)
        };
      }
    } else if (filter.band) {
      const { samplingRateHz } = this.#source.info;
      filterChunk(chunk.data, {
        channelCount,
        filter: designBandPass({ ...filter.band, samplingRateHz }),
        usable: new Uint8Array(channelCount).fill(1),
        reference: 'none'
      });
    }
    const range = chunkRange(this.#grid, index);
    const length = range.endSample - range.startSample;
    const values = new Float32Array(channelCount * length);
    const padded = chunk.data.length / channelCount;
    for (let channel = 0; channel < channelCount; channel++) {
      const at = channel * padded + haloSamples;
      values.set(chunk.data.subarray(at, at + length), channel * length);
    }
    return { startSample, endSample, values, peaks };
  }
}

function preparationKey(filter: PreviewFilter): string {
  return JSON.stringify(filter);
}

function joinMarks(parts: readonly TraceMarks[], startSample: number, endSample: number): TraceMarks {
  const samples: number[] = [];
  const channels: number[] = [];
  const units: number[] = [];
  for (const part of parts)
    part.samples.forEach((sample, index) => {
      if (sample < startSample || sample >= endSample) return;
      samples.push(sample);
      channels.push(part.channels[index] ?? 0);
      units.push(part.units[index] ?? -1);
    });
  return {
    samples: Float64Array.from(samples),
    channels: Int32Array.from(channels),
    units: Int32Array.from(units)
  };
}

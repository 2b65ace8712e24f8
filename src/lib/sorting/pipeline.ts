/**
 * The sorting pipeline, stage by stage: learn the units (learn.ts), match them over the recording, finish. The
 * coordinator reads chunks and reduces results in a fixed order; all computing runs as tasks of the pool.
 */
import { type Sorting } from '../model/sorting.ts';
import { checkpoint } from './checkpoint.ts';
import { spreadChunks } from './chunks.ts';
import { finishSorting } from './finish.ts';
import { freeNow } from './kernels/free-memory.ts';
import { findNeighbours } from './geometry.ts';
import { type Learned, learn, matchersOf } from './learn.ts';
import { type MatchedSpikes } from './match.ts';
import { engineProcessor } from './parameters.ts';
import { type Run, type SortOptions, overChunks, resume, startRun } from './run.ts';
import { type WaveformSums, addSums, emptySums, waveformWindow } from './waveforms.ts';

/** A unit's mean waveform is measured on at most so many channels. */
const maxWaveformChannels = 32;

/**
 * Sorts a recording. Equal recordings, parameters and seeds give equal results to the last bit, on any engine and with
 * any number of workers.
 * @throws TaggedError `recording-empty`, `probe-mismatch` or `no-usable-channels`; the signal's reason when aborted;
 * whatever reading the source throws.
 */
export async function sortRecording(options: SortOptions): Promise<Sorting> {
  const { source, parameters, signal } = options;
  signal?.throwIfAborted();
  const run = startRun(options);
  const key = JSON.stringify([engineProcessor.version, source.info, parameters, options.seed]);
  const learned = await resume(checkpoint<Learned>(options.scratch, { name: 'templates', key }), () =>
    learn(run, key)
  );
  const { preparation } = learned;
  const { matched, waveforms, channels } = await matchAll(run, learned);
  await options.pool.rest?.();
  const window = waveformWindow(source.info.samplingRateHz);
  const sorting = finishSorting({
    info: source.info,
    preparation,
    parameters,
    matched,
    templates: learned.templates,
    noiseVariance: learned.filter.noiseVariance,
    waveforms,
    window,
    channels
  });
  freeNow(...waveforms.sums, ...waveforms.squares);
  await options.scratch?.remove();
  run.report('finish')(1);
  return sorting;
}

async function matchAll(
  run: Run,
  { preparation, space, filter, templates }: Learned
): Promise<{ matched: MatchedSpikes; waveforms: WaveformSums; channels: Int32Array[] }> {
  const { source, parameters, grid } = run;
  const window = waveformWindow(source.info.samplingRateHz);
  const near = findNeighbours(source.info.probe, {
    radiusUm: Infinity,
    maxCount: maxWaveformChannels,
    usable: preparation.usable
  });
  const channels = templates.map(({ mainChannel }) => near[mainChannel] as Int32Array);
  const waveforms = emptySums(channels, window);
  const parts: MatchedSpikes[] = [];
  await overChunks(run, {
    task: 'match',
    indices: spreadChunks(grid, grid.chunkCount),
    input: {
      preparation,
      window: space.window,
      filter,
      matchers: matchersOf(run, { preparation, space, filter, templates }),
      threshold: parameters.matchThreshold,
      waveformWindow: window,
      waveformChannels: channels
    },
    onResult: ({ waveforms: sums, ...part }) => {
      addSums(waveforms, sums);
      freeNow(sums.sums, sums.squares);
      parts.push(part);
    },
    onProgress: run.report('match')
  });
  return { matched: concatenate(parts), waveforms, channels };
}

function concatenate(parts: MatchedSpikes[]): MatchedSpikes {
  const count = parts.reduce((sum, { samples }) => sum + samples.length, 0);
  const all = {
    samples: new Float64Array(count),
    templates: new Int32Array(count),
    gains: new Float32Array(count)
  };
  let at = 0;
  for (const { samples, templates, gains } of parts) {
    all.samples.set(samples, at);
    all.templates.set(templates, at);
    all.gains.set(gains, at);
    at += samples.length;
  }
  return all;
}

import { beforeAll, describe, expect, it } from 'vitest';
import { type TraceSource } from '#lib/model/recording.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { type SortingParameters, resolveParameters } from '#lib/sorting/parameters.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { polarityHint } from '#lib/sorting/polarity.ts';
import { sortToNwb } from '../../../compute-node/apps/sort-to-nwb.ts';
import { inMemory, shortRecording } from '../../fixtures/sorting/short-recording.ts';

const patience = 60_000;
let upright: TraceSource;
let inverted: TraceSource;

beforeAll(async () => {
  ({ source: upright } = await shortRecording());
  const values = await upright.read(0, upright.info.sampleCount);
  inverted = inMemory(
    upright,
    values.map((value) => -value)
  );
});

async function hintAfterSort(
  source: TraceSource,
  peakSign: SortingParameters['peakSign']
): Promise<string | undefined> {
  const parameters = resolveParameters({ peakSign });
  const pool = inlinePool();
  const sorting = await sortRecording({ source, parameters, pool, seed: 0 });
  return polarityHint({ source, parameters, sorting, pool });
}

/** A sort that found nothing. */
const nothing = ({ info }: TraceSource): Sorting => ({
  ...{ samplingRateHz: info.samplingRateHz, channelCount: info.channelCount, sampleCount: info.sampleCount },
  ...{ waveformWindow: { beforeSamples: 30, afterSamples: 60 }, units: [] }
});

describe('after a sort that looked for spikes of the wrong sign', () => {
  it('the sign to sort by is named', { timeout: patience }, async () => {
    expect(await hintAfterSort(inverted, 'negative')).toContain('sort again with peakSign positive');
    expect(await hintAfterSort(upright, 'positive')).toContain('sort again with peakSign negative');
  });

  it('the command line and the job’s console name it', { timeout: patience }, async () => {
    const notes: string[] = [];
    await sortToNwb({
      ...{ source: inverted, parameters: resolveParameters({}), seed: 0, workers: 1 },
      onProgress: () => {},
      onNote: (line) => void notes.push(line),
      openClassifier: () => Promise.resolve({ classify: () => Promise.resolve([]) }),
      result: {
        ...{ metadata: {}, source: { name: 'generated', size: 0 }, definitionHash: 'ab'.repeat(32) },
        fileCreateDate: '2026-01-01T00:00:00+00:00'
      }
    });
    expect(notes.join()).toContain('peakSign positive');
  });

  it('it is named when nothing was found, too', async () => {
    const options = { parameters: resolveParameters({}), pool: inlinePool() };
    const hint = await polarityHint({ ...options, source: inverted, sorting: nothing(inverted) });
    expect(hint).toContain('peakSign positive');
  });
});

describe('no sign is named', () => {
  it('after a sort by the right one, or by both', { timeout: patience }, async () => {
    expect(await hintAfterSort(upright, 'negative')).toBeUndefined();
    expect(await hintAfterSort(inverted, 'positive')).toBeUndefined();
    expect(await hintAfterSort(inverted, 'both')).toBeUndefined();
  });

  it('where nothing was found on the right side either', async () => {
    const options = { parameters: resolveParameters({}), pool: inlinePool() };
    expect(await polarityHint({ ...options, source: upright, sorting: nothing(upright) })).toBeUndefined();
    const quiet = Float32Array.from(
      { length: upright.info.channelCount * 90_000 },
      (_, i) => ((i * 7919) % 13) - 6
    );
    const source = inMemory({ info: { ...upright.info, sampleCount: 90_000 } }, quiet);
    expect(await polarityHint({ ...options, source, sorting: nothing(source) })).toBeUndefined();
  });
});

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scoreSorting } from '#lib/metrics/score.ts';
import { type Scratch, type StageProgress } from '#lib/model/engine.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { type Sorting, type SpikeTrains } from '#lib/model/sorting.ts';
import { wholeWaveform } from '#lib/model/unit-waveform.ts';
import { contactDistance } from '#lib/sorting/geometry.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { folderScratch } from '../../../compute-node/platform/scratch.ts';
import { sortingPool } from '../../../compute-node/platform/worker-pool.ts';
import { digestOf, inMemory, shortDigest, shortRecording } from '../../fixtures/sorting/short-recording.ts';

const parameters = resolveParameters();
const seed = 5;
let source: TraceSource;
let truth: SpikeTrains;
let sorting: Sorting;
const progress: StageProgress[] = [];

beforeAll(async () => {
  ({ source, truth } = await shortRecording());
  sorting = await sortRecording({
    source,
    parameters,
    pool: inlinePool(),
    seed,
    onProgress: (step) => progress.push(step)
  });
}, 60_000);

/** A unit's trough is looked for within so many samples, on the channels within the detection radius. */
const reach = 7;
const near = (channel: number) =>
  [...source.info.probe.contacts.keys()].filter(
    (other) => contactDistance(source.info.probe, channel, other) <= parameters.radiusUm
  );

/** A part of the short recording, or one with other samples. */
function changed(
  sampleCount: number,
  change: (values: Float32Array) => void = () => {}
): Promise<TraceSource> {
  return source.read(0, sampleCount).then((values) => {
    change(values);
    return inMemory({ info: { ...source.info, sampleCount } }, values);
  });
}

const sort = (of: TraceSource, options: { scratch?: Scratch; signal?: AbortSignal } = {}) =>
  sortRecording({ source: of, parameters, pool: inlinePool(), seed, ...options });

describe('sorting a recording whose spikes are known', () => {
  it('finds its units, and no others', () => {
    const trains = sorting.units.map(({ spikeSamples }) => spikeSamples);
    const score = scoreSorting(truth, { samplingRateHz: sorting.samplingRateHz, trains });
    expect(score.wellDetected.length).toBeGreaterThanOrEqual(5);
    expect(score.falsePositive.length).toBeLessThanOrEqual(1);
    expect(score.redundant.length).toBeLessThanOrEqual(1);
  });

  it('gives whole ascending spike samples and waveforms whose trough is at the spike', () => {
    const { beforeSamples, afterSamples } = sorting.waveformWindow;
    for (const unit of sorting.units) {
      const { spikeSamples, mainChannel } = unit;
      const waveformMean = wholeWaveform(unit, sorting);
      expect(
        spikeSamples.every((sample, i) => Number.isInteger(sample) && sample > (spikeSamples[i - 1] ?? -1))
      ).toBe(true);
      expect(waveformMean.length).toBe((beforeSamples + afterSamples) * sorting.channelCount);
      const around = Array.from({ length: 2 * reach + 1 }, (_, t) =>
        near(mainChannel).map(
          (channel) => waveformMean[(beforeSamples + t - reach) * sorting.channelCount + channel]
        )
      ).flat();
      const atSpike = waveformMean[beforeSamples * sorting.channelCount + mainChannel];
      expect(atSpike).toBeLessThan(0);
      expect(atSpike).toBe(Math.min(...around.map((value) => value ?? NaN)));
    }
  });

  it('orders units by depth and numbers them from 0', () => {
    const depths = sorting.units.map(({ mainChannel }) => source.info.probe.contacts[mainChannel]?.y ?? NaN);
    expect(depths).toEqual(depths.toSorted((a, b) => a - b));
    expect(sorting.units.map(({ id }) => id)).toEqual(sorting.units.keys().toArray());
  });

  it('tells of every stage, forwards from 0 to 1', () => {
    expect([...new Set(progress.map(({ stage }) => stage))]).toEqual([
      'prepare',
      'features',
      'motion',
      'detect',
      'cluster',
      'refine',
      'match',
      'finish'
    ]);
    const overall = progress.map((step) => step.overall);
    expect(overall).toEqual(overall.toSorted((a, b) => a - b));
    expect(overall.at(-1)).toBe(1);
  });

  it('gives the same bits as in every other engine', async () => {
    expect(await digestOf(sorting)).toBe(shortDigest);
  });

  it.each([1, 3])('gives the same bits with %i worker threads', { timeout: 60_000 }, async (size) => {
    const pool = sortingPool({ size });
    try {
      expect(await digestOf(await sortRecording({ source, parameters, pool, seed }))).toBe(shortDigest);
      // Its threads rest after matching, and start again when they are needed.
      const twoPoints = { features: Float32Array.of(1, 2), rowLength: 1, usedFeatures: 1 };
      const { labels } = await pool.run('cluster', {
        ...{ ...twoPoints, clusterComponents: 1, isocutThreshold: 2, clean: false }
      });
      expect([...labels]).toEqual([0, 0]);
    } finally {
      await pool.close();
    }
  });
});

describe('a sort that ends early', () => {
  it('rejects with the reason it was aborted for', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const run = sortRecording({
      source,
      parameters,
      pool: inlinePool(),
      seed,
      signal: controller.signal,
      onProgress: ({ stage }) => stage === 'detect' && controller.abort(reason)
    });
    await expect(run).rejects.toBe(reason);
  });

  it('goes on after its last finished stage, with the same result, and leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dendro-scratch-'));
    try {
      const scratch = folderScratch(join(folder, 'run'));
      const cut = await changed(source.info.sampleCount);
      const stages = new Set<string>();
      const killed = sortRecording({
        source: cut,
        parameters,
        pool: inlinePool(),
        seed,
        scratch,
        onProgress: ({ stage }) => {
          if (stage === 'match') throw new Error('killed');
        }
      });
      await expect(killed).rejects.toThrow('killed');
      const resumed = await sortRecording({
        source: cut,
        parameters,
        pool: inlinePool(),
        seed,
        scratch,
        onProgress: ({ stage }) => stages.add(stage)
      });
      expect([...stages]).toEqual(['match', 'finish']);
      expect(await digestOf(resumed)).toBe(shortDigest);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});

describe('a recording that is out of the ordinary', () => {
  it('without samples is refused', async () => {
    const empty = inMemory({ info: { ...source.info, sampleCount: 0 } }, new Float32Array(0));
    await expect(sort(empty)).rejects.toMatchObject({ tag: 'recording-empty' });
  });

  it('whose probe has another number of contacts is refused', async () => {
    const probe = { ...source.info.probe, contacts: source.info.probe.contacts.slice(1) };
    const other = inMemory({ info: { ...source.info, probe } }, new Float32Array(0));
    await expect(sort(other)).rejects.toMatchObject({ tag: 'probe-mismatch' });
  });

  it('of constant channels is refused', async () => {
    await expect(sort(await changed(60_000, (values) => values.fill(7)))).rejects.toMatchObject({
      tag: 'no-usable-channels'
    });
  });

  it('of values that are not numbers is refused', async () => {
    await expect(sort(await changed(60_000, (values) => values.fill(NaN)))).rejects.toMatchObject({
      tag: 'no-usable-channels'
    });
  });

  it('with a dead channel and some missing values is sorted without that channel', async () => {
    const count = 150_000;
    const broken = await changed(count, (values) => {
      values.fill(-3276, 3 * count, 4 * count);
      values.fill(NaN, 5 * count + 1000, 5 * count + 1100);
    });
    const result = await sort(broken);
    expect(result.excludedChannels).toEqual([3]);
    expect(result.units.length).toBeGreaterThan(2);
    for (const unit of result.units) {
      expect(unit.mainChannel).not.toBe(3);
      expect(unit.waveformMean.every(Number.isFinite)).toBe(true);
    }
  });

  it.each([1, 2, 40, 500])('of %i samples gives no units', async (sampleCount) => {
    const short = await changed(sampleCount);
    // One sample is constant; a few hold nothing to sort.
    const result = await sort(short).catch((error: { tag: string }) => error);
    if ('units' in result) expect(result.units).toEqual([]);
    else expect(result.tag).toBe('no-usable-channels');
  });

  it('without any spike gives no units', async () => {
    const quiet = await changed(90_000, (values) => {
      // A fixed pattern of small steps: noise without peaks.
      for (let i = 0; i < values.length; i++) values[i] = ((i * 7919) % 13) - 6;
    });
    expect((await sort(quiet)).units).toEqual([]);
  });

  it('of one channel is sorted', async () => {
    const { info } = source;
    const count = info.sampleCount;
    const values = await source.read(0, count);
    const unit = sorting.units.toSorted((a, b) => b.snr - a.snr)[0];
    const channel = unit?.mainChannel ?? 0;
    const probe = { ...info.probe, contacts: info.probe.contacts.slice(0, 1) };
    const one = inMemory(
      { info: { ...info, channelCount: 1, channelIds: ['0'], probe } },
      values.slice(channel * count, (channel + 1) * count)
    );
    const result = await sort(one);
    const score = scoreSorting(
      { samplingRateHz: 30_000, trains: unit ? [unit.spikeSamples] : [] },
      { samplingRateHz: 30_000, trains: result.units.map(({ spikeSamples }) => spikeSamples) }
    );
    expect(score.trueUnits[0]?.best?.agreement).toBeGreaterThan(0.8);
  });
});

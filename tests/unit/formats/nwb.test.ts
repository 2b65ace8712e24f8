import { describe, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { writeTree } from '#lib/formats/hdf5/write-tree.ts';
import { blockSamplesOf } from '#lib/formats/nwb/series-traces.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { writeNwb, type WriteNwbOptions } from '#lib/formats/nwb/write-nwb.ts';
import { writeRecordingNwb } from '#lib/formats/nwb/write-recording-nwb.ts';
import { openRecording } from '#lib/formats/open-recording.ts';
import { gridProbe } from '#lib/formats/probe/layouts.ts';
import { type RecordingInfo } from '#lib/model/recording.ts';
import { type Sorting } from '#lib/model/sorting.ts';

const channelCount = 3;
const recording: RecordingInfo = {
  samplingRateHz: 30_000,
  channelCount,
  sampleCount: 1000,
  startTimeSeconds: 2,
  channelIds: ['a', 'b', 'c'],
  probe: gridProbe({ channelCount, columns: 1, pitchXUm: 0, pitchYUm: 25 }),
  gainUv: [0.195, 0.195, 0.195],
  offsetUv: [0, 0, 0],
  dtype: 'int16'
};
const counts = Int16Array.from({ length: 3000 }, (_, i) => ((i * 7919) % 2001) - 1000);
const fileCreateDate = '2026-01-01T00:00:00+00:00';

const unit = (id: number, samples: number[]) => ({
  id,
  spikeSamples: Float64Array.from(samples),
  mainChannel: id,
  waveformMean: Float32Array.from({ length: 4 * channelCount }, (_, i) =>
    i % channelCount === id ? -50 - i : 1
  ),
  waveformSd: new Float32Array(4 * channelCount).fill(2),
  snr: 7 + id
});
const sorting: Sorting = {
  samplingRateHz: 30_000,
  channelCount,
  sampleCount: 1000,
  waveformWindow: { beforeSamples: 1, afterSamples: 3 },
  units: [unit(0, [10, 500, 999]), unit(1, []), unit(2, [3])]
};
const result: WriteNwbOptions = {
  recording,
  sorting,
  metadata: { NWBFile: { session_start_time: '2026-03-01T10:00:00+01:00' }, Subject: { subject_id: 'M7' } },
  source: { name: 'day3.raw', size: 6000 },
  provenance: {
    definitionHash: 'ab'.repeat(32),
    parameters: { b: 1, a: 2 },
    seed: 0,
    engine: 'dendro sort',
    engineVersion: '1'
  },
  fileCreateDate
};

async function readBack(options: WriteNwbOptions): Promise<Sorting | undefined> {
  const nwb = await openNwb(memorySource(await writeNwb(options)));
  const read = nwb.readSorting();
  nwb.close();
  return read;
}

describe('a recording written as NWB', () => {
  test('is read back to the last count, with names, places and times', async () => {
    const bytes = await writeRecordingNwb({ recording, counts, metadata: {}, fileCreateDate });
    const nwb = await openNwb(memorySource(bytes));
    expect(nwb.series).toMatchObject([
      { path: '/acquisition/ElectricalSeries', channelCount: 3, sampleCount: 1000, samplingRateHz: 30_000 }
    ]);
    const source = await nwb.openSeries('/acquisition/ElectricalSeries');
    expect(source.info).toMatchObject({
      channelIds: ['a', 'b', 'c'],
      startTimeSeconds: 2,
      sampleCount: 1000
    });
    expect(source.info.probe).toMatchObject({
      origin: 'recording',
      contacts: [{ y: 0 }, { y: 25 }, { y: 50 }]
    });
    const traces = await source.read(100, 110);
    for (let channel = 0; channel < channelCount; channel++)
      for (let i = 0; i < 10; i++)
        expect(traces[channel * 10 + i]).toBeCloseTo(
          (counts[(100 + i) * channelCount + channel] ?? 0) * 0.195,
          3
        );
    await expect(source.read(999, 1001)).rejects.toThrow(RangeError);
    nwb.close();
  });

  test('cut off anywhere is refused, and never read as something else', async () => {
    const bytes = await writeRecordingNwb({ recording, counts, metadata: {}, fileCreateDate });
    for (const length of [0, 4, 8, 100, 1000, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const cut = memorySource(bytes.subarray(0, length));
      await expect(
        openRecording(cut, { format: 'nwb', seriesPath: '/acquisition/ElectricalSeries' }).then((r) =>
          r.read(0, 1000)
        )
      ).rejects.toMatchObject({
        tag: expect.stringMatching(/^(not-hdf5|hdf5-truncated)$/)
      });
    }
  });
});

test('blocks are whole chunks, several where they are small, and parts of what is too large for memory', () => {
  expect(blockSamplesOf(30_000, 128)).toBe(30_000);
  expect(blockSamplesOf(100, 128) % 100).toBe(0);
  expect(blockSamplesOf(100, 128)).toBeGreaterThan(10_000);
  const chunk = 10_000_000;
  const parts = chunk / blockSamplesOf(chunk, 768);
  expect(Math.ceil(parts) - parts).toBeLessThan(1e-3);
  expect(blockSamplesOf(chunk, 768) * 768).toBeLessThanOrEqual(64 << 20);
});

describe('a result', () => {
  test('is read back with its units, waveforms and times', async () => {
    const nwb = await openNwb(memorySource(await writeNwb(result)));
    expect(nwb.series).toEqual([]);
    expect(nwb.metadata).toMatchObject({
      NWBFile: {
        session_start_time: '2026-03-01T10:00:00+01:00',
        session_description: 'spike sorting of day3.raw'
      },
      Subject: { subject_id: 'M7' }
    });
    const read = nwb.readSorting();
    expect(read).toMatchObject({
      samplingRateHz: 30_000,
      channelCount: 3,
      sampleCount: 1000,
      waveformWindow: sorting.waveformWindow
    });
    expect(read?.units.map(({ spikeSamples }) => [...spikeSamples])).toEqual([[10, 500, 999], [], [3]]);
    expect(read?.units.map(({ mainChannel, snr }) => [mainChannel, snr])).toEqual([
      [0, 7],
      [1, 8],
      [2, 9]
    ]);
    expect(read?.units[2]?.waveformMean[5]).toBeCloseTo(-55, 3);
    nwb.close();
  });

  test('is read back with the classes of its units', async () => {
    const classes = [
      { label: 'single', probability: 0.75 },
      { label: 'noise', probability: 0.5 },
      { label: 'multi', probability: 1 / 3 }
    ] as const;
    const units = sorting.units.map((one, i) => ({ ...one, quality: classes[i] ?? classes[0] }));
    const read = await readBack({ ...result, sorting: { ...sorting, units } });
    expect(read?.units.map(({ quality }) => quality)).toEqual(classes);
  });

  test('whose units are not all classified names no classes', async () => {
    const [first, ...rest] = sorting.units.map((one) => ({ ...one }));
    const units = [
      { ...unit(0, [10]), ...first, quality: { label: 'multi' as const, probability: 0.5 } },
      ...rest
    ];
    const read = await readBack({ ...result, sorting: { ...sorting, units } });
    expect(read?.units.map((one) => 'quality' in one)).toEqual([false, false, false]);
  });

  test('is byte-identical for equal runs, and names no unknown thing', async () => {
    const [a, b] = [await writeNwb(result), await writeNwb(result)];
    expect(Buffer.compare(a, b)).toBe(0);
    const bare = await openNwb(memorySource(await writeNwb({ ...result, metadata: {} })));
    expect(bare.metadata.NWBFile?.session_start_time).toBeUndefined();
    // An identifier names one file: it is not carried over into another.
    expect(bare.metadata.NWBFile?.identifier).toBeUndefined();
    bare.close();
  });

  test('may hold no unit at all', async () => {
    const nwb = await openNwb(
      memorySource(await writeNwb({ ...result, sorting: { ...sorting, units: [] } }))
    );
    expect(nwb.readSorting()?.units).toEqual([]);
    nwb.close();
  });
});

describe('files that are refused', () => {
  const open = (bytes: Uint8Array) => openNwb(memorySource(bytes));

  test('a text file with the name of an NWB file', async () => {
    await expect(open(new TextEncoder().encode('hello, I am no NWB file at all'))).rejects.toMatchObject({
      tag: 'not-hdf5'
    });
  });

  test('an HDF5 file that is no NWB file', async () => {
    await expect(open(await writeTree([{ kind: 'group', path: '/data' }]))).rejects.toMatchObject({
      tag: 'nwb-invalid'
    });
  });

  test('an external link in place of the data is not followed', async () => {
    const bytes = await writeTree([
      { kind: 'group', path: '/acquisition' },
      { kind: 'group', path: '/acquisition/es', attributes: { neurodata_type: 'ElectricalSeries' } },
      { kind: 'external-link', path: '/acquisition/es/data', file: '/etc/passwd', target: '/x' }
    ]);
    await expect(open(bytes)).rejects.toMatchObject({ tag: 'hdf5-external-link' });
  });

  test('a series that is not there is named with those that are', async () => {
    const nwb = await open(await writeRecordingNwb({ recording, counts, metadata: {}, fileCreateDate }));
    await expect(nwb.openSeries('/acquisition/none')).rejects.toMatchObject({
      tag: 'nwb-no-series',
      message: expect.stringContaining('/acquisition/ElectricalSeries')
    });
    nwb.close();
  });
});

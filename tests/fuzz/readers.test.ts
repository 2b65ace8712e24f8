/** Whatever bytes a file holds, a reader opens it or refuses it with a tag: it neither crashes nor hangs nor grows. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { PathReference, writeTree } from '#lib/formats/hdf5/write-tree.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { parseProbeinterface } from '#lib/formats/probe/probeinterface.ts';
import { openRaw } from '#lib/formats/raw/raw-recording.ts';
import { utf8 } from '#lib/identity/encoding.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { UsageError } from '../../compute-node/cli/exit.ts';
import { parseMetadata } from '../../compute-node/cli/metadata.ts';
import { fuzzRuns, mutated } from './mutations.ts';

const refusals = [
  'hdf5-external-link',
  'hdf5-external-storage',
  'hdf5-filter-missing',
  'hdf5-truncated',
  'hdf5-unreadable',
  'not-hdf5',
  'nwb-invalid',
  'nwb-no-series',
  'recording-empty'
];
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** All that a small NWB file can hold, without the cached schema, so that a mutation hits what is read. */
const smallNwb = writeTree([
  { kind: 'group', path: '/acquisition' },
  { kind: 'group', path: '/acquisition/es', attributes: { neurodata_type: 'ElectricalSeries' } },
  {
    kind: 'dataset',
    path: '/acquisition/es/data',
    value: Int16Array.from({ length: 400 }, (_, i) => i),
    shape: [200, 2],
    compressed: true,
    attributes: { conversion: 1e-6 }
  },
  { kind: 'dataset', path: '/acquisition/es/starting_time', value: 0, attributes: { rate: 30_000 } },
  { kind: 'dataset', path: '/acquisition/es/electrodes', value: BigInt64Array.of(1n, 0n) },
  { kind: 'group', path: '/general' },
  { kind: 'dataset', path: '/general/experimenter', value: ['Doe, Jane'] },
  { kind: 'group', path: '/general/extracellular_ephys' },
  { kind: 'group', path: '/general/extracellular_ephys/shank0' },
  { kind: 'group', path: '/general/extracellular_ephys/electrodes' },
  {
    kind: 'dataset',
    path: '/general/extracellular_ephys/electrodes/channel_name',
    value: ['first', 'second']
  },
  {
    kind: 'dataset',
    path: '/general/extracellular_ephys/electrodes/group',
    value: ['shank0', 'shank0'].map((name) => new PathReference(`/general/extracellular_ephys/${name}`))
  },
  {
    kind: 'dataset',
    path: '/general/extracellular_ephys/electrodes/rel_x',
    value: Float64Array.of(0, 20)
  },
  {
    kind: 'dataset',
    path: '/general/extracellular_ephys/electrodes/rel_y',
    value: Float64Array.of(0, 20)
  },
  { kind: 'group', path: '/units', attributes: { neurodata_type: 'Units' } },
  {
    kind: 'dataset',
    path: '/units/spike_times',
    value: Float64Array.of(0.1, 0.2, 0.3),
    attributes: { resolution: 1 / 30_000 }
  },
  { kind: 'dataset', path: '/units/spike_times_index', value: Uint32Array.of(1, 3) },
  { kind: 'dataset', path: '/units/waveform_mean', value: new Float32Array(12), shape: [2, 3, 2] },
  { kind: 'soft-link', path: '/acquisition/alias', target: '/acquisition/es' }
]);

async function readWhole(bytes: Uint8Array) {
  const nwb = await openNwb(memorySource(bytes));
  try {
    nwb.readSorting();
    for (const { path } of nwb.series) {
      const { info, read } = await nwb.openSeries(path);
      await read(0, Math.min(info.sampleCount, 300));
    }
    return nwb.series;
  } finally {
    nwb.close();
  }
}

test('a changed NWB file is read or refused, and the next one is read as ever', async () => {
  const seed = await smallNwb;
  const fixture = (name: string) => readFileSync(new URL(`../fixtures/formats/${name}.nwb`, import.meta.url));
  const seeds = [seed, seed, fixture('virtual'), fixture('external-electrodes'), fixture('missing-filter')];
  const expected = await readWhole(seed);
  const target = fc.asyncProperty(mutated(...seeds), async (bytes) => {
    await readWhole(bytes).catch((error: unknown) => {
      if (!(error instanceof TaggedError) || !refusals.includes(error.tag)) throw error;
    });
  });
  await fc.assert(target, { numRuns: fuzzRuns });
  expect(await readWhole(seed)).toEqual(expected);
});

test('a changed probe file is read or refused', () => {
  const probes = [
    {
      ndim: 2,
      si_units: 'um',
      annotations: { model_name: 'tetrode' },
      contact_positions: [0, 1, 2, 3].map((i) => [i, 2 * i]),
      contact_ids: ['a', 'b', 'c', 'd'],
      shank_ids: ['0', '0', '1', '1'],
      device_channel_indices: [3, 2, 1, 0]
    }
  ];
  const file = utf8(JSON.stringify({ specification: 'probeinterface', version: '0.2', probes }));
  const target = fc.property(mutated(file), (bytes) => {
    try {
      const { contacts } = parseProbeinterface(text(bytes));
      expect(contacts.length).toBeGreaterThan(0);
      for (const { x, y } of contacts) expect([x, y].every(Number.isFinite)).toBe(true);
    } catch (error) {
      if (!(error instanceof TaggedError) || error.tag !== 'probe-file-invalid') throw error;
    }
  });
  fc.assert(target, { numRuns: fuzzRuns });
});

test('a raw file of any layout gives all its samples as numbers, or is refused', async () => {
  const layout = fc.record({
    bytes: fc.uint8Array({ maxLength: 400 }),
    dtype: fc.constantFrom('int16' as const, 'float32' as const),
    channelCount: fc.integer({ min: 1, max: 9 }),
    offsetBytes: fc.nat(40),
    gainUv: fc.double({ min: -10, max: 10, noNaN: true }),
    offsetUv: fc.double({ min: -1000, max: 1000, noNaN: true })
  });
  const target = fc.asyncProperty(layout, async ({ bytes, ...selection }) => {
    try {
      const source = openRaw(memorySource(bytes), { format: 'raw', samplingRateHz: 30_000, ...selection });
      const { sampleCount, channelCount } = source.info;
      const traces = await source.read(0, sampleCount);
      expect(traces.length).toBe(sampleCount * channelCount);
      expect(traces.every(Number.isFinite)).toBe(true);
    } catch (error) {
      const tags = ['raw-size-mismatch', 'recording-empty'];
      if (!(error instanceof TaggedError) || !tags.includes(error.tag)) throw error;
    }
  });
  await fc.assert(target, { numRuns: fuzzRuns });
});

test('a changed metadata file is read or refused', () => {
  const file = utf8(`NWBFile:
  session_start_time: 2026-03-01T10:00:00+01:00
  experimenter: &who ["Doe, Jane", 'Roe']
  keywords: *who
Subject: {subject_id: M7, age: P90D, weight: "0.02 kg"}
Device:
  description: |
    a probe
    of two lines
`);
  const target = fc.property(mutated(file), (bytes) => {
    try {
      parseMetadata(text(bytes), 'meta.yaml');
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      expect(error.message.length).toBeLessThan(1000);
    }
  });
  fc.assert(target, { numRuns: fuzzRuns });
});

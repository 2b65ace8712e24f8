/** Files made by tests/fixtures/formats/make_hostile.py: what lies outside a file is never read for its data. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { writeTree } from '#lib/formats/hdf5/write-tree.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';

const fixture = (name: string) =>
  memorySource(readFileSync(new URL(`../../fixtures/formats/${name}.nwb`, import.meta.url)));

async function readAll(name: string) {
  const nwb = await openNwb(fixture(name));
  try {
    const source = await nwb.openSeries('/acquisition/es');
    return await source.read(0, source.info.sampleCount);
  } finally {
    nwb.close();
  }
}

describe('samples that lie outside the file are refused', () => {
  test.each([
    ['external-storage', 'hdf5-external-storage'],
    ['external-storage-absolute', 'hdf5-external-storage'],
    ['external-storage-device', 'hdf5-external-storage'],
    ['external-storage-random', 'hdf5-external-storage'],
    ['external-electrodes', 'hdf5-external-storage'],
    ['virtual', 'hdf5-external-storage'],
    ['external-link-behind-soft-link', 'hdf5-external-link'],
    ['missing-filter', 'hdf5-filter-missing']
  ])('%s', async (name, tag) => {
    await expect(readAll(name)).rejects.toMatchObject({ tag });
  });

  test('even where the file that they name is open', async () => {
    const other = await openNwb(fixture('external-electrodes'));
    await expect(readAll('external-storage-opened')).rejects.toMatchObject({ tag: 'hdf5-external-storage' });
    other.close();
  });
});

test('a ring of soft links ends', async () => {
  const bytes = await writeTree([
    { kind: 'group', path: '/acquisition' },
    { kind: 'group', path: '/acquisition/es', attributes: { neurodata_type: 'ElectricalSeries' } },
    { kind: 'soft-link', path: '/acquisition/es/data', target: '/other' },
    { kind: 'soft-link', path: '/other', target: '/acquisition/es/data' },
    { kind: 'soft-link', path: '/acquisition/es/again', target: '/acquisition' }
  ]);
  const nwb = await openNwb(memorySource(bytes));
  expect(nwb.series).toEqual([]);
  nwb.close();
});

import { expect, test } from 'vitest';
import { SortingView } from '#lib/app/sorting-view.svelte.ts';
import { sortUnits } from '#lib/components/unit-table-model.ts';
import { type SortedUnit } from '#lib/model/sorting.ts';

function unit(id: number, quality?: SortedUnit['quality']): SortedUnit {
  return {
    id,
    spikeSamples: Float64Array.of(100, 2000),
    mainChannel: 0,
    waveformMean: Float32Array.of(0, -50, 0),
    waveformSd: new Float32Array(3),
    snr: 5,
    ...(quality && { quality })
  };
}

function view(units: SortedUnit[]): SortingView {
  return new SortingView({
    sorting: {
      samplingRateHz: 30_000,
      channelCount: 1,
      sampleCount: 30_000,
      waveformWindow: { beforeSamples: 1, afterSamples: 2 },
      units
    },
    probe: { contacts: [{ id: '0', x: 0, y: 0, shank: 0 }], origin: 'layout' },
    channelIds: ['0']
  });
}

test('classes stand in a column of their own, with their probability, and can be sorted by', () => {
  const { rows, columns } = view([
    unit(0, { label: 'single', probability: 0.934 }),
    unit(1, { label: 'noise', probability: 0.5 }),
    unit(2, { label: 'multi', probability: 0.8 })
  ]);
  expect(columns.map(({ label }) => label)).toContain('Class');
  expect(rows.map(({ values }) => values.class)).toEqual(['single', 'noise', 'multi']);
  expect(rows[0]?.hints).toEqual({ class: 'probability 0.93' });
  const order = (descending: boolean) =>
    sortUnits(rows, { key: 'class', descending }).map(({ values }) => values.class);
  expect(order(false)).toEqual(['multi', 'noise', 'single']);
  expect(order(true)).toEqual(['single', 'noise', 'multi']);
});

test('a sorting without classes has no such column', () => {
  const { rows, columns } = view([unit(0), unit(1)]);
  expect(columns.map(({ label }) => label)).not.toContain('Class');
  expect(rows[0]?.hints).toBeUndefined();
});

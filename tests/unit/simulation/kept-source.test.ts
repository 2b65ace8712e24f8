import { expect, it, vi } from 'vitest';
import { keepSamples } from '#lib/simulation/kept-source.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { tetrodeSpec } from '#lib/simulation/specification.ts';

const { source } = generateRecording(tetrodeSpec(6, 2));

it('kept samples equal the recording’s, bit for bit, within and across pieces', async () => {
  const kept = keepSamples(source);
  for (const [start, end] of [
    [0, 60_000],
    [16_000, 17_000],
    [16_384, 16_385],
    [59_999, 60_000],
    [100, 100]
  ] as const)
    expect(await kept.read(start, end)).toEqual(await source.read(start, end));
});

it('each piece is computed once, however often and at the same time it is read', async () => {
  const read = vi.fn(source.read);
  const kept = keepSamples({ info: source.info, read });
  await Promise.all([kept.read(0, 20_000), kept.read(10_000, 30_000)]);
  await kept.read(0, 32_768);
  expect(read).toHaveBeenCalledTimes(2);
});

it('an aborted read is not kept', async () => {
  const read = vi.fn(source.read).mockRejectedValueOnce(new Error('enough'));
  const kept = keepSamples({ info: source.info, read });
  await expect(kept.read(0, 10)).rejects.toThrow('enough');
  expect(await kept.read(0, 10)).toEqual(await source.read(0, 10));
  await expect(kept.read(0, 60_001)).rejects.toThrow(RangeError);
});

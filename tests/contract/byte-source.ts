/** What every ByteSource promises; each implementation runs this suite. */
import { expect, test } from 'vitest';
import { type ByteSource } from '#lib/bytes/byte-source.ts';

/** Content that the suite reads back; larger than the blocks that wrappers use. */
export const content = Uint8Array.from({ length: 700_001 }, (_, i) => (i * 31 + (i >> 8)) & 255);

/** @param open a source over `content` */
export function byteSourceContract(open: () => Promise<ByteSource> | ByteSource): void {
  test('knows its size and reads any part', async () => {
    const source = await open();
    expect(source.size).toBe(content.length);
    for (const [position, length] of [
      [0, 10],
      [262_140, 10],
      [300_000, 400_001],
      [content.length, 0],
      [5, 0]
    ] as const)
      expect(await source.read(position, length)).toEqual(content.slice(position, position + length));
  });

  test('what it gave away is the caller’s: changing it changes nothing', async () => {
    const source = await open();
    (await source.read(0, 100)).fill(0);
    expect(await source.read(0, 100)).toEqual(content.slice(0, 100));
  });

  test.each([
    [-1, 2],
    [content.length - 1, 2],
    [content.length + 1, 0],
    [0, Number.NaN]
  ])('refuses %i bytes at %i beyond its ends', async (position, length) => {
    const source = await open();
    await expect(source.read(position, length)).rejects.toThrow(RangeError);
  });

  test('does not read once aborted', async () => {
    const source = await open();
    await expect(source.read(0, 10, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('reads the same without waiting, where it can', async () => {
    const source = await open();
    if (!source.readSync) return;
    const into = new Uint8Array(1000);
    source.readSync(into, 123_456);
    expect(into).toEqual(content.slice(123_456, 124_456));
    const { readSync } = source;
    expect(() => readSync(into, content.length - 999)).toThrow(RangeError);
  });
}

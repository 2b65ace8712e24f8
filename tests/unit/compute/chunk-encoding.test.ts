import { randomFillSync } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deflateByStream } from '#lib/bytes/deflate.ts';
import { decodeChunk, encodeChunk, joinBytes, splitBytes } from '#lib/compute/chunk-encoding.ts';

/** Noise of 16 bits, of which about 8 hold something: what recordings are mostly made of. */
function noise(samples: number): Uint8Array<ArrayBuffer> {
  const low = randomFillSync(new Uint8Array(samples));
  const counts = Int16Array.from(low, (value) => value - 128);
  return new Uint8Array(counts.buffer);
}

test('joining is the inverse of splitting, of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect([...joinBytes(splitBytes(bytes))]).toEqual([...bytes]);
    })
  );
});

test('samples of 16 bits shrink to what they hold, and come back', async () => {
  const bytes = noise(100_000);
  const encoded = await encodeChunk(bytes, deflateByStream);
  expect(encoded?.byteLength).toBeLessThan(0.65 * bytes.byteLength);
  expect(encoded && Buffer.compare(await decodeChunk(encoded, bytes.byteLength), bytes)).toBe(0);
});

test('what does not shrink is left as it is', async () => {
  expect(await encodeChunk(randomFillSync(new Uint8Array(50_000)), deflateByStream)).toBeUndefined();
});

test('a few bytes that unfold beyond a chunk are refused, and so is garbage', async () => {
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(50_000_000)));
  await expect(decodeChunk(bomb, 1_000_000)).rejects.toMatchObject({ tag: 'chunk-refused' });
  const garbage = randomFillSync(new Uint8Array(1000));
  garbage[0] = 0xff;
  await expect(decodeChunk(garbage, 1_000_000)).rejects.toMatchObject({ tag: 'chunk-refused' });
});

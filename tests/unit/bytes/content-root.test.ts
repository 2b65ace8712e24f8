import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import {
  chunkBytes,
  contentRoot,
  hashChunk,
  rootFromChunkHashes,
  spotHash
} from '#lib/bytes/content-root.ts';

const sha = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(typeof part === 'string' ? Buffer.from(part, 'hex') : part);
  return hash.digest();
};
const sized = (size: number) => Buffer.from(size.toString(16).padStart(16, '0'), 'hex');
const filled = (size: number, seed = 1) =>
  Uint8Array.from({ length: size }, (_, i) => (i * seed + (i >> 12)) & 255);

describe('content roots', () => {
  test('are the tree of RFC 6962 over chunks, bound to the size', async () => {
    const bytes = filled(2 * chunkBytes + 5);
    const leaves = [0, 1, 2].map((i) => sha('00', bytes.subarray(i * chunkBytes, (i + 1) * chunkBytes)));
    const [a = Buffer.of(), b = Buffer.of(), c = Buffer.of()] = leaves;
    const tree = sha('01', sha('01', a, b), c);
    expect(await contentRoot(memorySource(bytes))).toBe(sha('02', sized(bytes.length), tree).toString('hex'));
  });

  test('of one chunk and of nothing are defined', async () => {
    expect(await contentRoot(memorySource(new Uint8Array()))).toBe(sha('02', sized(0)).toString('hex'));
    const one = filled(10);
    expect(await contentRoot(memorySource(one))).toBe(sha('02', sized(10), sha('00', one)).toString('hex'));
  });

  test('come from chunk hashes alone', async () => {
    const bytes = filled(chunkBytes + 1);
    const hashes = [
      await hashChunk(bytes.subarray(0, chunkBytes)),
      await hashChunk(bytes.subarray(chunkBytes))
    ];
    expect(await rootFromChunkHashes(hashes, bytes.length)).toBe(await contentRoot(memorySource(bytes)));
    await expect(rootFromChunkHashes(hashes, 10)).rejects.toThrow(RangeError);
  });

  test('stop when aborted and say how far they are', async () => {
    const seen: number[] = [];
    await contentRoot(memorySource(filled(chunkBytes + 1)), { onProgress: (done) => seen.push(done) });
    expect(seen).toEqual([chunkBytes, chunkBytes + 1]);
    await expect(
      contentRoot(memorySource(filled(10)), { signal: AbortSignal.abort() })
    ).rejects.toMatchObject({
      name: 'AbortError'
    });
  });
});

describe('spot hashes', () => {
  test('notice a change in a file that is read whole, and in the ends of a larger one', async () => {
    const large = filled(18 * chunkBytes, 3);
    const before = await spotHash(memorySource(large));
    large[large.length - 1] = (large.at(-1) ?? 0) ^ 1;
    expect(await spotHash(memorySource(large))).not.toBe(before);
    const small = filled(1000);
    expect(await spotHash(memorySource(small))).not.toBe(await spotHash(memorySource(small.subarray(1))));
  });
});

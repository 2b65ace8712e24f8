import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { chunkBytes, contentRoot } from '#lib/bytes/content-root.ts';
import { fileContentRoot } from '../../../compute-node/platform/file-content-root.ts';
import { openFileSource } from '../../../compute-node/platform/file-source.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-root-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function openFilled(size: number) {
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 12)) & 255);
  const path = join(folder, String(size));
  await writeFile(path, bytes);
  return { bytes, path, source: await openFileSource(path) };
}

test.each([0, 10, chunkBytes, 2 * chunkBytes + 5])(
  'a file of %i bytes has the root that its bytes have',
  async (size) => {
    const { bytes, source } = await openFilled(size);
    expect(await fileContentRoot(source)).toBe(await contentRoot(memorySource(bytes)));
    source.close();
  }
);

test('a file that changes, or a run that is ended, has none', async () => {
  const { bytes, path, source } = await openFilled(3 * chunkBytes);
  const ended = new AbortController();
  const onProgress = () => ended.abort(new Error('enough'));
  await expect(fileContentRoot(source, { signal: ended.signal, onProgress })).rejects.toThrow('enough');
  let othersHadTheirTurn = false;
  setImmediate(() => (othersHadTheirTurn = true));
  const changing = fileContentRoot(source, { onProgress: () => writeFileSync(path, bytes.subarray(9)) });
  await expect(changing).rejects.toMatchObject({ tag: 'file-changed' });
  expect(othersHadTheirTurn).toBe(true);
  source.close();
});

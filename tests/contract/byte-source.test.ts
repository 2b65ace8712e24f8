import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { rmSync, symlinkSync, appendFileSync } from 'node:fs';
import { blobSource, cachedSource, memorySource } from '#lib/bytes/byte-source.ts';
import { openFileSource } from '../../compute-node/platform/file-source.ts';
import { byteSourceContract, content } from './byte-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'dendro-bytes-'));
const path = join(folder, 'content.bin');
writeFileSync(path, content);
afterAll(() => rmSync(folder, { recursive: true }));

describe('memory', () => byteSourceContract(() => memorySource(content)));
describe('blob', () => byteSourceContract(() => blobSource(new Blob([content]))));
describe('cache over a blob', () =>
  byteSourceContract(() =>
    cachedSource(blobSource(new Blob([content])), { blockBytes: 1000, mostBlocks: 5 })
  ));
describe('file', () => {
  byteSourceContract(() => openFileSource(path));

  test('a file that changes while it is open is noticed', async () => {
    const changing = join(folder, 'changing.bin');
    writeFileSync(changing, content);
    const source = await openFileSource(changing);
    appendFileSync(changing, 'x');
    await expect(source.read(0, 1)).rejects.toMatchObject({ tag: 'file-changed' });
    source.close();
  });

  test('what is missing, a folder or a refused link is said', async () => {
    await expect(openFileSource(join(folder, 'none'))).rejects.toMatchObject({ tag: 'file-missing' });
    await expect(openFileSource(folder)).rejects.toMatchObject({ tag: 'file-unreadable' });
    symlinkSync(path, join(folder, 'link'));
    await expect(openFileSource(join(folder, 'link'), { noFollow: true })).rejects.toMatchObject({
      tag: 'file-unreadable'
    });
  });
});

test('a cache tries again after a failure', async () => {
  let failing = true;
  const inner = memorySource(content);
  const flaky = {
    size: inner.size,
    read: (...args: Parameters<typeof inner.read>) =>
      failing ? Promise.reject(new Error('gone')) : inner.read(...args)
  };
  const source = cachedSource(flaky);
  await expect(source.read(0, 4)).rejects.toThrow('gone');
  failing = false;
  expect(await source.read(0, 4)).toEqual(content.slice(0, 4));
});

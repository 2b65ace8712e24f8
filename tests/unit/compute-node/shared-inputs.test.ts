import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { contentRoot, spotHash } from '#lib/bytes/content-root.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { type FileHolder, findInput } from '../../../compute-node/node/job-inputs.ts';
import { BlobStore } from '../../../compute-node/platform/blob-store.ts';
import { Shares } from '../../../compute-node/platform/shares.ts';

const own = 'aa'.repeat(32) as FileState['addedByDevice'];
const recording = new Uint8Array(3_000_000).fill(1);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-share-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A job's input of which the project says that the node finds it in its folder "lab". */
async function find(inFolder: Uint8Array, holders: FileHolder[] = []) {
  await writeFile(join(folder, 'a.dat'), inFolder);
  const file = {
    file: 'ab'.repeat(16),
    name: 'a.dat',
    size: recording.length,
    spotHash: await spotHash(memorySource(recording)),
    share: { device: own, share: 'lab', path: 'a.dat' },
    roots: []
  } as unknown as FileState;
  return findInput({
    project: 'cd'.repeat(32) as never,
    file,
    own,
    transfer: 'ef'.repeat(16) as never,
    blobs: new BlobStore(folder),
    shares: new Shares([{ name: 'lab', folder }]),
    holders: () => holders,
    change: () => Promise.reject(new Error('nobody is asked for a file in a shared folder')),
    onProgress: () => undefined,
    signal: new AbortController().signal
  });
}

test('the recording itself is read where it lies', async () => {
  expect(await find(recording)).toEqual({
    path: join(folder, 'a.dat'),
    root: await contentRoot(memorySource(recording))
  });
});

test('another file of the same name and size is not taken for it', async () => {
  const other = recording.slice();
  other[0] = 2;
  await expect(find(other)).rejects.toMatchObject({ tag: 'share-differs' });
});

test('instead of another file in the folder, the bytes of a member who has the right one are taken', async () => {
  const other = recording.slice();
  other[0] = 2;
  const root = await contentRoot(memorySource(recording));
  const without: FileHolder = {
    device: own,
    exchange: { pull: () => Promise.reject(new TaggedError('file-unavailable', 'not here')) } as never
  };
  const having: FileHolder = { device: own, exchange: { pull: () => Promise.resolve(root) } as never };
  expect((await find(other, [without, having])).root).toBe(root);
});

test('nor is one of another size', async () => {
  await expect(find(recording.subarray(1))).rejects.toMatchObject({ tag: 'file-changed' });
});

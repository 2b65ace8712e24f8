import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ProjectId } from '#lib/model/ids.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { findInput } from '../../../compute-node/node/job-inputs.ts';
import { BlobStore } from '../../../compute-node/platform/blob-store.ts';
import { Shares } from '../../../compute-node/platform/shares.ts';

const [theirs, ours] = ['ab'.repeat(32) as ProjectId, 'cd'.repeat(32) as ProjectId];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-inputs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a job reads a file in the node’s store only if it came there through its own project', async () => {
  const blobs = new BlobStore(folder);
  const { root } = await blobs.write([new Uint8Array(1000)]);
  blobs.grant(theirs, root);
  // Whoever knows the root can name it in a project of their own.
  const file = { file: 'ef'.repeat(16), name: 'a.dat', size: 1000, root, roots: [root] };
  const nobodyHasIt = new Error('every member was asked');
  const find = (project: ProjectId) =>
    findInput({
      project,
      file: file as unknown as FileState,
      own: 'aa'.repeat(32) as never,
      transfer: '01'.repeat(16) as never,
      blobs,
      shares: new Shares([]),
      holders: () => [],
      change: () => Promise.reject(nobodyHasIt),
      onProgress: () => undefined,
      signal: new AbortController().signal
    });
  await expect(find(ours)).rejects.toBe(nobodyHasIt);
  expect(await find(theirs)).toEqual({ path: blobs.pathOf(root), root });
});

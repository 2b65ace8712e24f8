import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { contentRoot, hashChunk } from '#lib/bytes/content-root.ts';
import { finishPartial, takeChunk } from '#lib/compute/partial-file.ts';
import { type TransferId } from '#lib/compute/protocol.ts';
import { type ContentRoot, type ProjectId } from '#lib/model/ids.ts';
import { BlobStore } from '../../../compute-node/platform/blob-store.ts';
import { Shares } from '../../../compute-node/platform/shares.ts';

const mebibyte = 1024 * 1024;
const transfer = 'ef'.repeat(16) as TransferId;
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dendro-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('stored files', () => {
  test('lie under the root of their bytes, and nothing temporary is left', async () => {
    const bytes = new Uint8Array(randomBytes(mebibyte + 3));
    const blobs = new BlobStore(folder);
    const { root, size } = await blobs.write([bytes.subarray(0, 1000), bytes.subarray(1000)]);
    expect([root, size]).toEqual([await contentRoot(memorySource(bytes)), bytes.byteLength]);
    expect(Buffer.compare(readFileSync(blobs.pathOf(root)), bytes)).toBe(0);
    expect(readdirSync(join(folder, 'temporary'))).toEqual([]);
  });

  test('belong to the projects through which they came, also after a restart', async () => {
    const [project, other] = ['ab'.repeat(32) as ProjectId, 'cd'.repeat(32) as ProjectId];
    const { root } = await new BlobStore(folder).write([new Uint8Array(10)]);
    new BlobStore(folder).grant(project, root);
    const blobs = new BlobStore(folder);
    expect([blobs.hasFor(project, root), blobs.hasFor(other, root)]).toEqual([true, false]);
    const elsewhere = '12'.repeat(32) as ContentRoot;
    blobs.grant(project, elsewhere);
    expect(blobs.hasFor(project, elsewhere)).toBe(false);
  });

  test('stay while any project has them or a job reads them, and go with the last', async () => {
    const [project, other] = ['ab'.repeat(32) as ProjectId, 'cd'.repeat(32) as ProjectId];
    const blobs = new BlobStore(folder);
    const { root } = await blobs.write([new Uint8Array(10)]);
    for (const id of [project, other]) blobs.grant(id, root);
    expect(blobs.isNeededBesides(project, root)).toBe(true);
    expect(blobs.release(project, root)).toBeUndefined();
    expect([blobs.hasFor(project, root), blobs.hasFor(other, root)]).toEqual([false, true]);
    expect(blobs.release(project, root)).toBeUndefined();
    const [first, second] = [blobs.hold(root), blobs.hold(root)];
    first();
    expect([blobs.isNeededBesides(other, root), blobs.release(other, root)]).toEqual([true, undefined]);
    second();
    expect(blobs.hasFor(other, root)).toBe(true);
    expect(blobs.release(other, root)).toBe(10);
    expect(blobs.has(root)).toBe(false);
  });

  test('a write that breaks off leaves nothing', async () => {
    const blobs = new BlobStore(folder);
    async function* broken() {
      yield new Uint8Array(10);
      throw new Error('broke off');
    }
    await expect(blobs.write(broken())).rejects.toThrow('broke off');
    expect(readdirSync(join(folder, 'temporary'))).toEqual([]);
    expect(readdirSync(join(folder, 'files'))).toEqual([]);
  });

  test('an arriving file goes on after a restart with the chunks that were verified', async () => {
    const bytes = new Uint8Array(randomBytes(2 * mebibyte + 5));
    const chunk = (index: number) => bytes.slice(index * mebibyte, (index + 1) * mebibyte);
    const first = await new BlobStore(folder).createPartial(transfer, { size: bytes.byteLength });
    await takeChunk(first, 1, await hashChunk(chunk(1)), chunk(1));

    const blobs = new BlobStore(folder);
    const second = blobs.openPartial(transfer);
    if (!second) throw new Error('it was not kept');
    expect([...second.have.missing()]).toEqual([0, 2]);
    for (const index of [0, 2]) await takeChunk(second, index, await hashChunk(chunk(index)), chunk(index));
    const root = await finishPartial(second, await contentRoot(memorySource(bytes)));
    expect(Buffer.compare(readFileSync(blobs.pathOf(root)), bytes)).toBe(0);
    expect(readdirSync(join(folder, 'arriving'))).toEqual([]);
  });

  test('an arriving file with another root than announced is thrown away', async () => {
    const blobs = new BlobStore(folder);
    const bytes = new Uint8Array(10);
    const partial = await blobs.createPartial(transfer, { size: 10 });
    await takeChunk(partial, 0, await hashChunk(bytes), bytes);
    await expect(finishPartial(partial, 'ab'.repeat(32) as ContentRoot)).rejects.toMatchObject({
      tag: 'root-mismatch'
    });
    expect(readdirSync(join(folder, 'files'))).toEqual([]);
    expect(readdirSync(join(folder, 'arriving'))).toEqual([]);
  });

  test('a damaged chunk is refused and not stored', async () => {
    const partial = await new BlobStore(folder).createPartial(transfer, { size: 10 });
    const taken = takeChunk(partial, 0, await hashChunk(new Uint8Array(10)), new Uint8Array(10).fill(1));
    await expect(taken).rejects.toMatchObject({ tag: 'chunk-refused' });
    expect(partial.have.setCount).toBe(0);
  });

  test('more than the disk holds is refused before anything is written', async () => {
    const create = new BlobStore(folder).createPartial(transfer, { size: 2 ** 50 });
    await expect(create).rejects.toMatchObject({ tag: 'disk-full' });
    expect(readdirSync(join(folder, 'arriving'))).toEqual([]);
  });

  test('transfers that no job wants are swept', async () => {
    const blobs = new BlobStore(folder);
    await blobs.createPartial(transfer, { size: 10 });
    blobs.sweepPartials(new Set([transfer]));
    expect(blobs.openPartial(transfer)).toBeDefined();
    blobs.sweepPartials(new Set());
    expect(blobs.openPartial(transfer)).toBeUndefined();
  });
});

describe('shared folders', () => {
  let shares: Shares;
  beforeEach(() => {
    const lab = join(folder, 'lab');
    mkdirSync(join(lab, 'day1'), { recursive: true });
    writeFileSync(join(lab, 'day1', 'a.dat'), 'abc');
    writeFileSync(join(lab, '.hidden'), '');
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(lab, 'day1', 'a.dat'), join(lab, 'inside.dat'));
    symlinkSync(join(folder, 'secret'), join(lab, 'outside.dat'));
    symlinkSync(folder, join(lab, 'up'));
    // A neighbour whose name begins alike is another folder.
    mkdirSync(join(folder, 'lab2'));
    writeFileSync(join(folder, 'lab2', 'b.dat'), 'b');
    symlinkSync(join(folder, 'lab2'), join(lab, 'neighbour'));
    shares = new Shares([{ name: 'lab', folder: lab }]);
  });

  test('list what is inside, links within included, nothing hidden and nothing that leads out', async () => {
    expect(await shares.list('lab', '')).toEqual([
      { name: 'day1', kind: 'folder', size: 0 },
      { name: 'inside.dat', kind: 'file', size: 3 }
    ]);
    expect(await shares.list('lab', 'day1')).toEqual([{ name: 'a.dat', kind: 'file', size: 3 }]);
  });

  test.each([
    '../secret',
    'day1/../../secret',
    '/etc/passwd',
    'outside.dat',
    'up/secret',
    'neighbour/b.dat',
    'a\0b'
  ])('refuse %j', async (path) => {
    await expect(shares.openable('lab', path)).rejects.toMatchObject({ tag: 'path-refused' });
  });

  test('say when a file is missing, a folder is no file, or the share is unknown', async () => {
    await expect(shares.openable('lab', 'gone.dat')).rejects.toMatchObject({ tag: 'file-missing' });
    await expect(shares.openable('lab', 'day1')).rejects.toMatchObject({ tag: 'path-refused' });
    await expect(shares.openable('home', 'x')).rejects.toMatchObject({ tag: 'path-refused' });
    expect(await shares.openable('lab', 'inside.dat')).toBe(join(folder, 'lab', 'day1', 'a.dat'));
  });
});

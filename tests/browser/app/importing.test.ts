/** Taking a project in from a file with its results, into a real database and the browser's own file system. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { chunkBytes, contentRoot } from '#lib/bytes/content-root.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ContentRoot, type ProjectId } from '#lib/model/ids.ts';
import { copyOfEntries } from '#lib/project/copies.ts';
import { unstoredPersistence } from '#lib/project/persistence.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { BlobStore } from '#lib/storage/blob-store.ts';
import { openDatabase } from '#lib/storage/database.ts';
import { loadIdentity } from '#lib/storage/identity-store.ts';
import { writeProjectFile } from '#lib/storage/project-file.ts';
import { type ImportedRecord, importProject, type ImportProgress } from '#lib/app/importing.ts';
import { ResultShelf } from '#lib/app/result-shelf.svelte.ts';

const database = openDatabase(`test-${crypto.randomUUID()}`);
const blobs = new BlobStore(database);
const results = new ResultShelf(blobs);
/** Two results: one of several chunks, and a small one. */
const contents = [patterned(2 * chunkBytes + 1000, 7), patterned(1000, 11)];
const roots: ContentRoot[] = [];
let id: ProjectId;
let entries: Uint8Array;

function patterned(length: number, step: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => (at * step) % 251);
}

beforeAll(async () => {
  const identity = await loadIdentity(database);
  const project = await ProjectDocument.found({
    ...{ keys: identity.keys, person: identity.person, name: 'CA1' },
    persistence: unstoredPersistence
  });
  for (const bytes of contents) {
    const root = await contentRoot(memorySource(bytes));
    roots.push(root);
    await project.addFile({ name: `${bytes.length}.nwb`, size: bytes.length, root });
  }
  id = project.id;
  entries = await copyOfEntries(project);
  await project.close();
});
afterEach(async () => {
  for (const root of roots) await results.remove(root);
});
afterAll(async () => {
  results.close();
  await database.delete();
});

function fileWith(bytes: readonly Uint8Array<ArrayBuffer>[]): Promise<Blob> {
  const files = bytes.map((content, at) => ({
    name: `${content.length}.nwb`,
    root: roots[at] as ContentRoot,
    bytes: new Blob([content])
  }));
  const stream = writeProjectFile({ id, name: 'CA1', exportedAt: 0, entries, files });
  return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).blob();
}

async function take(file: Blob, progress: Partial<ImportProgress> = {}): Promise<ImportedRecord[]> {
  const taken: ImportedRecord[] = [];
  const { keys } = await loadIdentity(database);
  await importProject(file, {
    keys,
    results,
    takeRecord: async (record) => void taken.push(record),
    progress: { signal: new AbortController().signal, onProgress: () => undefined, ...progress }
  });
  return taken;
}

/** Nothing of the results is stored, under their names or half-written. */
async function expectNothingLeft(): Promise<void> {
  for (const root of roots) expect(await results.open(root)).toBeUndefined();
  expect(await database.blobs.count()).toBe(0);
}

test('the results come along, byte for byte, and the record comes last', async () => {
  let storedFirst = false;
  const { keys } = await loadIdentity(database);
  await importProject(await fileWith(contents), {
    keys,
    results,
    takeRecord: async (record) => {
      expect(record).toMatchObject({ id, name: 'CA1' });
      storedFirst = roots.every((root) => results.has(root));
    },
    progress: { signal: new AbortController().signal, onProgress: () => undefined }
  });
  expect(storedFirst).toBe(true);
  for (const [at, root] of roots.entries())
    expect(new Uint8Array((await (await results.open(root))?.arrayBuffer()) ?? [])).toEqual(contents[at]);
});

test('a result that is not what its record says is refused, and those before it go too', async () => {
  const [large, small] = contents.map((bytes) => bytes.slice()) as [
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  ];
  small[500] = (small[500] ?? 0) ^ 1;
  await expect(take(await fileWith([large, small]))).rejects.toMatchObject({ tag: 'root-mismatch' });
  await expectNothingLeft();
});

test('a result that was here before stays when a later one is refused', async () => {
  const [large, small] = contents.map((bytes) => bytes.slice()) as [
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  ];
  await take(await fileWith([large]));
  small[0] = (small[0] ?? 0) ^ 1;
  await expect(take(await fileWith([large, small]))).rejects.toMatchObject({ tag: 'root-mismatch' });
  expect(await results.open(roots[0] as ContentRoot)).toBeDefined();
});

test('cancelled in the middle of a result, it leaves nothing', async () => {
  const abort = new AbortController();
  const seen: number[] = [];
  const taking = take(await fileWith(contents), {
    signal: abort.signal,
    onProgress: (_what, done) => {
      seen.push(done);
      if (done >= chunkBytes) abort.abort(new TaggedError('aborted', 'the import was cancelled'));
    }
  });
  await expect(taking).rejects.toMatchObject({ tag: 'aborted' });
  expect(seen.at(-1)).toBe(chunkBytes);
  await expectNothingLeft();
});

test('cancelled after the last byte, it does not take the record in', async () => {
  const abort = new AbortController();
  const total = contents.reduce((sum, { length }) => sum + length, 0);
  const taking = take(await fileWith(contents), {
    signal: abort.signal,
    onProgress: (_what, done) => {
      if (done === total) abort.abort(new TaggedError('aborted', 'the import was cancelled'));
    }
  });
  await expect(taking).rejects.toMatchObject({ tag: 'aborted' });
  await expectNothingLeft();
});

test('where the record cannot be stored, the results go again', async () => {
  const { keys } = await loadIdentity(database);
  await expect(
    importProject(await fileWith(contents), {
      keys,
      results,
      takeRecord: () => Promise.reject(new TaggedError('storage-full', 'no space')),
      progress: { signal: new AbortController().signal, onProgress: () => undefined }
    })
  ).rejects.toMatchObject({ tag: 'storage-full' });
  await expectNothingLeft();
});

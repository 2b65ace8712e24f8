/**
 * Verified files in OPFS, named by content root. A file is written under a temporary name, checked against its root and
 * then renamed, so what is found under a root is whole.
 */
import { blobSource } from '../bytes/byte-source.ts';
import { contentRoot } from '../bytes/content-root.ts';
import { TaggedError } from '../model/errors.ts';
import { type ContentRoot } from '../model/ids.ts';
import { type BlobRow, type DendroDatabase } from './database.ts';

const folderName = 'blobs';
const temporarySuffix = '.partial';

/** A blob being written. */
export interface BlobWriter {
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Checks the root and keeps the file. @throws TaggedError `root-mismatch` after removing it */
  commit(): Promise<File>;
  abort(): Promise<void>;
}

export class BlobStore {
  readonly #database: DendroDatabase;

  constructor(database: DendroDatabase) {
    this.#database = database;
  }

  /** Removes what an earlier visit left half-written, and rows whose file is gone. Call before anything is written. */
  async sweep(): Promise<void> {
    const folder = await blobFolder();
    const present = new Set<string>();
    for await (const name of folder.keys()) {
      if (name.endsWith(temporarySuffix)) await folder.removeEntry(name).catch(() => undefined);
      else present.add(name);
    }
    for (const { root } of await this.#database.blobs.toArray())
      if (!present.has(root)) await this.#database.blobs.delete(root);
  }

  async get(root: ContentRoot): Promise<File | undefined> {
    try {
      const handle = await (await blobFolder()).getFileHandle(root);
      await this.#database.blobs.update(root, { usedAt: Date.now() });
      return await handle.getFile();
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
      throw error;
    }
  }

  /**
   * Begins a blob of known size and root.
   * @throws TaggedError `storage-full` when less than its size and a tenth is free; nothing was written then
   */
  async create(blob: {
    root: ContentRoot;
    size: number;
    name: string;
    kind: BlobRow['kind'];
  }): Promise<BlobWriter> {
    await requireSpace(blob.size);
    const folder = await blobFolder();
    const temporary = `${blob.root}.${crypto.randomUUID()}${temporarySuffix}`;
    const discard = () => folder.removeEntry(temporary).catch(() => undefined);
    /** The browser may find only while it writes that there is no room. */
    const orFull = async <T>(step: () => Promise<T>): Promise<T> => {
      try {
        return await step();
      } catch (error) {
        await discard();
        throw isQuotaError(error) ? storageFull(blob.size, error) : error;
      }
    };
    const { handle, stream } = await orFull(async () => {
      const made = await folder.getFileHandle(temporary, { create: true });
      return { handle: made, stream: await made.createWritable() };
    });
    return {
      abort: async () => {
        await stream.abort().catch(() => undefined);
        await discard();
      },
      write: (bytes, position) =>
        orFull(() => stream.write({ type: 'write', position, data: bytes as Uint8Array<ArrayBuffer> })),
      commit: () =>
        orFull(async () => {
          await stream.close();
          await verify(await handle.getFile(), blob);
          await renameFile(handle, blob.root, folder);
          await this.#database.blobs.put({ ...blob, usedAt: Date.now() });
          const kept = await this.get(blob.root);
          if (!kept) throw new TaggedError('storage-failed', 'a stored file cannot be found again', {});
          return kept;
        })
    };
  }

  /** Stores bytes that are in memory. */
  async put(blob: {
    root: ContentRoot;
    bytes: Uint8Array;
    name: string;
    kind: BlobRow['kind'];
  }): Promise<File> {
    const { bytes, ...rest } = blob;
    const writer = await this.create({ ...rest, size: bytes.length });
    await writer.write(bytes, 0);
    return writer.commit();
  }

  async remove(root: ContentRoot): Promise<void> {
    await (await blobFolder()).removeEntry(root).catch(() => undefined);
    await this.#database.blobs.delete(root);
  }

  /** What "Free space" offers: caches first, then what was not used for longest. */
  async list(): Promise<BlobRow[]> {
    const rows = await this.#database.blobs.orderBy('usedAt').toArray();
    return [...rows.filter(({ kind }) => kind === 'cache'), ...rows.filter(({ kind }) => kind === 'result')];
  }
}

/** A file of its own that the next `sweep` removes: for what is about to be handed to the browser's downloads. */
export async function createTemporaryFile(): Promise<FileSystemFileHandle> {
  const name = `${crypto.randomUUID()}${temporarySuffix}`;
  return (await blobFolder()).getFileHandle(name, { create: true });
}

/** @throws TaggedError `storage-full` */
export async function requireSpace(bytes: number): Promise<void> {
  const { quota = Number.POSITIVE_INFINITY, usage = 0 } = await navigator.storage.estimate();
  if (quota - usage < bytes * 1.1) throw storageFull(bytes);
}

async function verify(file: File, blob: { root: ContentRoot; size: number }): Promise<void> {
  if (file.size !== blob.size || (await contentRoot(blobSource(file))) !== blob.root)
    throw new TaggedError('root-mismatch', 'the bytes that came are not the ones that were named', {});
}

/** Of OPFS, or of Dexie, which names the error it stands for. */
function isQuotaError(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'QuotaExceededError' || isQuotaError((error as { inner?: unknown }).inner))
  );
}

function storageFull(bytes: number, cause?: unknown): TaggedError {
  const message = `the browser has no room for ${bytes} bytes more`;
  return new TaggedError('storage-full', message, { bytes }, { cause });
}

async function blobFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folderName, { create: true });
}

/** `move` is not in TypeScript's DOM types yet. */
async function renameFile(
  handle: FileSystemFileHandle,
  name: string,
  folder: FileSystemDirectoryHandle
): Promise<void> {
  await folder.removeEntry(name).catch(() => undefined);
  await (handle as FileSystemFileHandle & { move(name: string): Promise<void> }).move(name);
}

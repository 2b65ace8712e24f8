/**
 * Content-addressed files of the node: each lies under its root, appears whole or not at all, and is never changed.
 * What is still arriving lies apart, chunk by chunk verified, and outlives a kill.
 */
import {
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs';
import { link, open, rm, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { chunkBytes, chunkCount } from '#lib/bytes/content-root.ts';
import { ChunkBitmap } from '#lib/compute/chunk-bitmap.ts';
import { type PartialFile } from '#lib/compute/partial-file.ts';
import { FileIdentity, TransferId } from '#lib/compute/protocol.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { ContentRoot, ProjectId } from '#lib/model/ids.ts';
import { fileContentRoot } from './file-content-root.ts';
import { openFileSource } from './file-source.ts';

const PartialHead = v.object({ transfer: TransferId, identity: FileIdentity });
/** Left free on the disk whatever is stored, so that queue and projects can still be written. */
const reserveBytes = 16 * 1024 * 1024;
const hashBytes = 32;

export class BlobStore {
  readonly #blobs: string;
  readonly #arriving: string;
  readonly #temporary: string;
  readonly #granted: string;
  /** How many jobs are about to read a file, or do. */
  readonly #readers = new Map<ContentRoot, number>();

  /** Makes the folders below the data folder and removes what an earlier run left half made. */
  constructor(dataFolder: string) {
    this.#blobs = join(dataFolder, 'files');
    this.#arriving = join(dataFolder, 'arriving');
    this.#temporary = join(dataFolder, 'temporary');
    this.#granted = join(dataFolder, 'granted');
    rmSync(this.#temporary, { recursive: true, force: true });
    for (const folder of [this.#blobs, this.#arriving, this.#temporary, this.#granted])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  has(root: ContentRoot): boolean {
    return existsSync(this.pathOf(root));
  }

  /**
   * A file came to this node through a project: its members may have it. Who names the root of another project's file in
   * their own may not.
   */
  grant(project: ProjectId, root: ContentRoot): void {
    mkdirSync(join(this.#granted, v.parse(ProjectId, project)), { recursive: true, mode: 0o700 });
    writeFileSync(this.#grantOf(project, root), '', { mode: 0o600 });
  }

  /** Whether the file is here, and came through this project. */
  hasFor(project: ProjectId, root: ContentRoot): boolean {
    return this.has(root) && existsSync(this.#grantOf(project, root));
  }

  /** Keeps a file here while a job needs it, whatever is deleted meanwhile. @returns ends that */
  hold(root: ContentRoot): () => void {
    this.#readers.set(root, (this.#readers.get(root) ?? 0) + 1);
    return () => {
      const left = (this.#readers.get(root) ?? 1) - 1;
      if (left > 0) this.#readers.set(root, left);
      else this.#readers.delete(root);
    };
  }

  /** Whether a job reads the file, or another project has it too. */
  isNeededBesides(project: ProjectId, root: ContentRoot): boolean {
    if (this.#readers.has(root)) return true;
    return readdirSync(this.#granted).some(
      (other) => other !== project && existsSync(join(this.#granted, other, v.parse(ContentRoot, root)))
    );
  }

  /**
   * A project needs a file no more; it goes unless another has it too. One that a job reads stays as it is.
   * @returns the bytes that were freed, if it went
   */
  release(project: ProjectId, root: ContentRoot): number | undefined {
    if (!this.hasFor(project, root) || this.#readers.has(root)) return undefined;
    rmSync(this.#grantOf(project, root));
    if (this.isNeededBesides(project, root)) return undefined;
    const size = this.sizeOf(root);
    rmSync(this.pathOf(root), { force: true });
    return size;
  }

  #grantOf(project: ProjectId, root: ContentRoot): string {
    return join(this.#granted, v.parse(ProjectId, project), v.parse(ContentRoot, root));
  }

  pathOf(root: ContentRoot): string {
    return join(this.#blobs, v.parse(ContentRoot, root));
  }

  sizeOf(root: ContentRoot): number | undefined {
    return statSync(this.pathOf(root), { throwIfNoEntry: false })?.size;
  }

  /**
   * Takes a finished file of this disk in, by moving it.
   * @throws TaggedError `disk-full`
   */
  async adopt(path: string): Promise<{ root: ContentRoot; size: number }> {
    const kept = await this.keep(path);
    await unlink(path);
    return kept;
  }

  /** Takes a finished file of this disk in and leaves it where it is too. @throws TaggedError `disk-full` */
  async keep(path: string): Promise<{ root: ContentRoot; size: number }> {
    const source = await openFileSource(path);
    const size = source.size;
    let root: ContentRoot;
    try {
      root = await fileContentRoot(source);
    } finally {
      source.close();
    }
    await this.#place(path, root);
    return { root, size };
  }

  /** Writes chunks, in order, to a temporary file and takes it in. @throws TaggedError `disk-full` */
  async write(
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  ): Promise<{ root: ContentRoot; size: number }> {
    const path = join(this.#temporary, crypto.randomUUID());
    try {
      await withFile(path, 'wx', async (file) => {
        for await (const chunk of chunks) await file.writeFile(chunk);
        await file.sync();
      });
      return await this.adopt(path);
    } catch (error) {
      throw diskError(error);
    } finally {
      await rm(path, { force: true });
    }
  }

  // A link appears whole or not at all, and does not replace a file that a reader has open.
  async #place(path: string, root: ContentRoot): Promise<void> {
    try {
      await link(path, this.pathOf(root));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw diskError(error);
    }
    await syncFolder(this.#blobs);
  }

  /** The place of a transfer's bytes, made now. @throws TaggedError `disk-full`, before anything is written */
  async createPartial(transfer: TransferId, identity: FileIdentity): Promise<PartialFile> {
    await this.#requireSpace(identity.size);
    const folder = join(this.#arriving, transfer);
    rmSync(folder, { recursive: true, force: true });
    try {
      mkdirSync(folder, { mode: 0o700 });
      const hashes = new Uint8Array(chunkCount(identity.size) * hashBytes);
      await withFile(join(folder, 'hashes'), 'wx', (file) => file.writeFile(hashes));
      await withFile(join(folder, 'data'), 'wx', (file) => file.truncate(identity.size));
      // Written last: a folder without it is one whose making was cut off.
      await withFile(join(folder, 'head.json'), 'wx', (file) =>
        file.writeFile(JSON.stringify({ transfer, identity }))
      );
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw diskError(error);
    }
    return new FolderPartial({
      folder,
      identity,
      hashes: new Uint8Array(chunkCount(identity.size) * hashBytes),
      commit: (path, root) => this.#place(path, root)
    });
  }

  /** What an earlier connection or run left of a transfer. */
  openPartial(transfer: TransferId): PartialFile | undefined {
    const folder = join(this.#arriving, v.parse(TransferId, transfer));
    try {
      const { identity } = v.parse(PartialHead, JSON.parse(readFileSync(join(folder, 'head.json'), 'utf8')));
      const hashes = new Uint8Array(readFileSync(join(folder, 'hashes')));
      if (hashes.length !== chunkCount(identity.size) * hashBytes) return undefined;
      return new FolderPartial({ folder, identity, hashes, commit: (path, root) => this.#place(path, root) });
    } catch {
      return undefined;
    }
  }

  /** Removes what arrived of transfers that nobody wants any more. */
  sweepPartials(wanted: ReadonlySet<TransferId>): void {
    for (const name of readdirSync(this.#arriving))
      if (!wanted.has(name as TransferId))
        rmSync(join(this.#arriving, name), { recursive: true, force: true });
  }

  async #requireSpace(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#arriving);
    const free = bavail * bsize - reserveBytes;
    if (free < bytes) throw diskFull(bytes, Math.max(0, free));
  }
}

interface FolderPartialOptions {
  folder: string;
  identity: FileIdentity;
  /** chunks × 32; all zero where a chunk is missing (no chunk has such a hash in practice). */
  hashes: Uint8Array;
  commit: (path: string, root: ContentRoot) => Promise<void>;
}

class FolderPartial implements PartialFile {
  readonly identity: FileIdentity;
  readonly have: ChunkBitmap;
  readonly #options: FolderPartialOptions;

  constructor(options: FolderPartialOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.have = new ChunkBitmap(chunkCount(options.identity.size));
    for (let index = 0; index < this.have.chunkCount; index++)
      if (this.#hashOf(index).some((byte) => byte !== 0)) this.have.add(index);
  }

  async write(index: number, hash: Uint8Array, bytes: Uint8Array): Promise<void> {
    const { folder } = this.#options;
    try {
      // Data first, then the hash that says it is there: a kill between the two costs one chunk.
      await withFile(join(folder, 'data'), 'r+', async (file) => {
        await writeAt(file, bytes, index * chunkBytes);
        await file.datasync();
      });
      await withFile(join(folder, 'hashes'), 'r+', (file) => writeAt(file, hash, index * hashBytes));
    } catch (error) {
      throw diskError(error);
    }
    this.#options.hashes.set(hash, index * hashBytes);
    this.have.add(index);
  }

  async leaves(): Promise<Uint8Array[]> {
    return Array.from({ length: this.have.chunkCount }, (_, index) => this.#hashOf(index));
  }

  async commit(root: ContentRoot): Promise<void> {
    await this.#options.commit(join(this.#options.folder, 'data'), root);
    await this.discard();
  }

  async discard(): Promise<void> {
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  #hashOf(index: number): Uint8Array {
    return this.#options.hashes.subarray(index * hashBytes, (index + 1) * hashBytes);
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}

async function withFile<T>(path: string, flags: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags, 0o600);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A failure of the disk in words; anything else as it is. */
export function diskError(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new TaggedError('disk-full', 'The disk of the compute node is full.', {}, { cause: error });
}

function diskFull(needed: number, free: number): TaggedError {
  return new TaggedError(
    'disk-full',
    `The disk of the compute node is too full: ${needed} bytes are needed, ${free} are free.`,
    { needed, free }
  );
}
